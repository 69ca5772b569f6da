//! What must hold of the facts, and what to say when it does not.

use std::fmt;

use serde::Serialize;

use crate::probe::Facts;
use crate::value::Value;

/// What is expected of one fact.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The fact, with its path: `json.data.activeTargets[*].health`.
    pub fact: String,
}

/// One expectation, held against the facts.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The fact that was looked at.
    pub fact: String,
    /// What it had to be, as a person reads it.
    pub expected: String,
    /// What it was; nothing if the answer had no such fact.
    pub actual: Option<Value>,
    /// Whether it held.
    pub holds: bool,
    /// How they differ, where showing both would not tell.
    pub difference: Option<String>,
}

impl Expectation {
    /// Holds the expectation against the facts; an absent fact never holds.
    pub fn judge(&self, _facts: &Facts) -> Finding {
        todo!()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fact)
    }
}
