//! An entry of the portal: what Pigsty's templates make of it, and in which of the suites' lists it stands.
//!
//! One with a template of its own (`conf`), or with a name that nobody could ask for, is nobody's to judge.

use serde_json::json;

use super::Node;
use crate::value::{Object, Value, is_true, show};

/// An entry of the portal that Pigsty renders, other than home.
pub(super) struct Entry {
    name: String,
    domain: String,
    /// The address that it hands requests to; none for a folder of files.
    endpoint: Option<String>,
    /// Whether the endpoint is written as an address that only the machine itself can reach.
    local: bool,
    locked: bool,
    websocket: bool,
    /// Whether the plain port only sends on to the other one.
    redirected: bool,
    own_certificate: bool,
    plain: String,
    /// The same over TLS, where the portal speaks it.
    secure: Option<String>,
    /// Whether dnsmasq is told the name by `dns_records`.
    recorded: bool,
    /// Whether this is the node on which what listens on loopback addresses only is looked for.
    admin: bool,
}

/// Every entry of a portal but its home.
pub(super) fn all(node: &Node, portal: &Object) -> Result<Vec<Entry>, String> {
    let others = portal.iter().filter(|(name, _)| *name != "home");
    others.filter_map(|(name, value)| entry(node, name, value.as_object()?).transpose()).collect()
}

fn entry(node: &Node, name: &str, entry: &Object) -> Result<Option<Entry>, String> {
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
    let port = |name: &str| node.lookup(name).map(|port| show(&port)).map_err(|error| format!("is unknown: {error}"));
    let secure = node.vars.is_true("tls_enabled").then(|| port("nginx_ssl_port")).transpose()?;
    let enforced = node.vars.get("nginx_sslmode").is_some_and(|mode| mode == "enforce") || flag(entry, "enforce_https");
    Ok(Some(Entry {
        name: name.to_owned(),
        endpoint: written.as_deref().map(|written| node.with_admin_ip(written)).transpose()?,
        local: written.as_deref().is_some_and(is_loopback),
        locked: flag(entry, "auth"),
        websocket: flag(entry, "websocket"),
        redirected: enforced,
        own_certificate: has_own_certificate(entry),
        plain: format!("http://{domain}:{}/", port("nginx_port")?),
        secure: secure.map(|port| format!("https://{domain}:{port}/")),
        recorded: is_recorded(node, &domain),
        admin: node.vars.get("admin_ip").is_some_and(|admin| *admin == *node.ip),
        domain,
    }))
}

fn is_host_name(domain: &str) -> bool {
    domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

fn is_recorded(node: &Node, domain: &str) -> bool {
    let names = node.vars.get("dns_names").and_then(Value::as_array);
    names.is_some_and(|names| names.iter().any(|name| name["name"] == domain.to_ascii_lowercase()))
}

impl Entry {
    /// The lists that suites repeat checks over.
    pub(super) const LISTS: [&str; 11] = [
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
    ];

    pub(super) fn is_in(&self, list: &str) -> bool {
        let served = !self.redirected || self.secure.is_some();
        let open = served && !self.locked;
        match list {
            "portals" => served,
            "portals_proxied" => open && self.endpoint.is_some() && !self.local,
            "portals_local" => open && self.admin && self.local,
            "portals_static" => open && self.endpoint.is_none(),
            "portals_locked" => served && self.locked,
            "portals_redirected" => self.redirected,
            "portals_doubled" => !self.redirected && self.secure.is_some(),
            "portals_certified" => self.secure.is_some() && !self.own_certificate,
            "portals_self_certified" => self.secure.is_some() && self.own_certificate,
            "portals_unrecorded" => !self.recorded,
            "portals_websocket" => open && self.websocket && self.endpoint.is_some(),
            _ => false,
        }
    }

    /// The entry as a suite sees it; `url` is where it shows what it has.
    pub(super) fn value(&self) -> Value {
        let secure = self.secure.as_ref().filter(|_| self.redirected);
        json!({
            "name": self.name,
            "domain": self.domain,
            "endpoint": self.endpoint,
            "url": secure.unwrap_or(&self.plain),
            "plain": self.plain,
            "secure": self.secure,
        })
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
