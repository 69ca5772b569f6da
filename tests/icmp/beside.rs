//! The real exporter in the network of a trial, asked what we are asked, by the same file of modules: the cases of
//! `tests/blackbox/icmp.yml` that the loopback cannot show.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use infra_verify::module::Modules;

use crate::responder::Responder;

/// How long a probe may take.
const TIMEOUT: Duration = Duration::from_millis(700);

/// A case: its section, its target, whether the exporter succeeds, and whether we do.
type Case = (&'static str, &'static str, &'static str, bool, bool);

const ROUTED: &[Case] = &[
    ("IX-001", "{}", "10.0.1.2", true, true),
    ("IX-007", "{}", "10.0.4.2", false, false),
    ("IX-011", "{}", "10.0.2.2", false, false),
    ("IX-011-router", "{}", "10.0.1.9", false, false),
    ("IX-011-v6", "{}", "fd02::2", false, false),
    ("IX-012", "{ ttl: 1 }", "10.0.1.2", false, false),
    ("IX-012-v6", "{ ttl: 1 }", "fd01::2", false, false),
    ("IX-012-enough", "{ ttl: 2 }", "10.0.1.2", true, true),
    ("IX-012-enough-v6", "{ ttl: 2 }", "fd01::2", true, true),
    ("IX-018", "{ dont_fragment: true, payload_size: 2000 }", "fd00::1", true, true),
    ("IX-020", "{ source_ip_address: 10.0.0.2 }", "10.0.1.2", true, true),
    ("IX-020-loopback", "{ source_ip_address: 127.0.0.1 }", "10.0.1.2", false, false),
];

/// What the exporter needs a raw socket for.
const WHOLE: &[Case] = &[
    ("IX-017-small", "{ dont_fragment: true, payload_size: 1272 }", "10.0.1.2", true, true),
    ("IX-017-path", "{ dont_fragment: true, payload_size: 1273 }", "10.0.1.2", false, false),
    ("IX-017-link", "{ dont_fragment: true, payload_size: 1473 }", "10.0.0.1", false, false),
    ("IX-017-hops", "{ dont_fragment: true, ttl: 1 }", "10.0.1.2", false, false),
    ("IX-017-default", "{ dont_fragment: true, ttl: 0 }", "10.0.1.2", true, true),
];

/// We need none for it.
const WHOLE_UNPRIVILEGED: &[Case] = &[("IX-017", "{ dont_fragment: true }", "127.0.0.1", false, true)];

const FORBIDDEN: &[Case] = &[
    ("IX-021", "{}", "127.0.0.1", false, false),
    ("IX-021-v6", "{}", "::1", false, false),
    ("IX-021-whole", "{ dont_fragment: true }", "127.0.0.1", false, false),
];

const ANSWERED: &[Case] = &[
    ("IX-010-well", "{}", "127.0.0.1", true, true),
    ("IX-010-late", "{}", "127.0.0.2", true, true),
    ("IX-010-often", "{}", "127.0.0.3", true, true),
    ("IX-009", "{}", "127.0.0.4", false, false),
    ("IX-009-cut", "{}", "127.0.0.5", false, false),
    ("IX-009-longer", "{}", "127.0.0.6", false, false),
    ("IX-010", "{}", "127.0.0.7", false, false),
    ("IX-010-id", "{}", "127.0.0.8", false, false),
    ("IX-008", "{}", "127.0.0.9", false, false),
    ("IX-009-checksum", "{}", "127.0.0.10", false, false),
    ("IX-009-kind", "{}", "127.0.0.11", false, false),
];

pub fn routed() -> Result<()> {
    compare(ROUTED)?;
    narrow(["10.0.1.4", "10.0.1.5"])?;
    narrow(["fd01::4", "fd01::5"])
}

pub fn whole() -> Result<()> {
    compare(WHOLE)
}

pub fn unprivileged() -> Result<()> {
    compare(WHOLE_UNPRIVILEGED)
}

pub fn forbidden() -> Result<()> {
    compare(FORBIDDEN)
}

pub fn answered() -> Result<()> {
    let _responder = Responder::start()?;
    compare(ANSWERED)
}

/// Asks both, and says where either says something else than the case.
fn compare(cases: &[Case]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("modules.yml");
    let mut text = "modules:\n".to_owned();
    for (case, section, ..) in cases {
        writeln!(text, "  {case}: {{ prober: icmp, icmp: {section} }}")?;
    }
    std::fs::write(&file, text)?;
    let exporter = Exporter::start(&file)?;
    let mut wrong = String::new();
    for &(case, _, target, theirs, ours) in cases {
        let (they, (we, reason)) = (exporter.ask(case, target)?, ask(&file, case, target)?);
        if (they, we) != (theirs, ours) {
            writeln!(wrong, "{case}: the exporter says {they}, not {theirs}; we say {we}, not {ours} ({reason})")?;
        }
    }
    ensure!(wrong.is_empty(), "{wrong}");
    Ok(())
}

/// What is longer than the path carries is lost once, and comes through when the system has learnt the size: the exporter
/// finds it so with one host, and we with another.
fn narrow([theirs, ours]: [&str; 2]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("modules.yml");
    std::fs::write(&file, "modules:\n  narrow: { prober: icmp, icmp: { payload_size: 1300 } }\n")?;
    let exporter = Exporter::start(&file)?;
    let they = [exporter.ask("narrow", theirs)?, exporter.ask("narrow", theirs)?];
    let we = [ask(&file, "narrow", ours)?.0, ask(&file, "narrow", ours)?.0];
    ensure!(they == [false, true], "the exporter says {they:?} of {theirs}");
    ensure!(we == they, "we say {we:?} of {ours}");
    Ok(())
}

fn ask(modules: &Path, name: &str, target: &str) -> Result<(bool, String)> {
    let modules = Modules::read(modules)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let probed = runtime.block_on(modules.get(name)?.probe(target, None, TIMEOUT));
    let reason = probed.failure.map(|failure| failure.reason);
    Ok((reason.is_none(), reason.unwrap_or_default()))
}

/// Where the exporter is installed.
fn installed() -> Option<PathBuf> {
    let home = || PathBuf::from(std::env::var("HOME").unwrap_or_else(|_| "/root".into()));
    let cache =
        std::env::var("INFRA_VERIFY_LAB_CACHE").map_or_else(|_| home().join(".cache/infra-verify/lab"), PathBuf::from);
    Some(cache.join("bin/blackbox_exporter")).filter(|path| path.is_file())
}

/// Why the exporter cannot be asked.
pub fn obstacle() -> Option<String> {
    installed().is_none().then(|| "no blackbox_exporter: tests/lab/install brings it".to_owned())
}

/// A running exporter.
struct Exporter {
    child: Child,
    address: String,
}

impl Exporter {
    fn start(modules: &Path) -> Result<Self> {
        let mut command = Command::new(installed().context("no exporter")?);
        command.arg("--config.file").arg(modules).arg("--web.listen-address=127.0.0.1:0");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stderr.take().context("no standard error")?).lines().map_while(Result::ok);
        let address = |line: String| Some(line.split_once("Listening on\" address=")?.1.split(' ').next()?.to_owned());
        let address = lines.find_map(address);
        std::thread::spawn(move || lines.for_each(drop)); // for it would stop when nobody reads what it says
        Ok(Self { child, address: address.context("the exporter ended")? })
    }

    fn ask(&self, module: &str, target: &str) -> Result<bool> {
        let mut stream = TcpStream::connect(&self.address)?;
        let seconds = (TIMEOUT + Duration::from_millis(500)).as_secs_f64(); // of which it keeps half a second
        write!(
            stream,
            "GET /probe?module={module}&target={target} HTTP/1.0\r\nX-Prometheus-Scrape-Timeout-Seconds: {seconds}\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let line = answer.lines().find_map(|line| line.strip_prefix("probe_success "));
        Ok(line.with_context(|| answer.clone())? == "1")
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}
