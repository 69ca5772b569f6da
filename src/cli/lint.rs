//! `infra-verify lint`: what is wrong with an inventory as it is written, without asking anything.

use std::collections::HashSet;
use std::fmt::Write;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::excerpt::Excerpt;
use super::source::Sources;
use super::verify::FailOn;
use super::{Stop, print};
use crate::check::Severity;
use crate::inventory::Inventory;
use crate::lint::{self, COMPONENT, Finding};
use crate::pigsty::{self, PigstyError};
use crate::plan::PlanError;
use crate::report::ExitCode;
use crate::value::Secrets;

#[derive(Debug, Args)]
pub(super) struct Lint {
    #[command(flatten)]
    sources: Sources,
    /// How the findings are printed
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    /// What makes it fail
    #[arg(long, value_enum, default_value_t = FailOn::Fail)]
    fail_on: FailOn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// As a compiler does, with the lines
    Text,
    /// For programs
    Json,
}

impl Lint {
    pub(super) fn run(&self) -> Result<ExitCode, Stop> {
        let inventory = self.sources.load()?;
        let (hosts, nobody) = match pigsty::hosts(&inventory) {
            Err(error @ PigstyError::NoInfra(_)) => (Vec::new(), Some(error)),
            other => (other.map_err(PlanError::from)?, None),
        };
        let findings = lint::findings(&inventory, &hosts);
        let secrets = pigsty::secrets(&inventory, &hosts);
        print(&match self.format {
            Form::Text => text(&inventory, &secrets, &findings, nobody.is_none()),
            Form::Json => document(&inventory, &secrets, &findings),
        })?;
        match nobody {
            Some(error) => Err(PlanError::from(error).into()),
            None => Ok(self.code(&findings)),
        }
    }

    fn code(&self, findings: &[Finding]) -> ExitCode {
        let counts = |finding: &Finding| finding.severity == Severity::Fail || self.fail_on == FailOn::Warn;
        if findings.iter().any(counts) { ExitCode::Failed } else { ExitCode::Ok }
    }
}

/// Every finding, and how many there are; which rule it is stands with the first of each.
fn text(inventory: &Inventory, secrets: &Secrets, findings: &[Finding], is_looked_at: bool) -> String {
    let excerpt = Excerpt { inventory, secrets };
    let mut told = HashSet::new();
    let mut text: String = findings
        .iter()
        .map(|finding| {
            let note = format!("infra-verify explain {COMPONENT}/{} tells more", finding.rule);
            excerpt.show(finding, told.insert(finding.rule).then_some(note.as_str())) + "\n"
        })
        .collect();
    // Writing to a String cannot fail.
    let _ = match (counts(findings), is_looked_at) {
        ((0, 0), true) => writeln!(text, "nothing found in {}", inventory.name()),
        ((0, 0), false) => Ok(()),
        ((errors, warnings), _) => writeln!(text, "{}, {}", many(errors, "error"), many(warnings, "warning")),
    };
    text
}

/// How many errors and warnings there are.
fn counts(findings: &[Finding]) -> (usize, usize) {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Fail).count();
    (errors, findings.len() - errors)
}

fn many(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The findings for a program, with a version of the form.
fn document(inventory: &Inventory, secrets: &Secrets, findings: &[Finding]) -> String {
    let one = |finding: &Finding| {
        let severity = if finding.severity == Severity::Fail { "error" } else { "warning" };
        let place = finding.place.as_ref();
        json!({
            "rule": finding.rule,
            "severity": severity,
            "nodes": finding.nodes.iter().map(|node| &**node).collect::<Vec<_>>(),
            "file": place.map(|place| &*place.file),
            "line": place.map(|place| place.line),
            "column": place.map(|place| place.column).filter(|column| *column > 0),
            "what": secrets.scrub(&finding.what),
            "help": secrets.scrub(&finding.help),
        })
    };
    let (errors, warnings) = counts(findings);
    let findings: Vec<_> = findings.iter().map(one).collect();
    let document = json!({
        "schema": 1, "inventory": inventory.name(), "errors": errors, "warnings": warnings, "findings": findings,
    });
    format!("{document:#}\n")
}
