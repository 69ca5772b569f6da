//! What every VictoriaMetrics must scrape: one target for each component that has one, on each node.

use serde_json::json;

use super::PlanError;
use super::expand::refused;
use crate::pigsty::Node;
use crate::suite::Suites;
use crate::value::{Place, Unfilled, Value, expand, show};

/// The targets of all nodes, each `{name, node, component, labels}`, as Pigsty registers them; or why they are unknown.
pub(super) fn all(nodes: &[Node], suites: &Suites) -> Result<Result<Value, String>, PlanError> {
    match listed(nodes, suites) {
        Ok(targets) => Ok(Ok(targets)),
        Err((_, unusable @ Unfilled::Unusable { .. })) => Ok(Err(unusable.to_string())),
        Err((place, mistake)) => Err(refused(&place, "target", &mistake)),
    }
}

fn listed(nodes: &[Node], suites: &Suites) -> Result<Value, (Place, Unfilled)> {
    let mut targets = Vec::new();
    for node in nodes {
        for suite in suites.iter() {
            let Some(template) = &suite.target else { continue };
            let at = |error| (suite.place.clone(), error);
            if node.absence(&suite.when).map_err(at)?.is_some() {
                continue;
            }
            let address = expand(template, &|name| node.lookup(name)).map_err(at)?;
            let name = format!("{}-{}", suite.component, show(&node.lookup("infra_seq").unwrap_or_default()));
            let labels = json!({
                "cls": suite.component, "ins": name, "instance": show(&address), "ip": &*node.ip, "job": "infra",
            });
            targets.push(json!({
                "name": name, "node": &*node.name, "component": suite.component, "labels": labels,
            }));
        }
    }
    Ok(Value::Array(targets))
}
