//! What `infra-verify` says about the lab.

use super::enclosure::HOME;
use super::node::INVENTORY;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// The exit code of one run, the outcomes of its JSON report, and what it printed.
pub struct Verdicts {
    pub code: i32,
    pub outcomes: Vec<Value>,
    pub output: String,
}

impl Verdicts {
    /// Runs `infra-verify` with these options more.
    pub fn ask(options: &[&str]) -> Result<Self> {
        let path = format!("{HOME}/report.json");
        fs::remove_file(&path).ok();
        let run = Command::new(env!("CARGO_BIN_EXE_infra-verify"))
            .args([INVENTORY, "--report", "terminal", "--report", &format!("json={path}")])
            .args(options)
            .output()?;
        let output = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        let text = fs::read_to_string(&path).with_context(|| format!("{}, no report: {output}", run.status))?;
        let report: Value = serde_json::from_str(&text)?;
        let outcomes = report["outcomes"].as_array().cloned().context("the report has no outcomes")?;
        Ok(Self { code: run.status.code().unwrap_or(-1), outcomes, output })
    }

    /// The checks with one of these verdicts.
    pub fn ids(&self, verdicts: &[&str]) -> BTreeSet<String> {
        let among = |outcome: &&Value| outcome["verdict"].as_str().is_some_and(|verdict| verdicts.contains(&verdict));
        self.outcomes.iter().filter(among).filter_map(|outcome| outcome["id"].as_str().map(str::to_owned)).collect()
    }

    /// Whether these checks failed and warned, and no others; and whether the exit code says so.
    pub fn are(&self, fails: &[&str], warns: &[&str]) -> Result<()> {
        self.exactly("failed", &["fail", "error"], fails)?;
        self.exactly("warned", &["warn"], warns)?;
        let code = i32::from(!fails.is_empty());
        ensure!(self.code == code, "exit code {}, not {code}\n{}", self.code, self.output);
        Ok(())
    }

    fn exactly(&self, word: &str, verdicts: &[&str], expected: &[&str]) -> Result<()> {
        let expected = expected.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
        let actual = self.ids(verdicts);
        ensure!(actual == expected, "{word} {actual:?}, expected {expected:?}\n{}", self.output);
        Ok(())
    }
}
