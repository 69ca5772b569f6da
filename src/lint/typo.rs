//! Names that are almost those of variables that Pigsty reads.

use super::{Estate, Judge, Notes, Rule};
use crate::pigsty::{self, Node};

/// The shortest name in which a letter may be wrong by mistake; of a shorter one too many others are near.
const SHORTEST: usize = 7;

/// How many letters may be wrong, missing or changed with their neighbours: no two names of Pigsty's own are as near.
const LETTERS: usize = 2;

pub(super) static TYPO: Rule = Rule {
    name: "typo",
    title: "names variables as Pigsty names them",
    why: "Pigsty passes over a variable that it does not know, so the value that was meant to change stays its default.",
    causes: &["two letters changed places", "a plural or its s is missing", "the name is one of another version"],
    look: &["grep -rhoE '^[a-z_]+:' roles/*/defaults/main.yml | sort -u"],
    judge: Judge::Node(typo),
};

fn typo(_: &Estate<'_>, node: &Node, notes: &mut Notes) {
    let Ok(defaults) = pigsty::defaults() else { return };
    let known = || defaults.iter().map(|(name, _)| name).chain(["infra_seq"]);
    let unknown =
        Estate::written(node).filter(|(name, _)| name.len() >= SHORTEST && known().all(|other| other != *name));
    for (name, variable) in unknown {
        // A name that goes on where another ends is a name of its own.
        let near = |other: &&str| {
            name.len().abs_diff(other.len()) <= LETTERS
                && !name.starts_with(*other)
                && strsim::osa_distance(name, other) <= LETTERS
        };
        if let Some(meant) = known().filter(near).min_by_key(|other| strsim::osa_distance(name, other)) {
            let what = format!("{name} is no variable of Pigsty, and almost {meant}");
            notes.warn(variable.place.clone(), what, format!("did you mean {meant}?"));
        }
    }
}
