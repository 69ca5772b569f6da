//! Reads an inventory as Ansible does: groups, hosts, and which variables hold on which host.
//!
//! `ansible-inventory --list` is the judge of what a file means. Every variable keeps its line and who set it.
//! What cannot be read yet (directories, INI, scripts, `group_vars` beside the file) is refused by name, never guessed, and
//! Jinja is kept as text: [`expression`] tells it apart from a value.

mod ansible;
mod composer;
mod lineage;
mod range;
mod scalar;
mod source;
pub mod yaml;

use std::path::Path;
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use self::yaml::YamlError;
use crate::value::{Place, Value, Vars};

/// An inventory with its groups resolved.
#[derive(Clone, Debug)]
pub struct Inventory {
    name: String,
    groups: IndexMap<String, Group>,
    hosts: IndexMap<String, Host>,
    /// For every host its groups, `all` first; the last one's variables hold.
    lineage: Vec<Vec<usize>>,
    warnings: Vec<Warning>,
}

/// Why an inventory cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The file cannot be opened, or is no text.
    #[error("{name}: {reason}")]
    Unreadable {
        /// The file as the user named it.
        name: String,
        /// What the system says, or what is in it.
        reason: String,
    },
    /// Ansible could read it, this program cannot.
    #[error("{place}: {what}, which is not read yet; {remedy}")]
    Unsupported {
        /// The file, with the line where there is one.
        place: String,
        /// What was found.
        what: String,
        /// What to do instead.
        remedy: String,
    },
    /// It is no YAML.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// It is YAML, but no inventory.
    #[error("{place}: {message}")]
    Shape {
        /// The line at fault.
        place: Place,
        /// What is wrong with it.
        message: String,
    },
}

/// Something that Ansible reads differently from what its author may have meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where it is written.
    pub place: Place,
    /// What happens there.
    pub message: String,
}

#[derive(Clone, Debug)]
struct Group {
    vars: Vars,
    hosts: IndexMap<usize, Place>,
    children: IndexMap<usize, Place>,
    priority: i64,
    place: Place,
    scope: Arc<str>,
}

#[derive(Clone, Debug)]
struct Host {
    vars: Vars,
    place: Place,
    scope: Arc<str>,
}

impl Inventory {
    /// Reads the inventory file at `path`.
    pub fn read(path: &Path) -> Result<Self, InventoryError> {
        let name = path.display().to_string();
        let text = source::text(path, &name)?;
        let inventory = Self::parse(&name, &text)?;
        let (groups, hosts) = (&inventory.groups, &inventory.hosts);
        source::refuse_neighbours(path, |name| groups.contains_key(name), |name| hosts.contains_key(name))?;
        Ok(inventory)
    }

    /// Reads an inventory from its text; `name` is what places will print.
    pub fn parse(name: &str, text: &str) -> Result<Self, InventoryError> {
        source::refuse_format(name, text)?;
        let document = yaml::read(name, text)?;
        source::refuse_content(name, &document)?;
        ansible::read(name, &document)
    }

    /// The file, as the user named it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Every group, `all` and `ungrouped` included, in the order in which they were first written.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.keys().map(String::as_str)
    }

    /// The hosts of a group and of the groups below it, in inventory order; nothing if there is no such group.
    pub fn hosts_in(&self, group: &str) -> Option<Vec<&str>> {
        let group = self.groups.get_index_of(group)?;
        let groups = lineage::below(&self.groups, group);
        let hosts: IndexSet<usize> =
            groups.iter().flat_map(|group| self.groups[*group].hosts.keys().copied()).collect();
        Some(hosts.iter().filter_map(|host| self.hosts.get_index(*host)).map(|(name, _)| name.as_str()).collect())
    }

    /// The groups that a host is in, directly or through other groups, by name and without `all`: Ansible's `group_names`.
    pub fn groups_of(&self, host: &str) -> Vec<&str> {
        let Some(host) = self.hosts.get_index_of(host) else { return Vec::new() };
        let groups = self.lineage[host].iter().filter_map(|group| self.groups.get_index(*group));
        let mut names: Vec<&str> = groups.map(|(name, _)| name.as_str()).filter(|name| *name != "all").collect();
        names.sort_unstable();
        names
    }

    /// The variables that hold on a host; none for an unknown one.
    pub fn vars(&self, host: &str) -> Vars {
        let mut vars = Vars::default();
        let Some((index, _, host)) = self.hosts.get_full(host) else { return vars };
        for group in &self.lineage[index] {
            vars.extend(&self.groups[*group].vars);
        }
        vars.extend(&host.vars);
        vars
    }

    /// Where a host is written: in the `infra` group if it is there, else where it occurs first.
    pub fn host_place(&self, host: &str) -> Option<Place> {
        let (index, _, host) = self.hosts.get_full(host)?;
        let infra = self.groups.get_index_of("infra").map(|infra| lineage::below(&self.groups, infra));
        let in_infra = infra.iter().flatten().find_map(|group| self.groups[*group].hosts.get(&index));
        Some(in_infra.unwrap_or(&host.place).clone())
    }

    /// What Ansible would warn of, and what it silently ignores, in file order.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// The text within a value that Ansible would evaluate: with `{{ }}`, `{% %}` or `{# #}` in it.
pub fn expression(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark)).then_some(text),
        Value::Array(items) => items.iter().find_map(expression),
        Value::Object(entries) => entries.values().find_map(expression),
        _ => None,
    }
}

/// Whether a value is, or contains, text that only the vault's password opens.
pub fn is_encrypted(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(is_encrypted),
        Value::Object(entries) => entries.contains_key("__ansible_vault") || entries.values().any(is_encrypted),
        _ => false,
    }
}
