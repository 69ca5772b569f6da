//! What is asked again, and for how long: what may pass within seconds by itself, as something that restarts does.
//!
//! What was refused, silent, cut off or answered with an error of the server may; an answer that is wrong in what it says
//! is as it is, unless its check says that it is worth waiting for. As long as anything is waited for, everything that does
//! not pass is asked again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::board::Board;
use crate::check::{Outcome, Verdict};
use crate::probe::{Facts, Failure, ProbeError};

/// What may become of an answer that does not pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Prospect {
    /// It may be another one soon.
    Soon,
    /// It is as it is, as far as one can see.
    Kept,
    /// Asking again is of no use.
    #[default]
    None,
}

impl Prospect {
    pub(super) fn of(answer: &Result<Arc<Facts>, ProbeError>) -> Self {
        match answer {
            Ok(facts) if facts.get("status").and_then(|status| status.as_u64()).is_some_and(|status| status >= 500) => {
                Self::Soon
            }
            Ok(_) => Self::Kept,
            Err(ProbeError::Target { .. } | ProbeError::Witness(_)) => Self::Soon,
            Err(ProbeError::Local(_)) => Self::None,
        }
    }
}

/// What is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Patience {
    /// How many checks may pass yet.
    pub(super) checks: usize,
    /// How long the most patient of them is waited for.
    pub(super) left: Duration,
}

impl Board {
    /// What is worth waiting for, after so much waiting; with a `wait` of nothing, nothing is.
    pub(super) fn patience(&self, wait: Duration, waited: Duration) -> Patience {
        let left = (0..self.lines.len()).map(|at| self.budget(at, wait).saturating_sub(waited));
        left.filter(|left| !left.is_zero()).fold(Patience::default(), |patience, left| Patience {
            checks: patience.checks + 1,
            left: patience.left.max(left),
        })
    }

    /// The longest that any check may be waited for.
    pub(super) fn longest_wait(&self, wait: Duration) -> Duration {
        let checks = self.lines.iter().filter_map(|line| line.check.as_ref()?.wait);
        if wait.is_zero() { wait } else { checks.fold(wait, Duration::max) }
    }

    /// How long an outcome is waited for, all in all; that of a skip changes with the check that it was skipped for.
    fn budget(&self, at: usize, wait: Duration) -> Duration {
        let (Some(check), Some(outcome)) = (&self.lines[at].check, &self.outcomes[at]) else { return Duration::ZERO };
        if let (Verdict::Skip, Some(cause)) = (outcome.verdict, &outcome.cause) {
            return self.index.get(cause).map_or(Duration::ZERO, |at| self.budget(*at, wait));
        }
        let changes = self.prospects[at] == Prospect::Soon || check.wait.is_some();
        if changes && self.may_pass(at) {
            wait.max(check.wait.filter(|_| !wait.is_zero()).unwrap_or_default())
        } else {
            Duration::ZERO
        }
    }

    /// Whether an outcome does not pass and may be asked for again.
    fn may_pass(&self, at: usize) -> bool {
        let Some(outcome) = self.outcomes[at].as_ref().filter(|outcome| outcome.verdict != Verdict::Pass) else {
            return false;
        };
        let follows = outcome.verdict == Verdict::Skip;
        self.may_be_asked(at) && if follows { outcome.cause.is_some() } else { self.prospects[at] != Prospect::None }
    }

    /// Whether asking again does no harm.
    fn may_be_asked(&self, at: usize) -> bool {
        let in_turn = self.lines[at].check.as_ref().is_some_and(|check| check.in_turn);
        !(in_turn && self.outcomes[at].as_ref().is_some_and(was_tried))
    }

    /// Opens again what did not pass.
    pub(super) fn reopen(&mut self) {
        for group in &mut self.groups {
            group.answers.clear();
        }
        let mut again: BTreeSet<_> = (0..self.lines.len()).filter(|at| self.may_pass(*at)).collect();
        // What is compared is compared as it is now, on all nodes.
        let peers: Vec<_> = again.iter().flat_map(|at| self.peers(*at)).filter(|at| self.may_be_asked(*at)).collect();
        again.extend(peers);
        for at in again {
            self.earlier[at] = self.outcomes[at].take();
            self.groups[self.lines[at].group].open.push_back(at);
        }
    }
}

/// Whether the question has reached something that may count it.
pub(super) fn was_tried(outcome: &Outcome) -> bool {
    outcome.attempts > 0 && !matches!(outcome.evidence.failure, Some(Failure::Refused | Failure::Unreachable))
}
