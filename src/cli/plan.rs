//! `infra-verify plan`: what would be asked.

use std::fmt::Write;

use clap::Args;

use super::source::Sources;
use super::{Stop, SuiteDir, Wanted, print};
use crate::check::CheckId;
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
        let inventory = self.sources.read()?;
        let plan = self.wanted.plan(&inventory, &self.suites.read()?)?;
        let width = plan.checks.iter().map(|planned| planned.id().to_string().len()).max().unwrap_or_default();
        let mut text = String::new();
        let (mut skipped, mut unusable) = (0, 0);
        for planned in &plan.checks {
            let id = |id: &CheckId| format!("{:width$}", id.to_string());
            // Writing to a String cannot fail.
            let _ = match planned {
                Planned::Check(check) => writeln!(text, "{}  {}", id(&check.id), check.question.asked()),
                Planned::Unusable { id: name, reason, .. } => {
                    unusable += 1;
                    writeln!(text, "{}  cannot be asked: {reason}", id(name))
                }
                Planned::Skip { id: name, reason, .. } => {
                    skipped += 1;
                    writeln!(text, "{}  skipped: {reason}", id(name))
                }
            };
        }
        let (all, nodes) = (plan.checks.len(), plan.nodes.len());
        let nodes = if nodes == 1 { "1 node".to_owned() } else { format!("{nodes} nodes") };
        let _ = writeln!(text, "\n{all} checks on {nodes}, {skipped} of them skipped");
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
