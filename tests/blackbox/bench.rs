//! Everything that the rows share: the servers, the exporters, and what came of the rows.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::{Context, Result, anyhow, bail, ensure};
use libtest_mimic::Completion;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::exporter::{Answer, Exporter, installed, refusal};
use super::judge;
use super::ours::{self, Ours};
use super::row::{self, Row, Verdict};
use super::support::{Certificates, Server};
use super::tally::{Came, Tally};

/// What the exporters are called, and their versions.
const PROGRAM: (&str, &str) = ("blackbox_exporter", "0.28.");
const OLDER: (&str, &str) = ("prometheus-blackbox-exporter", "0.23.");

/// Another place for the older exporter.
const OLDER_VARIABLE: &str = "INFRA_VERIFY_BLACKBOX_0_23";

/// How often the exporter is asked that ran into the deadline where it should not have: this machine may have been busy.
const ATTEMPTS: usize = 3;

/// A row with its server.
pub(crate) struct Case {
    pub(crate) row: Row,
    server: Option<Server>,
    config: PathBuf,
    /// Held by whoever asks a server that may complain.
    turn: Mutex<()>,
    ours: OnceLock<Result<Ours, String>>,
    theirs: OnceLock<Result<Answer, String>>,
}

impl Case {
    fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        self.row.is_watched.then(|| self.turn.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A running exporter, and the modules that it does not read, with its reasons.
struct Running {
    program: PathBuf,
    exporter: Exporter,
    refused: BTreeMap<String, String>,
}

/// The rows, and all that they need.
pub(crate) struct Bench {
    pub(crate) cases: Vec<Arc<Case>>,
    exporter: OnceLock<Result<Running, String>>,
    older: OnceLock<Result<Running, String>>,
    pub(crate) tally: Tally,
    servers: Runtime,
    folder: TempDir,
}

impl Bench {
    /// Starts every server; the exporters start when the first row asks for them.
    pub(crate) fn set() -> Result<Self> {
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
        setrlimit(Resource::RLIMIT_NOFILE, most, most)?; // a row holds up to five sockets
        let folder = tempfile::tempdir()?;
        let certificates = Arc::new(Certificates::make(folder.path())?);
        let servers = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let inside = servers.enter();
        let mut cases = Vec::new();
        for (row, place) in row::read(folder.path())? {
            let serve = row.serve.clone().unwrap_or_default();
            let started = place.map(|place| Server::start(place, serve, &certificates)).transpose();
            let server = started.with_context(|| row.name())?;
            let config = folder.path().join(format!("{}.yml", row.case));
            if row.not_produced.is_none() {
                fs::write(&config, row.config()?)?;
            }
            cases.push(Arc::new(Case {
                row,
                server,
                config,
                turn: Mutex::default(),
                ours: OnceLock::new(),
                theirs: OnceLock::new(),
            }));
        }
        drop(inside);
        cases.sort_by_key(|case| Reverse(case.row.timeout())); // those that wait longest begin first
        let tally = Tally::default();
        Ok(Self { cases, exporter: OnceLock::new(), older: OnceLock::new(), tally, servers, folder })
    }

    /// We say what the row says.
    pub(crate) fn alone(&self, case: &Case) -> Result<Completion> {
        if let Some(obstacle) = &case.row.obstacle {
            return Ok(Completion::ignored_with(obstacle));
        }
        judge::alone(&case.row, self.ours(case)?)?;
        Ok(Completion::Completed)
    }

    /// The exporter says what the row says.
    pub(crate) fn newest(&self, case: &Case) -> Result<Completion> {
        match self.theirs(case)? {
            Ok(theirs) => judge::theirs(&case.row, theirs).map(|()| Completion::Completed),
            Err(why) => Ok(Completion::ignored_with(why)),
        }
    }

    /// The exporter and we say the same, for the same metrics.
    pub(crate) fn beside(&self, case: &Case) -> Result<Completion> {
        let theirs = match self.theirs(case) {
            Ok(Ok(theirs)) => Ok(theirs),
            Ok(Err(why)) => return Ok(Completion::ignored_with(why)),
            Err(error) => Err(error),
        };
        let judged = theirs.and_then(|theirs| judge::beside(&case.row, theirs, self.ours(case)?));
        let kind = if case.row.differs.is_some() { Came::Differs } else { Came::Agrees };
        self.tally.count(&case.row.table, if judged.is_ok() { kind } else { Came::Disagrees });
        judged.map(|()| Completion::Completed)
    }

    /// The older exporter says what the row says too.
    pub(crate) fn older(&self, case: &Case) -> Result<Completion> {
        if let Some(obstacle) = &case.row.obstacle {
            return Ok(Completion::ignored_with(obstacle));
        }
        let named = || std::env::var_os(OLDER_VARIABLE).map(PathBuf::from);
        let running = match self.older.get_or_init(|| self.start(OLDER, named(), "older")) {
            Ok(running) => running,
            Err(why) => return Ok(Completion::ignored_with(why)),
        };
        let table = format!("{} (0.23)", case.row.table);
        if let Some(why) = running.refused.get(&case.row.case) {
            self.tally.count(&table, Came::NotProduced);
            return Ok(Completion::ignored_with(format!("0.23 does not read the module: {why}")));
        }
        let judged = judge::older(&case.row, &self.ask(case, running)?);
        let kind = if case.row.older.is_some() { Came::Differs } else { Came::Agrees };
        self.tally.count(&table, if judged.is_ok() { kind } else { Came::Disagrees });
        judged.map(|()| Completion::Completed)
    }

    fn start(&self, (name, version): (&str, &str), named: Option<PathBuf>, file: &str) -> Result<Running, String> {
        let program = named.or_else(|| installed(name)).ok_or(format!("no {name}: tests/lab/install brings it"))?;
        let path = self.folder.path().join(format!("{file}.yml"));
        let running = self.run(program, &path).map_err(|error| format!("{error:#}"))?;
        let is = &running.exporter.version;
        if is.starts_with(version) { Ok(running) } else { Err(format!("{name} is {is}, not {version}")) }
    }

    /// Starts an exporter with the module of every row that it reads.
    fn run(&self, program: PathBuf, path: &Path) -> Result<Running> {
        let probed = || self.cases.iter().filter(|case| case.row.loads.is_none() && case.row.not_produced.is_none());
        let write = |refused: &BTreeMap<String, String>| {
            let read = probed().filter(|case| !refused.contains_key(&case.row.case));
            let modules = read.filter_map(|case| case.row.module()).collect::<String>();
            fs::write(path, format!("modules:\n{modules}"))
        };
        let mut refused = BTreeMap::new();
        write(&refused)?;
        if refusal(&program, path)?.is_some() {
            for case in probed() {
                refused.extend(refusal(&program, &case.config)?.map(|why| (case.row.case.clone(), why)));
            }
            write(&refused)?;
        }
        let exporter = Exporter::start(&program, path).with_context(|| program.display().to_string())?;
        Ok(Running { program, exporter, refused })
    }

    /// What the exporter says, asked once; or why it is not asked.
    fn theirs<'a>(&self, case: &'a Case) -> Result<Result<&'a Answer, String>> {
        if let Some(obstacle) = &case.row.obstacle {
            return Ok(Err(obstacle.clone()));
        }
        let running = match self.exporter.get_or_init(|| self.start(PROGRAM, None, "newest")) {
            Ok(running) => running,
            Err(why) => return Ok(Err(why.clone())),
        };
        let ask = || self.ask(case, running).map_err(|error| format!("{error:#}"));
        Ok(Ok(case.theirs.get_or_init(ask).as_ref().map_err(|error| anyhow!("{error}"))?))
    }

