//! Inventories in INI format: sections of hosts, of child groups and of variables.
//!
//! Hosts before the first section are in no group. Values are Python's literals, and text where they are none. A section
//! of children may name groups that come later, but every group that is named must have a section of its own.
//! Where Ansible stops, reading stops with the line; lines are not shown, for any of them may hold a secret.

use std::sync::{Arc, LazyLock};

use indexmap::IndexMap;
use regex::Regex;

use super::builder::Builder;
use super::scalar::pattern;
use super::{InventoryError, lineage, literal, range, shape, word};
use crate::value::Place;

static SECTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$"));
static GROUP: LazyLock<Regex> = LazyLock::new(|| pattern(r"^([^:\]\s]+)\s*(?:#.*)?$"));

/// Reads the text of a file.
pub(super) fn read(builder: &mut Builder, name: &str, text: &str) -> Result<(), InventoryError> {
    let place = Place { file: Arc::from(name), line: 0, column: 1 };
    let mut reader = Reader { builder, place, group: lineage::UNGROUPED, kind: Kind::Hosts, pending: IndexMap::new() };
    for (index, line) in text.replace("\r\n", "\n").split(is_end).enumerate() {
        reader.place.line = index + 1;
        reader.place.column = 1 + line.chars().take_while(|char| char.is_whitespace()).count();
        reader.line(line.trim())?;
    }
    reader.finish()
}

/// Where Python ends a line.
fn is_end(char: char) -> bool {
    matches!(char, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What the lines of a section are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Hosts,
    Children,
    Vars,
}

/// A group that is named, and has no section of its own so far.
enum Pending {
    /// Children of these groups.
    Child(Place, Vec<usize>),
    /// It has variables.
    Vars(Place),
}

struct Reader<'a> {
    builder: &'a mut Builder,
    place: Place,
    group: usize,
    kind: Kind,
    pending: IndexMap<String, Pending>,
}

