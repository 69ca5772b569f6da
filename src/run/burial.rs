//! One outcome speaks for each node that is dead or behind a firewall, and every skip names the failure at its root.

use super::again::Prospect;
use super::board::Board;
use super::{dead, vantage};
use crate::check::{CheckId, Outcome, Verdict};
use crate::probe::Failure;

impl Board {
    /// Lets one outcome speak for each node that is dead or behind a firewall, and each skip name the failure at its root.
    pub(super) fn bury(&mut self) {
        let mut outside = Vec::new();
        for (node, lines) in &self.nodes {
            if let Some(root) = self.dead_root(node) {
                let (id, reason) = (root.id.clone(), dead::reason(root));
                skip(&mut self.outcomes, lines, dead::follows, &id, &reason);
            } else if let Some(root) = vantage::root(lines.iter().filter_map(|at| self.outcomes[*at].as_ref())) {
                let (id, reason) = (root.id.clone(), vantage::reason(root));
                skip(&mut self.outcomes, lines, vantage::follows, &id, &reason);
                outside.push((id, reason));
            }
        }
        for (root, reason) in outside {
            self.blame_vantage(&root, reason);
        }
        self.spare_blocked_pings();
        for at in 0..self.outcomes.len() {
            let Some(root) = self.root_cause(at) else { continue };
            if let Some(outcome) = &mut self.outcomes[at] {
                outcome.cause = Some(root);
            }
        }
    }

    /// Makes an error of the check that speaks for a node behind a firewall: we could not look, and time mends nothing.
    fn blame_vantage(&mut self, root: &CheckId, reason: String) {
        let Some(&at) = self.index.get(root) else { return };
        let Some(outcome) = &mut self.outcomes[at] else { return };
        (outcome.verdict, outcome.reason, outcome.fix) = (Verdict::Error, Some(reason), None);
        self.prospects[at] = Prospect::None;
    }

    /// Makes a warning of a ping that nothing answered on a node that answers otherwise: a firewall may do that.
    fn spare_blocked_pings(&mut self) {
        for lines in self.nodes.values() {
            if !dead::lives(lines.iter().filter_map(|at| self.outcomes[*at].as_ref())) {
                continue;
            }
            for at in lines {
                let Some(outcome) = &mut self.outcomes[*at] else { continue };
                let silent = matches!(outcome.evidence.failure, Some(Failure::Silent));
                if silent && dead::is_ping(outcome) && outcome.verdict == Verdict::Fail {
                    outcome.verdict = Verdict::Warn;
                    let reason = outcome.reason.take().unwrap_or_default();
                    outcome.reason =
                        Some(format!("{reason}, though the node answers otherwise: is ICMP blocked on the way?"));
                    outcome.fix = None;
                    self.prospects[*at] = Prospect::None;
                }
            }
        }
    }

    /// The end of the chain of causes; needs have no circles, so it ends.
    fn root_cause(&self, at: usize) -> Option<CheckId> {
        let mut root = self.outcomes[at].as_ref()?.cause.clone()?;
        while let Some(next) = self.index.get(&root).and_then(|at| self.outcomes[*at].as_ref()?.cause.clone()) {
            root = next;
        }
        Some(root)
    }
}

/// Skips what follows from the root of a node, for its reason.
fn skip(
    outcomes: &mut [Option<Outcome>],
    lines: &[usize],
    follows: fn(&Outcome) -> bool,
    root: &CheckId,
    reason: &str,
) {
    for &at in lines {
        let Some(outcome) = outcomes[at].as_mut().filter(|outcome| follows(outcome) && outcome.id != *root) else {
            continue;
        };
        (outcome.verdict, outcome.reason, outcome.fix) = (Verdict::Skip, Some(reason.to_owned()), None);
        outcome.cause = Some(root.clone());
    }
}
