//! The truth table in the simulator: each row of `scenarios.yml` breaks something in a pretend estate, and names every
//! check that must not pass because of it. What a row does not name must pass. Rows with a fault that the simulator
//! does not know are for the lab alone (`tests/lab`), which sees to it that every row runs somewhere.
//!
//! `INFRA_VERIFY_OUTCOMES=folder` writes what came of each row there, by the row's name.

#![expect(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::fs;
use std::sync::LazyLock;
use std::time::Duration;

use infra_verify::check::CheckId;
use infra_verify::inventory::Inventory;
use infra_verify::lint;
use infra_verify::pigsty;
use infra_verify::plan::{Pattern, Plan, Selection};
use infra_verify::run::{self, Policy};
use infra_verify::sim::{Estate, Fault};
use infra_verify::suite::Suites;
use libtest_mimic::{Arguments, Completion, Failed, Trial};

mod scenario;

use scenario::{Row, Seen, Stage, Table, Wanted};

/// The suites under test, read once for all rows.
static SUITES: LazyLock<Suites> = LazyLock::new(|| Suites::embedded().unwrap());

/// Rows that run at a time: most of a row's time is waiting for what never answers.
const ROWS: usize = 6;

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(ROWS);
    let mut table = Table::read().unwrap();
    // Those that wait longest begin first, so that the others fill their time.
    table.rows.sort_by_key(|row| row.timeout.is_none());
    let pretended = table.rows.iter().filter(|row| row.is_for(Stage::Sim, |fault| fault.parse::<Fault>().is_ok()));
    let mut trials: Vec<_> = pretended.cloned().map(trial).collect();
    let rows = table.rows.clone();
    trials.push(Trial::test("the findings of every row are the same in the lab's inventory", move || {
        same_in_the_lab(&rows)
    }));
    trials.push(Trial::test("every check of every suite fails in a row", move || every_check_fails(&table)));
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(row: Row) -> Trial {
    Trial::ignorable_test(row.name.clone(), move || hold(&row))
}

fn hold(row: &Row) -> Result<Completion, Failed> {
    if let Some(obstacle) = row.obstacle() {
        return Ok(Completion::ignored_with(obstacle));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seen = runtime.block_on(seen(row))?;
    row.keep(&seen)?;
    let mismatches = row.mismatches(&seen);
    if mismatches.is_empty() {
        return Ok(Completion::Completed);
    }
    Err(mismatches.join("\n").into())
}

/// What the whole pipeline makes of an estate that is broken in this way.
async fn seen(row: &Row) -> Result<Vec<Seen>, Failed> {
    let faults: Vec<Fault> = row.breaks.iter().map(|fault| fault.parse()).collect::<Result<_, _>>()?;
    let estate = Estate::start(row.nodes, &faults).await?;
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("pigsty.yml");
    fs::write(&file, row.inventory(&estate.inventory())?)?;
    let inventory = Inventory::read(&file)?;
    let selection = Selection { canary: row.canary, ..Selection::default() };
    let plan = Plan::new(&inventory, &SUITES)?.select(&selection)?;
    let patient = Policy { timeout: row.timeout, ..Policy::default() };
    let policy = if row.is_harmless() { patient } else { Policy { wait: Duration::ZERO, ..patient } };
    let run = run::run(plan, &policy, std::future::pending(), |_| {}).await;
    let seen = run.outcomes.into_iter();
    Ok(seen.map(|outcome| Seen { id: outcome.id, verdict: outcome.verdict, reason: outcome.reason }).collect())
}

/// What is found in an inventory is the row's doing, and not that of the stage.
fn same_in_the_lab(rows: &[Row]) -> Result<(), Failed> {
    let deployed = include_str!("../inventories/lab.yml");
    let mut wrong = Vec::new();
    for row in rows.iter().filter(|row| row.nodes == 2) {
        let inventory = Inventory::parse("pigsty.yml", &row.inventory(deployed)?)?;
        let nodes = pigsty::nodes(&inventory)?;
        let seen = lint::outcomes(&inventory, &nodes).into_iter().flatten();
        let seen: Vec<_> = seen.map(|one| Seen { id: one.id, verdict: one.verdict, reason: one.reason }).collect();
        let mismatches = row.mismatches(&seen).into_iter().filter(|one| one.contains("/inventory/"));
        wrong.extend(mismatches.map(|one| format!("{}: {one}", row.name)));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// Checks that no row breaks alone, and why.
const UNSEEN: [(&str, &str); 2] = [
    ("nginx/canary", "it asks for the page that nginx/home, which it needs, has just had"),
    ("alertmanager/canary-clean", "it is the request of alertmanager/canary again, and who refuses that refuses both"),
];

/// A check that was never seen failing proves nothing: every one must be named by a row that fails or warns.
fn every_check_fails(table: &Table) -> Result<(), Failed> {
    let broken: Vec<_> = table.rows.iter().flat_map(broken).map(keyless).collect::<Result<_, _>>()?;
    let mut never = Vec::new();
    for suite in SUITES.iter() {
        for check in &suite.checks {
            let ids = ["infra-1", "infra-2", "infra-3"].map(|node| CheckId::new(node, &suite.component, &check.id));
            if !broken.iter().any(|pattern| ids.iter().any(|id| pattern.matches(id))) {
                never.push(format!("{}/{}", suite.component, check.id));
            }
        }
    }
    never.retain(|check| !UNSEEN.iter().any(|(unseen, _)| unseen == check));
    if never.is_empty() { Ok(()) } else { Err(format!("no row breaks {}", never.join(", ")).into()) }
}

/// What a pattern means of a check, under whatever key that is repeated.
fn keyless(wanted: &Wanted) -> Result<Pattern, String> {
    wanted.text.split('[').next().unwrap_or_default().parse()
}

/// What a row says must fail or warn.
fn broken(row: &Row) -> impl Iterator<Item = &Wanted> {
    row.fail.iter().chain(&row.warn)
}
