//! The same verdict as blackbox_exporter: every row of `tests/blackbox/*.yml` is a module and a target, with a server that
//! behaves as the row says; the real exporter and we are asked the same, and must say the same for the same metrics.
//!
//! A row has up to four trials: whether the exporter says what the row says (`0.28`), whether we do (`alone`, so that the
//! tables hold where no exporter is installed), whether both export the same, and whether Debian's older exporter gives
//! the same verdict (`0.23`). `tests/lab/install` brings the exporters; without them their trials are ignored. Nothing
//! leaves the loopback but the look-up of some names that are nobody's. At the end stands how many rows agree, differ on
//! purpose, and cannot be made over a network.
//!
//! What a row may say stands in `row.rs`, what its server may do in `tests/support`.

#[path = "../support/mod.rs"]
mod support;

mod bench;
mod environment;
mod exporter;
mod exposition;
mod judge;
mod ours;
mod row;
mod tally;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use libtest_mimic::{Arguments, Completion, Failed, Trial};

use self::bench::{Bench, Case};
use self::tally::Came;

/// Rows that run at a time: most of a row's time is waiting for what never answers.
const ROWS: usize = 24;

#[expect(clippy::print_stderr, reason = "a test program speaks to its developer")]
fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        eprintln!("blackbox: {error:#}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode> {
    if let Some(code) = environment::enter()? {
        return Ok(code);
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(ROWS);
    let bench = Arc::new(Bench::set()?);
    let mut trials: Vec<_> = bench.cases.iter().flat_map(|case| trials(&bench, case)).collect();
    let cases = Arc::clone(&bench);
    trials.push(Trial::test("every case of the exporter's tables has a row", move || tally::complete(&cases)));
    let code = libtest_mimic::run(&arguments, trials).exit_code();
    bench.tally.print();
    Ok(code)
}

fn trials(bench: &Arc<Bench>, case: &Arc<Case>) -> Vec<Trial> {
    let row = &case.row;
    let trial = |name: String, run: fn(&Bench, &Case) -> Result<Completion>| {
        let (bench, case) = (Arc::clone(bench), Arc::clone(case));
        Trial::ignorable_test(name, move || run(&bench, &case).map_err(|error| Failed::from(format!("{error:#}"))))
    };
    if let Some(why) = row.not_produced.clone() {
        bench.tally.count(&row.table, Came::NotProduced);
        return vec![Trial::ignorable_test(row.name(), move || Ok(Completion::ignored_with(why)))];
    }
    let mut trials = vec![
        trial(row.name(), Bench::beside),
        trial(format!("{} (alone)", row.name()), Bench::alone),
        trial(format!("{} (0.28)", row.name()), Bench::newest),
    ];
    if row.loads.is_none() {
        trials.push(trial(format!("{} (0.23)", row.name()), Bench::older));
    }
    trials
}
