//! A real blackbox_exporter of this run's own, which ends with it however it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use data_encoding::HEXUPPER;

use super::environment;
use super::exposition::Exposition;
use super::row::{Row, Verdict};

/// Starts the exporter and waits for the end of what it reads, which comes when this program ends; Ctrl-C is for us to
/// hear, not for it.
const LEASH: &str = r#"trap '' INT; "$@" & exporter=$!; read -r _; kill "$exporter"; wait"#;

/// By how much `/probe` is told a longer time than it takes.
const OFFSET: Duration = Duration::from_millis(500);

/// Longer than any probe of a table takes: an exporter that does not answer then is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the exporter says to a row.
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    pub(crate) metrics: Exposition,
    /// Its own words, for whoever reads a failure.
    pub(crate) words: String,
}

impl Answer {
    /// What it says to a file that is only read.
    pub(crate) fn of_loading(refusal: Option<String>) -> Self {
        let verdict = if refusal.is_none() { Verdict::Yes } else { Verdict::No };
        Self { verdict, metrics: Exposition::default(), words: refusal.unwrap_or_default() }
    }

    fn refused(words: String) -> Self {
        Self { verdict: Verdict::Refused, metrics: Exposition::default(), words }
    }
}

/// A running exporter.
pub(crate) struct Exporter {
    child: Child,
    address: SocketAddr,
    /// As it says itself.
    pub(crate) version: String,
}

/// Where the exporter of a name is installed.
pub(crate) fn installed(program: &str) -> Option<PathBuf> {
    let home =
        || PathBuf::from(std::env::var("HOME").unwrap_or_else(|_| "/root".into())).join(".cache/infra-verify/lab");
    let cache = std::env::var("INFRA_VERIFY_LAB_CACHE").map_or_else(|_| home(), PathBuf::from);
    Some(cache.join("bin").join(program)).filter(|path| path.is_file())
}

/// What the exporter has against a file of modules, if anything.
pub(crate) fn refusal(program: &Path, config: &Path) -> Result<Option<String>> {
    let mut command = Command::new(program);
    command.arg("--config.check").arg("--config.file").arg(config).env_clear();
    let output = command.output().with_context(|| program.display().to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let why = said.rsplit("err=").next().unwrap_or(&said);
    Ok((!output.status.success()).then(|| why.trim().trim_matches('"').replace("\\n ", "")))
}

impl Exporter {
    /// Starts one with a file of modules, at a port of the system's choice.
    pub(crate) fn start(program: &Path, config: &Path) -> Result<Self> {
        let mut child = Command::new("sh")
            .args(["-c", LEASH, "sh"])
            .arg(program)
            .arg("--config.file")
            .arg(config)
            .arg("--web.listen-address=127.0.0.1:0")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(environment::variables())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().context("no standard error")?).lines();
        let (mut said, mut version, mut address) = (String::new(), None, None);
        while address.is_none() {
            let Some(line) = lines.next() else { bail!("it ended: {said}") };
            let line = line?;
            version = version.or_else(|| between(&line, "(version=", ","));
            address = between(&line, "Listening on\" address=", " ");
            said.push_str(&line);
        }
        thread::spawn(move || lines.for_each(drop)); // for it would stop when nobody reads what it says
        let address = address.context("no address")?.parse()?;
        Ok(Self { child, address, version: version.unwrap_or_default() })
    }

    /// Asks it to probe as a row says.
    pub(crate) fn ask(&self, row: &Row) -> Result<Answer> {
        let hostname = row.hostname.as_ref().map(|name| format!("&hostname={}", quoted(name))).unwrap_or_default();
        let path = format!("/probe?debug=true&module={}&target={}{hostname}", row.case, quoted(&row.target));
        let reply = match self.get(&path, row.timeout() + OFFSET) {
            Ok(reply) => reply,
            Err(error) => return Ok(Answer::refused(format!("{error:#}"))),
        };
        let Some((head, body)) = reply.split_once("\r\n\r\n") else {
            return Ok(Answer::refused(format!("it broke off: {reply}")));
        };
        if head.split(' ').nth(1) != Some("200") {
            return Ok(Answer::refused(body.to_owned()));
        }
        let (words, rest) = body.split_once("Metrics that would have been returned:").context("no metrics")?;
        let metrics = Exposition::read(rest.split("Module configuration:").next().unwrap_or_default());
        let verdict = match metrics.value("probe_success") {
            Some(1.0) => Verdict::Yes,
            Some(0.0) => Verdict::No,
            other => return Err(anyhow!("probe_success is {other:?}")),
        };
        Ok(Answer { verdict, metrics, words: words.to_owned() })
    }

    /// One request; the answer to HTTP/1.0 is as long as its connection.
    fn get(&self, path: &str, timeout: Duration) -> Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let seconds = timeout.as_secs_f64();
        write!(stream, "GET {path} HTTP/1.0\r\nX-Prometheus-Scrape-Timeout-Seconds: {seconds}\r\n\r\n")?;
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply)?;
        ensure!(!reply.is_empty(), "it broke off without an answer");
        Ok(String::from_utf8_lossy(&reply).into_owned())
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}

fn between(line: &str, before: &str, behind: &str) -> Option<String> {
    let (_, rest) = line.split_once(before)?;
    Some(rest.split(behind).next().unwrap_or(rest).trim_end_matches(')').to_owned())
}

/// A text as it stands in a query.
fn quoted(text: &str) -> String {
    text.bytes().fold(String::new(), |quoted, byte| quoted + "%" + &HEXUPPER.encode(&[byte]))
}
