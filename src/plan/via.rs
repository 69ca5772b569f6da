//! Asking from where a node stands: the Blackbox Exporter of a named INFRA node pings and connects instead of this machine.
//!
//! What it cannot ask is asked from here as ever, and so is the exporter itself: nobody testifies of himself.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::{Plan, PlanError, Planned};
use crate::check::{CheckId, Question};
use crate::pigsty::Node;
use crate::probe::Exporter;
use crate::value::{did_you_mean, is_true, show};

/// The component that is the witness.
const COMPONENT: &str = "blackbox";

/// The check that shows that it is one.
const WITNESS: &str = "metrics";

/// The Blackbox Exporter of every node that is to have one, at its own address.
pub(super) fn exporters(nodes: &[Node]) -> BTreeMap<Arc<str>, Exporter> {
    let exporter = |node: &Node| {
        let enabled = node.lookup("blackbox_enabled").is_ok_and(|enabled| is_true(&enabled));
        let port = show(&node.lookup("blackbox_port").ok()?).parse().ok()?;
        let ip: IpAddr = node.ip.parse().ok()?;
        enabled.then(|| (node.name.clone(), Exporter::new(SocketAddr::new(ip, port))))
    };
    nodes.iter().filter_map(exporter).collect()
}

impl Plan {
    /// Lets the Blackbox Exporter of a node ask whatever it can, of the first node that has one where none is named:
    /// `blackbox`, `blackbox@infra-2`.
    pub fn via(mut self, witness: &str) -> Result<Self, PlanError> {
        let (name, exporter) = self.witness(witness).map_err(PlanError::Selection)?;
        let shown = CheckId::new(&name, COMPONENT, WITNESS);
        let is_shown = self.checks.iter().any(|planned| *planned.id() == shown);
        for planned in &mut self.checks {
            let Planned::Check(check) = planned else { continue };
            let own = *check.id.node == *name && *check.id.component == *COMPONENT;
            let Question::Ready(probe) = &check.question else { continue };
            let Some(probe) = probe.via(&exporter).filter(|_| !own) else { continue };
            check.question = Question::Ready(probe);
            if is_shown {
                check.needs.push(shown.clone());
            }
        }
        Ok(self)
    }

    fn witness(&self, witness: &str) -> Result<(Arc<str>, Exporter), String> {
        let node = match witness.split_once('@') {
            None if witness == COMPONENT => None,
            Some((COMPONENT, node)) => Some(node),
            _ => return Err(format!("--via {witness}: only blackbox can ask: write blackbox, or blackbox@infra-1")),
        };
        let by_address = |node: &str| self.nodes.iter().find(|(_, ip)| ip == node).map(|(name, _)| name.as_str());
        let found = match node {
            None => self.nodes.iter().find_map(|(name, _)| self.exporters.get_key_value(name.as_str())),
            Some(node) => self.exporters.get_key_value(by_address(node).unwrap_or(node)),
        };
        found.map(|(name, exporter)| (name.clone(), exporter.clone())).ok_or_else(|| {
            let hint = node.map(|node| did_you_mean(node, self.exporters.keys().map(|name| &**name)));
            format!("--via {witness}: no such INFRA node has blackbox_enabled{}", hint.unwrap_or_default())
        })
    }
}
