//! Inventory × suites → every check with nothing left to expand, and every skip with its reason.
//!
//! The plan decides what is asked; it asks nothing itself, so `infra-verify plan` shows exactly what a run would do.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::check::{Check, CheckId, Outcome, Verdict};
use crate::inventory::Inventory;
use crate::lint;
use crate::pigsty::{self, Node, PigstyError};
use crate::probe::Exporter;
use crate::suite::Suites;
use crate::value::{Secrets, Value, Variable};

mod expand;
mod fleet;
mod late;
mod order;
mod select;
mod target;
mod token;
mod via;

pub use select::{Pattern, Selection};

/// One line of a plan.
#[derive(Clone, Debug)]
pub enum Planned {
    /// It will be asked.
    Check(Box<Check>),
    /// What comes of it is known before anything is asked: a rule of the inventory, a check that is skipped, or, as an error,
    /// one that needs a value of the inventory which cannot be used as it stands.
    Known(Box<Outcome>),
}

/// Everything that will be asked, in the order of reports.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The inventory as the user named it.
    pub inventory: String,
    /// Each node with its address.
    pub nodes: Vec<(String, String)>,
    /// Every check, by node and then by component.
    pub checks: Vec<Planned>,
    /// The canaries, each with its place among all; only [`Plan::select`] puts them there.
    canaries: Vec<(usize, Planned)>,
    /// What every VictoriaMetrics must scrape, each `{name, node, component, labels}`.
    pub targets: Result<Value, String>,
    /// The Blackbox Exporter of every node that has one.
    exporters: BTreeMap<Arc<str>, Exporter>,
    /// What must never be printed.
    pub secrets: Secrets,
}

/// What a check may want to know of all nodes together.
struct Fleet {
    /// What every VictoriaMetrics must scrape, or why that is unknown.
    targets: Result<Value, String>,
    /// The Blackbox Exporter of every node that has one.
    exporters: BTreeMap<Arc<str>, Exporter>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The inventory has no nodes to verify, or one that cannot be identified.
    #[error(transparent)]
    Pigsty(#[from] PigstyError),
    /// A suite cannot be applied to a node.
    #[error("{0}")]
    Suite(String),
    /// What canaries would write could be mistaken for something else.
    #[error("this machine gives no random numbers: {0}")]
    Random(String),
    /// The selection matches nothing.
    #[error("{0}")]
    Selection(String),
}

impl Planned {
    /// One that is not asked, for a reason that is known already.
    fn skipped(id: CheckId, title: String, reason: String) -> Self {
        Self::Known(Box::new(Outcome::skipped(id, title, reason, None)))
    }

    /// One that cannot be asked, as it needs a value that cannot be used as it stands.
    fn unusable(id: CheckId, title: String, reason: String) -> Self {
        Self::Known(Box::new(Outcome { verdict: Verdict::Error, ..Outcome::skipped(id, title, reason, None) }))
    }

    /// The name of the check.
    pub fn id(&self) -> &CheckId {
        match self {
            Self::Check(check) => &check.id,
            Self::Known(outcome) => &outcome.id,
        }
    }
}

impl Plan {
    /// Plans every suite on every INFRA node; canaries have to be selected.
    pub fn new(inventory: &Inventory, suites: &Suites) -> Result<Self, PlanError> {
        let nodes = pigsty::nodes(inventory)?;
        let secrets = pigsty::secrets(inventory, &nodes);
        let findings = lint::outcomes(inventory, &nodes);
        let nodes: Vec<_> = nodes.into_iter().map(|node| with_thresholds(node, suites)).collect();
        let tokens = token::variables()?;
        let nodes: Vec<_> = nodes.into_iter().map(|node| with_tokens(node, &tokens)).collect();
        let fleet = Fleet { targets: target::all(&nodes, suites)?, exporters: via::exporters(&nodes) };
        let mut checks = Vec::new();
        for (node, findings) in nodes.iter().zip(findings) {
            checks.extend(findings.into_iter().map(|outcome| Planned::Known(Box::new(outcome))));
            for suite in suites.iter() {
                checks.extend(expand::suite(node, suite, &fleet)?);
            }
        }
        fleet::relate(&mut checks);
        order::resolve(&mut checks)?;
        let (canaries, checks) = canaries(checks, suites);
        let name = |node: &Node| (node.name.to_string(), node.ip.to_string());
        Ok(Self {
            inventory: inventory.name().to_owned(),
            nodes: nodes.iter().map(name).collect(),
            checks,
            canaries,
            targets: fleet.targets,
            exporters: fleet.exporters,
            secrets,
        })
    }

    /// Keeps what is selected; a check that is not selected is not waited for.
    pub fn select(mut self, selection: &Selection) -> Result<Self, PlanError> {
        let canaries = std::mem::take(&mut self.canaries);
        let meant = canaries.iter().any(|(_, canary)| selection.matches(canary.id(), &self.nodes));
        for (at, canary) in canaries.into_iter().filter(|_| selection.canary) {
            self.checks.insert(at, canary);
        }
        let components: BTreeSet<_> = self.checks.iter().map(|check| check.id().component.clone()).collect();
        selection.names_exist(&self.nodes, &components).map_err(PlanError::Selection)?;
        let kept = late::selected(&self.checks, &self.nodes, selection);
        self.checks.retain(|planned| kept.contains(planned.id()));
        if self.checks.is_empty() {
            let remedy = if meant { "what does writes: say --canary" } else { "`infra-verify plan` lists them all" };
            return Err(PlanError::Selection(format!("no check matches {selection}: {remedy}")));
        }
        late::skip_without_source(&mut self.checks, &kept);
        for planned in &mut self.checks {
            if let Planned::Check(check) = planned {
                check.needs.retain(|need| kept.contains(need));
                check.after.retain(|earlier| kept.contains(earlier));
                check.peers.retain(|peer| kept.contains(peer));
            }
        }
        Ok(self)
    }
}

/// A suite's thresholds stand under the inventory, beside the role defaults.
fn with_thresholds(mut node: Node, suites: &Suites) -> Node {
    for (name, value, place) in suites.iter().flat_map(|suite| &suite.vars) {
        if node.vars.get(name).is_none() {
            let variable = Variable { value: value.clone(), place: Some(place.clone()), scope: "suite".into() };
            node.vars.set(name.clone(), variable);
        }
    }
    node
}

/// What this plan's canaries may write stands under the inventory too.
fn with_tokens(mut node: Node, tokens: &[(&'static str, Variable)]) -> Node {
    for (name, variable) in tokens {
        if node.vars.get(name).is_none() {
            node.vars.set(*name, variable.clone());
        }
    }
    node
}

/// Takes out the checks that write, each with its place among all.
fn canaries(all: Vec<Planned>, suites: &Suites) -> (Vec<(usize, Planned)>, Vec<Planned>) {
    let (mut canaries, mut others) = (Vec::new(), Vec::new());
    for (at, planned) in all.into_iter().enumerate() {
        let id = planned.id();
        let base = id.check.split('[').next().unwrap_or_default();
        if suites.check(&id.component, base).is_some_and(|check| check.canary) {
            canaries.push((at, planned));
        } else {
            others.push(planned);
        }
    }
    (canaries, others)
}
