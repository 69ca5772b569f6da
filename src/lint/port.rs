//! The ports of a node: each a port, none taken twice, and those left alone that Pigsty takes for granted.

use std::collections::BTreeMap;

use super::{Estate, Judge, Notes, Rule};
use crate::pigsty::{self, Node};
use crate::value::{Value, show};

pub(super) static PORT: Rule = Rule {
    name: "port",
    title: "gives every component a port",
    why: "A value that is no port goes into the configuration of its component, and of Nginx, which does not start with it.",
    causes: &["a digit too many", "a word or an address where a number should be"],
    look: &["grep -n _port pigsty.yml"],
    judge: Judge::Node(port),
};

fn port(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    let Ok(defaults) = pigsty::defaults() else { return };
    for (name, _) in defaults.iter().filter(|(name, variable)| name.ends_with("_port") && variable.value.is_number()) {
        if let Some(value) = notes.value(node, name).filter(|value| number(value).is_none()) {
            let what = format!("{name} is {value}, not a port");
            notes.error(estate.place(node, name), what, "write a whole number from 1 to 65535");
        }
    }
}

/// A port, which may be written as text.
fn number(value: &Value) -> Option<u16> {
    let port = match value {
        Value::Number(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
        Value::String(text) => text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())),
        _ => None,
    };
    port.filter(|port| *port > 0)
}

/// Who listens: the variable that says where, or the port where none does; what it is called; and what must be on for it.
struct Listener(&'static str, u16, &'static str, &'static [&'static str]);

/// What the INFRA and NODE modules run on an INFRA node.
const OWN: [Listener; 15] = [
    Listener("nginx_port", 0, "Nginx", &["nginx_enabled"]),
    Listener("nginx_ssl_port", 0, "Nginx", &["nginx_enabled"]),
    Listener("nginx_exporter_port", 0, "nginx_exporter", &["nginx_enabled", "nginx_exporter_enabled"]),
    Listener("grafana_port", 0, "Grafana", &["grafana_enabled"]),
    Listener("vmetrics_port", 0, "VictoriaMetrics", &["vmetrics_enabled"]),
    Listener("vlogs_port", 0, "VictoriaLogs", &["vlogs_enabled"]),
    Listener("vtraces_port", 0, "VictoriaTraces", &["vtraces_enabled"]),
    Listener("vmalert_port", 0, "vmalert", &["vmetrics_enabled", "vmalert_enabled"]),
    Listener("alertmanager_port", 0, "Alertmanager", &["alertmanager_enabled"]),
    Listener("", 9094, "Alertmanager's gossip", &["alertmanager_enabled"]),
    Listener("blackbox_port", 0, "blackbox_exporter", &["blackbox_enabled"]),
    Listener("dns_port", 0, "dnsmasq", &["dns_enabled"]),
    Listener("node_exporter_port", 0, "node_exporter", &["node_exporter_enabled"]),
    Listener("haproxy_exporter_port", 0, "HAProxy", &["haproxy_enabled"]),
    Listener("vector_port", 0, "vector", &["vector_enabled"]),
];

/// What other modules run on a host that is one of theirs too: by the variable that makes it one.
const OTHERS: [Listener; 11] = [
    Listener("vip_exporter_port", 0, "keepalived_exporter", &["vip_address"]),
    Listener("pg_port", 5432, "PostgreSQL", &["pg_cluster"]),
    Listener("pgbouncer_port", 6432, "Pgbouncer", &["pg_cluster"]),
    Listener("pg_exporter_port", 0, "pg_exporter", &["pg_cluster"]),
    Listener("pgbouncer_exporter_port", 0, "pgbouncer_exporter", &["pg_cluster"]),
    Listener("pgbackrest_exporter_port", 0, "pgbackrest_exporter", &["pg_cluster"]),
    Listener("patroni_port", 0, "Patroni", &["pg_cluster"]),
    Listener("etcd_port", 0, "etcd", &["etcd_cluster"]),
    Listener("minio_port", 9000, "MinIO", &["minio_cluster"]),
    Listener("minio_admin_port", 9001, "MinIO", &["minio_cluster"]),
    Listener("redis_exporter_port", 0, "redis_exporter", &["redis_cluster"]),
];

pub(super) static CLASH: Rule = Rule {
    name: "clash",
    title: "gives no port to two components",
    why: "Of two processes on one port only one starts, whichever came first; the other fails for ever, or, worse, is taken for it.",
    causes: &["a port was moved to one that an exporter has", "a line was copied, and the number left"],
    look: &["grep -n _port pigsty.yml", "ssh 10.10.10.10 ss -ltnp"],
    judge: Judge::Node(clash),
};

