//! The blackbox probe: a Blackbox Exporter probes on our behalf, from where it stands.
//!
//! The exporter is a witness: when it is silent, speaks something else or was not able to look itself, nothing is known
//! about the target. What it says of the target is the target's. It is asked for its log too, which alone tells why.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Url};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::blame::target;
use super::http::Http;
use super::{Facts, Failure, Kind, Probe, ProbeError, exposition, field};
use crate::value::{Object, Value};

pub(super) const KIND: Kind = Kind {
    name: "blackbox",
    fields: &["at", "module", "target", "hostname"],
    facts: &["success", "time", "metric.", "label.", "row."],
    default: &[("success", "true")],
};

/// How many probes one exporter makes for us at once: no more than its VictoriaMetrics asks of it anyhow.
const AT_ONCE: usize = 4;

/// How many bytes an answer may have: a thousand times what one probe exports.
const BODY: usize = 4 * 1024 * 1024;

/// How much of an exporter's own words is passed on, in characters.
const WORDS: usize = 200;

/// What the exporter takes off the time that it is given, in seconds: its `--timeout-offset`, unless it was told another.
const OFFSET: f64 = 0.5;

/// A Blackbox Exporter that testifies.
#[derive(Clone, Debug)]
pub struct Exporter {
    /// Where it listens.
    pub address: SocketAddr,
    turns: Arc<Semaphore>,
}

impl Exporter {
    /// An exporter at an address; its copies share its turns.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl PartialEq for Exporter {
    fn eq(&self, other: &Self) -> bool {
        self.address == other.address
    }
}

/// A probe that an exporter makes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Witness {
    exporter: Exporter,
    module: String,
    target: String,
    hostname: Option<String>,
    /// The probe that it stands for, whose facts it gives.
    own: Option<Box<Probe>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    at: Value,
    module: Value,
    target: Value,
    hostname: Option<Value>,
}

impl TryFrom<Fields> for Witness {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let text = |name, value| {
            let text = field::text(name, Some(value))?.unwrap_or_default();
            if text.is_empty() { Err(format!("{name}: is empty")) } else { Ok(text) }
        };
        let at = text("at", fields.at)?;
        let address = at.parse().map_err(|_| format!("at: `{at}` is not address:port of a Blackbox Exporter"))?;
        Ok(Self {
            exporter: Exporter::new(address),
            module: text("module", fields.module)?,
            target: text("target", fields.target)?,
            hostname: field::text("hostname", fields.hostname)?,
            own: None,
        })
    }
}

/// What the exporter said of one probe.
struct Said<'a> {
    /// The last complaint of its log.
    complaint: Option<String>,
    metrics: &'a str,
}

impl Witness {
    /// The same question as a probe of our own, asked by an exporter; nothing for what Pigsty's modules cannot ask.
    pub(super) fn of(probe: &Probe, exporter: &Exporter) -> Option<Self> {
        let (module, target) = match probe {
            Probe::Icmp(icmp) => ("icmp", icmp.plain()?.to_string()),
            Probe::Tcp(tcp) => ("tcp_connect", tcp.plain()?),
            Probe::Http(_) | Probe::Dns(_) | Probe::Ntp(_) | Probe::Promql(_) | Probe::Witness(_) => return None,
        };
        Some(Self {
            exporter: exporter.clone(),
            module: module.to_owned(),
            target,
            hostname: None,
            own: Some(Box::new(probe.clone())),
        })
    }

    pub(super) fn asked(&self) -> String {
        match &self.own {
            Some(own) => format!("{}, from blackbox at {}", own.asked(), self.exporter.address),
            None => format!("module {} on {}, from blackbox at {}", self.module, self.target, self.exporter.address),
        }
    }

    /// Whether what the exporter sends may get lost.
    pub(super) fn is_datagram(&self) -> bool {
        self.own.as_ref().is_some_and(|own| own.is_datagram())
    }

