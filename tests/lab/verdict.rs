//! What `infra-verify` says about the lab.

use super::enclosure::HOME;
use super::scenario::Seen;
use anyhow::{Context, Result, ensure};
use infra_verify::check::{CheckId, Verdict};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// What one run saw, and what it printed.
pub struct Verdicts {
    pub seen: Vec<Seen>,
    pub output: String,
}

impl Verdicts {
    /// Runs `infra-verify` on an inventory, with these options more; `meanwhile` happens when it has started.
    pub fn ask(inventory: &Path, options: &[String], meanwhile: impl FnOnce() -> Result<()>) -> Result<Self> {
        let path = format!("{HOME}/report.json");
        fs::remove_file(&path).ok();
        let mut command = Command::new(env!("CARGO_BIN_EXE_infra-verify"));
        command.arg(inventory).args(["--report", "terminal", "--report", &format!("json={path}")]).args(options);
        let run = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        meanwhile()?;
        let run = run.wait_with_output()?;
        let output = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        let text = fs::read_to_string(&path).with_context(|| format!("{}, no report: {output}", run.status))?;
        let report: Value = serde_json::from_str(&text)?;
        let outcomes = report["outcomes"].as_array().context("the report has no outcomes")?;
        let seen = outcomes.iter().map(seen).collect::<Result<Vec<_>>>()?;
        let code = code(&seen);
        ensure!(run.status.code() == Some(code), "{}, not {code}\n{output}", run.status);
        Ok(Self { seen, output })
    }
}

/// The exit code that these verdicts mean.
fn code(seen: &[Seen]) -> i32 {
    let any = |verdict| seen.iter().any(|seen| seen.verdict == verdict);
    match () {
        () if any(Verdict::Fail) => 1,
        () if any(Verdict::Error) => 3,
        () => 0,
    }
}

fn seen(outcome: &Value) -> Result<Seen> {
    let text = |name: &str| outcome[name].as_str().with_context(|| format!("an outcome has no {name}: {outcome}"));
    let (node, rest) = text("id")?.split_once('/').context("an id without a component")?;
    let (component, check) = rest.split_once('/').context("an id without a check")?;
    let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::Warn, Verdict::Error, Verdict::Skip];
    let verdict = text("verdict")?;
    let known = verdicts.into_iter().find(|known| known.to_string() == verdict);
    Ok(Seen {
        id: CheckId::new(node, component, check),
        verdict: known.with_context(|| format!("no verdict is called {verdict}"))?,
        reason: outcome["reason"].as_str().map(str::to_owned),
    })
}
