//! An entry of the portal: what Pigsty's templates make of it, and in which of the suites' lists it stands.
//!
//! One with a template of its own (`conf`), or with a name that nobody could ask for, is nobody's to judge.

use serde_json::json;

use super::Node;
use super::fleet::Listeners;
use crate::value::{Object, Value, is_true, show};

/// The lists that suites repeat checks over.
pub(super) const LISTS: [&str; 12] = [
    "portals",
    "portals_proxied",
    "portals_local",
    "portals_static",
    "portals_locked",
    "portals_redirected",
    "portals_doubled",
    "portals_certified",
    "portals_self_certified",
    "portals_unrecorded",
    "portals_websocket",
    "portals_known",
];

/// An entry of the portal that Pigsty renders, other than home.
pub(super) struct Entry {
    /// As a suite sees it; `url` is where it shows what it has.
    pub(super) value: Value,
    /// Which of the lists it stands in, in their order.
    lists: [bool; LISTS.len()],
}

/// Every entry of a portal but its home.
pub(super) fn all(node: &Node, portal: &Object, listeners: &Listeners) -> Result<Vec<Entry>, String> {
    let others = portal.iter().filter(|(name, _)| *name != "home");
    others.filter_map(|(name, value)| entry(node, name, value.as_object()?, listeners).transpose()).collect()
}

fn entry(node: &Node, name: &str, entry: &Object, listeners: &Listeners) -> Result<Option<Entry>, String> {
    // A name with a wildcard, or a regular expression, is no name that could be asked for.
    let Some(domain) = text(entry, "domain").filter(|domain| is_host_name(domain)) else { return Ok(None) };
    let written = match (text(entry, "path"), text(entry, "endpoint")) {
        (Some(_), _) => None,
        (None, Some(endpoint)) => Some(endpoint),
        (None, None) => return Ok(None),
    };
    if !is_rendered(entry) {
        return Ok(None);
    }
    let endpoint = written.as_deref().map(|written| node.with_admin_ip(written)).transpose()?;
    let port = |name: &str| node.lookup(name).map(|port| show(&port)).map_err(|error| format!("is unknown: {error}"));
    let plain = format!("http://{domain}:{}/", port("nginx_port")?);
    let secure = node.holds("tls_enabled")?.then(|| port("nginx_ssl_port")).transpose()?;
    let secure = secure.map(|port| format!("https://{domain}:{port}/"));
    // The plain port only sends on to the other one.
    let redirected = node.known("nginx_sslmode")?.is_some_and(|mode| mode == "enforce") || flag(entry, "enforce_https");
    let listener = endpoint.as_ref().and_then(|at| listeners.get(at));
    let value = json!({
        "name": name,
        "domain": domain,
        "endpoint": endpoint,
        "url": secure.as_ref().filter(|_| redirected).unwrap_or(&plain),
        "plain": plain,
        "secure": secure,
        "behind": listener.map_or("nginx/port", |listener| &listener.check),
        "component": listener.map(|listener| &listener.component),
    });
    let served = !redirected || secure.is_some();
    let open = served && !flag(entry, "auth");
    let (proxied, own) = (endpoint.is_some(), has_own_certificate(entry));
    // Written as an address that only the machine itself can reach; which of them has it is for the admin node to show.
    let local = written.as_deref().is_some_and(is_loopback);
    let admin = node.known("admin_ip")?.is_some_and(|admin| *admin == *node.ip);
    let lists = [
        served,
        open && proxied && !local,
        open && local && admin,
        open && !proxied,
        served && !open,
        redirected,
        !redirected && secure.is_some(),
        secure.is_some() && !own,
        secure.is_some() && own,
        !is_recorded(node, &domain)?,
        open && proxied && flag(entry, "websocket"),
        open && listener.is_some(),
    ];
    Ok(Some(Entry { value, lists }))
}

