//! Needs: each one found among the planned checks, and none in a circle.

use std::collections::{BTreeMap, HashMap};

use super::{PlanError, Planned, late};
use crate::check::CheckId;

/// Replaces each need by the planned checks that it names: itself, or every one that it is repeated as.
pub(super) fn resolve(checks: &mut [Planned]) -> Result<(), PlanError> {
    let mut named: BTreeMap<CheckId, Vec<CheckId>> = BTreeMap::new();
    for planned in checks.iter() {
        let id = planned.id();
        named.entry(id.clone()).or_default().push(id.clone());
        if let Some((base, _)) = id.check.split_once('[') {
            named.entry(CheckId::new(&id.node, &id.component, base)).or_default().push(id.clone());
        }
    }
    if let Some((id, _)) = named.iter().find(|(id, all)| all.iter().filter(|one| one == id).count() > 1) {
        return Err(PlanError::Suite(format!(
            "check {id} is planned twice: what it is repeated over must have distinct names"
        )));
    }
    late::resolve(checks, &named);
    for planned in checks.iter_mut() {
        let Planned::Check(check) = planned else { continue };
        let mut needs = Vec::new();
        for need in &check.needs {
            // One that is skipped or cannot be asked is planned once, without a key.
            let whole = late::keyless(need);
            let planned_whole = || named.get(&whole).filter(|all| **all == [whole.clone()]);
            let found = named.get(need).or_else(planned_whole).filter(|_| *need != check.id);
            needs.extend(
                found.ok_or_else(|| {
                    PlanError::Suite(format!("check {} needs {need}, which is not planned", check.id))
                })?,
            );
        }
        check.needs = needs.into_iter().cloned().collect();
    }
    no_circle(checks)
}

/// Follows what every check waits for; a check met again on its own path needs itself.
fn no_circle(checks: &[Planned]) -> Result<(), PlanError> {
    let needs: HashMap<&CheckId, Vec<&CheckId>> = checks
        .iter()
        .filter_map(|planned| match planned {
            Planned::Check(check) => Some((&check.id, check.needs.iter().chain(&check.after).collect())),
            Planned::Known(_) => None,
        })
        .collect();
    let mut done: HashMap<&CheckId, bool> = HashMap::new();
    for start in needs.keys() {
        // Each entry is a check and how many of its needs were followed.
        let mut path = vec![(*start, 0)];
        while let Some((id, followed)) = path.pop() {
            let next = needs.get(id).and_then(|all| all.get(followed)).copied();
            let Some(next) = next.filter(|_| done.get(id) != Some(&true)) else {
                done.insert(id, true);
                continue;
            };
            done.insert(id, false);
            path.push((id, followed + 1));
            match done.get(next) {
                Some(true) => {}
                Some(false) => return Err(PlanError::Suite(format!("check {next} needs itself, through {id}"))),
                None => path.push((next, 0)),
            }
        }
    }
    Ok(())
}
