//! The JSON that `ansible-inventory --list` and inventory scripts print: groups with lists of hosts, and `_meta.hostvars`.
//!
//! Host names stand for themselves, there are no ranges. A group may be a mere list of hosts, or the variables of one host
//! of its name. Ansible reads this from scripts only; here a file may hold it too.

use indexmap::IndexMap;

use super::builder::Builder;
use super::yaml::{Document, Key, Node, Tag};
use super::{InventoryError, shape};
use crate::value::{Object, Value};

/// Whether a document is such a listing, and not an inventory in YAML.
pub(super) fn is_listing(document: &Document) -> bool {
    document.root.get("_meta").is_some()
}

/// Reads a listing with the variables of its hosts; gives the hosts if it does not have these.
pub(super) fn read(builder: &mut Builder, document: &Document) -> Result<Option<Hosts>, InventoryError> {
    let Some(entries) = document.root.entries() else {
        let message = format!("a listing is a mapping of groups, and this is {}", document.root.noun());
        return Err(shape(&document.root.place, message));
    };
    let mut hosts = Hosts::new();
    for (key, node) in entries.iter().filter(|(key, _)| key.text != "_meta") {
        group(builder, key, node, &mut hosts)?;
    }
    let Some(meta) = document.root.get("_meta") else { return Ok(Some(hosts)) };
    let vars = meta.get("hostvars").unwrap_or(meta);
    let Some(vars) = meta.get("hostvars").and_then(Node::entries) else {
        return Err(shape(&vars.place, "_meta.hostvars must be a mapping of hosts to their variables".to_owned()));
    };
    for (key, node) in vars {
        match hosts.get(&key.text) {
            Some(host) => host_vars(builder, *host, &key.text, node)?,
            None => builder.warn(&key.place, format!("{} is in no group; Ansible ignores it", key.text)),
        }
    }
    Ok(None)
}

/// The hosts of a listing by their names.
pub(super) type Hosts = IndexMap<String, usize>;

/// Sets the variables of one host.
pub(super) fn host_vars(builder: &mut Builder, host: usize, name: &str, node: &Node) -> Result<(), InventoryError> {
    let Some(vars) = node.entries() else {
        let message = format!("host {name} is {}, not a mapping of its variables", node.noun());
        return Err(shape(&node.place, message));
    };
    for (key, node) in vars {
        builder.set_host(host, &key.text, node.value(), &key.place);
    }
    Ok(())
}

fn group(builder: &mut Builder, key: &Key, node: &Node, hosts: &mut Hosts) -> Result<(), InventoryError> {
    if key.text.is_empty() {
        return Err(shape(&key.place, "a group has no name".to_owned()));
    }
    let group = builder.group(&key.text, &key.place);
    let Some(entries) = node.entries() else { return members(builder, group, &key.text, node, hosts) };
    let section = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, node)| node);
    if ["hosts", "vars", "children"].iter().all(|name| section(name).is_none()) {
        let host = builder.host(group, &key.text, None, &key.place)?;
        hosts.insert(key.text.clone(), host);
        return variables(builder, group, entries, |node| unsafe_text(node.value()));
    }
    if let Some(node) = section("hosts") {
        members(builder, group, &key.text, node, hosts)?;
    }
    if let Some(node) = section("vars") {
        let message = || format!("vars of group {} is {}, not a mapping", key.text, node.noun());
        variables(builder, group, node.entries().ok_or_else(|| shape(&node.place, message()))?, Node::value)?;
    }
    if let Some(node) = section("children") {
        for (name, node) in names(node, &format!("children of group {}", key.text))? {
            let child = builder.group(name, &node.place);
            builder.child(group, child, &node.place)?;
        }
    }
    Ok(())
}

fn variables(
    builder: &mut Builder,
    group: usize,
    entries: &[(Key, Node)],
    value: impl Fn(&Node) -> Value,
) -> Result<(), InventoryError> {
    entries.iter().try_for_each(|(key, node)| builder.set_group(group, &key.text, value(node), &key.place))
}

fn members(
    builder: &mut Builder,
    group: usize,
    name: &str,
    node: &Node,
    hosts: &mut Hosts,
) -> Result<(), InventoryError> {
    for (name, node) in names(node, &format!("hosts of group {name}"))? {
        let host = builder.host(group, name, None, &node.place)?;
        hosts.insert(name.to_owned(), host);
    }
    Ok(())
}

