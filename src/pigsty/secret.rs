//! Which values of an inventory must never be printed.

use std::collections::BTreeSet;

use super::{Node, defaults};
use crate::inventory::Inventory;
use crate::value::{Secrets, Value, show};

/// Parts of a variable's name that say that its value is a secret.
const TELLING: [&str; 7] = ["password", "passwd", "secret", "token", "pgurl", "_key", "nginx_users"];

/// The secrets among the nodes' variables, and all that was locked; what Pigsty publishes as a role default is none.
pub fn secrets(inventory: &Inventory, nodes: &[Node]) -> Secrets {
    let opened = inventory.opened();
    let opened = opened.iter().flat_map(|secret| [secret.expose(), secret.expose().trim()]);
    let mut found: BTreeSet<_> = opened.map(str::to_owned).collect();
    for node in nodes {
        for (name, variable) in node.vars.iter() {
            collect(&variable.value, is_telling(name) || node.is_locked(name), &mut found);
        }
    }
    let mut public = BTreeSet::new();
    if let Ok(defaults) = defaults() {
        defaults.iter().for_each(|(_, variable)| collect(&variable.value, true, &mut public));
    }
    Secrets::new(found.difference(&public).map(String::as_str))
}

/// Whether a variable's name says that its value is a secret.
pub fn is_telling(name: &str) -> bool {
    TELLING.iter().any(|part| name.to_ascii_lowercase().contains(part))
}

/// A value as it may be printed: what a telling name stands for, at whatever depth, is hidden.
pub fn masked(name: &str, value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let telling = |own: &String| if is_telling(name) { name.to_owned() } else { own.clone() };
            map.iter().map(|(own, value)| (own.clone(), masked(&telling(own), value))).collect()
        }
        Value::Array(list) => list.iter().map(|value| masked(name, value)).collect(),
        Value::String(_) | Value::Number(_) if is_telling(name) => "******".into(),
        other => other.clone(),
    }
}

fn collect(value: &Value, telling: bool, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| collect(value, telling || is_telling(name), found)),
        Value::Array(list) => list.iter().for_each(|value| collect(value, telling, found)),
        Value::String(_) | Value::Number(_) if telling => drop(found.insert(show(value))),
        _ => {}
    }
}
