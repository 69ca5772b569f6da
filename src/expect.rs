//! What must hold of the facts, and what to say when it does not.
//!
//! An expectation is a fact and a matcher. It opens no socket and knows no protocol; an absent fact never holds, whatever
//! the matcher, so that nothing is green that was not seen.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::probe::Facts;
use crate::value::{Value, show};

mod agree;
mod difference;
mod matcher;

pub use agree::Agreement;
pub use matcher::Matcher;

/// How much of a value is shown in a sentence, in characters: enough to recognise it, too little to flood a screen.
const SHOWN: usize = 160;

/// The same for how two lists differ, which names several elements.
const DIFFERENCE: usize = 4000;

/// What is expected of one fact.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The fact, with its path: `json.data.activeTargets[*].health`.
    pub fact: String,
    /// What must hold of it.
    pub matcher: Matcher,
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
    /// How they differ, where showing both would not tell; of one that holds, what is worth knowing all the same.
    pub difference: Option<String>,
    /// Where a difference probably comes from, if that can be guessed.
    pub suspicion: Option<String>,
}

/// What a node has to say where facts of several are compared.
#[derive(Clone, Debug)]
pub struct Vote {
    /// The node.
    pub node: Arc<str>,
    /// What was measured there.
    pub facts: Arc<Facts>,
}

impl Expectation {
    /// Holds the expectation against the facts; `votes` are those of all nodes that are fit to compare, in plan order.
    pub fn judge(&self, facts: &Facts, votes: &[Vote]) -> Finding {
        let actual = facts.get(&self.fact);
        let (holds, difference) = match (&actual, &self.matcher) {
            (None, _) => (false, None),
            (Some(value), Matcher::Agrees(agreement)) => {
                let said = |vote: &'_ Vote| vote.facts.get(&self.fact).filter(|value| !value.is_null());
                let voices = votes.iter().filter_map(|vote| Some((&*vote.node, said(vote)?)));
                agreement.judge(value, &voices.collect::<Vec<_>>())
            }
            (Some(value), matcher) if matcher.holds(value) => (true, None),
            (Some(value), matcher) => (false, matcher.difference(value)),
        };
        Finding {
            fact: self.fact.clone(),
            expected: self.matcher.to_string(),
            actual,
            holds,
            difference,
            suspicion: None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.difference, &self.actual) {
            (Some(difference), _) => write!(f, "{}: {}", self.fact, shorten(difference, DIFFERENCE)),
            (None, Some(actual)) => {
                let (expected, actual) = (shorten(&self.expected, SHOWN), shorten(&quote(actual), SHOWN));
                write!(f, "{}: expected {expected}, actual {actual}", self.fact)
            }
            (None, None) => {
                write!(f, "{}: expected {}, but the answer has none", self.fact, shorten(&self.expected, SHOWN))
            }
        }?;
        self.suspicion.iter().try_for_each(|suspicion| write!(f, "; probably: {suspicion}"))
    }
}

/// A value within a sentence: text in quotes only where it would not be seen otherwise.
fn quote(value: &Value) -> String {
    match value {
        Value::String(text) if text.trim() != text || text.is_empty() => format!("{text:?}"),
        other => show(other),
    }
}

fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judge(fact: &str, matcher: &Value, facts: &Value) -> Finding {
        let facts = Facts(facts.as_object().unwrap().clone().into_iter().collect());
        Expectation { fact: fact.into(), matcher: Matcher::read(matcher).unwrap() }.judge(&facts, &[])
    }

    #[test]
    fn an_absent_fact_never_holds() {
        for matcher in
            [json!(null), json!({"not": 1}), json!({"lt": 5}), json!([]), json!({"every": 1}), json!({"matches": ".*"})]
        {
            let finding = judge("json.nope", &matcher, &json!({"json": {}}));
            assert!(!finding.holds, "{matcher}");
            assert!(finding.to_string().contains("the answer has none"), "{finding}");
        }
    }

    #[test]
    fn a_finding_says_expected_and_actual() {
        assert_eq!(
            judge("status", &json!(200), &json!({"status": 503})).to_string(),
            "status: expected 200, actual 503"
        );
        assert_eq!(
            judge("time", &json!({"lt": "500ms"}), &json!({"time": 0.7})).to_string(),
            "time: expected less than 500ms, actual 0.7s"
        );
        assert_eq!(judge("body", &json!("OK"), &json!({"body": ""})).to_string(), "body: expected OK, actual \"\"");
    }
}
