//! The portal of the estate: what stands in its inventory, what Nginx serves under which name, what the certificate covers.

use super::layout::Node;

/// The name of the home page.
pub(super) const HOME: &str = "i.pigsty";

/// An entry beside the home page.
pub(super) struct Entry {
    pub(super) key: &'static str,
    pub(super) domain: &'static str,
    pub(super) behind: Behind,
    pub(super) websocket: bool,
    pub(super) auth: bool,
}

/// What an entry leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// A component of the admin node, by the variable of its port.
    Admin(&'static str),
    /// Files in this directory.
    Files(&'static str),
    /// What listens on the loopback address of the node that is asked; on the first one only something does.
    Loopback(u16),
}

/// Everything that the portal has.
pub(super) const ENTRIES: [Entry; 5] = [
    Entry { websocket: true, ..entry("grafana", "g.pigsty", Behind::Admin("grafana_port")) },
    entry("prometheus", "p.pigsty", Behind::Admin("vmetrics_port")),
    Entry { auth: true, ..entry("alertmanager", "a.pigsty", Behind::Admin("alertmanager_port")) },
    entry("files", "f.pigsty", Behind::Files("/www/files")),
    Entry { websocket: true, ..entry("app", "app.pigsty", Behind::Loopback(8000)) },
];

const fn entry(key: &'static str, domain: &'static str, behind: Behind) -> Entry {
    Entry { key, domain, behind, websocket: false, auth: false }
}

/// The portal as the inventory writes it, entry by entry.
pub(super) fn lines(admin: &Node) -> impl Iterator<Item = String> {
    let home = format!("home: {{ domain: {HOME} }}");
    std::iter::once(home).chain(ENTRIES.iter().map(move |entry| {
        let behind = match entry.behind {
            Behind::Admin(variable) => {
                format!(", endpoint: \"${{admin_ip}}:{}\"", admin.address(variable).port())
            }
            Behind::Files(path) => format!(", path: {path}"),
            Behind::Loopback(port) => format!(", endpoint: \"127.0.0.1:{port}\""),
        };
        let websocket = if entry.websocket { ", websocket: true" } else { "" };
        let auth = if entry.auth { ", auth: true" } else { "" };
        format!("{}: {{ domain: {}{behind}{websocket}{auth} }}", entry.key, entry.domain)
    }))
}

/// Every name that the portal answers to.
pub(super) fn domains() -> impl Iterator<Item = &'static str> {
    std::iter::once(HOME).chain(ENTRIES.iter().map(|entry| entry.domain))
}
