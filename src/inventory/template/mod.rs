//! Jinja as Ansible evaluates it: lazily, for one host, with Python's types.
//!
//! The grammar is minijinja's, the meaning is ours: an undefined variable is a value until somebody looks at it, one
//! expression alone keeps its type, and nothing is compared or converted that Python would refuse. Whatever would need a
//! running play, another program or a guess has no value here but a problem, which is one only where the value is needed.

mod argument;
mod context;
mod engine;
mod expression;
mod filter;
mod function;
mod lookup;
mod method;
mod native;
mod operator;
mod pattern;
mod python;
mod statement;
mod syntax;
mod test;
mod version;

use std::collections::BTreeMap;

use self::engine::Engine;
use self::native::{Native, Scope};
use super::yaml::Tag;
use super::{Inventory, expression, is_encrypted, tagged};
use crate::value::{Value, Variable, Vars};

/// How much of an expression a message shows, in characters: enough to find it.
const SHOWN: usize = 80;

/// What a locked value is called where another one needs it.
const LOCKED: &str = "it needs a value that is locked with ansible-vault, and ";

/// What holds on a host in the end.
#[derive(Clone, Debug, Default)]
pub struct Effective {
    /// Every variable with its value; one with a problem stands as it is written.
    pub vars: Vars,
    /// Why a variable has no value: completes "variable `x` …".
    pub problems: BTreeMap<String, String>,
}

impl Inventory {
    /// The variables of a host over what holds under all inventories, each evaluated.
    pub fn effective(&self, host: &str, under: &Vars) -> Effective {
        let mut written = under.clone();
        written.extend(&self.vars(host));
        let mut effective = Effective { vars: written.clone(), ..Effective::default() };
        let Some(host) = self.known_host(host) else { return effective };
        let engine = Engine::new(self, under);
        let scope = Scope { host, remote: false };
        for (name, variable) in written.iter().filter(|(_, variable)| is_evaluated(&variable.value)) {
            match engine.evaluate(written_of(&engine, scope, name)) {
                Ok(value) => drop(effective.vars.set(name, Variable { value, ..variable.clone() })),
                Err(marker) => drop(effective.problems.insert(name.to_owned(), problem(variable, &marker.why))),
            }
        }
        effective
    }
}

/// Whether there is anything to evaluate in a value: a template, or text that Ansible has tagged.
fn is_evaluated(value: &Value) -> bool {
    match value {
        Value::String(text) => syntax::is_template(text),
        Value::Array(items) => items.iter().any(is_evaluated),
        Value::Object(entries) => {
            [Tag::Unsafe, Tag::Vault].iter().any(|tag| tagged(entries, *tag).is_some())
                || entries.values().any(is_evaluated)
        }
        _ => false,
    }
}

/// A variable that is written, for evaluation.
fn written_of<'a>(engine: &Engine<'a>, scope: Scope<'a>, name: &str) -> Native<'a> {
    let written = engine.inventory.variable(scope.host, name).or_else(|| engine.under.variable(name));
    written.map_or(Native::None, |variable| Native::Lazy(scope, &variable.value))
}

/// Completes "variable `x` …".
fn problem(variable: &Variable, why: &str) -> String {
    let place = variable.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
    if let (true, Some(why)) = (is_encrypted(&variable.value), why.strip_prefix(LOCKED)) {
        return format!("is locked with ansible-vault{place}, and {why}");
    }
    let text = expression(&variable.value).unwrap_or_default();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    };
    format!("is the expression {shown}{place}, and {why}")
}

#[cfg(test)]
mod tests;
