//! The command line: one function per verb.
//!
//! It reads what the user named, runs it through the pipeline and turns every refusal into one screen of text and an exit
//! code. It decides nothing about checks.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::pigsty::{self, PigstyError};
use crate::plan::{Pattern, Plan, PlanError, Selection};
use crate::probe::is_authority;
use crate::report::ExitCode;
use crate::suite::{SuiteError, Suites};
use crate::value::{Place, Variable};

mod demo;
mod excerpt;
mod explain;
mod inspect;
mod lint;
mod plan;
mod probe;
mod source;
mod vault;
mod verify;

/// Verifies that the INFRA nodes of a Pigsty deployment are what its inventory says.
#[derive(Debug, Parser)]
#[command(
    version,
    arg_required_else_help = true,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    max_term_width = 100
)]
#[command(after_help = "Exit codes: 0 nothing failed, 1 something failed, 2 wrong option, inventory or suite,\n\
    3 something could not be looked at, 4 nothing was checked, 5 a report could not be written.")]
struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    verify: verify::Verify,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Ask the deployment, and say what holds (the default)
    Verify(verify::Verify),
    /// List what would be asked, without asking it
    Plan(plan::List),
    /// Say what is wrong with the inventory as it is written, without asking anything
    Lint(lint::Lint),
    /// Show what the inventory means: nodes, components, targets, names
    Inspect(inspect::Inspect),
    /// Tell what a check asks and expects
    Explain(explain::Explain),
    /// Probe one target by hand, by a module of blackbox_exporter
    Probe(probe::Probe),
    /// Verify a pretended two-node estate on this machine: no installation, no privileges, no network
    Demo(demo::Demo),
}

/// Where the checks come from.
#[derive(Debug, Args)]
struct SuiteDir {
    /// Directory of *.yml suites that add to the built-in ones, or replace one of the same component
    #[arg(long, value_name = "DIR")]
    suites: Option<PathBuf>,
}

/// Which of the planned checks are wanted.
#[derive(Debug, Args)]
#[command(next_help_heading = "Selection")]
struct Wanted {
    /// Only these nodes, by name or address: infra-1,10.10.10.11
    #[arg(short, long, value_name = "NODES", value_delimiter = ',')]
    limit: Vec<String>,
    /// Only these components: grafana,vmetrics
    #[arg(short, long, value_name = "NAMES", value_delimiter = ',')]
    component: Vec<String>,
    /// Only checks that match NODE/COMPONENT/CHECK, with * for any text; may be repeated
    #[arg(long, value_name = "PATTERN")]
    only: Vec<Pattern>,
    /// No check that matches; may be repeated
    #[arg(long, value_name = "PATTERN")]
    skip: Vec<Pattern>,
    /// Also ask by writing: canaries are written, read back and cleaned up
    #[arg(long)]
    canary: bool,
    /// Let the Blackbox Exporter of an INFRA node ping and connect: blackbox (of the first that has one), blackbox@infra-2
    #[arg(long, value_name = "blackbox[@NODE]")]
    via: Option<String>,
    /// The certificate authority of the nodes, PEM: the variable `ca` of every node
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// How many nodes without an identity are shown: as many as fit on a screen.
const SHOWN: usize = 3;

/// How much of an authority's file is read, in bytes: more than every bundle of the world's authorities has.
const AUTHORITY: u64 = 4 * 1024 * 1024;

/// A refusal: what to print and how to exit.
struct Stop {
    code: ExitCode,
    message: String,
}

/// Parses the command line, does what it says, and returns the exit code.
pub fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let done = match cli.verb {
        None => cli.verify.run(),
        Some(Verb::Verify(verb)) => verb.run(),
        Some(Verb::Plan(verb)) => verb.run(),
        Some(Verb::Lint(verb)) => verb.run(),
        Some(Verb::Inspect(verb)) => verb.run(),
        Some(Verb::Explain(verb)) => verb.run(),
        Some(Verb::Probe(verb)) => verb.run(),
        Some(Verb::Demo(verb)) => verb.run(),
    };
    match done {
        Ok(code) => code.into(),
        Err(stop) => {
            complain(&stop.message);
            stop.code.into()
        }
    }
}

impl SuiteDir {
    fn read(&self) -> Result<Suites, Stop> {
        Ok(match &self.suites {
            Some(directory) => Suites::with(directory)?,
            None => Suites::embedded()?,
        })
    }
}

