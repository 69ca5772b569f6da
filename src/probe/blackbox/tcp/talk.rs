//! The conversation of `query_response`: each step expects, labels, expects bytes, sends and turns to TLS, in this order.

use std::io;
use std::net::SocketAddr;

use tokio::time::timeout_at;

use super::line::{Lines, Stop};
use super::stream::{Stream, secure};
use crate::probe::blackbox::tls::{Setup, Shown};
use crate::probe::blackbox::{Failed, Metrics, Pattern, Step, Task, TcpModule};
use crate::probe::blame::blame;
use crate::probe::dial::span;

/// How many characters of what the other side said a sentence shows.
const SHOWN: usize = 80;

const REGEX: &str = "probe_failed_due_to_regex";
const BYTES: &str = "probe_failed_due_to_bytes";

/// A conversation under way.
pub(super) struct Talk<'a> {
    module: &'a TcpModule,
    name: &'a str,
    peer: SocketAddr,
    stream: Option<Stream>,
    lines: Lines,
    shown: Option<Shown>,
    /// The last line that did not match.
    last: Option<Vec<u8>>,
    /// Whether a line is awaited, so that what it lacks tells something.
    by_line: bool,
    /// What is awaited; completes "10.10.10.10:22 …".
    awaited: String,
}

impl<'a> Talk<'a> {
    /// `name` is who TLS asks for.
    pub(super) fn new(module: &'a TcpModule, name: &'a str, peer: SocketAddr, stream: Stream) -> Self {
        Self {
            module,
            name,
            peer,
            stream: Some(stream),
            lines: Lines::default(),
            shown: None,
            last: None,
            by_line: false,
            awaited: String::new(),
        }
    }

    /// Holds it to its end or to the deadline; gives what TLS showed that began under way.
    pub(super) async fn hold(mut self, task: Task<'_>, metrics: &mut Metrics) -> Result<Option<Shown>, Failed> {
        metrics.set(REGEX, 0.0);
        metrics.set(BYTES, 0.0);
        let outcome = timeout_at(task.deadline, self.steps(task, metrics)).await;
        outcome.map_err(|_| self.late(task))??;
        if let Some(stream) = &mut self.stream {
            // All has been said: whether the goodbye arrives is no part of the verdict.
            let _ = timeout_at(task.deadline, stream.close()).await;
        }
        Ok(self.shown)
    }

    async fn steps(&mut self, task: Task<'_>, metrics: &mut Metrics) -> Result<(), Failed> {
        for step in &self.module.query_response {
            self.step(step, task, metrics).await?;
        }
        Ok(())
    }

    async fn step(&mut self, step: &Step, task: Task<'_>, metrics: &mut Metrics) -> Result<(), Failed> {
        let mut send = step.send.clone();
        if let Some(pattern) = &step.expect {
            let line = self.expect(pattern, metrics).await?;
            send = pattern.expand(&line, &step.send);
            label(step, pattern, &line, metrics);
        }
        if !step.expect_bytes.is_empty() {
            self.expect_bytes(&step.expect_bytes, metrics).await?;
        }
        if !send.is_empty() {
            send.push(b'\n');
            "did not take what was sent".clone_into(&mut self.awaited);
            self.by_line = false;
            let outcome = self.stream()?.write(&send).await;
            outcome.map_err(|error| self.broken(&error))?;
        }
        if step.starttls {
            self.secure(task, metrics).await?;
        }
        Ok(())
    }

    fn stream(&mut self) -> Result<&mut Stream, Failed> {
        self.stream.as_mut().ok_or_else(|| Failed::target("the connection is in use"))
    }

    /// The first line that matches.
    async fn expect(&mut self, pattern: &Pattern, metrics: &mut Metrics) -> Result<Vec<u8>, Failed> {
        self.awaited = format!("sent no line that matches `{}`", pattern.text());
        self.last = None;
        self.by_line = true;
        loop {
            let stream = self.stream.as_mut().ok_or_else(|| Failed::target("the connection is in use"))?;
            match self.lines.next(stream).await {
                Ok(Some(line)) if pattern.is_match(&line) => {
                    metrics.set(REGEX, 0.0);
                    return Ok(line);
                }
                Ok(Some(line)) => self.last = Some(line),
                Ok(None) => {
                    metrics.set(REGEX, 1.0);
                    let said = self.said();
                    return Err(Failed::target(format!(
                        "{} {} and closed the connection{said}",
                        self.peer, self.awaited
                    )));
                }
                Err(Stop::TooLong) => {
                    return Err(Failed::target(format!("{} sent a line of 64 KiB or more, the limit", self.peer)));
                }
                Err(Stop::Broken(error)) => return Err(self.broken(&error)),
            }
        }
    }

