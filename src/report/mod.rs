//! What came of a run, and its forms for people and machines.
//!
//! Every form is a function from a [`Report`] to bytes, and shows every planned check once. Nothing is judged here:
//! verdicts arrive made, and the exit code is the only conclusion that is drawn. Only this module and `cli` print.

use std::io::{self, Write};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::check::{Outcome, Verdict, contradiction};
use crate::lint;
use crate::probe::Facts;
use crate::run::{Interruption, Run};
use crate::value::Secrets;

mod file;
mod json;
mod junit;
mod progress;
mod prometheus;
mod terminal;
mod text;

pub use file::{ReportError, Reporter};
pub use progress::Progress;
pub use terminal::probe;
pub(crate) use text::wrap;

/// A finished run: every planned check exactly once, in plan order.
#[derive(Clone, Debug)]
pub struct Report {
    /// The inventory as the user named it.
    pub inventory: String,
    /// When the run began.
    pub started: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// What cut it short, if anything did.
    pub interrupted: Option<Interruption>,
    /// The nodes in order, each with its address: `("infra-1", "10.10.10.10")`.
    pub nodes: Vec<(String, String)>,
    /// Every outcome.
    pub outcomes: Vec<Outcome>,
}

/// How many outcomes there are of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// All planned checks.
    pub checks: usize,
    /// As the inventory says.
    pub pass: usize,
    /// Not so, severity `warn`.
    pub warn: usize,
    /// Not so.
    pub fail: usize,
    /// Could not be looked at.
    pub error: usize,
    /// Not looked at, with a reason.
    pub skip: usize,
}

impl Summary {
    /// Counts verdicts.
    pub fn of(verdicts: impl IntoIterator<Item = Verdict>) -> Self {
        let mut summary = Self::default();
        for verdict in verdicts {
            summary.checks += 1;
            match verdict {
                Verdict::Pass => summary.pass += 1,
                Verdict::Warn => summary.warn += 1,
                Verdict::Fail => summary.fail += 1,
                Verdict::Error => summary.error += 1,
                Verdict::Skip => summary.skip += 1,
            }
        }
        summary
    }
}

impl Report {
    /// What came of a run over an inventory, without the secrets.
    pub fn new(inventory: String, nodes: Vec<(String, String)>, run: Run, secrets: &Secrets) -> Self {
        let Run { started, took, interruption, outcomes } = run;
        let mut report = Self { inventory, started, took, interrupted: interruption, nodes, outcomes };
        report.scrub(secrets);
        report
    }

    /// Counts the verdicts.
    pub fn summary(&self) -> Summary {
        Summary::of(self.outcomes.iter().map(|outcome| outcome.verdict))
    }

    /// Decides how the program ends; a run that a deadline cut short is never a success.
    pub fn exit_code(&self, fail_on_warn: bool) -> ExitCode {
        /// The signal of Ctrl-C, the same on every system.
        const SIGINT: i32 = 2;
        let summary = self.summary();
        match self.interrupted {
            Some(Interruption::Signal(SIGINT)) => ExitCode::Interrupted,
            Some(Interruption::Signal(_)) => ExitCode::Terminated,
            _ if summary.fail > 0 || (fail_on_warn && summary.warn > 0) => ExitCode::Failed,
            Some(Interruption::Deadline) => ExitCode::Error,
            None if summary.error > 0 => ExitCode::Error,
            None if self.nothing_was_checked() => ExitCode::NothingChecked,
            None => ExitCode::Ok,
        }
    }

    /// Whether every check was skipped, of those that ask the deployment if there are any.
    fn nothing_was_checked(&self) -> bool {
        let is_skip = |outcome: &&Outcome| outcome.verdict == Verdict::Skip;
        let mut asking = self.outcomes.iter().filter(|outcome| *outcome.id.component != *lint::COMPONENT).peekable();
        if asking.peek().is_some() {
            asking.all(|one| is_skip(&one))
        } else {
            self.outcomes.iter().all(|one| is_skip(&one))
        }
    }

    /// Takes the secrets out of every text but the names of nodes and checks, which are the inventory's and the suites'.
    pub fn scrub(&mut self, secrets: &Secrets) {
        let scrub = |text: &mut String| *text = secrets.scrub(text);
        scrub(&mut self.inventory);
        let mut facts = Scrubbed::default();
        for outcome in &mut self.outcomes {
            let evidence = &mut outcome.evidence;
            [&mut outcome.title, &mut evidence.asked].into_iter().for_each(scrub);
            [&mut outcome.reason, &mut outcome.fix].into_iter().flatten().for_each(scrub);
            evidence.facts = facts.scrub(&evidence.facts, secrets);
            for finding in &mut evidence.findings {
                scrub(&mut finding.expected);
                finding.difference.iter_mut().chain(&mut finding.suspicion).for_each(scrub);
                finding.actual.iter_mut().for_each(|value| secrets.scrub_value(value));
            }
            // Said again from clean findings: a sentence shortens values, and a part of a secret is not recognised.
            let contradicts = matches!(outcome.verdict, Verdict::Fail | Verdict::Warn);
            if let Some(reason) = contradiction(&evidence.findings).filter(|_| contradicts) {
                outcome.reason = Some(reason);
            }
        }
    }

