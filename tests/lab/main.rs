//! The lab: two INFRA nodes on this machine, running the real components configured as Pigsty renders them, and
//! `infra-verify` asked about them.
//!
//! `tests/lab/install` brings the components once. Where the lab cannot run, every trial is ignored with its reason.
//! `INFRA_VERIFY_LAB_RUN='infra-verify inventories/lab.yml' cargo test --test lab` runs a command (or `bash`) beside the
//! nodes instead of the trials.

#![expect(unreachable_pub, reason = "the modules of a test program are its own")]

mod certificate;
mod component;
mod enclosure;
mod fault;
mod machine;
mod node;
mod question;
mod render;
mod stage;
mod trial;
mod verdict;

use anyhow::Result;
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
    let mut args = Arguments::from_args();
    args.test_threads = Some(1); // one lab: a fault of one trial must not meet the next
    if enclosure::inside() {
        return on_stage(&args);
    }
    match enclosure::obstacle() {
        Some(reason) => Ok(libtest_mimic::run(&args, trial::ignored(&reason)).exit_code()),
        None if args.list => Ok(libtest_mimic::run(&args, trial::ignored("only listed")).exit_code()),
        None => enclosure::enter(),
    }
}

fn on_stage(args: &Arguments) -> Result<ExitCode> {
    let began = Instant::now();
    let lab = stage::Lab::up()?;
    say(&format!("lab: up in {:.1} s", began.elapsed().as_secs_f32()));
    if let Ok(command) = std::env::var("INFRA_VERIFY_LAB_RUN") {
        return run(&command);
    }
    Ok(libtest_mimic::run(args, trial::all(lab)).exit_code())
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