fn is_host_name(domain: &str) -> bool {
    domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

fn is_recorded(node: &Node, domain: &str) -> Result<bool, String> {
    let names = node.known("dns_names")?.and_then(Value::as_array);
    Ok(names.is_some_and(|names| names.iter().any(|name| name["name"] == domain.to_ascii_lowercase())))
}

impl Entry {
    /// Whether it stands in the list of that place.
    pub(super) fn is_in(&self, list: usize) -> bool {
        self.lists[list]
    }
}

/// Whether only the machine itself can reach an endpoint.
fn is_loopback(endpoint: &str) -> bool {
    let host = endpoint.rsplit_once(':').map_or(endpoint, |(host, _)| host);
    host == "localhost" || host.starts_with("127.")
}

/// Whether an entry is rendered from Pigsty's own templates.
pub(super) fn is_rendered(entry: &Object) -> bool {
    !entry.get("conf").is_some_and(|conf| !conf.is_null() && *conf != json!("") && *conf != json!(false))
}

pub(super) fn has_own_certificate(entry: &Object) -> bool {
    ["cert", "key", "certbot"].iter().any(|key| text(entry, key).is_some())
}

pub(super) fn text(entry: &Object, key: &str) -> Option<String> {
    entry.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

pub(super) fn flag(entry: &Object, key: &str) -> bool {
    entry.get(key).is_some_and(is_true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::inventory::Inventory;
    use crate::pigsty::{self, Node};

    fn nodes(vars: &str) -> Vec<Node> {
        let text = format!(
            "all:\n  children:\n    infra:\n      hosts:\n        10.10.10.10: {{ infra_seq: 1 }}\n        10.10.10.11: {{ infra_seq: 2 }}\n  vars:\n    {}\n",
            vars.replace('\n', "\n    ")
        );
        pigsty::nodes(&Inventory::parse("pigsty.yml", &text).unwrap()).unwrap()
    }

    fn names(node: &Node, list: &str) -> Vec<String> {
        let list = node.lookup(list).unwrap();
        list.as_array().unwrap().iter().map(|entry| show(&entry["name"])).collect()
    }

    const PORTAL: &str = "infra_portal:
  home: { domain: i.pigsty }
  grafana: { domain: g.pigsty, endpoint: '${admin_ip}:3000', websocket: true }
  minio: { domain: m.pigsty, endpoint: 10.10.10.10:9001, scheme: https, auth: yes }
  app: { domain: app.pigsty, endpoint: 127.0.0.1:8885 }
  files: { domain: f.pigsty, path: /www/files, endpoint: 10.10.10.10:1, certbot: f.pigsty }
  custom: { domain: c.pigsty, endpoint: 10.10.10.10:1, conf: custom.conf }
  wild: { domain: '*.w.pigsty', endpoint: 10.10.10.10:1 }
  nameless: { endpoint: 10.10.10.10:1 }
  empty:";

    #[test]
    fn an_entry_stands_in_the_lists_that_its_template_makes_of_it() {
        let nodes = nodes(PORTAL);
        let all = ["grafana", "minio", "app", "files"];
        for (list, expected) in [
            ("portals", &all[..]),
            ("portals_proxied", &["grafana"]),
            ("portals_local", &["app"]),
            ("portals_static", &["files"]),
            ("portals_locked", &["minio"]),
            ("portals_redirected", &[]),
            ("portals_doubled", &all[..]),
            ("portals_certified", &["grafana", "minio", "app"]),
            ("portals_self_certified", &["files"]),
            ("portals_unrecorded", &["grafana", "app", "files"]),
            ("portals_websocket", &["grafana"]),
            ("portals_known", &["grafana"]),
        ] {
            assert_eq!(names(&nodes[0], list), expected, "{list}");
        }
        assert_eq!(names(&nodes[1], "portals_local"), [""; 0], "only the admin node is looked at");
        let portals = nodes[1].lookup("portals").unwrap();
        let grafana = json!({
            "name": "grafana", "domain": "g.pigsty", "endpoint": "10.10.10.10:3000", "url": "http://g.pigsty:80/",
            "plain": "http://g.pigsty:80/", "secure": "https://g.pigsty:443/", "behind": "infra-1/grafana/metrics",
            "component": { "name": "grafana", "node": "infra-1", "path": "ui/metrics", "metric": "grafana_build_info" },
        });
        assert_eq!(portals[0], grafana);
    }

    #[test]
    fn what_is_enforced_is_shown_over_tls_alone() {
        let enforced = nodes(&format!("nginx_sslmode: enforce\n{PORTAL}"));
        assert_eq!(names(&enforced[0], "portals_redirected"), ["grafana", "minio", "app", "files"]);
        assert_eq!(names(&enforced[0], "portals_doubled"), [""; 0]);
        assert_eq!(enforced[0].lookup("portals").unwrap()[0]["url"], "https://g.pigsty:443/");
        let one = nodes(
            "infra_portal: { a: { domain: a.pigsty, endpoint: 'x:1', enforce_https: true }, b: { domain: b.pigsty, endpoint: 'x:1' } }",
        );
        assert_eq!(
            (names(&one[0], "portals_redirected"), names(&one[0], "portals_doubled")),
            (vec!["a".into()], vec!["b".into()])
        );
        let nowhere = nodes(
            "nginx_sslmode: disable\ninfra_portal: { a: { domain: a.pigsty, endpoint: 'x:1', enforce_https: true } }",
        );
        assert_eq!(names(&nowhere[0], "portals"), [""; 0], "it is sent on to a port on which nothing listens");
    }

    #[test]
    fn a_home_of_ones_own_is_not_judged_as_that_of_pigsty() {
        let truths = |portal: &str| {
            let node = nodes(&format!("infra_portal: {{ {portal} }}")).remove(0);
            ["home_enabled", "home_page", "home_open", "home_certified"].map(|name| node.vars.is_true(name))
        };
        assert_eq!(truths("home: { domain: i.pigsty }"), [true; 4]);
        assert_eq!(truths("home: { domain: i.pigsty, path: /www/mine }"), [true, false, true, true]);
        assert_eq!(truths("home: { domain: i.pigsty, auth: true, certbot: i.pigsty }"), [true, true, false, false]);
        assert_eq!(truths("home: { domain: i.pigsty, auth: true, index: no }"), [true, false, false, true]);
        assert_eq!(truths("home: { domain: i.pigsty, conf: mine.conf }"), [false; 4]);
        assert_eq!(truths("other: { domain: o.pigsty }"), [false; 4]);
    }
}
