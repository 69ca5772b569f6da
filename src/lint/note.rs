//! What one rule notes while it looks at one node: its findings, and what it could not judge.

use super::Finding;
use crate::check::Severity;
use crate::pigsty::Node;
use crate::value::{Place, Unfilled, Value, is_true};

#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    pub(super) findings: Vec<Finding>,
    /// Why something could not be judged.
    pub(super) unjudged: Vec<String>,
}

impl Notes {
    /// The notes that are taken by looking.
    pub(super) fn taken(look: impl FnOnce(&mut Self)) -> Self {
        let mut notes = Self::default();
        look(&mut notes);
        notes
    }

    pub(super) fn error(&mut self, place: Option<Place>, what: impl Into<String>, help: impl Into<String>) {
        self.note(Severity::Fail, place, what.into(), help.into());
    }

    pub(super) fn warn(&mut self, place: Option<Place>, what: impl Into<String>, help: impl Into<String>) {
        self.note(Severity::Warn, place, what.into(), help.into());
    }

    fn note(&mut self, severity: Severity, place: Option<Place>, what: String, help: String) {
        self.findings.push(Finding { rule: "", severity, nodes: Vec::new(), place, what, help });
    }

    pub(super) fn unjudged(&mut self, reason: impl Into<String>) {
        self.unjudged.push(reason.into());
    }

    /// The value of a variable; nothing where it is unset, or noted as one that cannot be judged.
    pub(super) fn value(&mut self, node: &Node, name: &str) -> Option<Value> {
        match node.lookup(name) {
            Ok(value) => Some(value),
            Err(unusable @ Unfilled::Unusable { .. }) => {
                self.unjudged(unusable.to_string());
                None
            }
            Err(Unfilled::Undefined(_) | Unfilled::Malformed(_)) => None,
        }
    }

    /// Whether a variable is true, as Ansible's `bool` has it.
    pub(super) fn is_on(&mut self, node: &Node, name: &str) -> bool {
        self.value(node, name).is_some_and(|value| is_true(&value))
    }

    /// Whether all of them are.
    pub(super) fn are_on(&mut self, node: &Node, names: &[&str]) -> bool {
        names.iter().all(|name| self.is_on(node, name))
    }
}
