//! An inventory while it is read: every format and every source puts its groups, hosts and variables into one builder.
//!
//! What comes later holds, whole values at a time. Names are checked here, so that no format can bring in others.

use std::sync::Arc;

use indexmap::IndexMap;

use super::layer::Layer;
use super::source::Texts;
use super::vault::Vault;
use super::{Group, Host, Inventory, InventoryError, Warning, lineage, shape};
use crate::value::{Place, Value, Variable};

/// How many hosts an inventory may have: ten times the largest estate, in less than 256 MiB.
const HOSTS: usize = 100_000;

/// How many values the hosts of ranges may have beyond those that are written: fifty for each of ten thousand hosts.
const COPIES: usize = 500_000;

pub(super) struct Builder {
    groups: IndexMap<String, Group>,
    hosts: IndexMap<String, Host>,
    warnings: Vec<Warning>,
    texts: Texts,
    copies: usize,
}

impl Builder {
    /// An inventory with `all` and `ungrouped`, which are nowhere written but at the top of `name`.
    pub(super) fn new(name: &str) -> Self {
        let mut builder = Self {
            groups: IndexMap::new(),
            hosts: IndexMap::new(),
            warnings: Vec::new(),
            texts: Texts::new(),
            copies: 0,
        };
        let top = Place { file: Arc::from(name), line: 1, column: 0 };
        builder.group("all", &top);
        let ungrouped = builder.group("ungrouped", &top);
        builder.groups[lineage::ALL].children.insert(ungrouped, top);
        builder
    }

    /// Puts everything in its order, once all sources are read; `name` is what the user calls them.
    pub(super) fn finish(mut self, name: &str) -> Result<Inventory, InventoryError> {
        let both = self.hosts.iter().find_map(|(name, host)| Some((name, host, self.groups.get(name)?)));
        if let Some((name, host, group)) = both {
            let group = match &group.place {
                place if place.file == host.place.file => format!("line {}", place.line),
                place => place.to_string(),
            };
            let message = format!("{name} is a host here and a group in {group}; Ansible confuses them, rename one");
            return Err(shape(&host.place, message));
        }
        let lineage = lineage::resolve(&mut self.groups, &self.hosts)?;
        Ok(Inventory {
            name: name.to_owned(),
            groups: self.groups,
            hosts: self.hosts,
            lineage,
            neighbours: Vec::new(),
            extra: Layer::default(),
            warnings: self.warnings,
            texts: self.texts,
            vault: Vault::default(),
        })
    }

    /// A group by its name; it is made if it is new.
    pub(super) fn group(&mut self, name: &str, place: &Place) -> usize {
        let entry = self.groups.entry(name.to_owned());
        let index = entry.index();
        entry.or_insert_with(|| Group {
            vars: Layer::default(),
            hosts: IndexMap::new(),
            children: IndexMap::new(),
            priority: 1,
            place: place.clone(),
            scope: if name == "all" { "all".into() } else { format!("group {name}").into() },
        });
        index
    }

    /// A group that is there already.
    pub(super) fn known_group(&self, name: &str) -> Option<usize> {
        self.groups.get_index_of(name)
    }

    /// Hangs a group below another.
    pub(super) fn child(&mut self, parent: usize, child: usize, place: &Place) -> Result<(), InventoryError> {
        if child == lineage::ALL || (child == lineage::UNGROUPED && parent != lineage::ALL) {
            let name = self.groups.get_index(child).map_or("", |(name, _)| name);
            return Err(shape(place, format!("group {name} cannot be the child of another group")));
        }
        if parent == lineage::UNGROUPED {
            let message = "ungrouped cannot have child groups, Ansible would lose track of their hosts".to_owned();
            return Err(shape(place, message));
        }
        self.groups[parent].children.entry(child).or_insert_with(|| place.clone());
        Ok(())
    }

    /// A host of a group; it is made if it is new. A port counts only where the host is written first, as in Ansible.
    pub(super) fn host(
        &mut self,
        group: usize,
        name: &str,
        port: Option<u32>,
        place: &Place,
    ) -> Result<usize, InventoryError> {
        let index = match self.hosts.get_index_of(name) {
            Some(index) => index,
            None => self.new_host(name, port, place)?,
        };
        self.groups[group].hosts.entry(index).or_insert_with(|| place.clone());
        Ok(index)
    }

    fn new_host(&mut self, name: &str, port: Option<u32>, place: &Place) -> Result<usize, InventoryError> {
        if self.hosts.len() >= HOSTS {
            return Err(shape(place, format!("there are more than {HOSTS} hosts")));
        }
        let scope: Arc<str> = format!("host {name}").into();
        let mut vars = Layer::default();
        if let Some(port) = port.filter(|port| *port > 0) {
            let variable = Variable { value: port.into(), place: Some(place.clone()), scope: Arc::clone(&scope) };
            vars.set("ansible_port", variable);
        }
        Ok(self.hosts.insert_full(name.to_owned(), Host { vars, place: place.clone(), scope }).0)
    }

    /// Sets a variable of a group; `ansible_group_priority` says how much the group counts, and is no variable.
    pub(super) fn set_group(
        &mut self,
        group: usize,
        name: &str,
        value: Value,
        place: &Place,
    ) -> Result<(), InventoryError> {
        let group = &mut self.groups[group];
        if name == "ansible_group_priority" {
            group.priority = priority(&value).ok_or_else(|| {
                shape(place, format!("ansible_group_priority is {}, not a whole number", super::noun(&value)))
            })?;
        } else {
            group.vars.set(name, Variable { value, place: Some(place.clone()), scope: Arc::clone(&group.scope) });
        }
        Ok(())
    }

    /// Counts the values that a range multiplies, so that a few lines cannot become gigabytes.
    pub(super) fn multiply(&mut self, hosts: usize, values: usize, place: &Place) -> Result<(), InventoryError> {
        self.copies = self.copies.saturating_add(hosts.saturating_sub(1).saturating_mul(values));
        if self.copies > COPIES {
            return Err(shape(place, format!("with this range the variables of hosts grow beyond {COPIES} values")));
        }
        Ok(())
    }

    /// Sets a variable of a host.
    pub(super) fn set_host(&mut self, host: usize, name: &str, value: Value, place: &Place) {
        let host = &mut self.hosts[host];
        host.vars.set(name, Variable { value, place: Some(place.clone()), scope: Arc::clone(&host.scope) });
    }

    /// Keeps the text of a file, so that a message can show a line of it.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.texts.insert(name.into(), Some(text.into()));
    }

    /// Forgets the text of a file that was locked, so that nothing shows it.
    pub(super) fn hide(&mut self, name: &str) {
        self.texts.shift_remove(name);
    }

    /// Notes what Ansible would warn of, or silently ignores.
    pub(super) fn warn(&mut self, place: &Place, message: String) {
        self.warnings.push(Warning { place: place.clone(), message });
    }

    /// Puts the warnings since `first` in the order of their lines: those of one file.
    pub(super) fn sort_warnings(&mut self, first: usize) {
        self.warnings[first..].sort_by_key(|warning| warning.place.line);
    }

    /// How many warnings there are so far.
    pub(super) fn warning_count(&self) -> usize {
        self.warnings.len()
    }
}

/// Python's `int` of what was written.
fn priority(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_i64().or_else(|| number.to_string().split('.').next()?.parse().ok()),
        Value::Bool(truth) => Some((*truth).into()),
        _ => None,
    }
}
