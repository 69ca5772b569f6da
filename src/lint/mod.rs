//! What is wrong with an inventory as it is written, before anything is asked.
//!
//! A rule looks at the effective variables of one node, or at the whole inventory, and says what it finds with its place.
//! An error is what Pigsty's roles or the products refuse, or what undoes another part of the inventory; a warning is what
//! works otherwise than its author may think. A value that is an expression or locked is not judged. It reads no file, and
//! asks nothing.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::check::Severity;
use crate::inventory::Inventory;
use crate::pigsty::Node;
use crate::value::Place;

mod admin;
mod dns;
mod domain;
mod entry;
mod estate;
mod gate;
mod identity;
mod leftover;
mod note;
mod option;
mod outcome;
mod port;
mod scrape;
mod secret;
mod switch;
mod typo;
mod version;

use estate::Estate;
use note::Notes;
pub use outcome::outcomes;

/// The component under which the rules stand in every report.
pub const COMPONENT: &str = "inventory";

/// What the component is, for a person.
pub const ABOUT: &str = "What is wrong with the inventory as it is written, before anything is asked. \
    A finding stops nothing: the deployment is asked all the same.";

/// What no rule judges.
pub const UNJUDGED: &str = "Values that are expressions or locked, and the modules beside INFRA.";

/// Every rule, in the order of reports.
pub const RULES: [&Rule; 22] = [
    &identity::IDENTITY,
    &identity::READING,
    &typo::TYPO,
    &version::VERSION,
    &version::REGION,
    &admin::ADMIN,
    &leftover::LEFTOVER,
    &switch::SWITCH,
    &switch::SSLMODE,
    &gate::GATE,
    &port::PORT,
    &port::CLASH,
    &port::ASSUMED,
    &option::OPTION,
    &scrape::SCRAPE,
    &entry::HOME,
    &entry::ENTRY,
    &domain::DOMAIN,
    &domain::UNRECORDED,
    &dns::RECORD,
    &dns::PLACEHOLDER,
    &secret::SECRET,
];

/// One thing that an inventory may have wrong.
#[derive(Debug)]
pub struct Rule {
    /// The check of component `inventory`, and what findings name.
    pub name: &'static str,
    /// Completes "inventory on infra-1 …", in the present tense.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What usually breaks it.
    pub causes: &'static [&'static str],
    /// How to look by hand.
    pub look: &'static [&'static str],
    judge: Judge,
}

/// What a rule looks at.
#[derive(Debug)]
enum Judge {
    /// The inventory, once.
    Inventory(fn(&Estate<'_>, &mut Notes)),
    /// Each node's variables.
    Node(fn(&Estate<'_>, &Node, &mut Notes)),
}

/// Something that a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// Whether it is an error or a warning.
    pub severity: Severity,
    /// The nodes that it is true of; none for what concerns the whole inventory.
    pub nodes: Vec<Arc<str>>,
    /// Where it is written, if it was read from a file.
    pub place: Option<Place>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

/// Every finding once, in the order of files and lines. `hosts` are those of the INFRA group, identified or not.
pub fn findings(inventory: &Inventory, hosts: &[Node]) -> Vec<Finding> {
    let estate = Estate::new(inventory, hosts);
    let mut found: IndexMap<(Option<Place>, String), Finding> = IndexMap::new();
    for rule in RULES {
        let (notes, of_inventory) = match rule.judge {
            Judge::Inventory(judge) => (vec![Notes::taken(|notes| judge(&estate, notes))], true),
            Judge::Node(judge) => {
                (hosts.iter().map(|node| Notes::taken(|notes| judge(&estate, node, notes))).collect(), false)
            }
        };
        for (at, finding) in
            notes.into_iter().enumerate().flat_map(|(at, notes)| notes.findings.into_iter().map(move |one| (at, one)))
        {
            let entry = found.entry((finding.place.clone(), finding.what.clone()));
            let finding = entry.or_insert(Finding { rule: rule.name, ..finding });
            finding.nodes.extend(hosts.get(at).filter(|_| !of_inventory).map(|node| node.name.clone()));
        }
    }
    let mut found: Vec<_> = found.into_values().collect();
    found.sort_by(|a, b| order(a).cmp(&order(b)));
    found
}

/// By file and place; what has none comes first.
fn order(finding: &Finding) -> Option<(&str, usize, usize)> {
    finding.place.as_ref().map(|place| (&*place.file, place.line, place.column))
}
