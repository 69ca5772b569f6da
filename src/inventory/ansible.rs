//! What Ansible makes of a YAML inventory: groups with `hosts`, `children` and `vars`.
//!
//! A group may occur in several places and a host in several groups; what is written later holds, whole values at a time.
//! Where Ansible stops, reading stops with the line; where Ansible warns and goes on, so does this module.

use std::sync::Arc;

use indexmap::IndexMap;

use super::yaml::{Document, Key, Node, NodeKind};
use super::{Group, Host, Inventory, InventoryError, Warning, lineage, range};
use crate::value::{Place, Value, Variable, Vars};

/// How many hosts an inventory may have: a hundred times the largest estate, and less than would fill the memory.
const HOSTS: usize = 1_000_000;

struct Builder {
    groups: IndexMap<String, Group>,
    hosts: IndexMap<String, Host>,
    warnings: Vec<Warning>,
}

/// Reads a document as an inventory.
pub(super) fn read(name: &str, document: &Document) -> Result<Inventory, InventoryError> {
    let top = Place { file: Arc::from(name), line: 1 };
    let mut builder = Builder { groups: IndexMap::new(), hosts: IndexMap::new(), warnings: Vec::new() };
    builder.warnings.extend(document.duplicates.iter().map(|duplicate| Warning {
        place: duplicate.last.clone(),
        message: format!(
            "{} is written twice, first in line {}; the last one holds",
            duplicate.name, duplicate.first.line
        ),
    }));
    builder.add_group("all", &top);
    builder.add_group("ungrouped", &top);
    for (key, node) in document.root.entries().unwrap_or_default() {
        builder.group(key, node)?;
    }
    builder.finish(name)
}

impl Builder {
    fn finish(mut self, name: &str) -> Result<Inventory, InventoryError> {
        let both = self.hosts.iter().find_map(|(name, host)| Some((name, host, self.groups.get(name)?)));
        if let Some((name, host, group)) = both {
            let message = format!(
                "{name} is a host here and a group in line {}; Ansible confuses them, rename one",
                group.place.line
            );
            return Err(shape(&host.place, message));
        }
        let lineage = lineage::resolve(&mut self.groups, &self.hosts)?;
        self.warnings.sort_by_key(|warning| warning.place.line);
        Ok(Inventory {
            name: name.to_owned(),
            groups: self.groups,
            hosts: self.hosts,
            lineage,
            extra: Vars::default(),
            warnings: self.warnings,
        })
    }

    /// Reads one group; nothing if Ansible would pass over it.
    fn group(&mut self, key: &Key, node: &Node) -> Result<Option<usize>, InventoryError> {
        if node.entries().is_none() && !node.is_null() {
            let message = format!("{} is {}, not a group; Ansible passes over it", key.text, node.noun());
            self.warn(&key.place, message);
            return Ok(None);
        }
        let name = name(key, "group")?;
        let group = self.add_group(name, &key.place);
        for (section, node) in node.entries().unwrap_or_default() {
            let entries = alone(node);
            let entries = node.entries().or(entries.as_deref());
            match (section.text.as_str(), entries) {
                ("hosts", Some(hosts)) => self.hosts(group, hosts)?,
                ("children", Some(children)) => self.children(group, children)?,
                ("vars", Some(vars)) => self.vars(group, vars)?,
                ("hosts" | "children" | "vars", None) if !node.is_null() => {
                    let message = format!("{} of group {name} is {}, not a mapping", section.text, node.noun());
                    return Err(shape(&section.place, message));
                }
                ("hosts" | "children" | "vars", None) => {}
                (unknown, _) if !node.is_null() => {
                    let message =
                        format!("{unknown} of group {name} is none of hosts, children and vars; Ansible ignores it");
                    self.warn(&section.place, message);
                }
                _ => {}
            }
        }
        Ok(Some(group))
    }

