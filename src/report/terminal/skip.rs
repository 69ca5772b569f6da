//! What was not looked at, a line for each cause: a dead node is one line, not forty.

use std::collections::HashSet;
use std::io;

use indexmap::IndexMap;

use super::{NAME, REASON, Screen, dim, line, many};
use crate::check::{CheckId, Outcome, Verdict};
use crate::report::Report;

/// How many places of a skip are named.
const PLACES: usize = 3;

/// Writes the skips: those that a failure above explains in one paragraph, the others by reason.
pub(super) fn write(report: &Report, screen: &mut Screen<'_>) -> io::Result<()> {
    let shown: HashSet<_> =
        report.outcomes.iter().filter(|outcome| is_shown(outcome)).map(|outcome| &outcome.id).collect();
    let mut explained: IndexMap<&CheckId, usize> = IndexMap::new();
    let mut reasons: IndexMap<&str, Vec<&Outcome>> = IndexMap::new();
    for outcome in report.with(Verdict::Skip) {
        match &outcome.cause {
            Some(cause) if shown.contains(cause) => *explained.entry(cause).or_default() += 1,
            _ => reasons.entry(outcome.reason.as_deref().unwrap_or("no reason is known")).or_default().push(outcome),
        }
    }
    if !(explained.is_empty() && reasons.is_empty()) {
        screen.blank()?;
    }
    if !explained.is_empty() {
        let alone = explained.len() == 1;
        let named = |(cause, count): (&&CheckId, &usize)| {
            let cause = line(&cause.to_string(), NAME);
            if alone { cause } else { format!("{cause} ({count})") }
        };
        let causes: Vec<_> = explained.iter().map(named).collect();
        let text = format!("skipped {} because of {}", explained.values().sum::<usize>(), causes.join(", "));
        screen.paragraph(0, dim(), &text)?;
    }
    for (reason, skipped) in &reasons {
        let text = format!("skipped {} ({}): {}", skipped.len(), places(skipped), line(reason, REASON));
        screen.paragraph(0, dim(), &text)?;
    }
    Ok(())
}

/// Whether an outcome has its three lines above.
fn is_shown(outcome: &Outcome) -> bool {
    matches!(outcome.verdict, Verdict::Fail | Verdict::Error | Verdict::Warn)
}

/// The components that were skipped, the first few by name.
fn places(skipped: &[&Outcome]) -> String {
    let mut places: Vec<String> = Vec::new();
    for outcome in skipped {
        let place = line(&format!("{}/{}", outcome.id.node, outcome.id.component), NAME);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let further = places.len().saturating_sub(PLACES);
    places.truncate(PLACES);
    match further {
        0 => places.join(", "),
        _ => format!("{} and {}", places.join(", "), many(further, "other component")),
    }
}
