//! Faults that the estate can be given, written `grafana@infra-2=refuse`.
//!
//! A fault says what is broken, never what a check should make of it.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;

mod component;
mod word;

pub use component::Component;
pub use word::Word;

/// One thing that is broken on one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// What is broken.
    pub component: Component,
    /// The node's `infra_seq`.
    pub seq: u8,
    /// How it is broken.
    pub word: Word,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@infra-{}={}", name(&self.component), self.seq, name(&self.word))
    }
}

/// Why a text is no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// It has not the form of one.
    #[error("{0}: a fault is written component@infra-N=word, as in grafana@infra-2=refuse")]
    Form(String),
    /// No component is called so.
    #[error("{fault}: there is no component `{given}`{meant}; there are {known}")]
    Component {
        /// The whole text.
        fault: String,
        /// What stands where a component should.
        given: String,
        /// The nearest name, if one is near.
        meant: String,
        /// Every name.
        known: String,
    },
    /// The component cannot be broken in that way.
    #[error("{fault}: `{given}` is nothing that can happen to {component}{meant}; it can be {known}")]
    Word {
        /// The whole text.
        fault: String,
        /// What stands where a word should.
        given: String,
        /// The component.
        component: String,
        /// The nearest word, if one is near.
        meant: String,
        /// Every word of the component.
        known: String,
    },
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let form = || FaultError::Form(text.to_owned());
        let (component, rest) = text.split_once('@').ok_or_else(form)?;
        let (node, word) = rest.split_once('=').ok_or_else(form)?;
        let seq = node.strip_prefix("infra-").and_then(|seq| seq.parse().ok()).ok_or_else(form)?;
        let component = find(Component::value_variants(), component).ok_or_else(|| FaultError::Component {
            fault: text.to_owned(),
            given: component.to_owned(),
            meant: meant(Component::value_variants(), component),
            known: list(Component::value_variants()),
        })?;
        let words = component.words();
        let word = find(&words, word).ok_or_else(|| FaultError::Word {
            fault: text.to_owned(),
            given: word.to_owned(),
            component: component.name(),
            meant: meant(&words, word),
            known: list(&words),
        })?;
        Ok(Self { component, seq, word })
    }
}

/// How alike two words must be for one to be suggested for the other: less suggests nonsense.
const ALIKE: f64 = 0.7;

fn name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn find<T: ValueEnum + Copy>(among: &[T], text: &str) -> Option<T> {
    among.iter().copied().find(|value| name(value) == text)
}

fn meant<T: ValueEnum>(among: &[T], text: &str) -> String {
    let near = among.iter().map(name).map(|known| (strsim::jaro_winkler(&known, text), known));
    let nearest = near.filter(|(alike, _)| *alike > ALIKE).max_by(|(one, _), (other, _)| one.total_cmp(other));
    nearest.map(|(_, known)| format!(", did you mean `{known}`?")).unwrap_or_default()
}

fn list<T: ValueEnum>(among: &[T]) -> String {
    among.iter().map(name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_reads_back_as_it_is_written() {
        for component in Component::value_variants() {
            for word in component.words() {
                let fault = Fault { component: *component, seq: 2, word };
                assert_eq!(fault.to_string().parse(), Ok(fault));
            }
        }
    }

    #[test]
    fn a_mistaken_fault_says_what_was_meant() {
        let error = |text: &str| text.parse::<Fault>().unwrap_err().to_string();
        assert!(error("graphana@infra-2=refuse").contains("no component `graphana`, did you mean `grafana`?"));
        assert!(error("grafana@infra-2=refused").contains("happen to grafana, did you mean `refuse`?"));
        assert!(error("grafana@infra-2=kiss").contains("it can be refuse, silence"));
        assert!(error("grafana=refuse").contains("component@infra-N=word"));
        assert!(error("grafana@node-2=refuse").contains("component@infra-N=word"));
    }

    #[test]
    fn every_word_can_happen_to_something() {
        for word in Word::value_variants() {
            assert!(Component::value_variants().iter().any(|component| component.words().contains(word)), "{word:?}");
        }
    }
}
