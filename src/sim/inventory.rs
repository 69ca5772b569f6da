//! The inventory of the estate: an ordinary one, in which the ports happen to be unusual.

use std::fmt::Write;

use super::dns::NAMES;
use super::layout::Node;
use super::portal;
use crate::probe::icmp_permitted;

/// Writes the inventory that describes these nodes as they should be.
pub(super) fn write(nodes: &[Node]) -> String {
    let mut text = String::from("---\nall:\n  children:\n    infra:\n      hosts:\n");
    for node in nodes {
        host(&mut text, node);
    }
    let vars = [
        "version: v4.5.0".to_owned(),
        format!("admin_ip: {}", nodes[0].ip),
        "region: default".to_owned(),
        format!("icmp_enabled: {}", icmp_permitted()),
        "infra_portal:".to_owned(),
    ];
    text.push_str("  vars:\n");
    let portal = portal::lines(&nodes[0]).map(|line| format!("  {line}"));
    let records = [&NAMES[..1], &NAMES[1..]].map(|names| format!("  - \"${{admin_ip}} {}\"", names.join(" ")));
    let rest = ["repo_enabled: true", "grafana_admin_username: admin", "grafana_admin_password: Demo.Grafana"];
    let lines = vars.into_iter().chain(portal).chain(["dns_records:".to_owned()]).chain(records);
    for line in lines.chain(rest.map(str::to_owned)) {
        let _ = writeln!(text, "    {line}");
    }
    text
}

fn host(text: &mut String, node: &Node) {
    let _ = writeln!(text, "        {}:\n          infra_seq: {}", node.ip, node.seq);
    for port in &node.ports {
        let _ = writeln!(text, "          {}: {}", port.variable, port.number);
    }
    let _ = writeln!(text, "          nginx_redirect_port: {}", node.address("nginx_port").port());
    let _ = writeln!(text, "          nginx_redirect_ssl_port: {}", node.address("nginx_ssl_port").port());
    // Pigsty's exporter looks at port 80, and its VictoriaMetrics pings through port 9115, whatever the inventory says; here
    // these are other numbers.
    let _ = writeln!(text, "          nginx_exporter_scrape_port: {}", node.address("nginx_port").port());
    let _ = writeln!(text, "          blackbox_scrape_port: {}", node.address("blackbox_port").port());
}
