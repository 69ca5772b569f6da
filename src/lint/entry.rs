//! The entries of the portal: whether Pigsty's templates and Nginx take them.

use std::net::Ipv4Addr;

use super::switch::is_misspelt;
use super::{Estate, Judge, Notes, Rule};
use crate::pigsty::Node;
use crate::value::{Object, Value, is_true, show};

/// What an entry may hold.
const KEYS: [&str; 16] = [
    "domain",
    "domains",
    "endpoint",
    "path",
    "conf",
    "scheme",
    "websocket",
    "auth",
    "realm",
    "cert",
    "key",
    "certbot",
    "enforce_https",
    "index",
    "log",
    "config",
];

/// What Nginx can proxy to.
const SCHEMES: [&str; 2] = ["http", "https"];

/// How alike a key must be to one that is known to be taken for a slip of it, of 1.
const ALIKE: f64 = 0.9;

pub(super) static HOME: Rule = Rule {
    name: "home",
    title: "has a home page in its portal",
    why: "The entry home is the server that answers every name that no other does, with Grafana, the consoles of all components, the \
          repository and the page that nginx_exporter looks at. A value of infra_portal takes the place of all of the default, \
          home too.",
    causes: &["an entry was added to infra_portal, and home not repeated", "home has no domain, and is left out"],
    look: &["infra-verify inspect pigsty.yml --host infra-1 infra_portal"],
    judge: Judge::Node(home),
};

/// What to do where there is no home.
const ADD: &str = "write home: { domain: i.pigsty } among the entries";

fn home(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    let Some(portal) = portal(node, notes) else { return };
    match portal.get("home") {
        None => notes.warn(estate.place(node, "infra_portal"), "infra_portal has no home", ADD),
        Some(home) if domain(home).is_none() => {
            notes.warn(
                estate.within(node, "infra_portal", &["home"]),
                "portal entry home has no domain, and is left out",
                ADD,
            );
        }
        Some(_) => {}
    }
}

pub(super) static ENTRY: Rule = Rule {
    name: "entry",
    title: "has portal entries that Nginx can serve",
    why: "Nginx reads all of its configuration or none: one entry that it refuses keeps every change from being served, and Nginx \
          from starting again.",
    causes: &[
        "an endpoint is written as a URL: it is an address and a port, and scheme stands beside it",
        "an entry has neither endpoint nor path, or both",
        "enforce_https where TLS is disabled sends everybody to a port that is closed",
    ],
    look: &["ssh 10.10.10.10 nginx -t", "ssh 10.10.10.10 cat /etc/nginx/conf.d/NAME.conf"],
    judge: Judge::Node(entries),
};

fn entries(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    let Some(portal) = notes.value(node, "infra_portal") else { return };
    let Value::Object(portal) = portal else {
        let what = "infra_portal is not a mapping of entries";
        return notes.error(
            estate.place(node, "infra_portal"),
            what,
            "write a name and { domain, endpoint } for each entry",
        );
    };
    for (name, value) in &portal {
        let place = estate.within(node, "infra_portal", &[name]);
        match value {
            Value::Object(entry) => Entry { estate, node, name, keys: entry }.judge(notes),
            _ => notes.error(
                place,
                format!("portal entry {name} is not a mapping"),
                "write { domain, endpoint } or { domain, path }",
            ),
        }
    }
}

/// The portal, where it is one.
pub(super) fn portal(node: &Node, notes: &mut Notes) -> Option<Object> {
    let portal = notes.value(node, "infra_portal")?;
    if !portal.is_object() {
        notes.unjudged("infra_portal is not a mapping of entries");
    }
    portal.as_object().cloned()
}

/// The domain of an entry; one without is left out.
pub(super) fn domain(entry: &Value) -> Option<String> {
    entry.get("domain").filter(|domain| !domain.is_null()).map(show).filter(|domain| !domain.is_empty())
}

/// One entry, on one node.
struct Entry<'a> {
    estate: &'a Estate<'a>,
    node: &'a Node,
    name: &'a str,
    keys: &'a Object,
}

