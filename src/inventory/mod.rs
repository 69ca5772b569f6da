//! Reads an inventory as Ansible does: groups, hosts, and which variables hold on which host.
//!
//! `ansible-inventory --list` is the judge of what a file means. Every variable keeps its line and who set it.
//! Formats that are not read (TOML, plugin configurations) are refused by name, never guessed. Jinja is kept as text, as
//! `ansible-inventory` shows it; [`Inventory::effective`] evaluates it for one host.

mod ansible;
mod builder;
mod composer;
mod directory;
mod extra;
mod folder;
mod format;
mod ini;
mod json;
mod layer;
mod lineage;
mod listing;
mod literal;
mod mapping;
mod neighbour;
mod output;
mod pair;
pub mod password;
mod python;
mod quoted;
mod range;
mod scalar;
mod script;
mod source;
mod template;
pub mod vault;
mod word;
pub mod yaml;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use self::builder::Builder;
use self::layer::Layer;
use self::neighbour::Neighbour;
use self::source::Texts;
pub use self::template::Effective;
use self::vault::Vault;
use self::yaml::{Tag, YamlError};
use crate::value::{Object, Place, Secret, Value, Variable, Vars};

/// An inventory with its groups resolved.
#[derive(Clone, Debug)]
pub struct Inventory {
    name: String,
    groups: IndexMap<String, Group>,
    hosts: IndexMap<String, Host>,
    /// For every host its groups, `all` first; the last one's variables hold.
    lineage: Vec<Vec<usize>>,
    /// What stands in files beside the sources, in the order in which it counts.
    neighbours: Vec<Neighbour>,
    /// What holds on every host, whatever is written.
    extra: Layer,
    warnings: Vec<Warning>,
    /// Every file that was read.
    texts: Texts,
    /// What opens locked values.
    vault: Vault,
}

/// How the sources of an inventory are read: what the command line says beside their names.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Variables that hold over all that is written, as Ansible's `-e` takes them; a later one holds over an earlier one.
    pub extra: Vec<String>,
    /// Where the playbooks lie: what `group_vars` and `host_vars` say there counts over those beside the sources.
    pub playbooks: Option<PathBuf>,
    /// The passwords that open what `ansible-vault` has locked.
    pub vault: Vault,
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
    vars: Layer,
    hosts: IndexMap<usize, Place>,
    children: IndexMap<usize, Place>,
    priority: i64,
    place: Place,
    scope: Arc<str>,
}

#[derive(Clone, Debug)]
struct Host {
    vars: Layer,
    place: Place,
    scope: Arc<str>,
}

impl Inventory {
    /// Reads the one inventory at `path`, without options.
    pub fn read(path: &Path) -> Result<Self, InventoryError> {
        Self::load(&[path.to_owned()], &Reading::default())
    }

    /// Reads several sources as one inventory: what a later one says holds over what an earlier one says.
    pub fn load(sources: &[PathBuf], reading: &Reading) -> Result<Self, InventoryError> {
        let names: Vec<_> = sources.iter().map(|source| source.display().to_string()).collect();
        let mut builder = Builder::new(names.first().map_or("", String::as_str));
        sources.iter().try_for_each(|path| source::read(&mut builder, path, reading))?;
        let mut inventory = builder.finish(&names.join(", "))?;
        neighbour::read(&mut inventory, sources, reading)?;
        inventory.extra = extra::read(&reading.extra, &reading.vault, &mut inventory.texts)?;
        inventory.vault = reading.vault.clone();
        Ok(inventory)
    }

    /// Reads an inventory from its text; `name` is what places will print.
    pub fn parse(name: &str, text: &str) -> Result<Self, InventoryError> {
        let mut builder = Builder::new(name);
        format::read(&mut builder, name, text)?;
        builder.finish(name)
    }

    /// The sources, as the user named them.
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
        if let Some(host) = self.hosts.get_index_of(host) {
            self.layers(host).for_each(|layer| vars.extend(layer.vars()));
        }
        vars
    }

    /// One of the variables that hold on a host.
    fn variable(&self, host: &str, name: &str) -> Option<&Variable> {
        self.layers(self.hosts.get_index_of(host)?).filter_map(|layer| layer.vars().variable(name)).last()
    }

    /// The name of a host, if it is there.
    fn known_host(&self, name: &str) -> Option<&str> {
        self.hosts.get_key_value(name).map(|(name, _)| name.as_str())
    }

    /// A host, if it is there.
    fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.get(name)
    }

    /// Sets a variable on every host, over all that is written, as Ansible's `-e` does.
    pub fn set(&mut self, name: &str, variable: Variable) {
        self.extra.set(name, variable);
    }

    /// Where a host is written: in the `infra` group if it is there, else where it occurs first.
    pub fn host_place(&self, host: &str) -> Option<Place> {
        let (index, _, host) = self.hosts.get_full(host)?;
        let infra = self.groups.get_index_of("infra").map(|infra| lineage::below(&self.groups, infra));
        let in_infra = infra.iter().flatten().find_map(|group| self.groups[*group].hosts.get(&index));
        Some(in_infra.unwrap_or(&host.place).clone())
    }

    /// The line of a file at a place, if it is one that was read.
    pub fn line(&self, place: &Place) -> Option<&str> {
        self.text(&place.file)?.lines().nth(place.line.checked_sub(1)?)
    }

    /// Whether a variable stands in a file of variables that is locked as a whole.
    pub fn is_in_locked_file(&self, variable: &Variable) -> bool {
        variable.place.as_ref().is_some_and(|place| self.texts.get(&place.file).is_some_and(Option::is_none))
    }

    /// What was locked and has been opened so far.
    pub fn opened(&self) -> Vec<Secret> {
        self.vault.secrets()
    }

    /// The text of a file, by the name that places have, if it is one that was read.
    pub fn text(&self, file: &str) -> Option<&str> {
        self.texts.get(file)?.as_deref()
    }

    /// What Ansible would warn of, and what it silently ignores, in file order.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

fn shape(place: &Place, message: String) -> InventoryError {
    InventoryError::Shape { place: place.clone(), message }
}

/// What a person calls this kind of value: `a mapping`, `text`, `a boolean`.
fn noun(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// The text within a value that Ansible would evaluate: with `{{ }}`, `{% %}` or `{# #}` in it.
pub fn expression(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark)).then_some(text),
        Value::Array(items) => items.iter().find_map(expression),
        Value::Object(entries) if entries.contains_key("__ansible_unsafe") => None,
        Value::Object(entries) => entries.values().find_map(expression),
        _ => None,
    }
}

/// The text of a value that is a tagged text and nothing else.
fn tagged(entries: &Object, tag: Tag) -> Option<&str> {
    if entries.len() == 1 { entries.get(tag.name())?.as_str() } else { None }
}

/// Whether a value is, or contains, text that only the vault's password opens.
pub fn is_encrypted(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(is_encrypted),
        Value::Object(entries) => tagged(entries, Tag::Vault).is_some() || entries.values().any(is_encrypted),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