impl Wanted {
    fn selection(&self) -> Selection {
        Selection {
            limit: self.limit.clone(),
            components: self.component.clone(),
            only: self.only.clone(),
            skip: self.skip.clone(),
            canary: self.canary,
        }
    }

    /// The plan of an inventory, with what is wanted of it.
    fn plan(&self, inventory: &crate::inventory::Inventory, suites: &Suites) -> Result<Plan, Stop> {
        let mut copy = None;
        if let Some(file) = &self.ca {
            copy.insert(inventory.clone()).set("ca", authority(file)?);
        }
        let inventory = copy.as_ref().unwrap_or(inventory);
        let plan = Plan::new(inventory, suites).map_err(|error| refused(inventory, error))?;
        let plan = plan.select(&self.selection())?;
        Ok(match &self.via {
            Some(witness) => plan.via(witness)?,
            None => plan,
        })
    }
}

/// A refusal of an inventory, with the lines that are at fault.
fn refused(inventory: &crate::inventory::Inventory, error: PlanError) -> Stop {
    let PlanError::Pigsty(PigstyError::Identity(unidentified)) = &error else { return error.into() };
    let hosts = pigsty::hosts(inventory).unwrap_or_default();
    let excerpt = excerpt::Excerpt { inventory, secrets: &pigsty::secrets(inventory, &hosts) };
    let shown: String = unidentified.iter().take(SHOWN).map(|one| excerpt.unidentified(one)).collect();
    let message = format!("{} has INFRA nodes that cannot be identified\n{}", inventory.name(), shown.trim_end());
    Stop { code: ExitCode::Usage, message }
}

/// A certificate authority as a variable, from its file.
fn authority(file: &Path) -> Result<Variable, Stop> {
    let refused = |what: &str| {
        let message = format!("{}: {what}: give --ca the authority's certificate as PEM", file.display());
        Stop { code: ExitCode::Usage, message }
    };
    let mut text = String::new();
    let read = File::open(file).and_then(|file| file.take(AUTHORITY).read_to_string(&mut text));
    read.map_err(|error| refused(&format!("cannot be read: {error}")))?;
    is_authority(&text).map_err(&refused)?;
    let place = Place { file: file.display().to_string().into(), line: 1, column: 0 };
    Ok(Variable { value: text.into(), place: Some(place), scope: "option --ca".into() })
}

impl From<SuiteError> for Stop {
    fn from(error: SuiteError) -> Self {
        Self { code: ExitCode::Usage, message: error.to_string() }
    }
}

impl From<crate::inventory::InventoryError> for Stop {
    fn from(error: crate::inventory::InventoryError) -> Self {
        Self { code: ExitCode::Usage, message: error.to_string() }
    }
}

impl From<PlanError> for Stop {
    fn from(error: PlanError) -> Self {
        let code = match &error {
            PlanError::Selection(_) | PlanError::Pigsty(PigstyError::NoInfra(_)) => ExitCode::NothingChecked,
            _ => ExitCode::Usage,
        };
        Self { code, message: error.to_string() }
    }
}

impl From<crate::report::ReportError> for Stop {
    fn from(error: crate::report::ReportError) -> Self {
        let code = match error {
            crate::report::ReportError::Unwritable { .. } => ExitCode::ReportNotWritten,
            _ => ExitCode::Usage,
        };
        Self { code, message: error.to_string() }
    }
}

/// Says on stderr what is wrong; a closed stderr leaves nobody to tell.
fn complain(message: &str) {
    drop(writeln!(anstream::stderr(), "infra-verify: {message}"));
}

/// Prints text on stdout; a reader that has gone away, as `head` does, is no error.
fn print(text: &str) -> Result<(), Stop> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Stop { code: ExitCode::ReportNotWritten, message: format!("stdout cannot be written: {error}") })
        }
        _ => Ok(()),
    }
}

/// How wide a text is written where no terminal says how wide it is, in columns.
const WIDTH: usize = 100;

/// The narrowest that a text is written, in columns.
const NARROWEST: usize = 40;

/// How wide a text may be, in columns: as the terminal, where there is one.
fn columns() -> usize {
    terminal_size::terminal_size().map_or(WIDTH, |(width, _)| usize::from(width.0)).max(NARROWEST)
}

/// A duration as people write it: 500ms, 10m.
fn duration(text: &str) -> Result<Duration, String> {
    match patience(text)? {
        Duration::ZERO => Err("must be longer than nothing".to_owned()),
        time => Ok(time),
    }
}

/// The same, or nothing: 0s.
fn patience(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}: write a duration such as 500ms, 5s or 10m"))
}
