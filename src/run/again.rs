//! What is asked again in the next round, and what is as it is.

use std::collections::BTreeSet;

use super::board::Board;
use crate::check::{Outcome, Verdict};
use crate::probe::Failure;

impl Board {
    /// How many checks do not pass that may when they are asked again.
    pub(super) fn failures(&self) -> usize {
        (0..self.lines.len()).filter(|at| self.is_worth_asking(*at)).count()
    }

    /// Whether an outcome may change; that of a skip changes with the check that it was skipped for.
    fn is_worth_asking(&self, at: usize) -> bool {
        let (Some(_), Some(outcome)) = (&self.lines[at].check, &self.outcomes[at]) else { return false };
        match (outcome.verdict, &outcome.cause) {
            (Verdict::Fail | Verdict::Error, _) => self.may_be_asked(at),
            (Verdict::Skip, Some(cause)) => self.index.get(cause).is_some_and(|at| self.is_worth_asking(*at)),
            _ => false,
        }
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
        let mut again: BTreeSet<_> = (0..self.lines.len()).filter(|at| self.is_worth_asking(*at)).collect();
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
