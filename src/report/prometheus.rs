//! The report for node_exporter's textfile collector.
//!
//! Every planned check has one `infra_verify_check_verdict`, whose label says what became of it. `…_check_success` keeps
//! its labels from run to run, so that it can be graphed and alerted on: 1 for a pass, 0 for a warning, a failure or an
//! error, and absent for what was not looked at. The inventory is a label, so that two of them do not collide on a host.

use std::fmt::{Display, Write as _};
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use super::{Options, Report, Summary};
use crate::check::{CheckId, Outcome, Verdict};

/// Writes the metrics.
pub(super) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { inventory: escape(&report.inventory), text: String::new() };
    let outcomes = &report.outcomes;
    page.family("infra_verify_check_success", "Whether a check passed; absent if it was skipped.");
    for outcome in outcomes.iter().filter(|outcome| outcome.verdict != Verdict::Skip) {
        page.sample("infra_verify_check_success", &labels(&outcome.id), u8::from(outcome.verdict == Verdict::Pass));
    }
    page.family("infra_verify_check_verdict", "What became of each planned check; always 1.");
    for Outcome { id, verdict, .. } in outcomes {
        page.sample("infra_verify_check_verdict", &format!("{},verdict=\"{verdict}\"", labels(id)), 1);
    }
    page.family("infra_verify_check_duration_seconds", "How long a check took, all its attempts together.");
    for outcome in outcomes.iter().filter(|outcome| outcome.attempts > 0) {
        page.sample("infra_verify_check_duration_seconds", &labels(&outcome.id), seconds(outcome.took));
    }
    page.family("infra_verify_check_attempts", "How often a check was asked in the last run.");
    for outcome in outcomes.iter().filter(|outcome| outcome.attempts > 0) {
        page.sample("infra_verify_check_attempts", &labels(&outcome.id), outcome.attempts);
    }
    run(report, options, &mut page);
    out.write_all(page.text.as_bytes())
}

/// The metrics of the run as a whole.
fn run(report: &Report, options: &Options, page: &mut Page) {
    let Summary { checks: _, pass, warn, fail, error, skip } = report.summary();
    page.family("infra_verify_checks", "How many checks there were of each verdict.");
    for (verdict, count) in [("pass", pass), ("warn", warn), ("fail", fail), ("error", error), ("skip", skip)] {
        page.sample("infra_verify_checks", &format!(",verdict=\"{verdict}\""), count);
    }
    let ended = report.started.checked_add(report.took).unwrap_or(report.started);
    let ended = ended.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    page.single("infra_verify_last_run_timestamp_seconds", "When the last run ended.", seconds(ended));
    page.single("infra_verify_run_duration_seconds", "How long the last run took.", seconds(report.took));
    let code = u8::from(report.exit_code(options.fail_on_warn));
    page.single("infra_verify_exit_code", "How the last run ended; 0 is well.", code);
}

struct Page {
    inventory: String,
    text: String,
}

impl Page {
    fn family(&mut self, name: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = writeln!(self.text, "{name}{{inventory=\"{}\"{labels}}} {value}", self.inventory);
    }

    fn single(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, help);
        self.sample(name, "", value);
    }
}

fn labels(CheckId { node, component, check }: &CheckId) -> String {
    format!(",node=\"{}\",component=\"{}\",check=\"{}\"", escape(node), escape(component), escape(check))
}

/// A label's value as the text format writes it.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Seconds in fixed point, to the microsecond.
fn seconds(duration: Duration) -> String {
    format!("{}.{:06}", duration.as_secs(), duration.subsec_micros())
}
