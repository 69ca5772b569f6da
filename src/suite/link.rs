//! How checks refer to one another across all suites, held against what those are.
//!
//! Only names without variables are looked up here; what a variable leads to is the plan's to find.

use super::read::known_fact;
use super::{Suite, SuiteError, Template, With};
use crate::value::{did_you_mean, show};

/// Refuses a check that waits for one that is not always there when it is, or takes a value that nothing gives.
pub(super) fn verify(suites: &[Suite]) -> Result<(), SuiteError> {
    for (suite, check) in suites.iter().flat_map(|suite| suite.checks.iter().map(move |check| (suite, check))) {
        let what = format!("check `{}/{}`", suite.component, check.id);
        for need in check.needs.iter().map(show).chain(check.absence.clone()) {
            if let Some(other) = find(suites, suite, &need) {
                no_canary(check, other, &format!("{what} needs `{need}`"))?;
            }
        }
        for with in &check.with {
            let what = format!("{what} takes {with}");
            let other = gives(suites, with).map_err(|why| SuiteError::at(&check.place, format!("{what}: {why}")))?;
            no_canary(check, other, &what)?;
        }
    }
    Ok(())
}

/// What is always asked cannot wait for what is asked on demand.
fn no_canary(check: &Template, other: &Template, what: &str) -> Result<(), SuiteError> {
    if check.canary || !other.canary {
        return Ok(());
    }
    let why = format!("{what}, which is a canary ({}), and would not be there without it", other.place);
    Err(SuiteError::at(&check.place, format!("{why}: mark it with `canary: true` too")))
}

/// The check that gives a value, if it can.
fn gives<'a>(suites: &'a [Suite], with: &With) -> Result<&'a Template, String> {
    let suite = suites.iter().find(|suite| suite.component == with.component);
    let suite = suite.ok_or_else(|| {
        let known = suites.iter().map(|suite| suite.component.as_str());
        format!("there is no component `{}`{}", with.component, did_you_mean(&with.component, known))
    })?;
    let check = suite.checks.iter().find(|check| check.id == with.check && !check.never).ok_or_else(|| {
        let known = suite.checks.iter().filter(|check| !check.never).map(|check| check.id.as_str());
        format!("there is no check `{}` there{}", with.check, did_you_mean(&with.check, known))
    })?;
    match (&check.each, &with.key) {
        (Some(_), None) => return Err(format!("it is repeated: say which one, as {}[key].{}", with.check, with.fact)),
        (None, Some(_)) => return Err("it is not repeated, so that it has no key: leave it out".to_owned()),
        _ => {}
    }
    known_fact(&with.fact, check.kind)?;
    Ok(check)
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
