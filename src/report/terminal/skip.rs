//! What was not looked at, a line for each cause: a dead node is one line, not forty.

use std::io;

use indexmap::IndexMap;

use super::{NAME, REASON, Screen, dim, line, many};
use crate::check::{CheckId, Outcome, Verdict};
use crate::report::Report;

/// How many places of a skip are named.
const PLACES: usize = 3;

/// Writes the skips, those with the same cause or reason together.
pub(super) fn write(report: &Report, screen: &mut Screen<'_>) -> io::Result<()> {
    let mut groups: IndexMap<(Option<&CheckId>, &str), Vec<&Outcome>> = IndexMap::new();
    for outcome in report.with(Verdict::Skip) {
        let reason = match &outcome.cause {
            Some(_) => "",
            None => outcome.reason.as_deref().unwrap_or("no reason is known"),
        };
        groups.entry((outcome.cause.as_ref(), reason)).or_default().push(outcome);
    }
    for (index, ((cause, reason), skipped)) in groups.iter().enumerate() {
        if index == 0 {
            screen.blank()?;
        }
        let text = match cause {
            Some(cause) => because(report, cause, skipped.len()),
            None => format!("skipped {} ({}): {}", skipped.len(), places(skipped), line(reason, REASON)),
        };
        screen.paragraph(0, dim(), &text)?;
    }
    Ok(())
}

fn because(report: &Report, cause: &CheckId, count: usize) -> String {
    let id = line(&cause.to_string(), NAME);
    let reason =
        report.outcomes.iter().find(|outcome| outcome.id == *cause).and_then(|outcome| outcome.reason.as_deref());
    match reason {
        Some(reason) => format!("skipped {count} because of {id} ({})", line(reason, NAME)),
        None => format!("skipped {count} because of {id}"),
    }
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
