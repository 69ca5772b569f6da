//! A firewall between this machine and a node is one error: which node is behind one, and what follows from it.
//!
//! Pigsty's own lets everybody reach Nginx and only the intranet reach the rest, so a node of which nothing but Nginx
//! answers is seen from the wrong place. A refusal is an answer; one component that shows itself is proof of no firewall.

use std::collections::BTreeSet;

use super::dead::{self, SILENT_COMPONENTS, Sign};
use crate::check::{CheckId, Outcome};
use crate::probe::Failure;

/// The components that are asked on the ports of Nginx.
const PUBLIC: [&str; 2] = ["nginx", "portal"];

/// The checks of Nginx that ask its exporter, on a port that the firewall closes as any other.
const EXPORTER: [&str; 4] = ["exporter", "metrics", "scraped", "exporter-leftover"];

/// Whether a check asks Nginx on the ports that are open to everybody.
fn is_public(id: &CheckId) -> bool {
    PUBLIC.contains(&&*id.component) && !EXPORTER.contains(&&*id.check)
}

/// Whether an outcome is what a firewall makes of a check.
pub(super) fn follows(outcome: &Outcome) -> bool {
    let silent = matches!(outcome.evidence.failure, Some(Failure::Silent | Failure::Unreachable));
    outcome.attempts > 0 && silent && !is_public(&outcome.id)
}

/// The check that speaks for a node behind a firewall; nothing if none is between.
pub(super) fn root<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Option<&'a Outcome> {
    let (mut open, mut root, mut silent) = (false, None, BTreeSet::new());
    // A firewall may let ping pass or not.
    for outcome in outcomes.filter(|outcome| !dead::is_ping(outcome)) {
        match dead::sign(outcome) {
            Sign::Life if is_public(&outcome.id) => open = true,
            Sign::Life => return None,
            Sign::Silence if follows(outcome) => {
                root = root.or(Some(outcome));
                silent.insert(&*outcome.id.component);
            }
            Sign::Silence | Sign::None => {}
        }
    }
    silent.remove("nginx");
    root.filter(|_| open && silent.len() >= SILENT_COMPONENTS)
}

/// Why the check that speaks for a node could not look, and why others are skipped for it.
pub(super) fn reason(root: &Outcome) -> String {
    format!(
        "only Nginx answers on {} from here: a firewall is between (node_firewall_intranet); run this from inside",
        root.id.node
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Verdict;
    use crate::expect::Finding;

    fn outcome(component: &str, check: &str, failure: Option<Failure>) -> Outcome {
        let mut outcome =
            Outcome::skipped(CheckId::new("infra-2", component, check), String::new(), String::new(), None);
        (outcome.verdict, outcome.attempts, outcome.evidence.failure) = (Verdict::Fail, 1, failure);
        if failure.is_none() {
            let (fact, expected) = ("open".into(), "true".into());
            outcome.evidence.findings =
                vec![Finding { fact, expected, actual: None, holds: true, difference: None, suspicion: None }];
        }
        outcome
    }

    /// What is seen of a node of which only Nginx answers.
    fn outside() -> Vec<Outcome> {
        let silent = Some(Failure::Silent);
        let mut all =
            vec![outcome("node", "ping", None), outcome("nginx", "port", None), outcome("nginx", "exporter", silent)];
        all.extend(["grafana", "vmetrics"].map(|component| outcome(component, "port", silent)));
        all.push(outcome("vlogs", "port", Some(Failure::Unreachable)));
        all.push(outcome("portal", "name[grafana]", None));
        all
    }

    fn root_of(outcomes: &[Outcome]) -> Option<String> {
        root(outcomes.iter()).map(|root| root.id.to_string())
    }

    #[test]
    fn a_node_of_which_only_nginx_answers_is_behind_a_firewall() {
        assert_eq!(root_of(&outside()).as_deref(), Some("infra-2/nginx/exporter"));
        let reason = reason(&outside()[2]);
        assert!(reason.starts_with("only Nginx answers on infra-2 from here: a firewall is between"), "{reason}");
    }

    #[test]
    fn ping_says_nothing_of_a_firewall() {
        let mut outcomes = outside();
        outcomes[0] = outcome("node", "ping", Some(Failure::Silent));
        assert_eq!(root_of(&outcomes).as_deref(), Some("infra-2/nginx/exporter"));
    }

    #[test]
    fn what_nginx_itself_does_not_answer_is_not_the_firewalls_doing() {
        assert!(!follows(&outcome("nginx", "tls", Some(Failure::Silent))));
        assert!(follows(&outside()[2]));
    }

    #[test]
    fn two_silent_components_are_two_failures() {
        assert_eq!(root_of(&outside()[..5]), None);
    }

    #[test]
    fn whatever_else_answers_shows_that_there_is_no_firewall() {
        for (component, failure) in
            [("dnsmasq", None), ("dnsmasq", Some(Failure::Refused)), ("vtraces", Some(Failure::Protocol))]
        {
            let mut outcomes = outside();
            outcomes.push(outcome(component, "port", failure));
            assert_eq!(root_of(&outcomes), None);
        }
        let mut outcomes = outside();
        outcomes[2] = outcome("nginx", "exporter", None);
        assert_eq!(root_of(&outcomes), None);
    }

    #[test]
    fn without_nginx_nothing_is_known_of_a_firewall() {
        let mut outcomes = outside();
        outcomes[1] = outcome("nginx", "port", Some(Failure::Silent));
        assert_eq!(root_of(&outcomes), None);
    }
}
