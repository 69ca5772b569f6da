//! What the rules say of each node, as outcomes that are known before anything is asked.
//!
//! One cause is told once: what was told of a node is not told again of the next, which is skipped because of it.

use std::collections::HashMap;

use super::{COMPONENT, Estate, Finding, Judge, Notes, RULES, Rule};
use crate::check::{CheckId, Outcome, Severity, Verdict};
use crate::inventory::Inventory;
use crate::pigsty::Node;
use crate::value::Place;

/// Where each finding was told first.
type Told = HashMap<(Option<Place>, String), CheckId>;

/// For every node, in their order, one outcome of each rule.
pub fn outcomes(inventory: &Inventory, nodes: &[Node]) -> Vec<Vec<Outcome>> {
    let estate = Estate::new(inventory, nodes);
    let mut all = vec![Vec::new(); nodes.len()];
    for rule in RULES {
        let whole = match rule.judge {
            Judge::Inventory(judge) => Some(Notes::taken(|notes| judge(&estate, notes))),
            Judge::Node(_) => None,
        };
        let mut told = Told::new();
        for (node, outcomes) in nodes.iter().zip(&mut all) {
            let taken = match (&whole, &rule.judge) {
                (None, Judge::Node(judge)) => Notes::taken(|notes| judge(&estate, node, notes)),
                (whole, _) => whole.clone().unwrap_or_default(),
            };
            outcomes.push(outcome(rule, node, taken, &mut told));
        }
    }
    all
}

fn outcome(rule: &Rule, node: &Node, notes: Notes, told: &mut Told) -> Outcome {
    let id = CheckId::new(&node.name, COMPONENT, rule.name);
    let key = |finding: &Finding| (finding.place.clone(), finding.what.clone());
    let first = notes.findings.first().and_then(|finding| told.get(&key(finding)).cloned());
    let new: Vec<_> = notes.findings.into_iter().filter(|finding| !told.contains_key(&key(finding))).collect();
    told.extend(new.iter().map(|finding| (key(finding), id.clone())));
    let known = |verdict, reason: Option<String>, cause, fix| Outcome {
        verdict,
        reason,
        fix,
        ..Outcome::skipped(id.clone(), rule.title.to_owned(), String::new(), cause)
    };
    if let Some(worst) = new.iter().map(verdict).max() {
        let mut helps: Vec<_> = new.iter().map(|finding| finding.help.as_str()).collect();
        helps.dedup();
        return known(worst, Some(joined(&new)), None, Some(helps.join("; ")));
    }
    match (first, notes.unjudged.first()) {
        (Some(first), _) => known(Verdict::Skip, Some(format!("told of {} already", first.node)), Some(first), None),
        (None, Some(reason)) => known(Verdict::Skip, Some(reason.clone()), None, None),
        (None, None) => known(Verdict::Pass, None, None, None),
    }
}

fn verdict(finding: &Finding) -> Verdict {
    match finding.severity {
        Severity::Fail => Verdict::Fail,
        Severity::Warn => Verdict::Warn,
    }
}

/// `pigsty.yml:14: what; pigsty.yml:15: what else`
fn joined(findings: &[Finding]) -> String {
    let one = |finding: &Finding| match &finding.place {
        Some(place) => format!("{place}: {}", finding.what),
        None => finding.what.clone(),
    };
    findings.iter().map(one).collect::<Vec<_>>().join("; ")
}
