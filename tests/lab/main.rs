//! The lab: INFRA nodes on this machine, running the real components configured as Pigsty renders them, and
//! `infra-verify` asked about them: the rows of `tests/scenarios.yml`, as far as real components can act them out.
//!
//! `tests/lab/install` brings the components once. Where the lab cannot run, every trial is ignored with its reason.
//! `INFRA_VERIFY_LAB_PART=1/2` acts out the first half of the rows only; two labs can run at once.
//! `INFRA_VERIFY_LAB_RUN='infra-verify inventories/lab.yml' cargo test --test lab` runs a command (or `bash`) beside the
//! nodes instead of the trials. INFRA_VERIFY_LAB_NODES says how many there are, two if not set, and
//! INFRA_VERIFY_LAB_BREAK what is broken: `grafana@infra-2=refuse`, or more of these with blanks between.

#![expect(unreachable_pub, reason = "the modules of a test program are its own")]

mod actor;
mod certificate;
mod component;
mod enclosure;
mod grafana;
mod machine;
mod node;
mod question;
mod recipe;
mod render;
#[path = "../scenario/mod.rs"]
mod scenario;
mod stage;
mod trial;
mod verdict;

use anyhow::{Context, Result, anyhow};
use libtest_mimic::Arguments;
use std::process::{Command, ExitCode};
use std::time::Instant;

fn main() -> ExitCode {
    lab().unwrap_or_else(|error| {
        say(&format!("lab: {error:#}"));
        ExitCode::FAILURE
    })
}

fn lab() -> Result<ExitCode> {
    if let Some(played) = actor::act() {
        return played.map(|()| ExitCode::SUCCESS);
    }
    let mut args = Arguments::from_args();
    args.test_threads = Some(1); // one lab: a fault of one trial must not meet the next
    let table = scenario::Table::read().map_err(|error| anyhow!(error))?;
    if enclosure::inside() {
        return on_stage(&args, table);
    }
    match enclosure::obstacle() {
        Some(reason) => Ok(libtest_mimic::run(&args, trial::ignored(table, &reason)).exit_code()),
        None if args.list => Ok(libtest_mimic::run(&args, trial::ignored(table, "only listed")).exit_code()),
        None => enclosure::enter(),
    }
}

fn on_stage(args: &Arguments, table: scenario::Table) -> Result<ExitCode> {
    let Ok(command) = std::env::var("INFRA_VERIFY_LAB_RUN") else {
        return Ok(libtest_mimic::run(args, trial::all(table)).exit_code());
    };
    let nodes = std::env::var("INFRA_VERIFY_LAB_NODES").map_or(Ok(2), |nodes| nodes.parse())?;
    let began = Instant::now();
    let mut lab = stage::Lab::open()?;
    lab.grow(nodes)?;
    for fault in std::env::var("INFRA_VERIFY_LAB_BREAK").unwrap_or_default().split_whitespace() {
        recipe::of(fault).with_context(|| format!("{fault}: no recipe"))?.make(&mut lab)?;
    }
    say(&format!("lab: up in {:.1} s", began.elapsed().as_secs_f32()));
    run(&command)
}

/// Runs a person's command in the client's place, with `infra-verify` on its PATH.
fn run(command: &str) -> Result<ExitCode> {
    let path = format!("{}:{}", enclosure::program_folder(), std::env::var("PATH").unwrap_or_default());
    let status =
        Command::new("sh").args(["-c", command]).current_dir(env!("CARGO_MANIFEST_DIR")).env("PATH", path).status()?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)))
}

#[expect(clippy::print_stderr, reason = "a test program speaks to its developer")]
fn say(text: &str) {
    eprintln!("{text}");
}
