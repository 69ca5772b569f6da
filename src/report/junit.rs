//! The report for CI servers, in the XML that Jenkins, GitLab and GitHub read.
//!
//! A node is a test suite, `node.component` a class, and the rest of a check's name the test, so that history follows a
//! check. It keeps to `junit-10.xsd` of Jenkins' xunit plugin, which knows neither properties nor timestamps of a test
//! case: a warning is a passed test that says so in its output, and a property of its suite.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite, XmlString};

use super::{Report, text};
use crate::check::{Outcome, Verdict};
use crate::expect::Finding;
use crate::value::show;

/// How much of an attribute is kept, in characters: servers show it in a list.
const ATTRIBUTE: usize = 512;

/// How much of one value is kept in a text, in characters.
const VALUE: usize = 1_024;

/// How many findings of a check are written out.
const FINDINGS: usize = 50;

/// Writes the XML.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut document = quick_junit::Report::new("infra-verify");
    document.set_time(report.took);
    for (node, address) in report.hosts() {
        document.add_test_suite(suite(report, node, address));
    }
    let xml = document.to_string().map_err(io::Error::other)?;
    // The schema has no such attribute on the root, and the crate always writes it there.
    out.write_all(xml.replacen(&format!(" skipped=\"{}\"", document.skipped), "", 1).as_bytes())
}

fn suite(report: &Report, node: &str, address: &str) -> TestSuite {
    let outcomes: Vec<_> = report.outcomes.iter().filter(|outcome| &*outcome.id.node == node).collect();
    let mut suite = TestSuite::new(attribute(node));
    let asked = outcomes.iter().filter(|outcome| outcome.attempts > 0);
    let begun = asked.map(|outcome| outcome.started).min().unwrap_or(report.started);
    suite.extra.insert("timestamp".into(), timestamp(begun));
    suite.set_time(outcomes.iter().map(|outcome| outcome.took).sum::<Duration>());
    if !address.is_empty() {
        suite.extra.insert("hostname".into(), attribute(address));
        suite.add_property(Property::new("ip", attribute(address)));
    }
    suite.add_property(Property::new("inventory", attribute(&report.inventory)));
    for outcome in outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Warn) {
        let name = format!("warning {}.{}", outcome.id.component, outcome.id.check);
        suite.add_property(Property::new(attribute(&name), attribute(reason(outcome))));
    }
    suite.add_test_cases(outcomes.into_iter().map(case));
    suite
}

fn case(outcome: &Outcome) -> TestCase {
    let mut case = TestCase::new(attribute(&outcome.id.check), status(outcome));
    case.set_classname(attribute(&format!("{}.{}", outcome.id.node, outcome.id.component)));
    case.set_time(outcome.took);
    if outcome.verdict == Verdict::Warn {
        case.set_system_out(format!("warning: {}", description(outcome)));
    } else if outcome.verdict == Verdict::Pass && outcome.attempts > 1 {
        case.set_system_out(format!("passed after {} attempts", outcome.attempts));
    }
    case
}

fn status(outcome: &Outcome) -> TestCaseStatus {
    let mut status = match outcome.verdict {
        Verdict::Pass | Verdict::Warn => return TestCaseStatus::success(),
        Verdict::Skip => TestCaseStatus::skipped(),
        Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    status.set_message(attribute(reason(outcome)));
    if outcome.verdict != Verdict::Skip {
        status.set_type(kind(outcome)).set_description(description(outcome));
    } else if let Some(cause) = &outcome.cause {
        status.set_description(attribute(&format!("because of {cause}")));
    }
    status
}

/// What sort of failure it is, in one word.
fn kind(outcome: &Outcome) -> &'static str {
    use crate::probe::Failure::{Protocol, Refused, Silent, Unreachable};
    match (outcome.verdict, outcome.evidence.failure) {
        (Verdict::Error, _) => "not-looked-at",
        (_, Some(Silent)) => "silent",
        (_, Some(Unreachable)) => "unreachable",
        (_, Some(Refused)) => "refused",
        (_, Some(Protocol)) => "protocol",
        (_, None) => "unexpected",
    }
}

fn reason(outcome: &Outcome) -> &str {
    outcome.reason.as_deref().unwrap_or("no reason is known")
}

/// Everything that helps, a line each.
fn description(outcome: &Outcome) -> String {
    let mut lines = vec![sanitise(&format!("{} on {} {}", outcome.id.component, outcome.id.node, outcome.title))];
    let broken: Vec<_> = outcome.evidence.findings.iter().filter(|finding| !finding.holds).collect();
    if broken.is_empty() {
        lines.push(sanitise(reason(outcome)));
    }
    lines.extend(broken.iter().take(FINDINGS).flat_map(|finding| difference(finding)));
    if broken.len() > FINDINGS {
        lines.push(format!("{} more findings are not shown", broken.len() - FINDINGS));
    }
    if !outcome.evidence.asked.is_empty() {
        lines.push(sanitise(&format!("asked: {}", outcome.evidence.asked)));
    }
    if outcome.attempts > 1 {
        lines.push(format!("attempts: {}", outcome.attempts));
    }
    lines.extend(outcome.cause.iter().map(|cause| sanitise(&format!("because of {cause}"))));
    lines.extend(outcome.fix.iter().map(|fix| sanitise(&format!("fix: {fix}"))));
    lines.join("\n")
}

fn difference(finding: &Finding) -> Vec<String> {
    let actual = finding.actual.as_ref().map_or_else(|| "nothing".to_owned(), show);
    let mut lines = vec![
        format!("{}:", sanitise(&finding.fact)),
        format!("  expected: {}", sanitise(&finding.expected)),
        format!("  actual: {}", sanitise(&actual)),
    ];
    lines.extend(finding.difference.iter().map(|difference| format!("  difference: {}", sanitise(difference))));
    lines.extend(finding.suspicion.iter().map(|suspicion| format!("  probably: {}", sanitise(suspicion))));
    lines
}

/// Text that every XML reader takes and no crate changes: cut, tabs as spaces, and what acts written out.
fn sanitise(text: &str) -> String {
    let lines = text::cut(text.trim_end(), VALUE).replace("\r\n", "\n").replace('\t', "    ");
    lines.split('\n').map(text::visible).collect::<Vec<_>>().join("\n")
}

/// A sanitised line.
fn attribute(text: &str) -> XmlString {
    text::line(&text.replace("\r\n", " ").replace(['\n', '\t'], " "), ATTRIBUTE).into()
}

fn timestamp(time: SystemTime) -> XmlString {
    humantime::format_rfc3339_millis(time).to_string().into()
}