fn names<'a>(node: &'a Node, what: &str) -> Result<Vec<(&'a str, &'a Node)>, InventoryError> {
    let Some(items) = node.items() else {
        return Err(shape(&node.place, format!("{what} is {}, not a list", node.noun())));
    };
    let name = |item: &'a Node| match item.text() {
        Some(text) if !text.is_empty() => Ok((text, item)),
        _ => Err(shape(&item.place, format!("{what} has {} in it, which is no name", item.noun()))),
    };
    items.iter().map(name).collect()
}

/// Marks text as one in which `{{` has no meaning: what Ansible does to variables in this place.
fn unsafe_text(value: Value) -> Value {
    match value {
        Value::String(text) => Object::from_iter([("__ansible_unsafe".to_owned(), text.into())]).into(),
        Value::Array(items) => items.into_iter().map(unsafe_text).collect(),
        Value::Object(entries) => match [Tag::Vault, Tag::Unsafe].iter().find_map(|tag| mark(&entries, *tag)) {
            Some(marked) => marked,
            None => entries.into_iter().map(|(key, value)| (key, unsafe_text(value))).collect(),
        },
        other => other,
    }
}

/// A mapping with a mark of `ansible-inventory` in it is that mark and nothing else.
fn mark(entries: &Object, tag: Tag) -> Option<Value> {
    let text = entries.get(tag.name()).filter(|text| text.is_string())?;
    Some(Object::from_iter([(tag.name().to_owned(), text.clone())]).into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::inventory::Inventory;

    fn read(text: &str) -> Inventory {
        Inventory::parse("list.json", text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn groups_hosts_and_variables_are_read_with_their_places() {
        let inventory = read(
            "{\"all\": {\"children\": [\"infra\"], \"vars\": {\"x\": 1}},\n\"infra\": {\"hosts\": [\"10.10.10.10\", \"n[1:2]\"]},\n\
             \"etcd\": [\"10.10.10.10\"],\n\"_meta\": {\"hostvars\": {\n\"10.10.10.10\": {\"infra_seq\": 1}, \"gone\": {}}}}",
        );
        assert_eq!(inventory.hosts_in("infra"), Some(vec!["10.10.10.10", "n[1:2]"]));
        assert_eq!(inventory.hosts_in("etcd"), Some(vec!["10.10.10.10"]));
        let vars = inventory.vars("10.10.10.10");
        assert_eq!((vars.get("infra_seq"), vars.get("x")), (Some(&json!(1)), Some(&json!(1))));
        assert_eq!(vars.variable("infra_seq").unwrap().place.as_ref().unwrap().to_string(), "list.json:5");
        assert_eq!(inventory.host_place("10.10.10.10").unwrap().to_string(), "list.json:2");
        assert_eq!(inventory.warnings()[0].message, "gone is in no group; Ansible ignores it");
    }

    #[test]
    fn the_marks_of_ansible_inventory_are_kept() {
        let text = r#"{"_meta": {"hostvars": {"h": {
            "a": [{"__ansible_vault": "x"}], "b": {"__ansible_unsafe": "y"}, "c": {"__ansible_vault": 5}}}}, "g": {"hosts": ["h"]}}"#;
        let inventory = read(text);
        let (vault, mark) = (json!([{"__ansible_vault": "x"}]), json!({"__ansible_unsafe": "y"}));
        let vars = inventory.vars("h");
        assert_eq!((vars.get("a"), vars.get("b")), (Some(&vault), Some(&mark)));
        assert_eq!(vars.get("c"), Some(&json!({"__ansible_vault": 5})));
    }

    #[test]
    fn a_listing_of_another_shape_is_refused_with_its_line() {
        for (group, reason) in [
            ("{\"hosts\": {\"a\": {}}}", "list.json:2: hosts of group g is a mapping, not a list"),
            ("{\"hosts\": [5]}", "list.json:2: hosts of group g has a number in it, which is no name"),
            ("{\"vars\": []}", "list.json:2: vars of group g is a list, not a mapping"),
            ("{\"children\": \"a\"}", "list.json:2: children of group g is text, not a list"),
            ("null", "list.json:2: hosts of group g is empty, not a list"),
        ] {
            let text = format!("{{\"_meta\": {{\"hostvars\": {{}}}},\n\"g\": {group}}}");
            assert_eq!(Inventory::parse("list.json", &text).unwrap_err().to_string(), reason);
        }
        let shown = Inventory::parse("list.json", "{\"_meta\": {}}").unwrap_err().to_string();
        assert_eq!(shown, "list.json:1: _meta.hostvars must be a mapping of hosts to their variables");
    }
}
