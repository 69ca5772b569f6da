//! What came of the rows, by table.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use libtest_mimic::Failed;

use super::bench::Bench;

/// How many cases the exporter's own tables have, and those derived from its code, by the letters of their numbers.
const TABLES: [(&str, usize); 17] = [
    ("H", 125),
    ("T", 17),
    ("D", 51),
    ("G", 10),
    ("C", 47),
    ("P", 24),
    ("S", 4),
    ("U", 2),
    ("W", 7),
    ("R", 12),
    ("M", 8),
    ("IX", 22),
    ("HX", 30),
    ("TX", 16),
    ("DX", 20),
    ("GX", 6),
    ("CX", 30),
];

/// What came of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Came {
    Agrees,
    Differs,
    NotProduced,
    Disagrees,
}

/// How often what came.
#[derive(Default)]
pub(crate) struct Tally(Mutex<BTreeMap<String, BTreeMap<Came, usize>>>);

impl Tally {
    pub(crate) fn count(&self, table: &str, came: Came) {
        let mut tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *tally.entry(table.to_owned()).or_default().entry(came).or_default() += 1;
    }

    /// One line for each table.
    #[expect(clippy::print_stdout, reason = "a test program speaks to its developer")]
    pub(crate) fn print(&self) {
        for (table, came) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let of = |one: Came| came.get(&one).copied().unwrap_or_default();
            let (agree, differ, not) = (of(Came::Agrees), of(Came::Differs), of(Came::NotProduced));
            let wrong = of(Came::Disagrees);
            let wrong = if wrong > 0 { format!(", {wrong} DISAGREE") } else { String::new() };
            println!("blackbox: {table} {agree} agree, {differ} differ, {not} not produced{wrong}");
        }
    }
}

/// Whether every case has a row.
pub(crate) fn complete(bench: &Bench) -> Result<(), Failed> {
    let has = |case: &String| bench.cases.iter().any(|one| one.row.case == *case);
    let all = TABLES.iter().flat_map(|(letters, count)| (1..=*count).map(move |n| format!("{letters}-{n:03}")));
    let missing = all.filter(|case| !has(case)).collect::<Vec<_>>();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!("{} are missing: {}", missing.len(), missing.join(" ")).into())
    }
}