impl Reader<'_> {
    fn line(&mut self, line: &str) -> Result<(), InventoryError> {
        if line.is_empty() || line.starts_with([';', '#']) {
            return Ok(());
        }
        if let Some(parts) = SECTION.captures(line) {
            return self.section(&parts[1], parts.get(2).map(|kind| kind.as_str()));
        }
        if line.starts_with('[') && line.ends_with(']') {
            return self.fault("a section is written [name], [name:children] or [name:vars], without spaces");
        }
        match self.kind {
            Kind::Hosts => self.host(line),
            Kind::Children => self.child(line),
            Kind::Vars => self.variable(line),
        }
    }

    fn section(&mut self, name: &str, kind: Option<&str>) -> Result<(), InventoryError> {
        self.kind = match kind {
            None | Some("hosts") => Kind::Hosts,
            Some("children") => Kind::Children,
            Some("vars") => Kind::Vars,
            Some(kind) => {
                return self.fault(&format!("a section of {kind} is not known; there are children, vars and hosts"));
            }
        };
        if self.kind == Kind::Vars {
            if self.builder.known_group(name).is_none() {
                self.pending.entry(name.to_owned()).or_insert_with(|| Pending::Vars(self.place.clone()));
            }
            self.group = self.builder.group(name, &self.place);
            return Ok(());
        }
        self.group = self.builder.group(name, &self.place);
        if let Some(Pending::Child(place, parents)) = self.pending.shift_remove(name) {
            parents.into_iter().try_for_each(|parent| self.builder.child(parent, self.group, &place))?;
        }
        Ok(())
    }

    fn host(&mut self, line: &str) -> Result<(), InventoryError> {
        let words = word::split(line).or_else(|reason| self.fault(reason))?;
        let Some((first, words)) = words.split_first() else { return Ok(()) };
        let (names, port) = range::expand(&first.text).or_else(|reason| self.fault(&reason))?;
        if first.text.trim().ends_with(':') && port.is_none() {
            return self.fault("a host cannot end in a colon: a port is missing, or this is YAML");
        }
        if names.iter().any(|name| name.is_empty() || name.trim() == "---") {
            return self.fault("this is no name of a host");
        }
        let mut vars = Vec::new();
        for word in words {
            let place = Place { column: self.place.column + word.column - 1, ..self.place.clone() };
            let Some((name, value)) = word.text.split_once('=') else {
                return Err(shape(&place, "behind a host stand its variables, written name=value".to_owned()));
            };
            vars.push((name, literal::read(value).map_err(|reason| shape(&place, reason))?, place));
        }
        if names.is_empty() {
            self.builder.warn(&self.place, format!("the range {} holds no host", first.text));
        }
        for name in names {
            let host = self.builder.host(self.group, &name, port, &self.place)?;
            for (name, value, place) in &vars {
                self.builder.set_host(host, name, value.clone(), place);
            }
        }
        Ok(())
    }

    fn child(&mut self, line: &str) -> Result<(), InventoryError> {
        let Some(parts) = GROUP.captures(line) else {
            return self.fault("in a section of children every line is the name of a group");
        };
        let name = &parts[1];
        if let Some(child) = self.builder.known_group(name) {
            return self.builder.child(self.group, child, &self.place);
        }
        match self.pending.entry(name.to_owned()).or_insert_with(|| Pending::Child(self.place.clone(), Vec::new())) {
            Pending::Child(_, parents) => parents.push(self.group),
            Pending::Vars(_) => {}
        }
        Ok(())
    }

    fn variable(&mut self, line: &str) -> Result<(), InventoryError> {
        let Some((name, value)) = line.split_once('=') else {
            return self.fault("in a section of vars every line is a variable, written name=value");
        };
        let value = literal::read(value.trim()).or_else(|reason| self.fault(&reason))?;
        self.builder.set_group(self.group, name.trim(), value, &self.place)
    }

    fn finish(self) -> Result<(), InventoryError> {
        match self.pending.into_iter().next() {
            None => Ok(()),
            Some((name, Pending::Vars(place))) => {
                Err(shape(&place, format!("there is no group {name} for these variables; add a section [{name}]")))
            }
            Some((name, Pending::Child(place, _))) => {
                Err(shape(&place, format!("there is no group {name} to be a child; add a section [{name}]")))
            }
        }
    }

    fn fault<T>(&self, message: &str) -> Result<T, InventoryError> {
        Err(shape(&self.place, message.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::inventory::Inventory;

    fn read(text: &str) -> Inventory {
        Inventory::parse("hosts.ini", text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn hosts_children_and_variables_are_read_with_their_places() {
        let inventory = read(
            "lone\n\n[infra] # nodes\n10.10.10.[10:11]:2222  infra_seq=1 x='[\"a b\"]'\n; no\n\
             [all:children]\ninfra\n[infra:vars]\na = yes\nb=0x10 # hex\n",
        );
        assert_eq!(inventory.hosts_in("infra"), Some(vec!["10.10.10.10", "10.10.10.11"]));
        assert_eq!(inventory.hosts_in("ungrouped"), Some(vec!["lone"]));
        let vars = inventory.vars("10.10.10.11");
        let told = |name: &str| {
            let variable = vars.variable(name).unwrap();
            let place = variable.place.clone().unwrap();
            (variable.value.clone(), place.to_string(), place.column)
        };
        assert_eq!(told("infra_seq"), (json!(1), "hosts.ini:4".to_owned(), 24));
        assert_eq!(told("ansible_port").0, 2222);
        assert_eq!(told("x").0, json!(["a b"]));
        assert_eq!(told("a"), (json!("yes"), "hosts.ini:9".to_owned(), 1));
        assert_eq!(told("b").0, 16);
    }

    #[test]
    fn a_child_may_be_defined_later_and_counts_from_there() {
        let inventory = read("[p:children]\nb\na\n[a]\nh1\n[b]\nh2\n");
        assert_eq!(inventory.hosts_in("p"), Some(vec!["h1", "h2"]));
    }

    #[test]
    fn what_ansible_refuses_is_refused_with_its_line() {
        for (text, reason) in [
            ("[a b]\n", "hosts.ini:1: a section is written [name]"),
            ("[a:foo]\n", "hosts.ini:1: a section of foo is not known"),
            ("[a]\nh\n[b:vars]\nx=1\n", "hosts.ini:3: there is no group b for these variables; add a section [b]"),
            ("[a:children]\nb\n[b:vars]\n", "hosts.ini:2: there is no group b to be a child; add a section [b]"),
            ("[a]\nh x\n", "hosts.ini:2: behind a host stand its variables"),
            ("[a]\nh x='1\n", "hosts.ini:2: a quote is never closed"),
            ("[a]\nh x={[1]:2}\n", "hosts.ini:2: a list or mapping cannot be the key"),
            ("[a]\nh:\n", "hosts.ini:2: a host cannot end in a colon"),
            ("[a]\n---\n", "hosts.ini:2: this is no name of a host"),
            ("[a]\n''\n", "hosts.ini:2: this is no name of a host"),
            ("[a]\nn[1:\n", "hosts.ini:2: a range is written"),
            ("[a:vars]\nx\n", "hosts.ini:2: in a section of vars"),
            ("[a:children]\nb c\n", "hosts.ini:2: in a section of children"),
            ("[a:children]\na\n", "hosts.ini:2: group a is a child of itself"),
            ("[a]\n[a:vars]\nansible_group_priority=x\n", "hosts.ini:3: ansible_group_priority is text"),
        ] {
            let shown = Inventory::parse("hosts.ini", text).unwrap_err().to_string();
            assert!(shown.starts_with(reason), "{text}: {shown}");
        }
    }
}
