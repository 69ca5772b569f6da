//! `infra-verify pigsty.yml`: the whole pipeline.

use std::io::IsTerminal;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::source::Sources;
use super::{Stop, SuiteDir, Wanted, complain, duration, patience};
use crate::plan::Plan;
use crate::report::{ExitCode, Progress, Report, Reporter, Verbosity};
use crate::run::{self, Event, Interruption, Policy};

#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    suites: SuiteDir,
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    running: Running,
}

/// How a plan is run and reported.
#[derive(Debug, Args)]
#[command(next_help_heading = "Running and reporting")]
pub(super) struct Running {
    /// terminal, junit, json or prometheus, to FILE or stdout; may be repeated
    #[arg(long, value_name = "FORMAT[=FILE]")]
    report: Vec<String>,
    /// What makes the run fail
    #[arg(long, value_enum, default_value_t = FailOn::Fail)]
    fail_on: FailOn,
    /// Ask again for as long as this while anything may yet pass by itself: what is refused, silent, cut off or
    /// answers 5xx, what follows from that, and what its suite says is worth waiting for. 0s asks everything once, but for canaries
    /// [default: 10s, in a demo 0s]
    #[arg(long, value_name = "DURATION", value_parser = patience)]
    wait: Option<Duration>,
    /// How long one question may take, whatever its suite says
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
    /// How long the run may take, besides --wait
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "2m")]
    deadline: Duration,
    /// How many questions may be open at once; one component of a node is never asked two
    #[arg(short, long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: u16,
    /// Print no report for people unless something is wrong
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// Print every check, not only those that need attention
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// Only what contradicts the inventory
    Fail,
    /// Warnings too
    Warn,
}

impl Verify {
    pub(super) fn run(&self) -> Result<ExitCode, Stop> {
        let inventory = self.sources.load()?;
        let suites = self.suites.read()?;
        let plan = self.wanted.plan(&inventory, &suites)?;
        let reporters = self.running.reporters()?;
        block_on(self.running.report(plan, reporters, run::WAIT))?
    }
}

impl Running {
    /// Opens every report before anything is asked: a wrong path is told now, not after the run.
    pub(super) fn reporters(&self) -> Result<Vec<Reporter>, Stop> {
        let mut reporters = self.report.iter().map(|spec| Reporter::open(spec)).collect::<Result<Vec<_>, _>>()?;
        if !reporters.iter().any(Reporter::is_stdout) {
            reporters.push(Reporter::open("terminal")?);
        }
        Ok(reporters)
    }

    fn policy(&self, wait: Duration) -> Policy {
        let wait = self.wait.unwrap_or(wait);
        Policy { jobs: self.jobs.into(), timeout: self.timeout, deadline: self.deadline, wait }
    }

    /// Says that the run goes on, to a terminal and to a log alike: ten silent seconds look like a hang.
    fn waiting(&self, progress: &Progress, checks: usize, pause: Duration) {
        // Parts of a millisecond say nothing.
        let pause = Duration::from_millis(pause.as_millis().try_into().unwrap_or(u64::MAX));
        let plural = if checks == 1 { "" } else { "s" };
        let text = format!(
            "waiting: {checks} check{plural} may pass yet, asking again in {}",
            humantime::format_duration(pause)
        );
        if !progress.say(&text) && !self.quiet {
            complain(&text);
        }
    }

    /// Runs a plan and writes its reports; `wait` is how long to ask again where the user does not say.
    pub(super) async fn report(&self, plan: Plan, reporters: Vec<Reporter>, wait: Duration) -> Result<ExitCode, Stop> {
        let progress = Progress::new(plan.checks.len(), !self.quiet && std::io::stderr().is_terminal());
        let (name, nodes, secrets) = (plan.inventory.clone(), plan.nodes.clone(), plan.secrets.clone());
        let policy = self.policy(wait);
        let run = run::run(plan, &policy, signal(), |event| match event {
            Event::Settled(outcome) => progress.tick(outcome),
            Event::Waiting { checks, pause } => self.waiting(&progress, checks, pause),
        });
        let run = run.await;
        progress.finish();
        let report = Report::new(name, nodes, run, &secrets);
        let fail_on_warn = self.fail_on == FailOn::Warn;
        let code = report.exit_code(fail_on_warn);
        // One that cannot be written must not cost the others.
        let mut unwritten = None;
        for reporter in reporters {
            if self.quiet && reporter.is_screen() && code == ExitCode::Ok {
                continue;
            }
            let verbosity = if self.verbose { Verbosity::Verbose } else { Verbosity::Normal };
            let reporter =
                reporter.with(|options| (options.verbosity, options.fail_on_warn) = (verbosity, fail_on_warn));
            unwritten = unwritten.or(reporter.write(&report).err());
        }
        if let Some(error) = unwritten {
            return Err(error.into());
        }
        Ok(code)
    }
}

/// Runs a future on this thread: the work is waiting, and one thread starts soonest.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Stop { code: ExitCode::Error, message: format!("no event loop: {error}") })?;
    Ok(runtime.block_on(future))
}

/// Ends when the user, or the system, wants the run to end.
async fn signal() -> Interruption {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Interruption::Signal(SignalKind::interrupt().as_raw_value()),
        _ = terminate.recv() => Interruption::Signal(SignalKind::terminate().as_raw_value()),
    }
}
