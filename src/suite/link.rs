//! How checks refer to one another across all suites, held against what those are.
//!
//! Only names without variables are looked up here; what a variable leads to is the plan's to find.

use super::{Suite, SuiteError, Template};
use crate::value::show;

/// Refuses a check that would wait for one that is not always there when it is.
pub(super) fn verify(suites: &[Suite]) -> Result<(), SuiteError> {
    for (suite, check) in suites.iter().flat_map(|suite| suite.checks.iter().map(move |check| (suite, check))) {
        let named = check.needs.iter().map(show).chain(check.absence.clone());
        for need in named {
            if let Some(canary) = find(suites, suite, &need).filter(|other| other.canary && !check.canary) {
                let what = format!("check `{}/{}` needs `{need}`", suite.component, check.id);
                let why = format!("{what}, a canary ({}), and would not be there without it", canary.place);
                return Err(SuiteError::at(&check.place, format!("{why}: mark it with `canary: true` too")));
            }
        }
    }
    Ok(())
}

/// The check that is named `check`, `component/check` or `node/component/check` in a suite, with a key or without.
fn find<'a>(suites: &'a [Suite], own: &Suite, name: &str) -> Option<&'a Template> {
    let name = name.split('[').next()?;
    let mut parts = name.rsplit('/');
    let id = parts.next()?;
    let component = parts.next().unwrap_or(&own.component);
    let suite = suites.iter().find(|suite| suite.component == component)?;
    suite.checks.iter().find(|check| check.id == id)
}
