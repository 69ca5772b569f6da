//! What a node owes to the others: the whole fleet as each of them shows it, in its portal, its dashboards and its logs.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Node, portal};
use crate::value::{Value, show};

/// The components behind the home server of the portal: where below it, and the metric that only the right one has.
const LOCATIONS: [(&str, &[&str], &str, &str); 7] = [
    ("grafana", &["grafana_enabled"], "/ui/metrics", "grafana_build_info"),
    ("vmetrics", &["vmetrics_enabled"], "/vmetrics/metrics", "vm_promscrape_config_last_reload_successful"),
    ("vlogs", &["vlogs_enabled"], "/vlogs/metrics", "vl_storage_is_read_only"),
    ("vtraces", &["vtraces_enabled"], "/vtraces/metrics", "vt_storage_is_read_only"),
    ("vmalert", &["vmalert_enabled", "vmetrics_enabled"], "/vmalert/metrics", "vmalert_config_last_reload_successful"),
    ("alertmanager", &["alertmanager_enabled"], "/alertmgr/metrics", "alertmanager_build_info"),
    ("blackbox", &["blackbox_enabled"], "/blackbox/metrics", "blackbox_exporter_build_info"),
];

/// What each node adds to every Grafana: the flag, and the type of the datasource.
const DATASOURCES: [(&str, &str); 3] =
    [("vmetrics", "prometheus"), ("vlogs", "victoriametrics-logs-datasource"), ("vtraces", "jaeger")];

/// What is known of an address at which a component listens.
pub(super) struct Listener {
    /// The check that knows it there.
    pub(super) check: String,
    /// What it is called, where its metrics are, and the one that no other has.
    pub(super) component: Value,
}

pub(super) type Listeners = BTreeMap<String, Listener>;

/// Derives the portal of every node, and on every node `infra_nodes`, `neighbours`, `web_neighbours`, `logged_nodes`, `web_logged_nodes`, `datasources` and `locations`.
pub(super) fn derive(nodes: &mut [Node]) {
    let listeners = listeners(nodes);
    for node in nodes.iter_mut() {
        portal::derive(node, &listeners);
    }
    let all: Vec<_> = nodes.iter().map(listed).collect();
    let logged = those(nodes, is_logged);
    let web = those(nodes, |node| Ok(is_logged(node)? && node.holds("nginx_enabled")?));
    let datasources = nodes.iter().map(datasources).collect::<Result<Vec<_>, _>>().map(|of| json!(of.concat()));
    let served = those(nodes, |node| node.holds("nginx_enabled"));
    let ports: BTreeMap<_, _> =
        nodes.iter().map(|node| (node.ip.to_string(), node.vars.get("nginx_port").cloned())).collect();
    for node in nodes {
        node.derive("infra_nodes", Ok(json!(all)));
        node.derive("neighbours", Ok(others(&all, node)));
        node.derive(
            "web_neighbours",
            served.clone().map(|served| with_ports(others(served.as_array().map_or(&[], Vec::as_slice), node), &ports)),
        );
        node.derive("logged_nodes", logged.clone());
        node.derive("web_logged_nodes", web.clone());
        node.derive("datasources", datasources.clone());
        node.derive("locations", locations(node));
        node.derive("repo_served", is_repo_served(node).map(Value::Bool));
    }
}

/// The nodes of which something holds, as they are listed.
fn those(nodes: &[Node], holds: impl Fn(&Node) -> Result<bool, String>) -> Result<Value, String> {
    let one = |node| Ok(holds(node)?.then(|| listed(node)));
    Ok(Value::Array(nodes.iter().filter_map(|node| one(node).transpose()).collect::<Result<_, String>>()?))
}

fn is_repo_served(node: &Node) -> Result<bool, String> {
    let served = node.holds("repo_enabled")? && node.holds("home_page")?;
    Ok(served && node.known("repo_home")? == node.known("nginx_home")?)
}

/// Every address at which a component listens.
fn listeners(nodes: &[Node]) -> Listeners {
    let of = |node: &Node| {
        let there = LOCATIONS.iter().filter_map(|(name, _, location, metric)| {
            let port = node.lookup(&format!("{name}_port")).ok()?;
            // Grafana alone serves below its location; the others are at their root, and Nginx takes the location off.
            let path = if *name == "grafana" { location } else { "/metrics" };
            let path = path.trim_start_matches('/');
            let component = json!({"name": name, "node": &*node.name, "path": path, "metric": metric});
            let check = format!("{}/{name}/metrics", node.name);
            Some((format!("{}:{}", node.ip, show(&port)), Listener { check, component }))
        });
        there.collect::<Vec<_>>()
    };
    nodes.iter().flat_map(of).collect()
}

/// All of a list but the node itself.
fn others(listed: &[Value], node: &Node) -> Value {
    listed.iter().filter(|other| other["ip"] != *node.ip).cloned().collect()
}

/// The same with the port of each one's Nginx.
fn with_ports(listed: Value, ports: &BTreeMap<String, Option<Value>>) -> Value {
    let with_port = |mut node: Value| {
        let port = node["ip"].as_str().and_then(|ip| ports.get(ip)?.clone());
        node["nginx_port"] = port.unwrap_or_default();
        node
    };
    match listed {
        Value::Array(nodes) => nodes.into_iter().map(with_port).collect(),
        other => other,
    }
}

fn listed(node: &Node) -> Value {
    json!({"name": &*node.name, "ip": &*node.ip, "infra_seq": node.vars.get("infra_seq").map(show)})
}

/// Whether a node sends its logs to the VictoriaLogs of the infra nodes.
fn is_logged(node: &Node) -> Result<bool, String> {
    Ok(node.holds("vector_enabled")? && node.known("vector_log_endpoint")? == Some(&json!(["infra"])))
}

fn datasources(node: &Node) -> Result<Vec<Value>, String> {
    let seq = node.vars.get("infra_seq").map(show).unwrap_or_default();
    let mut there = Vec::new();
    for (name, kind) in DATASOURCES {
        if node.holds(&format!("{name}_enabled"))? {
            there.push(json!({"name": format!("{name}-{seq}"), "type": kind}));
        }
    }
    Ok(there)
}

fn locations(node: &Node) -> Result<Value, String> {
    let mut there = Vec::new();
    for (name, flags, path, metric) in LOCATIONS {
        let holds = flags.iter().map(|flag| node.holds(flag)).collect::<Result<Vec<_>, _>>()?;
        if !holds.contains(&false) {
            there.push(json!({"name": name, "path": path, "metric": metric}));
        }
    }
    Ok(Value::Array(there))
}
