//! How what was said is held against a row, and what we say against what the exporter says.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};

use super::exporter::Answer;
use super::exposition::Exposition;
use super::ours::Ours;
use super::row::{Row, Verdict};

/// We say what the row says, in time, and for a reason.
pub(crate) fn alone(row: &Row, ours: &Ours) -> Result<()> {
    let wanted = row.ours();
    let reason = ours.reason.as_deref().unwrap_or_default();
    ensure!(Some(ours.verdict) == wanted, "we say {:?} ({reason}), not {wanted:?}", ours.verdict);
    ensure!(!ours.local, "this machine could not ask: {reason}");
    ensure!(ours.verdict == Verdict::Yes || !reason.is_empty(), "we give no reason");
    if let Some(words) = &row.reason {
        ensure!(reason.contains(words.as_str()), "our reason is `{reason}`, without `{words}`");
    }
    ensure!(!reason.ends_with('.'), "`{reason}` ends with a full stop");
    ensure!(!ours.late, "we took {:?} of {:?}", ours.took, row.timeout());
    Ok(())
}

/// The exporter says what the row says.
pub(crate) fn theirs(row: &Row, theirs: &Answer) -> Result<()> {
    let wanted = row.theirs();
    ensure!(Some(theirs.verdict) == wanted, "it says {:?}, not {wanted:?}\n{}", theirs.verdict, theirs.words.trim());
    Ok(())
}

/// We say the same as the exporter, unless the row has it otherwise.
pub(crate) fn beside(row: &Row, theirs: &Answer, ours: &Ours) -> Result<()> {
    let said =
        || format!("we say: {}\nthe exporter says: {}", ours.reason.as_deref().unwrap_or("yes"), theirs.words.trim());
    let all = differences(row, &theirs.metrics, &ours.metrics);
    if row.differs.is_some() {
        ensure!(ours.verdict != theirs.verdict || !all.is_empty(), "we differ no more: take `differs` out");
    } else {
        ensure!(
            ours.verdict == theirs.verdict,
            "we say {:?}, the exporter {:?}\n{}",
            ours.verdict,
            theirs.verdict,
            said()
        );
        ensure!(all.is_empty(), "{}\n{}", all.join("\n"), said());
    }
    let named = named(row, &theirs.metrics, &ours.metrics);
    ensure!(named.is_empty(), "{}\n{}", named.join("\n"), said());
    Ok(())
}

/// The older exporter's verdict is the row's, unless the row says why not.
pub(crate) fn older(row: &Row, theirs: &Answer) -> Result<()> {
    let same = Some(theirs.verdict) == row.theirs();
    match &row.older {
        None => ensure!(same, "0.23 says {:?}\n{}", theirs.verdict, theirs.words.trim()),
        Some(why) => ensure!(!same, "0.23 says the same: take `older: {why}` out"),
    }
    Ok(())
}

/// Where two expositions differ that should be alike.
fn differences(row: &Row, theirs: &Exposition, ours: &Exposition) -> Vec<String> {
    let (there, here) = (theirs.names(), ours.names());
    let is_judged = |name: &&&str| !row.free.contains(**name);
    let lacks = there.difference(&here).filter(is_judged).map(|name| format!("we export no {name}"));
    let extra = here.difference(&there).filter(is_judged).map(|name| format!("the exporter exports no {name}"));
    let judged = there.intersection(&here).filter(is_judged);
    let unequal = judged.filter_map(|name| unequal(row, name, &theirs.0[*name], &ours.0[*name]));
    lacks.chain(extra).chain(unequal).collect()
}

/// What a row asks of metrics by name, whether or not we differ.
fn named(row: &Row, theirs: &Exposition, ours: &Exposition) -> Vec<String> {
    let mut wrong = Vec::new();
    let wanted = row.same.iter().chain(row.near.keys()).chain(&row.present).collect::<BTreeSet<_>>();
    for name in wanted {
        match (theirs.0.get(name), ours.0.get(name)) {
            (Some(theirs), Some(ours)) if !row.present.contains(name) => wrong.extend(unequal(row, name, theirs, ours)),
            (Some(_), Some(_)) => {}
            (theirs, _) => wrong.push(format!("{} export no {name}", if theirs.is_none() { "they" } else { "we" })),
        }
    }
    let absent = |name: &&String| theirs.0.contains_key(*name) || ours.0.contains_key(*name);
    wrong.extend(row.absent.iter().filter(absent).map(|name| format!("{name} is exported")));
    wrong
}

/// How one family differs: in its labels, or in a value further than the row lets it; a duration has any value.
fn unequal(row: &Row, name: &str, theirs: &BTreeMap<String, f64>, ours: &BTreeMap<String, f64>) -> Option<String> {
    let tolerance = match row.near.get(name) {
        Some(tolerance) => *tolerance,
        None if is_duration(name) && !row.same.contains(name) => f64::INFINITY,
        None => 0.0,
    };
    let alike = theirs.len() == ours.len()
        && theirs.iter().all(|(labels, value)| ours.get(labels).is_some_and(|ours| (ours - value).abs() <= tolerance));
    (!alike).then(|| format!("{name}: we have {ours:?}, the exporter {theirs:?}"))
}

fn is_duration(name: &str) -> bool {
    name.ends_with("_seconds") && !name.contains("timestamp")
}
