//! A dead node is one failure: which node is dead, and what follows from it.
//!
//! Dead is a node of which nothing gave a sign of life. A refusal is one; blocked ping alone is not its absence.

use crate::check::{CheckId, Outcome};
use crate::probe::Failure;

/// How many components must be silent before a node without a ping counts as dead; fewer may be a firewall's doing.
const SILENT_COMPONENTS: usize = 3;

/// The check that speaks for a dead node; nothing if the node lives or too little was asked to tell.
pub(super) fn root<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Option<&'a CheckId> {
    let mut ping = None;
    let mut silent: Vec<&CheckId> = Vec::new();
    for outcome in outcomes.filter(|outcome| outcome.attempts > 0) {
        match outcome.evidence.failure {
            Some(Failure::Silent | Failure::Unreachable) if &*outcome.id.component == "node" => {
                ping = Some(&outcome.id);
            }
            Some(Failure::Silent | Failure::Unreachable) => silent.push(&outcome.id),
            Some(Failure::Refused | Failure::Protocol) => return None,
            None if !outcome.evidence.findings.is_empty() => return None,
            None => {}
        }
    }
    let mut components: Vec<_> = silent.iter().map(|id| &id.component).collect();
    components.dedup();
    match ping {
        Some(ping) if !silent.is_empty() => Some(ping),
        None if components.len() >= SILENT_COMPONENTS => silent.first().copied(),
        _ => None,
    }
}

/// Whether something other than its ping shows that a node lives: then ping is blocked, which is legal, and not dead.
pub(super) fn lives<'a>(mut outcomes: impl Iterator<Item = &'a Outcome>) -> bool {
    outcomes.any(|outcome| {
        let evidence = &outcome.evidence;
        let answered =
            matches!(evidence.failure, Some(Failure::Refused | Failure::Protocol)) || !evidence.findings.is_empty();
        answered && &*outcome.id.component != "node"
    })
}

/// Why a check on a dead node is skipped.
pub(super) fn reason(node: &str) -> String {
    format!("nothing on {node} answers")
}
