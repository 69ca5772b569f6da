//! Inventory × suites → every check with nothing left to expand, and every skip with its reason.
//!
//! The plan decides what is asked; it asks nothing itself, so `infra-verify plan` shows exactly what a run would do.

use std::collections::BTreeSet;

use crate::check::{Check, CheckId};
use crate::inventory::Inventory;
use crate::pigsty::{self, Node, PigstyError};
use crate::suite::Suites;
use crate::value::{Secrets, Value, Variable};

mod expand;
mod fleet;
mod late;
mod order;
mod select;
mod target;
mod token;

pub use select::{Pattern, Selection};

/// One line of a plan.
#[derive(Clone, Debug)]
pub enum Planned {
    /// It will be asked.
    Check(Box<Check>),
    /// It will not, for a reason that is already known.
    Skip {
        /// Its name.
        id: CheckId,
        /// Completes "grafana on infra-1 …".
        title: String,
        /// Why it is not asked.
        reason: String,
    },
    /// It needs a variable that the inventory has and that cannot be used as it stands.
    Unusable {
        /// Its name.
        id: CheckId,
        /// Completes "grafana on infra-1 …".
        title: String,
        /// Which variable, where it stands, and what to do.
        reason: String,
    },
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
    /// What must never be printed.
    pub secrets: Secrets,
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
    /// The name of the check.
    pub fn id(&self) -> &CheckId {
        match self {
            Self::Check(check) => &check.id,
            Self::Skip { id, .. } | Self::Unusable { id, .. } => id,
        }
    }
}

impl Plan {
    /// Plans every suite on every INFRA node; canaries have to be selected.
    pub fn new(inventory: &Inventory, suites: &Suites) -> Result<Self, PlanError> {
        let nodes = pigsty::nodes(inventory)?;
        let secrets = pigsty::secrets(&nodes);
        let nodes: Vec<_> = nodes.into_iter().map(|node| with_thresholds(node, suites)).collect();
        let tokens = token::variables()?;
        let nodes: Vec<_> = nodes.into_iter().map(|node| with_tokens(node, &tokens)).collect();
        let targets = target::all(&nodes, suites)?;
        let mut checks = Vec::new();
        for node in &nodes {
            for suite in suites.iter() {
                checks.extend(expand::suite(node, suite, &targets)?);
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
            targets,
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
