//! Addresses of Pigsty's templates that were not replaced, or were replaced within others.
//!
//! `configure` writes the admin node's address wherever 10.10.10.10 stands, within 10.10.10.100 too, and nothing over the
//! other addresses of a template.

use std::net::Ipv4Addr;
use std::sync::LazyLock;

use regex::Regex;

use super::{Estate, Judge, Notes, Rule};
use crate::pigsty::Node;
use crate::value::Value;

/// The network of Pigsty's templates.
const TEMPLATE: &str = "10.10.10.";

pub(super) static LEFTOVER: Rule = Rule {
    name: "leftover",
    title: "has no address that a template left behind",
    why: "Pigsty's templates are written for 10.10.10.10 and its neighbours. What is left of these leads to machines that do \
          not exist: an entry of the portal, a name server, a time server.",
    causes: &[
        "a template for several nodes was filled in for one",
        "configure replaced 10.10.10.10 within 10.10.10.100 too, which is then another address with a 0 behind",
    ],
    look: &["grep -nE '10[.]10[.]10[.]' pigsty.yml"],
    judge: Judge::Node(leftover),
};

fn leftover(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    if estate.nodes.iter().any(|node| node.ip.starts_with(TEMPLATE)) {
        return;
    }
    let is_host = |address: &str| estate.inventory.host_place(address).is_some();
    for (name, variable) in Estate::written(node) {
        let mut path = Vec::new();
        texts(&variable.value, &mut path, &mut |text, path| {
            for address in addresses(text).filter(|address| !is_host(address)) {
                let keys: Vec<_> = path.iter().map(String::as_str).collect();
                let place = || estate.within(node, name, &keys);
                if address.starts_with(TEMPLATE) {
                    let what = format!(
                        "{name} names {address}, an address of Pigsty's templates and no host of this inventory"
                    );
                    notes.warn(place(), what, "write the address of your own, or ${admin_ip} for the admin node");
                } else if address.parse::<Ipv4Addr>().is_err() && grew(estate, address) {
                    let what = format!(
                        "{name} names {address}, which is no address: configure replaced 10.10.10.10 within a longer one"
                    );
                    notes.error(place(), what, "write the address that was meant");
                }
            }
        });
    }
}

/// Whether an address is that of a node with digits behind.
fn grew(estate: &Estate<'_>, address: &str) -> bool {
    estate.nodes.iter().any(|node| address.starts_with(&*node.ip))
}

/// Whatever looks like an IPv4 address.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    static SHAPE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,4}\b").ok());
    SHAPE.iter().flat_map(|shape| shape.find_iter(text)).map(|found| found.as_str())
}

/// Tells every text within a value, with the keys and positions that lead to it.
fn texts(value: &Value, path: &mut Vec<String>, tell: &mut impl FnMut(&str, &[String])) {
    match value {
        Value::String(text) => tell(text, path),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| {
            path.push(at.to_string());
            texts(item, path, tell);
            path.pop();
        }),
        Value::Object(entries) => entries.iter().for_each(|(key, value)| {
            path.push(key.clone());
            texts(value, path, tell);
            path.pop();
        }),
        _ => {}
    }
}
