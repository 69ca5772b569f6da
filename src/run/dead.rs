//! A dead node is one failure: which node is dead, and what follows from it.
//!
//! Dead is a node of which nothing gave a sign of life. A refusal is one; blocked ping alone is not its absence.

use crate::check::{Outcome, Verdict};
use crate::probe::Failure;

/// How many components must be silent before a node without a ping counts as dead; fewer may be a firewall's doing.
pub(super) const SILENT_COMPONENTS: usize = 3;

/// What an outcome says of its node.
pub(super) enum Sign {
    /// It lives.
    Life,
    /// It gave no answer, or could not be asked.
    Silence,
    /// Nothing.
    None,
}

pub(super) fn sign(outcome: &Outcome) -> Sign {
    match outcome.evidence.failure {
        _ if outcome.attempts == 0 => Sign::None,
        Some(Failure::Silent | Failure::Unreachable) => Sign::Silence,
        Some(Failure::Refused | Failure::Protocol) => Sign::Life,
        None if !outcome.evidence.findings.is_empty() => Sign::Life,
        // That this machine may not send ICMP says nothing of any node.
        None if outcome.verdict == Verdict::Error && !is_ping(outcome) => Sign::Silence,
        None => Sign::None,
    }
}

/// Whether an outcome is that of the check by which a node itself is asked: `node/ping`, as its suite calls it.
pub(super) fn is_ping(outcome: &Outcome) -> bool {
    (&*outcome.id.component, &*outcome.id.check) == ("node", "ping")
}

/// The check that speaks for a dead node; nothing if the node lives or too little was asked to tell.
pub(super) fn root<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Option<&'a Outcome> {
    let mut ping = None;
    let mut silent: Vec<&Outcome> = Vec::new();
    for outcome in outcomes {
        match sign(outcome) {
            Sign::Life => return None,
            Sign::Silence if is_ping(outcome) => ping = Some(outcome),
            Sign::Silence => silent.push(outcome),
            Sign::None => {}
        }
    }
    let mut components: Vec<_> = silent.iter().map(|outcome| &outcome.id.component).collect();
    components.dedup();
    match ping {
        Some(ping) if !silent.is_empty() => Some(ping),
        None if components.len() >= SILENT_COMPONENTS => silent.first().copied(),
        _ => None,
    }
}

/// Whether an outcome is what a dead node makes of a check.
pub(super) fn follows(outcome: &Outcome) -> bool {
    matches!(sign(outcome), Sign::Silence)
}

/// Whether something other than its ping shows that a node lives: then ping is blocked, which is legal, and not dead.
pub(super) fn lives<'a>(mut outcomes: impl Iterator<Item = &'a Outcome>) -> bool {
    outcomes.any(|outcome| matches!(sign(outcome), Sign::Life) && !is_ping(outcome))
}

/// Why a check on a node is skipped for which another one speaks.
pub(super) fn reason(root: &Outcome) -> String {
    match root.verdict {
        Verdict::Error => format!("nothing on {} can be asked from here", root.id.node),
        _ => format!("nothing on {} answers", root.id.node),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::CheckId;
    use crate::expect::Finding;

    fn outcome(component: &str, verdict: Verdict, failure: Option<Failure>) -> Outcome {
        let id = CheckId::new("infra-1", component, if component == "node" { "ping" } else { "port" });
        let mut outcome = Outcome::skipped(id, String::new(), String::new(), None);
        (outcome.verdict, outcome.attempts, outcome.evidence.failure) = (verdict, 1, failure);
        outcome
    }

    fn silent(component: &str) -> Outcome {
        outcome(component, Verdict::Fail, Some(Failure::Silent))
    }

    fn answered(component: &str) -> Outcome {
        let mut outcome = outcome(component, Verdict::Fail, None);
        let finding = Finding {
            fact: "open".into(),
            expected: "true".into(),
            actual: None,
            holds: false,
            difference: None,
            suspicion: None,
        };
        outcome.evidence.findings.push(finding);
        outcome
    }

    fn root_of(outcomes: &[Outcome]) -> Option<String> {
        root(outcomes.iter()).map(|root| format!("{}: {}", root.id.component, reason(root)))
    }

    #[test]
    fn a_silent_ping_and_one_silent_service_make_a_dead_node() {
        assert_eq!(root_of(&[silent("nginx"), silent("node")]).as_deref(), Some("node: nothing on infra-1 answers"));
        assert_eq!(root_of(&[silent("node")]), None);
    }

    #[test]
    fn without_a_ping_it_takes_three_silent_components() {
        assert_eq!(root_of(&[silent("nginx"), silent("grafana")]), None);
        let three = [silent("nginx"), silent("grafana"), silent("vlogs")];
        assert_eq!(root_of(&three).as_deref(), Some("nginx: nothing on infra-1 answers"));
    }

    #[test]
    fn any_sign_of_life_outweighs_all_silence() {
        let refused = outcome("vlogs", Verdict::Fail, Some(Failure::Refused));
        for life in [refused, answered("vlogs")] {
            let outcomes = [silent("node"), silent("nginx"), silent("grafana"), life];
            assert_eq!(root_of(&outcomes), None);
            assert!(lives(outcomes.iter()));
        }
    }

    #[test]
    fn what_this_machine_cannot_ask_is_one_error() {
        let error = |component| outcome(component, Verdict::Error, None);
        let outcomes = [error("node"), error("nginx"), error("grafana"), error("vlogs")];
        assert_eq!(root_of(&outcomes).as_deref(), Some("nginx: nothing on infra-1 can be asked from here"));
        assert_eq!(root_of(&[error("node"), error("nginx")]), None);
    }

    #[test]
    fn an_answer_to_ping_alone_does_not_show_that_ping_is_blocked() {
        assert!(!lives([answered("node")].iter()));
    }
}
