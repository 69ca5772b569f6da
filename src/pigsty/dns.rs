//! The names that dnsmasq must answer: `dns_records` in the form of a hosts file.
//!
//! What other modules register there (clusters, MinIO, virtual addresses) is theirs, and not looked at.

use std::net::Ipv4Addr;

use indexmap::IndexMap;
use serde_json::json;

use super::Node;
use crate::value::{Value, show};

/// Derives `dns_names`, a list of `{name, addresses}`, `dns_first_name`, and `dns_records_given`.
pub(super) fn derive(node: &mut Node) {
    let names = names(node);
    node.derive("dns_records_given", names.as_ref().map(|names| json!(!names.is_empty())).map_err(Clone::clone));
    let first = names.as_ref().map_err(Clone::clone).and_then(|names| {
        names.keys().next().map(|name| json!(name)).ok_or_else(|| "is unset, as dns_records is empty".to_owned())
    });
    node.derive("dns_first_name", first);
    let listed = names.map(|names| {
        let entry = |(name, addresses): (String, Vec<Value>)| json!({"name": name, "addresses": addresses});
        Value::Array(names.into_iter().map(entry).collect())
    });
    node.derive("dns_names", listed);
}

/// Each name with its IPv4 addresses; a name on several lines has several, as dnsmasq answers them all.
fn names(node: &Node) -> Result<IndexMap<String, Vec<Value>>, String> {
    let records = node.lookup("dns_records").map_err(|error| format!("is unknown: {error}"))?;
    let records = match records {
        Value::Array(records) => records,
        Value::Null => Vec::new(),
        _ => return Err("is unknown: dns_records is not a list".to_owned()),
    };
    let mut names: IndexMap<String, Vec<Value>> = IndexMap::new();
    for record in &records {
        let line = node.with_admin_ip(&show(record))?;
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(address) = words.next().filter(|word| word.parse::<Ipv4Addr>().is_ok()) else { continue };
        for name in words {
            let addresses = names.entry(name.to_ascii_lowercase()).or_default();
            if !addresses.contains(&json!(address)) {
                addresses.push(json!(address));
            }
        }
    }
    Ok(names)
}
