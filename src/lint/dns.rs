//! The records of dnsmasq, and the placeholders that Pigsty fills in.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::{Estate, Judge, Notes, Rule};
use crate::pigsty::Node;
use crate::value::{Value, names, show};

pub(super) static RECORD: Rule = Rule {
    name: "record",
    title: "has DNS records that dnsmasq understands",
    why: "dnsmasq passes over a line that it cannot read, and nobody finds the names on it.",
    causes: &[
        "the name stands before the address",
        "the address has a typo",
        "a name has two addresses, and leads to either by turns",
    ],
    look: &["grep -nA8 dns_records: pigsty.yml", "ssh 10.10.10.10 journalctl -u dnsmasq -n 20"],
    judge: Judge::Node(records),
};

fn records(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    let Some(records) = notes.value(node, "dns_records") else { return };
    let Value::Array(records) = records else {
        let what = "dns_records is not a list";
        return notes.error(estate.place(node, "dns_records"), what, "write a list of lines: an address and its names");
    };
    // What cannot be filled in is told where it is written, and not with every record.
    let admin = node.lookup("admin_ip").map(|admin| show(&admin)).ok().filter(|admin| admin.parse::<IpAddr>().is_ok());
    let mut first: BTreeMap<String, Ipv4Addr> = BTreeMap::new();
    for (at, record) in records.iter().enumerate() {
        let place = || estate.within(node, "dns_records", &[&at.to_string()]);
        let Some(text) = record.as_str() else {
            notes.error(
                place(),
                format!("a record of dns_records is {record}, not a line of text"),
                "write an address and its names",
            );
            continue;
        };
        let line = admin.as_ref().map_or_else(|| text.to_owned(), |admin| text.replace("${admin_ip}", admin));
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(word) = words.next().filter(|word| !word.contains("${")) else { continue };
        let Ok(address) = word.parse::<IpAddr>() else {
            notes.error(
                place(),
                format!("record {text:?} does not begin with an address"),
                "write the address first, then its names",
            );
            continue;
        };
        let names: Vec<_> = words.map(str::to_ascii_lowercase).collect();
        if names.is_empty() {
            notes.warn(place(), format!("record {text:?} has no name"), "write the names behind the address");
        }
        for name in names {
            if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
                notes.error(
                    place(),
                    format!("{name:?} in record {text:?} is no name"),
                    "write letters, digits, - and dots",
                );
            }
            let IpAddr::V4(address) = address else { continue };
            match first.get(&name) {
                Some(other) if *other != address => {
                    let what = format!("{name} has two addresses, {other} and {address}, and leads to either by turns");
                    notes.warn(place(), what, "keep one of them, if they are not the same service");
                }
                _ => drop(first.insert(name, address)),
            }
        }
    }
}

pub(super) static PLACEHOLDER: Rule = Rule {
    name: "placeholder",
    title: "has no placeholder that nobody fills in",
    why: "Pigsty replaces ${admin_ip}, in some variables, and nothing else. Any other ${name} is written into a configuration as it \
          stands: Nginx does not start with it, dnsmasq passes over its line.",
    causes: &[
        "a variable of the inventory is written as ${name}, which only Jinja's {{ name }} would fill in",
        "admin_ip is misspelt",
    ],
    look: &["grep -n '[$]{' pigsty.yml"],
    judge: Judge::Node(placeholders),
};

/// Variables in which Pigsty replaces the placeholder.
const FILLED: [&str; 7] = [
    "dns_records",
    "node_etc_hosts",
    "node_default_etc_hosts",
    "node_dns_servers",
    "node_ntp_servers",
    "vector_log_endpoint",
    "repo_endpoint",
];

fn placeholders(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    for name in FILLED {
        match notes.value(node, name) {
            Some(Value::Array(items)) => items.iter().enumerate().for_each(|(at, item)| {
                judge(estate, node, notes, (name, &[&at.to_string()]), item, true);
            }),
            Some(value) => judge(estate, node, notes, (name, &[]), &value, true),
            None => {}
        }
    }
    let Some(Value::Object(portal)) = notes.value(node, "infra_portal") else { return };
    for (entry, value) in &portal {
        for (key, is_filled) in [("endpoint", true), ("domain", false), ("domains", false), ("path", false)] {
            let Some(value) = value.get(key) else { continue };
            judge(estate, node, notes, ("infra_portal", &[entry, key]), value, is_filled);
        }
    }
}

fn judge(estate: &Estate<'_>, node: &Node, notes: &mut Notes, at: (&str, &[&str]), value: &Value, is_filled: bool) {
    let (variable, path) = at;
    for name in names(value) {
        let known = name == "admin_ip";
        if known && is_filled {
            continue;
        }
        let within =
            path.last().filter(|_| variable == "infra_portal").map(|key| format!("{key} of ")).unwrap_or_default();
        let (why, help) = if known {
            ("Pigsty does not replace there", "write what it stands for")
        } else {
            ("nothing fills in", "Pigsty replaces ${admin_ip} only: write the value, or {{ name }}")
        };
        let what = format!("{within}{variable} has ${{{name}}}, which {why}");
        notes.error(estate.within(node, variable, path), what, help);
    }
}