    /// Waits until the exporter has time for one more probe.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.exporter.turns).acquire_owned().await.ok()
    }

    pub(super) async fn measure(&self, timeout: Duration) -> Result<Facts, ProbeError> {
        let url = self.url().ok_or_else(|| self.mute("it cannot be asked for this target"))?;
        // It gives its answer up by itself, so that silence is its own.
        let time = timeout.as_secs_f64().max(OFFSET + 0.1);
        let http = Http::get(Method::GET, url).limit(BODY).header("x-prometheus-scrape-timeout-seconds", time);
        let answer = http.ask(timeout).await.map_err(|error| match error {
            ProbeError::Target { reason, .. } | ProbeError::Witness(reason) => self.mute(&reason),
            local @ ProbeError::Local(_) => local,
        })?;
        let text = String::from_utf8_lossy(&answer.body);
        if answer.status != 200 {
            let words: String = text.lines().next().unwrap_or_default().chars().take(WORDS).collect();
            return Err(self.mute(&format!("it answered {} {words}", answer.status)));
        }
        let said = Said::read(&text);
        let (metrics, labels) = exposition::read(said.metrics).ok_or_else(|| self.mute("its answer has no metrics"))?;
        match metrics.get("probe_success").and_then(Value::as_f64) {
            Some(1.0) => Ok(self.facts(metrics, labels)),
            Some(_) => Err(self.failed(&said)),
            None => Err(self.mute("its answer has no probe_success")),
        }
    }

    fn url(&self) -> Option<Url> {
        let mut url = Url::parse(&format!("http://{}/probe", self.exporter.address)).ok()?;
        let question = [("module", self.module.as_str()), ("target", &self.target), ("debug", "true")];
        url.query_pairs_mut().extend_pairs(question);
        if let Some(hostname) = &self.hostname {
            url.query_pairs_mut().append_pair("hostname", hostname);
        }
        Some(url)
    }

    fn mute(&self, reason: &str) -> ProbeError {
        ProbeError::Witness(format!("blackbox at {} could not testify: {reason}", self.exporter.address))
    }

    /// The facts of the probe that it stands for, or all that it measured.
    fn facts(&self, metrics: Object, labels: Object) -> Facts {
        let mut facts = Facts::default();
        let number = |name: &str| metrics.get(name).and_then(Value::as_f64);
        let took = number("probe_duration_seconds").unwrap_or_default();
        match self.own.as_deref() {
            Some(Probe::Icmp(_)) => {
                let phases = metrics.get("probe_icmp_duration_seconds").and_then(Value::as_array);
                let names =
                    labels.get("probe_icmp_duration_seconds").and_then(|labels| labels.get("phase")?.as_array());
                let rtt = names.and_then(|names| names.iter().position(|name| name == "rtt"));
                let rtt = rtt.and_then(|at| phases?.get(at)?.as_f64());
                facts.insert("time", rtt.unwrap_or(took));
                facts.insert("from", self.target.as_str());
                if let Some(ttl) = metrics.get("probe_icmp_reply_hop_limit") {
                    facts.insert("ttl", ttl.clone());
                }
            }
            Some(_) => {
                facts.insert("open", true);
                facts.insert("time", took);
            }
            None => {
                facts.insert("success", true);
                facts.insert("time", took);
                facts.insert("metric", metrics);
                facts.insert("label", labels);
            }
        }
        facts
    }

    /// What it means that the probe did not succeed: the exporter's own incapacity says nothing of the target.
    fn failed(&self, said: &Said<'_>) -> ProbeError {
        const OWN: [&str; 4] =
            ["operation not permitted", "permission denied", "too many open files", "cannot assign requested address"];
        let complaint = said.complaint.as_deref().unwrap_or_default();
        if let Some(own) = OWN.iter().find(|own| complaint.ends_with(*own)) {
            return self.mute(&format!("it could not look itself: {own}"));
        }
        let kind = match complaint {
            text if text.ends_with("connection refused") => Failure::Refused,
            text if text.ends_with("no route to host") || text.ends_with("is unreachable") => Failure::Unreachable,
            text if text.ends_with("i/o timeout") || text.ends_with("deadline exceeded") => Failure::Silent,
            _ => Failure::Protocol,
        };
        let what = match kind {
            Failure::Refused => format!("connection refused by {}", self.target),
            Failure::Silent => format!("no answer from {}", self.target),
            Failure::Unreachable => format!("no route to {}", self.target),
            Failure::Protocol if complaint.is_empty() => format!("the probe of {} did not succeed", self.target),
            Failure::Protocol => format!("{}: {complaint}", self.target),
        };
        target(kind, format!("{what}, says blackbox at {}", self.exporter.address))
    }
}

impl<'a> Said<'a> {
    /// Takes the log and the metrics out of what `debug=true` answers; an exporter that does not know it gives metrics alone.
    fn read(text: &'a str) -> Self {
        const METRICS: &str = "\nMetrics that would have been returned:\n";
        let Some((log, rest)) = text.split_once(METRICS) else { return Self { complaint: None, metrics: text } };
        let metrics = rest.split("\nModule configuration:\n").next().unwrap_or_default();
        let complaints = log.lines().filter(|line| !line.contains("msg=\"Probe failed\""));
        let complaint = complaints.filter_map(complaint).next_back();
        Self { complaint, metrics }
    }
}

/// What stands in `err="…"`, of a line of the log.
fn complaint(line: &str) -> Option<String> {
    let rest = line.split_once(" err=")?.1;
    let Some(quoted) = rest.strip_prefix('"') else {
        return rest.split(' ').next().map(str::to_owned);
    };
    let mut text = String::new();
    let mut chars = quoted.chars();
    while let Some(char) = chars.next().filter(|char| *char != '"') {
        text.push(if char == '\\' { chars.next()? } else { char });
    }
    Some(text.chars().take(WORDS).collect())
}
