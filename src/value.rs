//! Values, variables with the place they came from, `${name}` and secrets.
//!
//! A value is a JSON value: what Ansible hands to its roles can be written as JSON, and nothing else reaches a check.
//! This module knows neither inventories nor suites; it evaluates nothing but `${name}`.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
pub use serde_json::Value;

mod path;
mod template;

pub use path::Path;
pub use template::{Lookup, Unfilled, expand, expand_map, names};

/// A mapping from text to values, in the order it was written.
pub type Object = serde_json::Map<String, Value>;

/// A line of a file, printed as `pigsty.yml:41`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The file as the user named it.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1; 0 where nobody knows.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A variable's value and where it was set.
#[derive(Clone, Debug)]
pub struct Variable {
    /// The value that holds in the end.
    pub value: Value,
    /// Where it was written, if in a file.
    pub place: Option<Place>,
    /// Who set it: `role default`, `all`, `group infra`, `host 10.10.10.10`, `option -e`.
    pub scope: Arc<str>,
}

/// The effective variables of one host, each with its origin.
#[derive(Clone, Debug, Default)]
pub struct Vars(IndexMap<String, Variable>);

impl Vars {
    /// The value of a variable, if it is set.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).map(|variable| &variable.value)
    }

    /// The variable with its origin.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.0.get(name)
    }

    /// Sets a variable, over any earlier value, which is returned.
    pub fn set(&mut self, name: impl Into<String>, variable: Variable) -> Option<Variable> {
        self.0.insert(name.into(), variable)
    }

    /// Sets a variable that was derived, not written.
    pub fn derive(&mut self, name: &str, value: impl Into<Value>) {
        self.set(name, Variable { value: value.into(), place: None, scope: "derived".into() });
    }

    /// Puts every variable of `other` over these, as Ansible does: whole values, nothing merged.
    pub fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().map(|(name, variable)| (name.clone(), variable.clone())));
    }

    /// Every variable by name, in the order they were first set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.0.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    /// Whether Ansible's `bool` filter calls the variable true; an unset one is false.
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(is_true)
    }
}

/// Ansible's `bool` filter: true, 1, and the words true, yes, on, 1, y, t in any case; all else is false, typos included.
pub fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() == Some(1.0),
        Value::String(word) => matches!(word.trim().to_lowercase().as_str(), "true" | "yes" | "on" | "1" | "y" | "t"),
        _ => false,
    }
}

/// A value as a person reads it: text without quotes, the rest as JSON.
pub fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

mod secret;

pub use secret::Secrets;

/// Text that must not be printed; it has no `Display`.
#[derive(Clone, PartialEq, Eq, Hash, serde::Deserialize)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the wire only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("******")
    }
}

/// A hint at the nearest of the names that would be right: ` (did you mean `status`?)`, or all of them if none is near.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    /// Below this Jaro-Winkler similarity a guess would puzzle more than help.
    const NEAR: f64 = 0.75;
    let all: Vec<_> = candidates.into_iter().collect();
    let near = |candidate: &&&str| strsim::jaro_winkler(name, candidate);
    match all.iter().max_by(|a, b| near(a).total_cmp(&near(b))) {
        Some(best) if near(&best) >= NEAR => format!(" (did you mean `{best}`?)"),
        Some(_) => format!(" (known: {})", all.join(", ")),
        None => String::new(),
    }
}
