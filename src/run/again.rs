//! What is asked again, and for how long: what may pass within seconds by itself, as something that restarts does.
//!
//! What was refused, silent, cut off or answered with an error of the server may; an answer that is wrong in what it says
//! is as it is, unless its check says that it is worth waiting for. As long as anything is waited for, everything that does
//! not pass is asked again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::board::Board;
use crate::check::{Check, Outcome, Verdict};
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
    /// How long they are still waited for.
    pub(super) left: Duration,
}

impl Board {
    /// What is worth waiting for, after so much waiting.
    pub(super) fn patience(&self, waited: Duration) -> Patience {
        Patience {
            checks: (0..self.lines.len()).filter(|at| self.is_awaited(*at)).count(),
            left: self.wait.saturating_sub(waited),
        }
    }

    /// Whether an outcome is worth waiting for; that of a skip changes with the check that it was skipped for.
    fn is_awaited(&self, at: usize) -> bool {
        let (Some(check), Some(outcome)) = (&self.lines[at].check, &self.outcomes[at]) else { return false };
        match (outcome.verdict, &outcome.cause) {
            (Verdict::Skip, Some(cause)) => self.index.get(cause).is_some_and(|at| self.is_awaited(*at)),
            _ => self.may_pass(at) && (self.prospects[at] == Prospect::Soon || check.wait.is_some()),
        }
    }

    /// How long a check is asked again at once, before anything that comes after it in its component: its own `wait`, the
    /// first time that it is asked. What was just written can only be seen a moment later, however much haste there is.
    pub(super) fn own_wait(&self, check: &Check) -> Duration {
        let earlier = self.index.get(&check.id).and_then(|at| self.earlier[*at].as_ref());
        let first = earlier.is_none_or(|earlier| earlier.attempts == 0);
        check.wait.filter(|_| first && !check.in_turn && (check.canary || !self.wait.is_zero())).unwrap_or_default()
    }

    /// The longest that is waited for anything: a component waits for one check after the other, and once for those that
    /// are one check over a list.
    pub(super) fn longest_wait(&self) -> Duration {
        let mut waits: BTreeMap<usize, BTreeMap<&str, Duration>> = BTreeMap::new();
        for line in &self.lines {
            let Some(check) = &line.check else { continue };
            let name = check.id.check.split('[').next().unwrap_or_default();
            waits.entry(line.group).or_default().insert(name, self.own_wait(check));
        }
        let longest = waits.values().map(|waits| waits.values().sum::<Duration>()).max();
        self.wait.saturating_add(longest.unwrap_or_default())
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