    /// The nodes with their addresses, and after them whatever else a check's name begins with, without one.
    fn hosts(&self) -> Vec<(&str, &str)> {
        let mut hosts: Vec<_> = self.nodes.iter().map(|(name, address)| (name.as_str(), address.as_str())).collect();
        for outcome in &self.outcomes {
            if hosts.iter().all(|(name, _)| *name != &*outcome.id.node) {
                hosts.push((&outcome.id.node, ""));
            }
        }
        hosts
    }

    fn with(&self, verdict: Verdict) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(move |outcome| outcome.verdict == verdict)
    }
}

/// Facts without secrets; those that several outcomes share are gone through once, and stay shared.
#[derive(Default)]
struct Scrubbed(Vec<(Arc<Facts>, Arc<Facts>)>);

impl Scrubbed {
    fn scrub(&mut self, facts: &Arc<Facts>, secrets: &Secrets) -> Arc<Facts> {
        if let Some((_, clean)) = self.0.iter().rev().find(|(known, _)| Arc::ptr_eq(known, facts)) {
            return clean.clone();
        }
        let mut clean = Facts::clone(facts);
        clean.0.values_mut().for_each(|value| secrets.scrub_value(value));
        self.0.push((facts.clone(), Arc::new(clean)));
        self.0.last().map_or_else(Arc::default, |(_, clean)| clean.clone())
    }
}

/// How the program ends, for the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Nothing failed, and something was checked.
    Ok = 0,
    /// Something contradicts the inventory.
    Failed = 1,
    /// An option, the inventory or a suite is wrong; nothing was run.
    Usage = 2,
    /// Nothing failed, but not everything could be looked at.
    Error = 3,
    /// Every check was skipped, or there was none.
    NothingChecked = 4,
    /// A report could not be written.
    ReportNotWritten = 5,
    /// Ctrl-C; the reports are written.
    Interrupted = 130,
    /// Told to stop by another signal; the reports are written.
    Terminated = 143,
}

impl From<ExitCode> for u8 {
    fn from(code: ExitCode) -> Self {
        code as Self
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(u8::from(code))
    }
}

/// A form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Terminal,
    /// XML for CI servers.
    Junit,
    /// Everything, for programs.
    Json,
    /// The text format that node_exporter's textfile collector reads.
    Prometheus,
}

impl Format {
    /// Every format, in the order that help lists them.
    pub const ALL: [Self; 4] = [Self::Terminal, Self::Junit, Self::Json, Self::Prometheus];

    /// The name in `--report`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Junit => "junit",
            Self::Json => "json",
            Self::Prometheus => "prometheus",
        }
    }

    /// Writes a report in this form.
    pub fn write(self, report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Terminal => terminal::write(report, options, out),
            Self::Junit => junit::write(report, out),
            Self::Json => json::write(report, options, out),
            Self::Prometheus => prometheus::write(report, options, out),
        }
    }
}

impl FromStr for Format {
    type Err = ReportError;

    fn from_str(name: &str) -> Result<Self, ReportError> {
        let known = Self::ALL.into_iter().find(|format| format.name() == name);
        known.ok_or_else(|| ReportError::unknown(name))
    }
}

/// How a report is to look, beyond its format.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How much the terminal shows.
    pub verbosity: Verbosity,
    /// Whether a warning fails the run.
    pub fail_on_warn: bool,
    /// How many columns the terminal has.
    pub width: usize,
    /// Whether the terminal shows colours.
    pub color: bool,
}

/// How much the terminal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verbosity {
    /// Nothing when all is well; otherwise what is not, and the summary.
    Quiet,
    /// The matrix, what is not well, and the summary.
    #[default]
    Normal,
    /// Every outcome.
    Verbose,
}

impl Default for Options {
    /// What a file gets: no colour, and room for a CI server's log.
    fn default() -> Self {
        Self { verbosity: Verbosity::Normal, fail_on_warn: false, width: 120, color: false }
    }
}

impl Options {
    /// What standard output gets: its own width, and colours if it is a terminal and `NO_COLOR` and `CLICOLOR` allow.
    pub fn of_stdout() -> Self {
        terminal::detect()
    }
}
