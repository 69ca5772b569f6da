//! The truth table: each row of `scenarios.yml` breaks something in a pretend estate, and names every check that must not
//! pass because of it. What a row does not name must pass.

#![expect(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::fs;
use std::sync::LazyLock;
use std::time::Duration;

use infra_verify::check::{CheckId, Outcome};
use infra_verify::inventory::{Inventory, yaml};
use infra_verify::plan::Plan;
use infra_verify::run::{self, Policy};
use infra_verify::sim::{Estate, Fault};
use infra_verify::suite::Suites;
use infra_verify::value::{Object, Value};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

mod scenario;

use scenario::{Row, Table, Wanted};

/// The suites under test, read once for all rows.
static SUITES: LazyLock<Suites> = LazyLock::new(|| Suites::embedded().unwrap());

/// Rows that run at a time: most of a row's time is waiting for what never answers.
const ROWS: usize = 16;

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(ROWS);
    let mut table = Table::read();
    // Those that wait longest begin first, so that the others fill their time.
    table.rows.sort_by_key(|row| row.timeout.is_none());
    let mut trials: Vec<_> = table.rows.iter().cloned().map(trial).collect();
    trials.push(Trial::test("every check of every suite fails in a row", move || every_check_fails(&table)));
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(row: Row) -> Trial {
    Trial::ignorable_test(row.name.clone(), move || hold(&row))
}

fn hold(row: &Row) -> Result<Completion, Failed> {
    if row.icmp && !infra_verify::probe::icmp_permitted() {
        return Ok(Completion::ignored_with("this machine may not send ICMP echo requests"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcomes = runtime.block_on(outcomes(row))?;
    let mismatches = row.mismatches(&outcomes);
    if mismatches.is_empty() {
        return Ok(Completion::Completed);
    }
    Err(mismatches.join("\n").into())
}

/// What the whole pipeline makes of an estate that is broken in this way.
async fn outcomes(row: &Row) -> Result<Vec<Outcome>, Failed> {
    let faults: Vec<Fault> = row.breaks.iter().map(|fault| fault.parse()).collect::<Result<_, _>>()?;
    let estate = Estate::start(row.nodes, &faults).await?;
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("pigsty.yml");
    fs::write(&file, with_vars(&estate.inventory(), &row.vars)?)?;
    let inventory = Inventory::read(&file)?;
    let plan = Plan::new(&inventory, &SUITES)?;
    let policy = Policy { timeout: row.timeout, wait: Duration::ZERO, ..Policy::default() };
    let run = run::run(plan, &policy, std::future::pending(), |_| {}).await;
    Ok(run.outcomes)
}

/// The inventory with other variables: those of `all`, and those of single nodes by name. JSON is YAML too.
fn with_vars(inventory: &str, vars: &Object) -> Result<String, Failed> {
    let mut inventory = yaml::read("the estate's inventory", inventory)?.root.value();
    for (scope, vars) in vars {
        let vars = vars.as_object().ok_or_else(|| format!("vars of {scope} are not a mapping"))?;
        let place = match scope.as_str() {
            "all" => inventory.pointer_mut("/all/vars"),
            node => inventory.pointer_mut("/all/children/infra/hosts").and_then(|hosts| host(hosts, node)),
        };
        let place = place.and_then(Value::as_object_mut).ok_or_else(|| format!("the estate has no {scope}"))?;
        place.extend(vars.clone());
    }
    Ok(serde_json::to_string_pretty(&inventory)?)
}

fn host<'a>(hosts: &'a mut Value, node: &str) -> Option<&'a mut Value> {
    let seq: u64 = node.strip_prefix("infra-")?.parse().ok()?;
    hosts.as_object_mut()?.values_mut().find(|host| host["infra_seq"] == seq)
}

/// A check that was never seen failing proves nothing: every one must be named by a row that fails or warns.
fn every_check_fails(table: &Table) -> Result<(), Failed> {
    let broken: Vec<_> = table.rows.iter().flat_map(Row::broken).map(Wanted::keyless).collect::<Result<_, _>>()?;
    let mut never = Vec::new();
    for suite in SUITES.iter() {
        for check in &suite.checks {
            let ids = ["infra-1", "infra-2", "infra-3"].map(|node| CheckId::new(node, &suite.component, &check.id));
            if !broken.iter().any(|pattern| ids.iter().any(|id| pattern.matches(id))) {
                never.push(format!("{}/{}", suite.component, check.id));
            }
        }
    }
    if never.is_empty() { Ok(()) } else { Err(format!("no row breaks {}", never.join(", ")).into()) }
}
