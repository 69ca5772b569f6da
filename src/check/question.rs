//! A question: ready to be asked, or late, as it waits for what an earlier answer gives.
//!
//! A late question keeps its templates and all that is known of their variables, so that a value that comes from the
//! network is put in once and never read as a template itself. It asks nothing before it is complete.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::CheckId;
use tokio::sync::OwnedSemaphorePermit;

use crate::expect::{Expectation, Matcher};
use crate::probe::{Facts, Kind, Probe, ProbeError};
use crate::value::{Object, Unfilled, Value, expand_map};

/// What a check asks.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every question is ready, and its check stands in a box already")]
pub enum Question {
    /// Nothing in it is left to expand.
    Ready(Probe),
    /// It takes values from the answers of other checks.
    Late(Box<Late>),
}

/// A question that is not complete before other checks have passed.
#[derive(Clone)]
pub struct Late {
    /// The kind of its probe.
    pub kind: &'static Kind,
    /// The probe's fields, as the suite has them.
    pub fields: Object,
    /// What is expected of the answer, as the suite has it.
    pub expect: Object,
    /// The value of every variable in both but those that come late.
    pub known: Object,
    /// Where those come from.
    pub sources: Vec<Source>,
}

/// A variable, and the fact that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The variable.
    pub name: String,
    /// The check whose answer has the fact.
    pub check: CheckId,
    /// The fact, with its path.
    pub fact: String,
}

impl Question {
    /// The question as a person would type it, without secrets; a value that is not known yet as `${name}`.
    pub fn asked(&self) -> String {
        match self {
            Self::Ready(probe) => probe.asked(),
            Self::Late(late) => late.asked(),
        }
    }

    /// Waits until whoever is to ask has time; until what this gives is dropped, it is counted as busy.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        match self {
            Self::Ready(probe) => probe.turn().await,
            Self::Late(_) => None,
        }
    }

    /// Whether the question is a datagram, which the network may lose.
    pub fn is_datagram(&self) -> bool {
        matches!(self, Self::Ready(probe) if probe.is_datagram())
    }

    /// The address that this machine asks from, for the probes whose servers choose whom they answer.
    pub fn source(&self) -> Option<IpAddr> {
        match self {
            Self::Ready(probe) => probe.source(),
            Self::Late(_) => None,
        }
    }

    /// Whether one answer answers both; of one that is not complete nobody can tell.
    pub fn is_same(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Ready(one), Self::Ready(other)) if one == other)
    }

    /// Asks once, within the timeout.
    pub async fn measure(&self, timeout: Duration) -> Result<Facts, ProbeError> {
        match self {
            Self::Ready(probe) => probe.measure(timeout).await,
            Self::Late(_) => {
                let mistake = "the question was never completed: this is a mistake in infra-verify, please report it";
                Err(ProbeError::Local(mistake.to_owned()))
            }
        }
    }

    /// Where its late values come from.
    pub fn sources(&self) -> &[Source] {
        match self {
            Self::Ready(_) => &[],
            Self::Late(late) => &late.sources,
        }
    }
}

impl Late {
    /// The question and what is expected of its answer, with every late value put in; the error names the value that is
    /// missing or unusable, and never shows it.
    pub fn complete(&self, fact: impl Fn(&Source) -> Option<Value>) -> Result<(Probe, Vec<Expectation>), String> {
        let mut values = self.known.clone();
        for source in &self.sources {
            let value = fact(source).filter(|value| !value.is_null());
            let absent = || {
                let (name, check, fact) = (&source.name, &source.check, &source.fact);
                format!("{name}, which {check} should give, is not there: its answer has no `{fact}`")
            };
            values.insert(source.name.clone(), value.ok_or_else(absent)?);
        }
        let lookup = |name: &str| values.get(name).cloned().ok_or_else(|| Unfilled::Undefined(name.to_owned()));
        let filled = |map| expand_map(map, &lookup).map_err(|error| self.unusable(&error.to_string()));
        let fields = filled(&self.fields)?;
        let probe = Probe::new(self.kind.name, fields).map_err(|why| self.unusable(&why))?;
        let expect = filled(&self.expect)?.into_iter().map(|(fact, value)| match Matcher::read(&value) {
            Ok(matcher) => Ok(Expectation { fact, matcher }),
            Err(why) => Err(self.unusable(&format!("{fact}: {why}"))),
        });
        Ok((probe, expect.collect::<Result<_, _>>()?))
    }

    /// Everything else was tried when the check was planned, so it is a late value that cannot be used.
    fn unusable(&self, why: &str) -> String {
        let given = self.sources.iter().map(|source| format!("{}, which {} gave,", source.name, source.check));
        format!("{} cannot be used: {why}", given.collect::<Vec<_>>().join(" or "))
    }

    /// What is asked, as far as it is known.
    fn asked(&self) -> String {
        let lookup =
            |name: &str| Ok(self.known.get(name).cloned().unwrap_or_else(|| Value::String(format!("${{{name}}}"))));
        self.kind.sketch(&expand_map(&self.fields, &lookup).unwrap_or_default())
    }
}

/// Without the fields: they may hold a password.
impl fmt::Debug for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Late({:?}, {:?})", self.asked(), self.sources)
    }
}
