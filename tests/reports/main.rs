//! Every form of a report, held against a file in `tests/golden/` and against what its readers demand.
//!
//! `UPDATE_GOLDEN=1 cargo test --test reports` writes the files anew; then they are to be read.

#![cfg(test)]

use std::fs;
use std::path::Path;

use infra_verify::check::{Verdict, contradiction};
use infra_verify::expect::{Expectation, Matcher};
use infra_verify::probe::Facts;
use infra_verify::report::{ExitCode, Format, Options, Report, Reporter, Verbosity};
use infra_verify::run::Interruption;
use infra_verify::value::Secrets;
use serde_json::json;

use estate::{SECRET, outcome, report};

mod estate;
mod json;
mod junit;
mod prometheus;
mod terminal;

fn render(format: Format, report: &Report, options: Options) -> String {
    let mut text = Vec::new();
    format.write(report, &options, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn wide(width: usize) -> Options {
    Options { width, ..Options::default() }
}

/// Holds a text against a golden file, or makes it one.
#[track_caller]
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return fs::write(path, text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let line = expected.lines().zip(text.lines()).position(|(expected, actual)| expected != actual);
    assert!(expected == text, "tests/golden/{name} differs at line {line:?}; UPDATE_GOLDEN=1 writes it anew\n{text}");
}

fn ids(report: &Report) -> Vec<String> {
    report.outcomes.iter().map(|outcome| outcome.id.to_string()).collect()
}

/// The bytes that make a terminal act; a newline is ours.
fn acts(text: &str) -> bool {
    text.chars().any(|character| {
        character != '\n' && (character.is_control() || "\u{202e}\u{fffe}\u{ffff}".contains(character))
    })
}

/// A sentence shortens what an answer said; where it cuts through a secret, no part of that may be left.
#[test]
fn a_secret_that_a_sentence_cuts_in_two_is_gone_all_the_same() {
    let body = format!("{}{SECRET}{}", "x".repeat(155), "y".repeat(200));
    let facts = Facts([("body".to_owned(), json!(body))].into());
    let expectation = Expectation { fact: "body".into(), matcher: Matcher::read(&json!("OK")).unwrap() };
    let mut outcome = outcome("infra-1", "grafana", "body", "is OK", Verdict::Fail);
    outcome.evidence.findings = vec![expectation.judge(&facts, &[])];
    outcome.reason = contradiction(&outcome.evidence.findings);
    assert!(outcome.reason.as_ref().unwrap().contains("DBUs"), "the cut is elsewhere: {:?}", outcome.reason);
    let mut report = report();
    report.outcomes = vec![outcome];
    report.scrub(&Secrets::new([SECRET]));
    assert!(!report.outcomes[0].reason.as_ref().unwrap().contains("DBUs"), "{:?}", report.outcomes[0].reason);
}

/// It is said again from the finding, as the reason is, and no cut takes it away from who reads it.
#[test]
fn a_suspicion_survives_the_scrubbing_and_the_shortening() {
    let mut outcome = outcome("infra-1", "vmetrics", "targets", "scrapes what it should", Verdict::Fail);
    let expectation = Expectation { fact: "json.x".into(), matcher: Matcher::read(&json!(["a"])).unwrap() };
    let long: Vec<_> = (0..9).map(|n| json!(n.to_string().repeat(300))).collect();
    let mut finding = expectation.judge(&Facts([("json".to_owned(), json!({"x": long}))].into()), &[]);
    finding.suspicion = Some(format!("{SECRET} was renumbered"));
    outcome.evidence.findings = vec![finding];
    let mut report = report();
    report.outcomes = vec![outcome];
    report.scrub(&Secrets::new([SECRET]));
    for format in [Format::Terminal, Format::Junit, Format::Json] {
        let text = render(format, &report, Options::default());
        assert_eq!(text.matches("probably: ****** was renumbered").count(), 1, "{}: {text}", format.name());
    }
}

#[test]
fn a_secret_is_in_no_form_of_a_report() {
    for format in Format::ALL {
        let text = render(format, &report(), Options { verbosity: Verbosity::Verbose, ..Options::default() });
        assert!(!text.contains(SECRET), "{}", format.name());
    }
    assert!(render(Format::Json, &report(), Options::default()).contains("http://admin:******@10.10.10.10"));
}

fn verdicts(verdicts: &[Verdict]) -> Report {
    let outcomes = verdicts.iter().enumerate();
    let outcomes =
        outcomes.map(|(index, verdict)| outcome("infra-1", "nginx", &format!("check-{index}"), "answers", *verdict));
    Report { outcomes: outcomes.collect(), ..report() }
}

#[test]
fn the_exit_code_is_the_worst_that_happened() {
    use Verdict::{Error, Fail, Pass, Skip, Warn};
    let rows: [(&[Verdict], ExitCode, ExitCode); 8] = [
        (&[Pass, Skip], ExitCode::Ok, ExitCode::Ok),
        (&[Pass, Warn], ExitCode::Ok, ExitCode::Failed),
        (&[Pass, Error, Fail], ExitCode::Failed, ExitCode::Failed),
        (&[Pass, Error], ExitCode::Error, ExitCode::Error),
        (&[Warn, Error], ExitCode::Error, ExitCode::Failed),
        (&[Warn], ExitCode::Ok, ExitCode::Failed),
        (&[Skip, Skip], ExitCode::NothingChecked, ExitCode::NothingChecked),
        (&[], ExitCode::NothingChecked, ExitCode::NothingChecked),
    ];
    for (row, code, strict) in rows {
        assert_eq!((verdicts(row).exit_code(false), verdicts(row).exit_code(true)), (code, strict), "{row:?}");
    }
}

#[test]
fn a_run_that_was_cut_short_is_never_a_success() {
    let stopped =
        |interruption, row: &[Verdict]| Report { interrupted: Some(interruption), ..verdicts(row) }.exit_code(false);
    assert_eq!(stopped(Interruption::Signal(2), &[Verdict::Pass, Verdict::Skip]), ExitCode::Interrupted);
    assert_eq!(stopped(Interruption::Signal(15), &[Verdict::Fail]), ExitCode::Terminated);
    assert_eq!(stopped(Interruption::Deadline, &[Verdict::Pass, Verdict::Skip]), ExitCode::Error);
    assert_eq!(stopped(Interruption::Deadline, &[Verdict::Fail, Verdict::Skip]), ExitCode::Failed);
}

#[test]
fn an_unknown_format_is_answered_with_the_nearest() {
    let message = |spec| Reporter::open(spec).unwrap_err().to_string();
    assert_eq!(
        message("junti=report.xml"),
        "--report junti: there is no such format; did you mean junit? there are terminal, junit, json, prometheus"
    );
    assert_eq!(message("yaml"), "--report yaml: there is no such format; there are terminal, junit, json, prometheus");
    assert_eq!(message("json="), "--report json=: no file is named; say json=FILE, or json for standard output");
}