    fn ask(&self, case: &Case, running: &Running) -> Result<Answer> {
        if case.row.loads.is_some() {
            return Ok(Answer::of_loading(refusal(&running.program, &case.config)?));
        }
        if let Some(why) = running.refused.get(&case.row.case) {
            bail!("the exporter does not read the module: {why}");
        }
        let _turn = case.turn();
        let mut answer = running.exporter.ask(&case.row)?;
        for _ in 1..ATTEMPTS {
            if Some(answer.verdict) != case.row.theirs() && answer.metrics.took() > case.row.timeout() {
                self.complaints(case, answer.verdict)?;
                answer = running.exporter.ask(&case.row)?;
            }
        }
        self.complaints(case, answer.verdict).with_context(|| format!("asked by the exporter: {}", answer.words))?;
        Ok(answer)
    }

    fn ours<'a>(&self, case: &'a Case) -> Result<&'a Ours> {
        let ask = || {
            let _turn = case.turn();
            let ours = ours::ask(&case.row, &case.config).map_err(|error| format!("{error:#}"))?;
            self.complaints(case, ours.verdict).map_err(|error| format!("asked by us: {error:#}"))?;
            Ok(ours)
        };
        case.ours.get_or_init(ask).as_ref().map_err(|error| anyhow!("{error}"))
    }

    /// What a server has against a client matters where the probe succeeded, for nothing else would tell.
    fn complaints(&self, case: &Case, verdict: Verdict) -> Result<()> {
        let Some(server) = case.server.as_ref().filter(|_| case.row.is_watched) else { return Ok(()) };
        let complaints = self.servers.block_on(server.witness.complaints());
        ensure!(complaints.is_empty() || verdict != Verdict::Yes, "the server complains: {}", complaints.join("; "));
        Ok(())
    }
}
