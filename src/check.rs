//! The words of the domain: a check, its identity, its verdict and everything that is known about its outcome.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ipnet::IpNet;
use serde::Serialize;

use crate::expect::{Expectation, Finding, Vote};
use crate::probe::{Facts, Failure, ProbeError};
use crate::value::Value;

mod question;

pub use question::{Late, Question, Source};

/// The stable, unique name of a check, written `infra-1/grafana/health`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CheckId {
    /// `infra-<infra_seq>`, as Pigsty names the node.
    pub node: Arc<str>,
    /// The suite's component.
    pub component: Arc<str>,
    /// The check within the suite, with its key: `record[i.pigsty]`.
    pub check: Arc<str>,
}

impl CheckId {
    /// An id from its three parts.
    pub fn new(node: &str, component: &str, check: &str) -> Self {
        Self { node: node.into(), component: component.into(), check: check.into() }
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.node, self.component, self.check)
    }
}

impl fmt::Debug for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for CheckId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The deployment is as the inventory says.
    Pass,
    /// It was not looked at, for a reason that is given.
    Skip,
    /// It is not, and the check is of severity `warn`.
    Warn,
    /// We, or our witness, could not look.
    Error,
    /// The target contradicts the inventory.
    Fail,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Skip => "skip",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fail => "fail",
        })
    }
}

/// How much it matters that a check does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It contradicts the inventory.
    #[default]
    Fail,
    /// It is legal drift, or something that the inventory itself produces.
    Warn,
}

/// A check that can be run: nothing in it is left to expand but what an earlier answer gives.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its name.
    pub id: CheckId,
    /// Completes "grafana on infra-1 …", in the present tense.
    pub title: String,
    /// What it means when it does not hold.
    pub severity: Severity,
    /// The checks that must have passed before this one is asked.
    pub needs: Vec<CheckId>,
    /// The check whose failure explains that an expected fact is not there at all.
    pub absence: Option<CheckId>,
    /// The networks that are answered; silence towards an address outside of them means nothing. Empty: all.
    pub vantage: Vec<IpNet>,
    /// Whether an answer that does not pass is the last one of the fleet, as a wrong login counts against the account.
    pub in_turn: bool,
    /// The same check on earlier nodes, which must have come out before this one is asked in its turn.
    pub after: Vec<CheckId>,
    /// The same check on the other nodes, if its facts are compared with theirs.
    pub peers: Vec<CheckId>,
    /// The question.
    pub question: Question,
    /// What must hold of the answer; empty only while the question is late.
    pub expect: Vec<Expectation>,
    /// Why what is asked should not be there, if so, such as `grafana_enabled is false`: then `expect` must not hold.
    pub never: Option<String>,
    /// Whether it writes, or reads what was written: an answer from before that says nothing.
    pub canary: bool,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How long to ask again what does not pass; nothing for what is as it is.
    pub wait: Option<Duration>,
    /// The command that mends it.
    pub fix: Option<String>,
    /// How to look by hand, a command each.
    pub look: Vec<String>,
}

impl Check {
    /// The same check with its late values put in, or the reason why that cannot be; nothing if it has none.
    pub fn completed(&self, fact: impl Fn(&Source) -> Option<Value>) -> Option<Result<Self, String>> {
        let Question::Late(late) = &self.question else { return None };
        let complete = |(probe, expect)| Self { question: Question::Ready(probe), expect, ..self.clone() };
        Some(late.complete(fact).map(complete))
    }
}

/// What was asked and what came back.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The question as a person would type it, without secrets.
    pub asked: String,
    /// What was measured.
    pub facts: Arc<Facts>,
    /// What was expected of it and what was found, one per expectation.
    pub findings: Vec<Finding>,
    /// How the target failed, where there are no facts.
    pub failure: Option<Failure>,
}