    /// One read of as many bytes, which are to be these: what comes in two portions is too short.
    async fn expect_bytes(&mut self, wanted: &[u8], metrics: &mut Metrics) -> Result<(), Failed> {
        self.awaited = format!("did not send the bytes `{}`", shown(wanted));
        self.by_line = false;
        if !self.lines.rest().is_empty() {
            let (rest, awaited) = (shown(self.lines.rest()), &self.awaited);
            self.awaited = format!("{awaited} behind `{rest}`, which came with the line before and was taken with it,");
        }
        let mut bytes = vec![0; wanted.len()];
        let read = self.stream()?.read(&mut bytes).await;
        let length = read.map_err(|error| self.broken(&error))?;
        let peer = self.peer;
        if length > 0 && self.stream()?.has_ended() {
            let said = shown(&bytes[..length]);
            return Err(Failed::target(format!(
                "{peer} ended TLS 1.2 right behind `{said}`, which the exporter takes for a broken answer: use TLS 1.3"
            )));
        }
        match &bytes[..length] {
            [] => Err(Failed::target(format!("{peer} {} and closed the connection", self.awaited))),
            short if short.len() < wanted.len() => Err(Failed::target(format!(
                "{peer} sent `{}`, {length} of the {} bytes that were expected at once: `{}`",
                shown(short),
                wanted.len(),
                shown(wanted)
            ))),
            same if same == wanted => {
                metrics.set(BYTES, 0.0);
                Ok(())
            }
            other => {
                metrics.set(BYTES, 1.0);
                Err(Failed::target(format!("{peer} sent the bytes `{}`, not `{}`", shown(other), shown(wanted))))
            }
        }
    }

    /// Turns to TLS; what was read and not looked at is forgotten.
    async fn secure(&mut self, task: Task<'_>, metrics: &mut Metrics) -> Result<(), Failed> {
        let setup = Setup::new(&self.module.tls_config, self.name, &[])?;
        let Some(Stream::Plain(stream)) = self.stream.take() else {
            return Err(Failed::target("query_response: TLS begins twice"));
        };
        let (stream, shown) = secure(&setup, stream, self.peer, task).await?;
        self.stream = Some(Stream::Tls(Box::new(stream)));
        self.lines = Lines::default();
        shown.metrics(false, metrics);
        self.shown = Some(shown);
        Ok(())
    }

    fn broken(&self, error: &io::Error) -> Failed {
        match blame(error, self.peer).into() {
            Failed { reason, local: false } => Failed::target(format!("{reason} after it {}", self.awaited)),
            local => local,
        }
    }

    fn late(&self, task: Task<'_>) -> Failed {
        let (peer, within, said) = (self.peer, span(task.timeout), self.said());
        Failed::target(format!("{peer} {} within {within}{said}", self.awaited))
    }

    /// What came instead of what was awaited.
    fn said(&self) -> String {
        match (self.lines.rest(), &self.last) {
            _ if !self.by_line => String::new(),
            ([], None) => String::new(),
            ([], Some(line)) => format!("; its last line was `{}`", shown(line)),
            (rest, _) => format!("; it last sent `{}` without an end of line", shown(rest)),
        }
    }
}

/// Sets `probe_expect_info` with what a line gave.
fn label(step: &Step, pattern: &Pattern, line: &[u8], metrics: &mut Metrics) {
    let value = |text: &str| String::from_utf8_lossy(&pattern.expand(line, text.as_bytes())).into_owned();
    let labels: Vec<_> = step.labels.iter().map(|(name, text)| (name.as_str(), value(text))).collect();
    if !labels.is_empty() {
        let labels: Vec<_> = labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
        metrics.labelled("probe_expect_info", &labels, 1.0);
    }
}

/// Bytes as a sentence can have them: short, and nothing that moves a terminal's cursor.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown.replace("\\'", "'").replace("\\\"", "\"")
}