impl Entry<'_> {
    fn judge(&self, notes: &mut Notes) {
        self.slips(notes);
        let name = self.name;
        let has = |key: &str| self.keys.contains_key(key);
        if domain(&Value::Object(self.keys.clone())).is_none() {
            if name != "home" {
                self.warn(notes, "", format!("portal entry {name} has no domain, and is left out"), "give it a domain");
            }
            return;
        }
        if has("conf") {
            return;
        }
        match (has("path"), has("endpoint")) {
            (false, false) if name != "home" => {
                let what = format!("portal entry {name} has neither endpoint nor path, so there is no template for it");
                self.error(notes, "", what, "give it an endpoint, or a path");
            }
            (true, true) if name != "home" => {
                let what = format!("portal entry {name} has a path and an endpoint, and the path holds");
                self.warn(notes, "endpoint", what, "take one of them out");
            }
            (false, true) if name != "home" => self.upstream(notes),
            _ => {}
        }
        let forced = self.keys.get("enforce_https").is_some_and(is_true);
        if forced && name != "home" && self.node.vars.get("nginx_sslmode").is_some_and(|mode| mode == "disable") {
            let what = format!(
                "portal entry {name} has enforce_https where nginx_sslmode is disable: it leads to a closed port"
            );
            self.error(notes, "enforce_https", what, "let Nginx speak TLS, or take enforce_https out");
        }
    }

    /// Keys that are slips of others, and words that are neither true nor false.
    fn slips(&self, notes: &mut Notes) {
        for (key, value) in self.keys {
            if ["websocket", "auth", "enforce_https"].contains(&key.as_str()) && is_misspelt(value) {
                let what = format!(
                    "{key} of portal entry {} is {value}, which is neither true nor false, and counts as false",
                    self.name
                );
                self.error(notes, key, what, "write true or false");
            }
            let near = |known: &&&str| strsim::jaro_winkler(key, known) >= ALIKE;
            if let Some(meant) = KEYS.iter().find(near).filter(|_| !KEYS.contains(&key.as_str())) {
                let what =
                    format!("{key} of portal entry {} is nothing that Pigsty reads, and almost {meant}", self.name);
                self.warn(notes, key, what, &format!("did you mean {meant}?"));
            }
        }
    }

    /// What Nginx proxies to.
    fn upstream(&self, notes: &mut Notes) {
        let scheme = self.keys.get("scheme").map_or_else(|| "http".to_owned(), show);
        if !SCHEMES.contains(&scheme.as_str()) {
            let what = format!("scheme of portal entry {} is {scheme:?}, which Nginx refuses", self.name);
            self.error(notes, "scheme", what, "write http or https");
        }
        let endpoint = self.keys.get("endpoint").map(show).unwrap_or_default();
        if let Some((why, help)) = refusal(&endpoint) {
            let what = format!("endpoint of portal entry {} is {endpoint:?}: {why}", self.name);
            self.error(notes, "endpoint", what, help);
        }
    }

    fn error(&self, notes: &mut Notes, key: &str, what: String, help: &str) {
        notes.error(self.place(key), what, help);
    }

    fn warn(&self, notes: &mut Notes, key: &str, what: String, help: &str) {
        notes.warn(self.place(key), what, help);
    }

    fn place(&self, key: &str) -> Option<crate::value::Place> {
        self.estate.within(self.node, "infra_portal", &[self.name, key])
    }
}

/// Why Nginx refuses an endpoint, and what to write; nothing if it takes it. Parameters may stand behind it.
fn refusal(endpoint: &str) -> Option<(&'static str, &'static str)> {
    const HELP: &str = "write an address and a port, such as 10.10.10.10:9001";
    let first = endpoint.split_whitespace().next().unwrap_or_default();
    if first.contains("://") {
        return Some((
            "Nginx takes no URL there",
            "write address and port, and scheme: https beside it if it speaks TLS",
        ));
    }
    if first.starts_with("unix:") {
        return None;
    }
    let (host, port) = match first.rsplit_once(':') {
        Some((host, port)) if !first.ends_with(']') => (host, Some(port)),
        _ => (first, None),
    };
    let numeric = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match port {
        _ if host.is_empty() => Some(("it has no address", HELP)),
        _ if host.contains('/') || port.is_some_and(|port| port.contains('/')) => Some(("it has a path", HELP)),
        _ if numeric && host.parse::<Ipv4Addr>().is_err() => Some(("it has no IPv4 address", HELP)),
        Some(port) if port.parse::<u16>().map_or(true, |port| port == 0) => {
            Some(("it has no port from 1 to 65535", HELP))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_refused_where_nginx_refuses_it() {
        for endpoint in [
            "10.10.10.10:80",
            "10.10.10.10",
            "${admin_ip}:9001",
            "[::1]:80",
            "[::1]",
            "app.local:80 weight=2",
            "unix:/run/x",
        ] {
            assert_eq!(refusal(endpoint), None, "{endpoint}");
        }
        let wrong = [
            "",
            "http://10.10.10.10:80",
            "10.10.10.10:99999",
            "10.10.10.10:x",
            "10.10.10.10:",
            "10.10.10.10:80/x",
            "10.10.10.300:80",
            "a:0",
        ];
        for endpoint in wrong {
            assert!(refusal(endpoint).is_some(), "{endpoint}");
        }
    }
}
