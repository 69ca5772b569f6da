//! The inventory of the estate: an ordinary one, in which the ports happen to be unusual.

use std::fmt::Write;

use super::dns::NAMES;
use super::layout::Node;
use crate::probe::icmp_permitted;

/// Writes the inventory that describes these nodes as they should be.
pub(super) fn write(nodes: &[Node]) -> String {
    let mut text = String::from("---\nall:\n  children:\n    infra:\n      hosts:\n");
    for node in nodes {
        host(&mut text, node);
    }
    let _ = write!(
        text,
        "  vars:\n\
         \x20   version: v4.5.0\n\
         \x20   admin_ip: {}\n\
         \x20   region: default\n\
         \x20   icmp_enabled: {}\n\
         \x20   infra_portal:\n\
         \x20     home: {{ domain: i.pigsty }}\n\
         \x20   dns_records:\n\
         \x20     - \"${{admin_ip}} {}\"\n\
         \x20     - \"${{admin_ip}} {}\"\n\
         \x20   repo_enabled: false\n\
         \x20   grafana_admin_username: admin\n\
         \x20   grafana_admin_password: pigsty\n",
        nodes[0].ip,
        icmp_permitted(),
        NAMES[0],
        NAMES[1..].join(" "),
    );
    text
}

fn host(text: &mut String, node: &Node) {
    let _ = writeln!(text, "        {}:\n          infra_seq: {}", node.ip, node.seq);
    for port in &node.ports {
        let _ = writeln!(text, "          {}: {}", port.variable, port.number);
    }
    // The exporter of Pigsty looks at port 80 whatever the inventory says; here 80 is another number.
    let _ = writeln!(text, "          nginx_exporter_scrape_port: {}", node.address("nginx_port").port());
}
