//! The rows of the truth table, acted out by the real components.

use super::enclosure::HOME;
use super::node::INVENTORY;
use super::question;
use super::recipe::{self, Cooked};
use super::scenario::{Row, Seen, Stage, Table};
use super::stage::Lab;
use super::verdict::Verdicts;
use anyhow::{Context, Result, anyhow, ensure};
use infra_verify::check::Verdict;
use infra_verify::sim::Fault;
use libtest_mimic::{Completion, Failed, Trial};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// How many rows there are at least: in all, in the lab, and in which nothing may fail. They only grow.
const ROWS: usize = 189;
const ROWS_HERE: usize = 175;
const ROWS_HARMLESS: usize = 36;

/// Every row that the lab can act out, those of fewer nodes first, as nodes are added and never taken away.
pub fn rows(table: &Table) -> Vec<Row> {
    let mut rows = table.rows.iter().filter(|row| is_here(row)).cloned().collect::<Vec<_>>();
    rows.sort_by_key(|row| row.nodes);
    rows
}

fn is_here(row: &Row) -> bool {
    row.is_for(Stage::Lab, |fault| recipe::of(fault).is_some())
}

/// The part of the rows that `INFRA_VERIFY_LAB_PART=2/3` asks for, so that several labs can share them.
fn part(rows: Vec<Row>) -> Vec<Row> {
    let text = std::env::var("INFRA_VERIFY_LAB_PART").unwrap_or_default();
    let asked = text.split_once('/').and_then(|(part, parts)| Some((part.parse().ok()?, parts.parse().ok()?)));
    let Some((part, parts)) = asked.filter(|(part, parts): &(usize, usize)| (1..=*parts).contains(part)) else {
        return rows;
    };
    let share = rows.len().div_ceil(parts);
    rows.into_iter().skip(share * (part - 1)).take(share).collect()
}

/// A lab, and whether it was well when it was left.
struct Left {
    lab: Lab,
    well: bool,
}

/// A trial for each row, on a lab that is opened by the first of them.
pub fn all(table: Table) -> Vec<Trial> {
    let lab = Arc::new(Mutex::new(None));
    let rows = part(rows(&table));
    let trial = |row: Row| {
        let lab = Arc::clone(&lab);
        Trial::ignorable_test(row.name.clone(), move || {
            act(&row, &mut lab.lock().unwrap_or_else(PoisonError::into_inner))
                .map_err(|error| Failed::from(format!("{error:#}")))
        })
    };
    rows.into_iter().map(trial).chain([closing(table)]).collect()
}

/// The same trials where no lab can run.
pub fn ignored(table: Table, reason: &str) -> Vec<Trial> {
    let trial = |row: &Row, reason: String| {
        Trial::ignorable_test(row.name.clone(), move || Ok(Completion::ignored_with(reason)))
    };
    let trials = rows(&table).iter().map(|row| trial(row, reason.to_owned())).collect::<Vec<_>>();
    trials.into_iter().chain([closing(table)]).collect()
}

fn act(row: &Row, stage: &mut Option<Left>) -> Result<Completion> {
    if let Some(obstacle) = row.obstacle() {
        return Ok(Completion::ignored_with(obstacle));
    }
    if stage.is_none() {
        *stage = Some(Left { lab: Lab::open()?, well: true });
    }
    let Left { lab, well } = stage.as_mut().context("no lab")?;
    let faults = row.breaks.iter().filter_map(|fault| recipe::of(fault)).collect::<Vec<_>>();
    if let Some(obstacle) = faults.iter().find_map(|fault| fault.obstacle(lab)) {
        return Ok(Completion::ignored_with(obstacle));
    }
    if !*well {
        mend(lab).context("still not well after another row")?;
    }
    ensure!(lab.size() <= row.nodes, "the lab has more nodes than {}", row.nodes);
    lab.grow(row.nodes)?;
    let held = hold(row, &faults, lab);
    let mended = if faults.is_empty() { Ok(()) } else { mend(lab) };
    *well = mended.is_ok();
    held.and(mended.context("not well again")).map(|()| Completion::Completed)
}

/// Puts everything right, and makes sure that it is.
fn mend(lab: &mut Lab) -> Result<()> {
    lab.restore()?;
    question::until(healthy)
}

fn hold(row: &Row, faults: &[Cooked], lab: &mut Lab) -> Result<()> {
    let inventory = Path::new(HOME).join("row.yml");
    let text = row.inventory(&fs::read_to_string(INVENTORY)?).map_err(|error| anyhow!(error))?;
    fs::write(&inventory, text)?;
    faults.iter().try_for_each(|fault| fault.make(lab))?;
    let timeout = row.timeout.map(|timeout| format!("--timeout={}", humantime::format_duration(timeout)));
    let canary = row.canary.then(|| "--canary".to_owned());
    let mut options = timeout.into_iter().chain(canary).collect::<Vec<_>>();
    if row.is_harmless() {
        let restarts = lab.awaits();
        let at_once = judge(row, &Verdicts::ask(&inventory, &options, || lab.start_due())?);
        if restarts || at_once.is_ok() {
            return at_once;
        }
        // What was taken away may be looked for until those who scrape it have heard of that.
        lab.settle()?;
        return judge(row, &Verdicts::ask(&inventory, &options, || Ok(()))?);
    }
    options.push("--wait=0s".to_owned());
    // A fault is seen after a scrape or two.
    question::until(|| judge(row, &Verdicts::ask(&inventory, &options, || Ok(()))?))
}

fn judge(row: &Row, verdicts: &Verdicts) -> Result<()> {
    row.keep(&verdicts.seen)?;
    let mismatches = row.mismatches(&verdicts.seen);
    ensure!(mismatches.is_empty(), "{}\n{}", mismatches.join("\n"), verdicts.output);
    Ok(())
}

/// Whether a lab in which nothing is broken passes, at once.
fn healthy() -> Result<()> {
    let verdicts = Verdicts::ask(Path::new(INVENTORY), &[], || Ok(()))?;
    let well = |seen: &Seen| match seen.verdict {
        Verdict::Pass => true,
        Verdict::Skip => seen.reason.as_deref().is_some_and(|reason| reason.ends_with("is false")),
        _ => false,
    };
    let unwell = verdicts.seen.iter().filter(|seen| !well(seen)).map(|seen| seen.id.to_string()).collect::<Vec<_>>();
    ensure!(unwell.is_empty(), "{}\n{}", unwell.join(", "), verdicts.output);
    Ok(())
}

/// Every row is acted out somewhere, and there are enough of them.
fn closing(table: Table) -> Trial {
    Trial::test("every row runs on a stage, and there are enough of each kind", move || {
        count(&table).map_err(Failed::from)
    })
}

fn count(table: &Table) -> Result<(), String> {
    let pretended = |row: &Row| row.is_for(Stage::Sim, |fault| fault.parse::<Fault>().is_ok());
    let nowhere = table.rows.iter().filter(|row| !pretended(row) && !is_here(row)).map(|row| &*row.name);
    let nowhere = nowhere.collect::<Vec<_>>();
    if !nowhere.is_empty() {
        return Err(format!("no stage can act out: {}", nowhere.join("; ")));
    }
    let (all, here) = (table.rows.len(), rows(table).len());
    let harmless = table.rows.iter().filter(|row| row.is_harmless()).count();
    if all < ROWS || here < ROWS_HERE || harmless < ROWS_HARMLESS {
        return Err(format!("{all} rows, {here} in the lab, {harmless} in which nothing may fail: too few"));
    }
    Ok(())
}
