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
mod tests {
    use serde_json::json;

    use super::*;

    fn inventory(text: &str) -> Inventory {
        Inventory::parse("pigsty.yml", text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn fault(text: &str) -> String {
        Inventory::parse("pigsty.yml", text).unwrap_err().to_string()
    }

    fn warnings(text: &str) -> Vec<String> {
        let inventory = inventory(text);
        inventory.warnings().iter().map(|warning| format!("{}: {}", warning.place, warning.message)).collect()
    }

    fn value(inventory: &Inventory, name: &str) -> Value {
        inventory.vars("h").get(name).cloned().unwrap_or_default()
    }

    #[test]
    fn a_host_variable_holds_over_its_groups_and_these_over_all() {
        let inventory = inventory(
            "all:\n  vars: {a: all, b: all, c: all}\n  children:\n    infra:\n      vars: {b: group, c: group}\n      hosts:\n        h: {c: host}\n",
        );
        let vars = inventory.vars("h");
        let told = |name: &str| {
            let variable = vars.variable(name).unwrap();
            format!("{} of {} in {}", variable.value, variable.scope, variable.place.clone().unwrap())
        };
        assert_eq!(told("a"), "\"all\" of all in pigsty.yml:2");
        assert_eq!(told("b"), "\"group\" of group infra in pigsty.yml:5");
        assert_eq!(told("c"), "\"host\" of host h in pigsty.yml:7");
        assert!(inventory.vars("unknown").get("a").is_none());
    }

    #[test]
    fn several_sources_are_one_inventory_and_the_last_has_the_say() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let one = file("one.yml", "all: {vars: {x: 1, y: 1}, children: {infra: {hosts: {h: {z: 1}}}}}\n");
        let two = file("two.yml", "all: {vars: {y: 2}}\ninfra: {hosts: {h: {z: 2}, i: }}\n");
        let load = |sources: &[&PathBuf]| {
            let sources: Vec<_> = sources.iter().map(|path| (*path).clone()).collect();
            Inventory::load(&sources, &Reading::default()).unwrap()
        };
        let forth = load(&[&one, &two]);
        assert_eq!((value(&forth, "x"), value(&forth, "y"), value(&forth, "z")), (json!(1), json!(2), json!(2)));
        assert_eq!(forth.hosts_in("infra"), Some(vec!["h", "i"]));
        assert_eq!(
            forth.vars("h").variable("y").unwrap().place.as_ref().unwrap().file,
            two.display().to_string().into()
        );
        assert_eq!(forth.name(), format!("{}, {}", one.display(), two.display()));
        let back = load(&[&two, &one]);
        assert_eq!((value(&back, "x"), value(&back, "y"), value(&back, "z")), (json!(1), json!(1), json!(1)));
    }

    #[test]
    fn groups_of_one_depth_count_by_name_and_not_by_order() {
        let inventory = inventory("b: {hosts: {h: }, vars: {x: b}}\na: {hosts: {h: }, vars: {x: a}}\n");
        assert_eq!(value(&inventory, "x"), json!("b"));
    }

    #[test]
    fn a_priority_goes_before_the_name_and_depth_before_both() {
        let text = "b: {hosts: {h: }, vars: {x: b}}\na: {hosts: {h: }, vars: {x: a, ansible_group_priority: 5}}\n";
        let priority = inventory(text);
        assert_eq!(value(&priority, "x"), json!("a"));
        assert_eq!(value(&priority, "ansible_group_priority"), Value::Null);
        let deeper = inventory(&format!("{text}z: {{children: {{c: {{hosts: {{h: }}, vars: {{x: c}}}}}}}}\n"));
        assert_eq!(value(&deeper, "x"), json!("c"));
    }

    #[test]
    fn whole_values_are_replaced_and_never_merged() {
        let inventory = inventory("all: {vars: {p: {home: 1}}}\ng: {hosts: {h: {p: {minio: 2}}}}\n");
        assert_eq!(value(&inventory, "p"), json!({"minio": 2}));
    }

    #[test]
    fn a_group_in_two_places_is_one_group() {
        let inventory =
            inventory("all: {children: {infra: {hosts: {a: }, vars: {x: 1}}}}\ninfra: {hosts: {b: }, vars: {x: 2}}\n");
        assert_eq!(inventory.hosts_in("infra"), Some(vec!["a", "b"]));
        assert_eq!(inventory.vars("a").get("x"), Some(&json!(2)));
    }

    #[test]
    fn a_group_has_the_hosts_of_its_children() {
        let inventory = inventory(
            "infra: {children: {east: {hosts: {e: }}, west: {hosts: {w: , e: }}}, hosts: {i: }}\nother: {hosts: {w: }}\n",
        );
        assert_eq!(inventory.hosts_in("infra"), Some(vec!["i", "e", "w"]));
        assert_eq!(inventory.hosts_in("absent"), None);
        assert_eq!(inventory.groups_of("w"), ["infra", "other", "west"]);
        assert_eq!(inventory.groups_of("absent"), [""; 0]);
    }

    #[test]
    fn who_is_in_no_group_is_ungrouped() {
        let inventory = inventory("all: {hosts: {a: , b: }}\nungrouped: {hosts: {b: , c: }}\ng: {hosts: {b: }}\n");
        assert_eq!(inventory.hosts_in("ungrouped"), Some(vec!["c", "a"]));
        assert_eq!(inventory.groups_of("a"), ["ungrouped"]);
        assert_eq!(inventory.groups_of("b"), ["g"]);
    }

    #[test]
    fn ranges_give_their_variables_to_every_host() {
        let inventory = inventory("infra: {hosts: {'10.10.10.[11:12]:2222': {x: 1}, 10.10.10.12: {x: 2}}}\n");
        assert_eq!(inventory.hosts_in("infra"), Some(vec!["10.10.10.11", "10.10.10.12"]));
        assert_eq!(inventory.vars("10.10.10.11").get("x"), Some(&json!(1)));
        assert_eq!(inventory.vars("10.10.10.12").get("x"), Some(&json!(2)));
        assert_eq!(inventory.vars("10.10.10.12").get("ansible_port"), Some(&json!(2222)));
    }

    #[test]
    fn ranges_with_many_variables_are_refused() {
        let vars = (0..60).map(|index| format!("v{index}: 1")).collect::<Vec<_>>().join(", ");
        let shown = fault(&format!("infra:\n  hosts:\n    h[1:9999]: {{{vars}}}\n"));
        assert!(shown.starts_with("pigsty.yml:3: with this range the variables of hosts grow beyond"), "{shown}");
    }

    #[test]
    fn a_lone_name_is_a_host_without_variables() {
        assert_eq!(inventory("infra: {hosts: 10.10.10.10}\n").hosts_in("infra"), Some(vec!["10.10.10.10"]));
    }

    #[test]
    fn a_host_is_placed_in_the_infra_group_where_it_is_there() {
        let inventory = inventory("etcd:\n  hosts:\n    a:\n    b:\ninfra:\n  hosts:\n    a:\n");
        let line = |host| inventory.host_place(host).map(|place| place.line);
        assert_eq!((line("a"), line("b"), line("c")), (Some(7), Some(4), None));
    }

    #[test]
    fn what_ansible_warns_of_is_a_warning_in_file_order() {
        let text = "infra:\n  host: {a: }\n  hosts: {h: {x: 1, x: 2}}\n  vars:\nlist: [a]\nr: {hosts: {'n[2:1]': }}\n";
        assert_eq!(
            warnings(text),
            [
                "pigsty.yml:2: host of group infra is none of hosts, children and vars; Ansible ignores it",
                "pigsty.yml:3: x is written twice, first in line 3; the last one holds",
                "pigsty.yml:5: list is a list, not a group; Ansible passes over it",
                "pigsty.yml:6: the range n[2:1] holds no host",
            ]
        );
    }

    #[test]
    fn what_ansible_refuses_is_refused_with_its_line() {
        for (text, reason) in [
            ("g:\n  hosts: [a]\n", "pigsty.yml:2: hosts of group g is a list, not a mapping"),
            ("g:\n  vars: 5\n", "pigsty.yml:2: vars of group g is a number, not a mapping"),
            ("g:\n  children:\n    c: [a]\n", "pigsty.yml:3: group c is a list, not a mapping"),
            ("g:\n  hosts:\n    h: text\n", "pigsty.yml:3: host h is text, not a mapping of its variables"),
            ("g:\n  hosts:\n    5: \n", "pigsty.yml:3: the host name 5 is not text; put it in quotes"),
            ("5: {}\n", "pigsty.yml:1: the group name 5 is not text; put it in quotes"),
            ("g:\n  hosts:\n    n[1:\n", "pigsty.yml:3: host n[1 cannot be read: a range is written [begin:end]"),
            ("g:\n  children:\n    all:\n", "pigsty.yml:3: group all cannot be the child of another group"),
            ("g: {vars: {ansible_group_priority: x}}\n", "pigsty.yml:1: ansible_group_priority is text, not a whole"),
            ("a:\n  hosts: {b: }\nb:\n", "pigsty.yml:2: b is a host here and a group in line 3"),
        ] {
            let shown = fault(text);
            assert!(shown.starts_with(reason), "{text}: {shown}");
        }
    }

    #[test]
    fn a_circle_of_groups_is_refused() {
        let shown = fault(
            "a:\n  children:\n    b:\nb:\n  children:\n    c:\nc:\n  children:\n    a:\nd:\n  children:\n    a:\n",
        );
        assert!(shown.starts_with("pigsty.yml:") && shown.contains("is a child of itself, by way of"), "{shown}");
        assert!(fault("a: {children: {a: }}\n").starts_with("pigsty.yml:1: group a is a child of itself"));
    }

    #[test]
    fn expressions_and_encrypted_text_are_told_from_values() {
        assert_eq!(expression(&json!({"a": ["x", "{{ y }}:80"]})), Some("{{ y }}:80"));
        assert_eq!(expression(&json!("{% if x %}")), Some("{% if x %}"));
        assert_eq!(expression(&json!(["${admin_ip}", "{}", 5])), None);
        assert!(is_encrypted(&json!([{"__ansible_vault": "61"}])));
        assert!(!is_encrypted(&json!({"a": "__ansible_vault"})));
    }
}
