//! The variables of one node: what holds, who set it where, and what it took the place of.

use std::fmt::Write;

use super::{Stop, usage};
use crate::inventory::{Inventory, is_encrypted};
use crate::pigsty::{self, Node};
use crate::value::{Unfilled, Value, Variable, did_you_mean, show as text};

/// Every variable of a node by name, or the one that is wanted; no secret but what Pigsty itself publishes.
pub(super) fn show(inventory: &Inventory, nodes: &[Node], host: &str, only: Option<&String>) -> Result<String, Stop> {
    let node = nodes.iter().find(|node| *node.name == *host || *node.ip == *host).ok_or_else(|| {
        usage(format!("there is no INFRA node `{host}`{}", did_you_mean(host, nodes.iter().map(|node| &*node.name))))
    })?;
    let mut all: Vec<_> = node.vars.iter().filter(|(name, _)| only.is_none_or(|only| only == name)).collect();
    if let (true, Some(wanted)) = (all.is_empty(), only) {
        let hint = did_you_mean(wanted, node.vars.iter().map(|(name, _)| name));
        return Err(usage(format!("{} has no variable `{wanted}`{hint}", node.name)));
    }
    all.sort_by_key(|(name, _)| *name);
    let mut text = String::new();
    for (name, variable) in all {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name}: {}", value(name, variable, node.is_locked(name)));
        if let Err(Unfilled::Unusable { why, .. }) = node.lookup(name) {
            let _ = writeln!(text, "  without a value: it {why}");
        }
        for past in past(inventory, node, name, variable) {
            let _ = writeln!(text, "  instead of {}", value(name, past, inventory.is_in_locked_file(past)));
        }
    }
    Ok(text)
}

/// What else was written for the variable, the strongest first; Pigsty's own default last.
fn past<'a>(inventory: &'a Inventory, node: &Node, name: &str, variable: &Variable) -> Vec<&'a Variable> {
    let is = |scope: &str| *variable.scope == *scope;
    let written = inventory.history(&node.ip, name);
    let default = pigsty::role_default(name).filter(|_| !is("role default"));
    // A derived fact is written nowhere; of all else the first is what holds.
    written.into_iter().skip(usize::from(!is("derived"))).chain(default).collect()
}

/// `3000    # group infra, pigsty.yml:14`
fn value(name: &str, variable: &Variable, is_locked: bool) -> String {
    let place = variable.place.as_ref().map(|place| format!(", {place}")).unwrap_or_default();
    let value = match &variable.value {
        _ if &*variable.scope == "role default" => variable.value.clone(),
        value if is_encrypted(value) => "(locked with ansible-vault)".into(),
        _ if is_locked => "******".into(),
        value => pigsty::masked(name, value),
    };
    let value = match &value {
        Value::String(value) if value.is_empty() || value.contains('\n') => format!("{value:?}"),
        value => text(value),
    };
    format!("{value}    # {}{place}", variable.scope)
}