/// Everything that is known about a planned check once the run is over.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its name.
    pub id: CheckId,
    /// Completes "grafana on infra-1 …".
    pub title: String,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, for everything but an undisturbed pass.
    pub reason: Option<String>,
    /// The check that explains this one, if another does.
    pub cause: Option<CheckId>,
    /// What was asked and answered; empty for what was not asked.
    pub evidence: Evidence,
    /// How often it was asked.
    pub attempts: u32,
    /// When it was first asked.
    pub started: SystemTime,
    /// How long it took, all attempts together.
    pub took: Duration,
    /// The command that mends it.
    pub fix: Option<String>,
}

impl Outcome {
    /// The outcome of a check that was not asked.
    pub fn skipped(id: CheckId, title: String, reason: String, cause: Option<CheckId>) -> Self {
        Self {
            id,
            title,
            verdict: Verdict::Skip,
            reason: Some(reason),
            cause,
            evidence: Evidence::default(),
            attempts: 0,
            started: SystemTime::now(),
            took: Duration::ZERO,
            fix: None,
        }
    }
}

/// Every finding that does not hold, as one sentence; nothing if all hold.
pub fn contradiction(findings: &[Finding]) -> Option<String> {
    let broken: Vec<_> = findings.iter().filter(|finding| !finding.holds).map(Finding::to_string).collect();
    (!broken.is_empty()).then(|| broken.join("; "))
}

/// What is worth knowing of findings that hold.
fn note(findings: &[Finding]) -> Option<String> {
    let notes: Vec<_> = findings.iter().filter_map(|finding| finding.difference.clone()).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

impl Check {
    /// Whether its facts are compared with those of other nodes.
    pub fn compares(&self) -> bool {
        self.expect.iter().any(|expectation| expectation.matcher.compares())
    }

    /// Whether facts are as expected in all but what they are compared with.
    pub fn is_fit(&self, facts: &Facts) -> bool {
        let own = |expectation: &&Expectation| !expectation.matcher.compares();
        self.expect.iter().filter(own).all(|expectation| expectation.judge(facts, &[]).holds)
    }
}

/// Decides what an answer means by itself, or beside what other nodes answered: the only place where a verdict is made of
/// a measurement.
pub fn judge(
    check: &Check,
    answer: Result<Arc<Facts>, ProbeError>,
    votes: &[Vote],
) -> (Verdict, Option<String>, Evidence) {
    let asked = check.question.asked();
    let unmet = match check.severity {
        Severity::Fail => Verdict::Fail,
        Severity::Warn => Verdict::Warn,
    };
    match answer {
        Ok(facts) => {
            let findings: Vec<_> = check.expect.iter().map(|expectation| expectation.judge(&facts, votes)).collect();
            let reason = contradiction(&findings);
            let evidence = Evidence { asked, facts, findings, failure: None };
            match (reason, &check.never) {
                _ if evidence.findings.is_empty() => {
                    (Verdict::Error, Some("nothing was expected of the answer".to_owned()), evidence)
                }
                (None, Some(why)) => (unmet, Some(format!("answers although {why}: {}", evidence.asked)), evidence),
                (Some(_), Some(_)) => (Verdict::Pass, None, evidence),
                (None, None) => (Verdict::Pass, note(&evidence.findings), evidence),
                (reason, None) => (unmet, reason, evidence),
            }
        }
        Err(ProbeError::Target { kind, .. }) if check.never.is_some() => match kind {
            Failure::Refused | Failure::Protocol => {
                (Verdict::Pass, None, Evidence { asked, failure: Some(kind), ..Evidence::default() })
            }
            Failure::Silent | Failure::Unreachable => {
                let reason = "no answer, which does not tell whether it is there".to_owned();
                (Verdict::Skip, Some(reason), Evidence { asked, ..Evidence::default() })
            }
        },
        Err(ProbeError::Target { kind, reason }) => {
            (unmet, Some(reason), Evidence { asked, failure: Some(kind), ..Evidence::default() })
        }
        Err(ProbeError::Witness(reason) | ProbeError::Local(reason)) => {
            (Verdict::Error, Some(reason), Evidence { asked, ..Evidence::default() })
        }
    }
}
