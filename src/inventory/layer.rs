//! The variables that one author has set (a group, a host, the files beside a source), and in which order authors count.
//!
//! What an author sets twice is kept, so that a person can be told what a value has taken the place of.

use std::iter::once;

use super::{Inventory, lineage};
use crate::value::{Variable, Vars};

/// What one author says.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    vars: Vars,
    /// What was set and then set again, in that order.
    past: Vec<(String, Variable)>,
}

impl Layer {
    /// The variables that hold.
    pub(super) fn vars(&self) -> &Vars {
        &self.vars
    }

    /// Sets a variable, over any earlier value.
    pub(super) fn set(&mut self, name: &str, variable: Variable) {
        self.past.extend(self.vars.set(name, variable).map(|past| (name.to_owned(), past)));
    }

    /// Every value that a variable was given, the last one first.
    fn history(&self, wanted: &str) -> Vec<&Variable> {
        let past = self.past.iter().rev().filter(|(name, _)| name == wanted).map(|(_, variable)| variable);
        self.vars.variable(wanted).into_iter().chain(past).collect()
    }
}

impl Inventory {
    /// Everything that is written for a host, the weakest first: Ansible's `VARIABLE_PRECEDENCE`.
    pub(super) fn layers(&self, host: usize) -> impl Iterator<Item = &Layer> {
        let groups = &self.lineage[host];
        let inline = groups.iter().map(|group| &self.groups[*group].vars);
        let all = self.neighbours.iter().filter_map(|beside| beside.groups.get(&lineage::ALL));
        let others = self.neighbours.iter().flat_map(|beside| {
            groups.iter().filter(|group| **group != lineage::ALL).filter_map(|group| beside.groups.get(group))
        });
        let own = self.neighbours.iter().filter_map(move |beside| beside.hosts.get(&host));
        inline.chain(all).chain(others).chain(once(&self.hosts[host].vars)).chain(own).chain(once(&self.extra))
    }

    /// Every value that is written for a variable of a host: the one that holds, then what it took the place of, the
    /// strongest first; nothing for an unknown host.
    pub fn history(&self, host: &str, name: &str) -> Vec<&Variable> {
        let Some(host) = self.hosts.get_index_of(host) else { return Vec::new() };
        let layers: Vec<_> = self.layers(host).collect();
        layers.into_iter().rev().flat_map(|layer| layer.history(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_begins_with_what_holds_and_goes_back_to_the_weakest() {
        let inventory = Inventory::parse(
            "t.yml",
            "all:\n  vars: {x: 1}\n  hosts:\n    h: {x: 2}\ninfra:\n  vars: {x: 3}\n  hosts:\n    h: {x: 4}\n",
        );
        let mut inventory = inventory.unwrap();
        let told = |inventory: &Inventory| -> Vec<String> {
            let place = |variable: &Variable| variable.place.as_ref().map_or(0, |place| place.line);
            let one = |variable: &&Variable| format!("{} {}:{}", variable.value, variable.scope, place(variable));
            inventory.history("h", "x").iter().map(one).collect()
        };
        assert_eq!(told(&inventory), ["4 host h:8", "2 host h:4", "3 group infra:6", "1 all:2"]);
        inventory.set("x", Variable { value: 5.into(), place: None, scope: "option -e".into() });
        assert_eq!(told(&inventory)[..2], ["5 option -e:0", "4 host h:8"]);
        assert_eq!(inventory.history("h", "x")[0].value, inventory.vars("h").get("x").cloned().unwrap());
        assert!(inventory.history("h", "y").is_empty() && inventory.history("i", "x").is_empty());
    }
}
