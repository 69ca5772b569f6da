//! `infra-verify demo`: the same pipeline on a pretended estate.

use std::time::Duration;

use clap::Args;

use super::verify::{Running, block_on};
use super::{Stop, Wanted, complain};
use crate::inventory::Inventory;
use crate::report::ExitCode;
use crate::sim::{Estate, Fault};
use crate::suite::Suites;

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Break a component of a node: grafana@infra-2=refuse; may be repeated
    #[arg(long = "break", value_name = "COMPONENT@NODE=FAULT")]
    faults: Vec<Fault>,
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    running: Running,
}

impl Demo {
    pub(super) fn run(&self) -> Result<ExitCode, Stop> {
        let reporters = self.running.reporters()?;
        let code = block_on(async {
            let failed = |message: String| Stop { code: ExitCode::Error, message };
            let estate = Estate::start(2, &self.faults).await.map_err(|error| Stop {
                code: if error.is_mistake() { ExitCode::Usage } else { ExitCode::Error },
                message: error.to_string(),
            })?;
            let directory = tempfile::tempdir().map_err(|error| failed(format!("no temporary directory: {error}")))?;
            let file = directory.path().join("demo.yml");
            std::fs::write(&file, estate.inventory())
                .map_err(|error| failed(format!("{}: {error}", file.display())))?;
            let mut plan = self.wanted.plan(&Inventory::read(&file)?, &Suites::embedded()?)?;
            // The file is gone when the report is read.
            "the demo's inventory".clone_into(&mut plan.inventory);
            // What was broken on purpose does not mend itself.
            self.running.report(plan, reporters, Duration::ZERO).await
        })??;
        complain("that was a pretended estate; verify yours with: infra-verify pigsty.yml");
        if self.faults.is_empty() {
            complain("or see a failure: infra-verify demo --break grafana@infra-2=refuse");
        }
        Ok(code)
    }
}