    fn children(&mut self, parent: usize, children: &[(Key, Node)]) -> Result<(), InventoryError> {
        for (key, node) in children {
            let reserved = key.text == "all" || (key.text == "ungrouped" && parent != lineage::ALL);
            if reserved {
                return Err(shape(&key.place, format!("group {} cannot be the child of another group", key.text)));
            }
            if parent == lineage::UNGROUPED {
                let message = "ungrouped cannot have child groups, Ansible would lose track of their hosts".to_owned();
                return Err(shape(&key.place, message));
            }
            let Some(child) = self.group(key, node)?.or_else(|| self.groups.get_index_of(&key.text)) else {
                return Err(shape(&key.place, format!("group {} is {}, not a mapping", key.text, node.noun())));
            };
            self.groups[parent].children.entry(child).or_insert_with(|| key.place.clone());
        }
        Ok(())
    }

    fn vars(&mut self, group: usize, vars: &[(Key, Node)]) -> Result<(), InventoryError> {
        let group = &mut self.groups[group];
        for (key, node) in vars {
            if key.text == "ansible_group_priority" {
                group.priority = priority(node).ok_or_else(|| {
                    shape(&key.place, format!("ansible_group_priority is {}, not a whole number", node.noun()))
                })?;
            } else {
                group.vars.set(key.text.as_str(), variable(key, node, &group.scope));
            }
        }
        Ok(())
    }

    fn hosts(&mut self, group: usize, hosts: &[(Key, Node)]) -> Result<(), InventoryError> {
        for (key, node) in hosts {
            let written = name(key, "host")?;
            let (names, port) = range::expand(written)
                .map_err(|reason| shape(&key.place, format!("host {written} cannot be read: {reason}")))?;
            if names.is_empty() {
                self.warn(&key.place, format!("the range {written} holds no host"));
            }
            if node.entries().is_none() && !node.is_false() {
                let message = format!("host {written} is {}, not a mapping of its variables", node.noun());
                return Err(shape(&key.place, message));
            }
            for name in names {
                let host = self.add_host(&name, &key.place, port)?;
                self.groups[group].hosts.entry(host).or_insert_with(|| key.place.clone());
                let host = &mut self.hosts[host];
                for (key, node) in node.entries().unwrap_or_default() {
                    host.vars.set(key.text.as_str(), variable(key, node, &host.scope));
                }
            }
        }
        Ok(())
    }

    fn add_group(&mut self, name: &str, place: &Place) -> usize {
        let entry = self.groups.entry(name.to_owned());
        let index = entry.index();
        entry.or_insert_with(|| Group {
            vars: Vars::default(),
            hosts: IndexMap::new(),
            children: IndexMap::new(),
            priority: 1,
            place: place.clone(),
            scope: if name == "all" { "all".into() } else { format!("group {name}").into() },
        });
        index
    }

    /// A port counts only where the host is written first, as in Ansible.
    fn add_host(&mut self, name: &str, place: &Place, port: Option<u32>) -> Result<usize, InventoryError> {
        if let Some(index) = self.hosts.get_index_of(name) {
            return Ok(index);
        }
        if self.hosts.len() >= HOSTS {
            return Err(shape(place, format!("there are more than {HOSTS} hosts")));
        }
        let scope: Arc<str> = format!("host {name}").into();
        let mut vars = Vars::default();
        if let Some(port) = port.filter(|port| *port > 0) {
            let variable = Variable { value: port.into(), place: Some(place.clone()), scope: Arc::clone(&scope) };
            vars.set("ansible_port", variable);
        }
        Ok(self.hosts.insert_full(name.to_owned(), Host { vars, place: place.clone(), scope }).0)
    }

    fn warn(&mut self, place: &Place, message: String) {
        self.warnings.push(Warning { place: place.clone(), message });
    }
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

fn variable(key: &Key, node: &Node, scope: &Arc<str>) -> Variable {
    Variable { value: node.value(), place: Some(key.place.clone()), scope: Arc::clone(scope) }
}

/// Python's `int` of what was written.
fn priority(node: &Node) -> Option<i64> {
    match node.value() {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_i64(),
        _ => None,
    }
}

fn shape(place: &Place, message: String) -> InventoryError {
    InventoryError::Shape { place: place.clone(), message }
}
