//! One failure speaks for each dead node, and every skip names the failure at its root.

use super::again::Prospect;
use super::board::Board;
use super::dead;
use crate::check::{CheckId, Verdict};
use crate::probe::Failure;

impl Board {
    /// Lets one failure speak for each dead node, and each skip name the failure at its root.
    pub(super) fn bury(&mut self) {
        let dead: Vec<_> = self
            .nodes
            .keys()
            .filter_map(|node| self.dead_root(node).map(|root| (node.clone(), root.id.clone(), dead::reason(root))))
            .collect();
        for (node, root, reason) in dead {
            for &at in &self.nodes[&node] {
                let Some(outcome) = &mut self.outcomes[at] else { continue };
                if dead::follows(outcome) && outcome.id != root {
                    outcome.verdict = Verdict::Skip;
                    outcome.reason = Some(reason.clone());
                    outcome.cause = Some(root.clone());
                    outcome.fix = None;
                }
            }
        }
        self.spare_blocked_pings();
        for at in 0..self.outcomes.len() {
            let Some(root) = self.root_cause(at) else { continue };
            if let Some(outcome) = &mut self.outcomes[at] {
                outcome.cause = Some(root);
            }
        }
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
