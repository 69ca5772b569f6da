//! Whether every node can be told from the others, and whether the file says what its author wrote.

use super::{Estate, Judge, Notes, Rule};
use crate::pigsty::Node;
use crate::value::{Value, show};

pub(super) static IDENTITY: Rule = Rule {
    name: "identity",
    title: "tells this node from every other",
    why: "Pigsty knows a node by the address that is its key and by its infra_seq: both stand in every label, in the files of \
          targets and in the names of datasources. Without them nobody can be verified, and a run is refused.",
    causes: &[
        "a host was copied with its infra_seq",
        "the node has a name for ssh where its address should be",
        "the number is text, or begins at 0, which Pigsty's home page shows as nothing",
    ],
    look: &["grep -n infra_seq pigsty.yml", "bin/validate pigsty.yml"],
    judge: Judge::Node(identity),
};

fn identity(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    for fault in estate.unidentified.iter().filter(|fault| *fault.host == *node.ip) {
        notes.error(fault.place.clone(), fault.what.clone(), fault.help);
    }
    let place = estate.place(node, "infra_seq");
    match node.vars.get("infra_seq") {
        Some(value) if show(value) == "0" => {
            let what = format!("infra_seq of {} is 0, which Pigsty's home page shows as nothing", node.ip);
            notes.warn(place, what, "count the INFRA nodes from 1");
        }
        Some(Value::String(text)) if text.parse::<u64>().is_ok() => {
            let what = format!("infra_seq of {} is text, which bin/validate refuses", node.ip);
            notes.warn(place, what, "take the quotes away");
        }
        _ => {}
    }
}

pub(super) static READING: Rule = Rule {
    name: "reading",
    title: "is read by Ansible as it is written",
    why: "What Ansible passes over, or reads otherwise than it looks, is not deployed, and nobody is told.",
    causes: &["a key is written twice, and the last one holds", "hosts, children or vars is misspelt"],
    look: &["ansible-inventory -i pigsty.yml --list", "infra-verify lint pigsty.yml"],
    judge: Judge::Inventory(reading),
};

fn reading(estate: &Estate<'_>, notes: &mut Notes) {
    for warning in estate.inventory.warnings() {
        notes.warn(Some(warning.place.clone()), warning.message.clone(), "write what you mean, once");
    }
}
