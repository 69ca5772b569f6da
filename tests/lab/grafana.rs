//! What Pigsty's playbooks tell a Grafana through its API: its organisation, the storages of every node as datasources,
//! the dashboards, and which of them is the home page.

use super::node::Node;
use super::question;
use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};

/// The flag that a node has the storage, the datasource's name and type, and the path of its URL.
const STORAGES: [(&str, &str, &str, &str); 3] = [
    ("vmetrics", "vmetrics_port", "prometheus", ""),
    ("vlogs", "vlogs_port", "victoriametrics-logs-datasource", ""),
    ("vtraces", "vtraces_port", "jaeger", "/select/jaeger"),
];

/// A dashboard of every kind: the home page, and one of INFRA's. Pigsty's others are as good as these for a lab.
const DASHBOARDS: [(&str, &str); 2] = [("pigsty", "Pigsty Home"), ("infra-overview", "INFRA Overview")];

/// One request to a node's Grafana as its administrator.
pub fn ask(node: &Node, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
    let url = format!("http://{}:{}/ui/api/{path}", node.ip, node.vars["grafana_port"]);
    let login = (node.text("grafana_admin_username"), node.text("grafana_admin_password"));
    question::ask(method, &url, Some(login), body).context(url)
}

/// Tells a node's Grafana everything, whatever it has been told before.
pub fn tell(node: &Node, all: &[Node]) -> Result<()> {
    ask(node, Method::PUT, "orgs/1", Some(&json!({ "name": "Pigsty" })))?;
    for other in all {
        for (storage, port, kind, path) in STORAGES {
            let name = format!("{storage}-{}", other.vars["infra_seq"]);
            ask(node, Method::DELETE, &format!("datasources/name/{name}"), None).ok(); // it may not be there
            if other.has(&format!("{storage}_enabled")) {
                let url = format!("http://{}:{}{path}", other.ip, other.vars[port]);
                let body = json!({ "name": name, "type": kind, "access": "proxy", "url": url, "isDefault": false });
                ask(node, Method::POST, "datasources", Some(&body))?;
            }
        }
    }
    for (uid, title) in DASHBOARDS {
        let dashboard = json!({ "uid": uid, "title": title, "panels": [], "schemaVersion": 38 });
        ask(node, Method::POST, "dashboards/db", Some(&json!({ "dashboard": dashboard, "overwrite": true })))?;
    }
    ask(node, Method::PUT, "org/preferences", Some(&json!({ "homeDashboardUID": "pigsty", "theme": "light" })))?;
    Ok(())
}
