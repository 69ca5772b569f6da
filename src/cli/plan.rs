//! `infra-verify plan`: what would be asked.

use std::fmt::Write;

use clap::Args;

use super::source::Sources;
use super::{Stop, SuiteDir, Wanted, print};
use crate::check::{CheckId, Outcome, Verdict};
use crate::plan::Planned;
use crate::report::ExitCode;

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    suites: SuiteDir,
    #[command(flatten)]
    wanted: Wanted,
}

impl List {
    pub(super) fn run(&self) -> Result<ExitCode, Stop> {
        let inventory = self.sources.load()?;
        let plan = self.wanted.plan(&inventory, &self.suites.read()?)?;
        let width = plan.checks.iter().map(|planned| planned.id().to_string().len()).max().unwrap_or_default();
        let mut text = String::new();
        for planned in &plan.checks {
            let id = |id: &CheckId| format!("{:width$}", id.to_string());
            // Writing to a String cannot fail.
            let _ = match planned {
                Planned::Check(check) => writeln!(text, "{}  {}", id(&check.id), check.question.asked()),
                Planned::Known(outcome) => writeln!(text, "{}  {}", id(&outcome.id), known(outcome)),
            };
        }
        let count = |verdict| plan.checks.iter().filter(|planned| verdict_of(planned) == Some(verdict)).count();
        let (skipped, unusable) = (count(Verdict::Skip), count(Verdict::Error));
        let found = count(Verdict::Fail) + count(Verdict::Warn);
        let (all, nodes) = (plan.checks.len(), plan.nodes.len());
        let nodes = if nodes == 1 { "1 node".to_owned() } else { format!("{nodes} nodes") };
        let _ = writeln!(text, "\n{all} checks on {nodes}, {skipped} of them skipped");
        if found > 0 {
            let _ = writeln!(text, "{found} found something in the inventory: infra-verify lint shows where");
        }
        if unusable > 0 {
            let _ = writeln!(
                text,
                "{unusable} cannot be asked, as the inventory has values that cannot be used as they stand"
            );
        }
        print(&plan.secrets.scrub(&text))?;
        Ok(if unusable == 0 { ExitCode::Ok } else { ExitCode::Error })
    }
}

fn verdict_of(planned: &Planned) -> Option<Verdict> {
    match planned {
        Planned::Check(_) => None,
        Planned::Known(outcome) => Some(outcome.verdict),
    }
}

/// What is known of a check that is not asked.
pub(super) fn known(outcome: &Outcome) -> String {
    let reason = outcome.reason.as_deref().unwrap_or_default();
    match outcome.verdict {
        Verdict::Pass => "holds".to_owned(),
        Verdict::Skip => format!("skipped: {reason}"),
        Verdict::Error => format!("cannot be asked: {reason}"),
        verdict => format!("{verdict}: {reason}"),
    }
}
