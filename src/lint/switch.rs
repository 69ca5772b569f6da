//! Words that turn something on or off.

use super::{Estate, Judge, Notes, Rule};
use crate::pigsty::{self, Node};
use crate::value::{Value, is_true};

/// What Ansible's `bool` knows as false; anything else is false too, but nobody wrote it for that.
const FALSE: [&str; 6] = ["false", "no", "off", "0", "n", "f"];

/// What Pigsty's templates know as a mode of TLS.
const MODES: [&str; 3] = ["disable", "enable", "enforce"];

pub(super) static SWITCH: Rule = Rule {
    name: "switch",
    title: "turns things on and off with words that Ansible knows",
    why: "Ansible takes every word that it does not know for false. A component that is `enabled: ture` is off, and nobody is told.",
    causes: &[
        "a word is misspelt",
        "a word such as enabled or disabled stands where true or false should",
        "the value is missing",
    ],
    look: &["infra-verify inspect pigsty.yml --host infra-1"],
    judge: Judge::Node(switch),
};

fn switch(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    let Ok(defaults) = pigsty::defaults() else { return };
    for (name, _) in defaults.iter().filter(|(_, variable)| variable.value.is_boolean()) {
        if let Some(value) = notes.value(node, name).filter(is_misspelt) {
            let what = format!("{name} is {value}, which is neither true nor false, and counts as false");
            notes.error(estate.place(node, name), what, "write true or false");
        }
    }
}

/// Whether a value is no word for true or false.
pub(super) fn is_misspelt(value: &Value) -> bool {
    match value {
        Value::Bool(_) => false,
        Value::Number(number) => !matches!(number.as_f64(), Some(0.0 | 1.0)),
        Value::String(word) => !is_true(value) && !FALSE.contains(&word.trim().to_lowercase().as_str()),
        Value::Null | Value::Array(_) | Value::Object(_) => true,
    }
}

pub(super) static SSLMODE: Rule = Rule {
    name: "sslmode",
    title: "says disable, enable or enforce of TLS",
    why: "Pigsty's templates compare nginx_sslmode with these words. Anything else counts as enable: a portal that should have no \
          TLS has it, and one that should enforce it does not.",
    causes: &["off or no is written, which YAML reads as false", "disabled, enabled or enforced is written"],
    look: &["infra-verify inspect pigsty.yml --host infra-1 nginx_sslmode"],
    judge: Judge::Node(sslmode),
};

fn sslmode(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    let Some(mode) = notes.value(node, "nginx_sslmode") else { return };
    if !mode.as_str().is_some_and(|mode| MODES.contains(&mode)) {
        let what = format!("nginx_sslmode is {mode}, which counts as enable: Nginx speaks TLS and enforces nothing");
        notes.error(estate.place(node, "nginx_sslmode"), what, "write disable, enable or enforce");
    }
}
