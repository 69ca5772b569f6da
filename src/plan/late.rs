//! Checks that take values from the answers of others, and what a selection makes of them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Planned, Selection};
use crate::check::{CheckId, Question, Source};

impl Planned {
    /// Where the late values of its question come from.
    fn sources(&self) -> &[Source] {
        match self {
            Self::Check(check) => check.question.sources(),
            Self::Known(_) => &[],
        }
    }
}

/// Lets a source be the one line that a repeated check is planned as, where all of it is skipped or cannot be asked.
pub(super) fn resolve(checks: &mut [Planned], named: &BTreeMap<CheckId, Vec<CheckId>>) {
    for planned in checks {
        let Planned::Check(check) = planned else { continue };
        let Question::Late(late) = &mut check.question else { continue };
        for source in late.sources.iter_mut().filter(|source| !named.contains_key(&source.check)) {
            source.check = keyless(&source.check);
        }
    }
}

/// The name of a repeated check without its key.
pub(super) fn keyless(id: &CheckId) -> CheckId {
    CheckId::new(&id.node, &id.component, id.check.split('[').next().unwrap_or_default())
}

/// What is selected, and what that takes values from unless it is to be left out.
pub(super) fn selected(checks: &[Planned], nodes: &[(String, String)], selection: &Selection) -> BTreeSet<CheckId> {
    let sources: BTreeMap<&CheckId, &[Source]> =
        checks.iter().map(|planned| (planned.id(), planned.sources())).collect();
    let mut kept: BTreeSet<CheckId> =
        checks.iter().map(Planned::id).filter(|id| selection.matches(id, nodes)).cloned().collect();
    let mut open: Vec<_> = kept.iter().cloned().collect();
    while let Some(id) = open.pop() {
        for source in sources.get(&id).copied().unwrap_or_default() {
            if !selection.leaves_out(&source.check) && kept.insert(source.check.clone()) {
                open.push(source.check.clone());
            }
        }
    }
    kept
}

/// Skips what takes a value from a check that is left out.
pub(super) fn skip_without_source(checks: &mut [Planned], kept: &BTreeSet<CheckId>) {
    for planned in checks {
        let Some(source) = planned.sources().iter().find(|source| !kept.contains(&source.check)) else { continue };
        let reason = format!("takes `{}` from {}, which is left out", source.name, source.check);
        let Planned::Check(check) = planned else { continue };
        *planned = Planned::skipped(check.id.clone(), check.title.clone(), reason);
    }
}
