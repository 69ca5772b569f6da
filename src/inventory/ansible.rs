//! What Ansible makes of a YAML inventory: groups with `hosts`, `children` and `vars`.
//!
//! A group may occur in several places and a host in several groups; what is written later holds, whole values at a time.
//! Where Ansible stops, reading stops with the line; where Ansible warns and goes on, so does this module.

use super::builder::Builder;
use super::yaml::{Document, Key, Node, NodeKind};
use super::{InventoryError, Warning, range, shape};
use crate::value::Value;

/// Reads a document into an inventory, and lets go of every part that is read: large ones take a gigabyte.
pub(super) fn read(builder: &mut Builder, document: Document) -> Result<(), InventoryError> {
    let first = builder.warning_count();
    for duplicate in &document.duplicates {
        let Warning { place, message } = duplicate.warning();
        builder.warn(&place, message);
    }
    for (key, node) in document.root.into_entries().unwrap_or_default() {
        group(builder, &key, node)?;
    }
    builder.sort_warnings(first);
    Ok(())
}

/// Reads one group; nothing if Ansible would pass over it.
fn group(builder: &mut Builder, key: &Key, node: Node) -> Result<Option<usize>, InventoryError> {
    if node.entries().is_none() && !node.is_null() {
        let message = format!("{} is {}, not a group; Ansible passes over it", key.text, node.noun());
        builder.warn(&key.place, message);
        return Ok(None);
    }
    let name = name(key, "group")?;
    let group = builder.group(name, &key.place);
    for (section, node) in node.into_entries().unwrap_or_default() {
        let (noun, is_null) = (node.noun(), node.is_null());
        let entries = alone(&node).or_else(|| node.into_entries());
        match (section.text.as_str(), entries) {
            ("hosts", Some(entries)) => hosts(builder, group, entries)?,
            ("children", Some(entries)) => children(builder, group, entries)?,
            ("vars", Some(entries)) => vars(builder, group, &entries)?,
            ("hosts" | "children" | "vars", None) if !is_null => {
                let message = format!("{} of group {name} is {noun}, not a mapping", section.text);
                return Err(shape(&section.place, message));
            }
            ("hosts" | "children" | "vars", None) => {}
            (unknown, _) if !is_null => {
                let message =
                    format!("{unknown} of group {name} is none of hosts, children and vars; Ansible ignores it");
                builder.warn(&section.place, message);
            }
            _ => {}
        }
    }
    Ok(Some(group))
}

fn children(builder: &mut Builder, parent: usize, children: Vec<(Key, Node)>) -> Result<(), InventoryError> {
    for (key, node) in children {
        let noun = node.noun();
        let Some(child) = group(builder, &key, node)?.or_else(|| builder.known_group(&key.text)) else {
            return Err(shape(&key.place, format!("group {} is {noun}, not a mapping", key.text)));
        };
        builder.child(parent, child, &key.place)?;
    }
    Ok(())
}

fn vars(builder: &mut Builder, group: usize, vars: &[(Key, Node)]) -> Result<(), InventoryError> {
    vars.iter().try_for_each(|(key, node)| builder.set_group(group, &key.text, node.value(), &key.place))
}

fn hosts(builder: &mut Builder, group: usize, hosts: Vec<(Key, Node)>) -> Result<(), InventoryError> {
    for (key, node) in hosts {
        let written = name(&key, "host")?;
        let (names, port) = range::expand(written)
            .map_err(|reason| shape(&key.place, format!("host {written} cannot be read: {reason}")))?;
        if names.is_empty() {
            builder.warn(&key.place, format!("the range {written} holds no host"));
        }
        if node.entries().is_none() && !node.is_false() {
            let message = format!("host {written} is {}, not a mapping of its variables", node.noun());
            return Err(shape(&key.place, message));
        }
        builder.multiply(names.len(), node.size() - 1, &key.place)?;
        for name in names {
            let host = builder.host(group, &name, port, &key.place)?;
            for (key, node) in node.entries().unwrap_or_default() {
                builder.set_host(host, &key.text, node.value(), &key.place);
            }
        }
    }
    Ok(())
}

fn name<'a>(key: &'a Key, what: &str) -> Result<&'a str, InventoryError> {
    if key.is_text && !key.text.is_empty() {
        return Ok(&key.text);
    }
    Err(shape(&key.place, format!("the {what} name {} is not text; put it in quotes", key.text)))
}

/// Ansible takes a lone name for a mapping with nothing in it.
fn alone(node: &Node) -> Option<Vec<(Key, Node)>> {
    let text = node.text()?.to_owned();
    let nothing = Node { kind: NodeKind::Scalar(Value::Null), ..node.clone() };
    Some(vec![(Key { text, place: node.place.clone(), is_text: true }, nothing)])
}
