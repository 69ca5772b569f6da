//! What came of a run, and its forms for people and machines.

use std::time::{Duration, SystemTime};

use crate::check::{Outcome, Verdict};

/// A finished run: every planned check exactly once, in plan order.
#[derive(Clone, Debug)]
pub struct Report {
    /// The inventory as the user named it.
    pub inventory: String,
    /// When the run began.
    pub started: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// Whether it was cut short by a signal or the deadline.
    pub interrupted: bool,
    /// The nodes in order, each with its address: `("infra-1", "10.10.10.10")`.
    pub nodes: Vec<(String, String)>,
    /// Every outcome.
    pub outcomes: Vec<Outcome>,
}

/// How many outcomes there are of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// All planned checks.
    pub checks: usize,
    /// As the inventory says.
    pub pass: usize,
    /// Not so, severity `warn`.
    pub warn: usize,
    /// Not so.
    pub fail: usize,
    /// Could not be looked at.
    pub error: usize,
    /// Not looked at, with a reason.
    pub skip: usize,
}

impl Report {
    /// Counts the verdicts.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary { checks: self.outcomes.len(), ..Summary::default() };
        for outcome in &self.outcomes {
            match outcome.verdict {
                Verdict::Pass => summary.pass += 1,
                Verdict::Warn => summary.warn += 1,
                Verdict::Fail => summary.fail += 1,
                Verdict::Error => summary.error += 1,
                Verdict::Skip => summary.skip += 1,
            }
        }
        summary
    }
}
