//! The nodes of `inventories/lab.yml`, each with its effective variables.

use serde_json::{Map, Value, json};

/// One INFRA node.
pub struct Node {
    /// As Pigsty calls it: `infra-1`.
    pub name: String,
    pub ip: String,
    pub vars: Map<String, Value>,
}

impl Node {
    /// Whether a variable is set and true.
    pub fn has(&self, flag: &str) -> bool {
        self.vars.get(flag).and_then(Value::as_bool).unwrap_or(false)
    }
}

/// The nodes, with the named flags switched off.
pub fn nodes(off: &[&str]) -> Vec<Node> {
    ["10.10.10.10", "10.10.10.11"].into_iter().zip(1..).map(|(ip, seq)| node(ip, seq, off)).collect()
}

fn node(ip: &str, seq: u32, off: &[&str]) -> Node {
    let mut vars = [defaults(), ports(), inventory()]
        .into_iter()
        .filter_map(|layer| layer.as_object().cloned())
        .flatten()
        .collect::<Map<_, _>>();
    vars.extend(off.iter().map(|flag| ((*flag).to_owned(), false.into())));
    vars.insert("ip".into(), ip.into());
    vars.insert("infra_seq".into(), seq.into());
    Node { name: format!("infra-{seq}"), ip: ip.into(), vars }
}

fn defaults() -> Value {
    json!({
        "nginx_enabled": true, "nginx_exporter_enabled": true, "nginx_sslmode": "enable", "nginx_home": "/www",
        "dns_enabled": true, "vmetrics_enabled": true, "vlogs_enabled": true, "vtraces_enabled": true, "vmalert_enabled": true,
        "blackbox_enabled": true, "alertmanager_enabled": true, "grafana_enabled": true, "node_ntp_enabled": true,
        "vmetrics_options": "-retentionPeriod=15d -promscrape.fileSDCheckInterval=5s",
        "vlogs_options": "-retentionPeriod=15d -retention.maxDiskSpaceUsageBytes=50GiB -insert.maxLineSizeBytes=1MB -search.maxQueryDuration=120s",
        "vtraces_options": "-retentionPeriod=15d -retention.maxDiskSpaceUsageBytes=50GiB",
        "vmalert_options": "", "blackbox_options": "", "alertmanager_options": "",
        "grafana_admin_username": "admin", "grafana_pgurl": "", "grafana_view_password": "DBUser.Viewer",
        "node_dns_servers": ["${admin_ip}"],
    })
}

fn ports() -> Value {
    json!({
        "nginx_port": 80, "nginx_ssl_port": 443, "nginx_exporter_port": 9113, "dns_port": 53, "vmetrics_port": 8428, "vlogs_port": 9428,
        "vtraces_port": 10428, "vmalert_port": 8880, "blackbox_port": 9115, "alertmanager_port": 9059, "grafana_port": 3000,
        "code_port": 8443, "jupyter_port": 8888,
    })
}

fn inventory() -> Value {
    json!({
        "version": "v4.5.0",
        "admin_ip": "10.10.10.10",
        "infra_portal": {
            "home": { "domain": "i.pigsty" },
            "grafana": { "domain": "g.pigsty", "endpoint": "${admin_ip}:3000", "websocket": true },
            "prometheus": { "domain": "p.pigsty", "endpoint": "${admin_ip}:8428" },
            "alertmanager": { "domain": "a.pigsty", "endpoint": "${admin_ip}:9059" },
        },
        "dns_records": ["${admin_ip} i.pigsty g.pigsty p.pigsty a.pigsty", "10.10.10.11 infra-2.pigsty"],
        "node_ntp_servers": ["server ${admin_ip} iburst minpoll -2 maxpoll 0"],
        "vmetrics_scrape_interval": "2s",
        "vmetrics_scrape_timeout": "2s",
        "grafana_admin_password": "pigsty",
    })
}