fn clash(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    let mut taken: BTreeMap<u16, (&Listener, String)> = BTreeMap::new();
    for (listener, is_own) in OWN.iter().map(|one| (one, true)).chain(OTHERS.iter().map(|one| (one, false))) {
        let Some(port) = listener.port(node, is_own, notes) else { continue };
        let called =
            if listener.0.is_empty() { listener.2.to_owned() } else { format!("{} of {}", listener.0, listener.2) };
        let Some((first, other)) = taken.get(&port) else {
            taken.insert(port, (listener, called));
            continue;
        };
        // What is written is at fault, and not the default beside it; of the other modules' own clashes nothing is said.
        let written = [listener, *first].into_iter().find(|one| Estate::is_written(node, one.0));
        let what = format!("{called} is {port}, and so is {other}");
        let place = written.map_or_else(|| estate.place(node, "ip"), |one| estate.place(node, one.0));
        let help = "give one of them a port that is free";
        if is_own {
            notes.error(place, what, help);
        } else if OWN.iter().any(|own| std::ptr::eq(own, *first)) {
            notes.warn(place, what, help);
        }
    }
}

impl Listener {
    /// The port on which it listens, if it is there.
    fn port(&self, node: &Node, is_own: bool, notes: &mut Notes) -> Option<u16> {
        let there =
            if is_own { notes.are_on(node, self.3) } else { self.3.iter().all(|name| node.vars.get(name).is_some()) };
        let tls = self.0 != "nginx_ssl_port" || node.vars.get("nginx_sslmode").is_none_or(|mode| mode != "disable");
        let value = (there && tls).then(|| notes.value(node, self.0)).flatten();
        value.map_or((there && self.1 > 0).then_some(self.1), |value| number(&value))
    }
}

/// A port that may be moved, the one that Pigsty's templates have in its place, what must be on for that to matter, and what
/// comes of it.
const FIXED: [(&str, &str, &[&str], &str); 2] = [
    (
        "nginx_port",
        "nginx_exporter_scrape_port",
        &["nginx_enabled", "nginx_exporter_enabled"],
        "nginx_exporter looks there all the same, and shows Nginx as down",
    ),
    (
        "blackbox_port",
        "blackbox_scrape_port",
        &["blackbox_enabled", "vmetrics_enabled"],
        "VictoriaMetrics pings through it all the same, and every target of job ping is down",
    ),
];

pub(super) static ASSUMED: Rule = Rule {
    name: "assumed",
    title: "leaves ports alone that Pigsty takes for granted",
    why: "Pigsty has some ports written into its templates, whatever the inventory says: 80 where Nginx is looked at and sends on \
          from, 443 where it sends on to, 9115 where VictoriaMetrics pings through.",
    causes: &["nginx_port, nginx_ssl_port or blackbox_port was moved"],
    look: &["grep -nE 'nginx_port|nginx_ssl_port|blackbox_port' pigsty.yml"],
    judge: Judge::Node(assumed),
};

fn assumed(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    for (name, fixed, when, consequence) in FIXED {
        if notes.are_on(node, when) {
            differs(estate, node, notes, [name, fixed], consequence);
        }
    }
    if notes.is_on(node, "nginx_enabled") && redirects(node, notes) {
        differs(
            estate,
            node,
            notes,
            ["nginx_port", "nginx_redirect_port"],
            "what is sent on to TLS listens there all the same",
        );
        let to = "what is sent on to TLS is sent there all the same";
        differs(estate, node, notes, ["nginx_ssl_port", "nginx_redirect_ssl_port"], to);
    }
}

fn differs(estate: &Estate<'_>, node: &Node, notes: &mut Notes, [name, fixed]: [&str; 2], consequence: &str) {
    let (Some(moved), Some(usual)) = (notes.value(node, name), notes.value(node, fixed)) else { return };
    if number(&moved).is_some() && show(&moved) != show(&usual) {
        let what = format!("{name} is {}, and Pigsty takes {} for granted: {consequence}", show(&moved), show(&usual));
        notes.warn(estate.place(node, name), what, format!("leave it at {}", show(&usual)));
    }
}

/// Whether anything is sent on to TLS.
fn redirects(node: &Node, notes: &mut Notes) -> bool {
    let enforced = notes.value(node, "nginx_sslmode").is_some_and(|mode| mode == "enforce");
    let portal = notes.value(node, "infra_portal").unwrap_or_default();
    let one = |entry: &Value| entry.get("enforce_https").is_some_and(crate::value::is_true);
    enforced || portal.as_object().is_some_and(|portal| portal.values().any(one))
}
