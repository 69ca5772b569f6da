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

/// Derives the portal of every node, and on every node `infra_nodes`, `logged_nodes`, `web_logged_nodes`, `datasources` and `locations`.
pub(super) fn derive(nodes: &mut [Node]) {
    let listeners = listeners(nodes);
    for node in nodes.iter_mut() {
        portal::derive(node, &listeners);
    }
    let all: Vec<_> = nodes.iter().map(listed).collect();
    let logged: Vec<_> = nodes.iter().filter(|node| is_logged(node)).map(listed).collect();
    let web: Vec<_> =
        nodes.iter().filter(|node| is_logged(node) && node.vars.is_true("nginx_enabled")).map(listed).collect();
    let datasources: Vec<_> = nodes.iter().flat_map(datasources).collect();
    for node in nodes {
        node.derive("infra_nodes", Ok(json!(all)));
        node.derive("logged_nodes", Ok(json!(logged)));
        node.derive("web_logged_nodes", Ok(json!(web)));
        node.derive("datasources", Ok(json!(datasources)));
        node.derive("locations", Ok(locations(node)));
        let served = node.vars.is_true("repo_enabled") && node.vars.is_true("home_page");
        let served = served && node.vars.get("repo_home") == node.vars.get("nginx_home");
        node.derive("repo_served", Ok(json!(served)));
    }
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

fn listed(node: &Node) -> Value {
    json!({"name": &*node.name, "ip": &*node.ip, "infra_seq": node.vars.get("infra_seq").map(show)})
}

/// Whether a node sends its logs to the VictoriaLogs of the infra nodes.
fn is_logged(node: &Node) -> bool {
    node.vars.is_true("vector_enabled") && node.vars.get("vector_log_endpoint") == Some(&json!(["infra"]))
}

fn datasources(node: &Node) -> Vec<Value> {
    let seq = node.vars.get("infra_seq").map(show).unwrap_or_default();
    let there = DATASOURCES.iter().filter(|(name, _)| node.vars.is_true(&format!("{name}_enabled")));
    there.map(|(name, kind)| json!({"name": format!("{name}-{seq}"), "type": kind})).collect()
}

fn locations(node: &Node) -> Value {
    let there = LOCATIONS.iter().filter(|(_, flags, ..)| flags.iter().all(|flag| node.vars.is_true(flag)));
    there.map(|(name, _, path, metric)| json!({"name": name, "path": path, "metric": metric})).collect()
}
