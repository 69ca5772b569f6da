//! The report for programs: everything that is known, in structs that are this format's own.
//!
//! They are apart from the types that the program works with, so that a refactoring does not break a reader; what is
//! removed or changes its meaning raises `schema`. Facts are kept as long as they are small: a text is cut after
//! [`TEXT`] characters, and a tree (`json`, series, labels) that is longer as JSON is left out and named in `omitted`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::SystemTime;

use serde::Serialize;

use super::{ExitCode, Options, Report, Summary, text};
use crate::check::{CheckId, Outcome, Verdict};
use crate::expect::Finding;
use crate::probe::Failure;
use crate::value::Value;

/// The version of the format.
const SCHEMA: u32 = 1;

/// How much of one value is kept, in characters: a thousand outcomes make a file that still opens in an editor.
const TEXT: usize = 4_096;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    tool: Tool,
    inventory: &'a str,
    started: String,
    took: f64,
    interrupted: Option<String>,
    exit_code: u8,
    summary: Summary,
    nodes: Vec<Node<'a>>,
    outcomes: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Node<'a> {
    name: &'a str,
    ip: &'a str,
}

/// An outcome; `started` is null where nothing was asked, times are in seconds.
#[derive(Serialize)]
struct Line<'a> {
    id: String,
    node: &'a str,
    component: &'a str,
    check: &'a str,
    title: &'a str,
    verdict: Verdict,
    reason: Option<String>,
    cause: Option<String>,
    asked: Option<&'a str>,
    facts: BTreeMap<&'a str, Value>,
    omitted: Vec<&'a str>,
    findings: Vec<Judged<'a>>,
    failure: Option<Failure>,
    attempts: u32,
    started: Option<String>,
    took: f64,
    fix: Option<&'a str>,
}

#[derive(Serialize)]
struct Judged<'a> {
    fact: &'a str,
    expected: String,
    actual: Option<Value>,
    holds: bool,
    difference: Option<String>,
}

/// Writes the document, indented.
pub(super) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema: SCHEMA,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        inventory: &report.inventory,
        started: time(report.started),
        took: report.took.as_secs_f64(),
        interrupted: report.interrupted.map(|cause| cause.to_string()),
        exit_code: ExitCode::into(report.exit_code(options.fail_on_warn)),
        summary: report.summary(),
        nodes: report.nodes.iter().map(|(name, ip)| Node { name, ip }).collect(),
        outcomes: report.outcomes.iter().map(line).collect(),
    };
    let text = serde_json::to_string_pretty(&document)?;
    writeln!(out, "{}", escape(&text))
}

/// The same document, with what acts on a terminal as `\u009b`; outside of strings only newlines do, and they are ours.
fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, character| {
        if character != '\n' && text::acts(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
        escaped
    })
}

fn line(outcome: &Outcome) -> Line<'_> {
    let Outcome { id, title, verdict, reason, cause, evidence, attempts, started, took, fix } = outcome;
    let CheckId { node, component, check } = id;
    let (kept, omitted): (Vec<_>, Vec<_>) = evidence.facts.0.iter().partition(|(_, value)| is_kept(value));
    Line {
        id: id.to_string(),
        node,
        component,
        check,
        title,
        verdict: *verdict,
        reason: reason.as_deref().map(cut),
        cause: cause.as_ref().map(ToString::to_string),
        asked: Some(evidence.asked.as_str()).filter(|asked| !asked.is_empty()),
        facts: kept.into_iter().map(|(name, value)| (name.as_str(), shorten(value))).collect(),
        omitted: omitted.into_iter().map(|(name, _)| name.as_str()).collect(),
        findings: evidence.findings.iter().map(judged).collect(),
        failure: evidence.failure,
        attempts: *attempts,
        started: (*attempts > 0).then(|| time(*started)),
        took: took.as_secs_f64(),
        fix: fix.as_deref(),
    }
}

fn judged(finding: &Finding) -> Judged<'_> {
    Judged {
        fact: &finding.fact,
        expected: cut(&finding.expected),
        actual: finding
            .actual
            .as_ref()
            .map(|value| if is_kept(value) { shorten(value) } else { cut(&value.to_string()).into() }),
        holds: finding.holds,
        difference: finding.difference.as_deref().map(cut),
    }
}

/// Whether a value is text, which can be cut, or a tree that is small enough.
fn is_kept(value: &Value) -> bool {
    match value {
        Value::Array(_) | Value::Object(_) => value.to_string().chars().count() <= TEXT,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

fn shorten(value: &Value) -> Value {
    match value {
        Value::String(text) => cut(text).into(),
        other => other.clone(),
    }
}

fn cut(text: &str) -> String {
    text::cut(text, TEXT)
}

fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}
