//! Probes as blackbox_exporter makes them: one module, one target, one verdict, and the metrics that its `/probe` gives.
//!
//! Here alone a probe judges: the rules stand in the module, and the verdict is to equal the exporter's `probe_success`.
//! One attempt at one address; nothing is retried.

use std::time::Duration;

use tokio::time::Instant;

mod address;
pub(super) mod dns;
mod http;
mod icmp;
mod metric;
mod module;
mod pattern;
mod target;
pub(super) mod tcp;
mod tls;

use super::{Failure, ProbeError};

pub use self::dns::{class_number, type_number};
pub use self::http::is_cel;
pub use self::metric::{Labels, Metric, Metrics};
pub use self::module::*;
pub use self::pattern::Pattern;

/// How long a probe may take where neither its module nor its user says: what the exporter takes for a scrape's.
pub const TIMEOUT: Duration = Duration::from_millis(119_500);

/// What one probe came to.
#[derive(Clone, Debug)]
pub struct Probed {
    /// Why it failed; nothing if it succeeded.
    pub failure: Option<Failed>,
    /// What the exporter would have exported, `probe_success` and `probe_duration_seconds` included.
    pub metrics: Metrics,
    /// From the first look-up to the verdict.
    pub took: Duration,
}

/// Why a probe failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// In words that a person can act on.
    pub reason: String,
    /// Whether this machine could not ask, so that nothing is known about the target.
    pub local: bool,
}

impl Failed {
    /// The target is not as its module wants it.
    pub(super) fn target(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), local: false }
    }

    /// This machine could not ask.
    pub(super) fn local(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), local: true }
    }
}

impl From<ProbeError> for Failed {
    fn from(error: ProbeError) -> Self {
        match error {
            ProbeError::Target { reason, .. } => Self::target(reason),
            ProbeError::Witness(reason) | ProbeError::Local(reason) => Self::local(reason),
        }
    }
}

impl From<Failed> for ProbeError {
    fn from(Failed { reason, local }: Failed) -> Self {
        if local { Self::Local(reason) } else { Self::Target { kind: Failure::Protocol, reason } }
    }
}

/// What a prober is given besides its module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task<'a> {
    /// What is to be probed, as it was typed.
    pub(super) target: &'a str,
    /// The name to ask for, as `/probe` takes it in the parameter `hostname`.
    pub(super) hostname: Option<&'a str>,
    /// When the probe is over, look-up included.
    pub(super) deadline: Instant,
    /// The same as a span, for sentences.
    pub(super) timeout: Duration,
}

impl Module {
    /// Probes a target once; the timeout is the user's, and a shorter one of the module wins.
    pub async fn probe(&self, target: &str, hostname: Option<&str>, timeout: Duration) -> Probed {
        let timeout = self.timeout.filter(|own| !own.is_zero()).map_or(timeout, |own| own.min(timeout));
        let started = Instant::now();
        let task = Task { target, hostname, deadline: started + timeout, timeout };
        let mut metrics = Metrics::default();
        let outcome = match &self.prober {
            Prober::Http(module) => http::probe(module, task, &mut metrics).await,
            Prober::Tcp(module) => tcp::probe(module, task, &mut metrics).await,
            Prober::Icmp(module) => icmp::probe(module, task, &mut metrics).await,
            Prober::Dns(module) => dns::probe(module, task, &mut metrics).await,
        };
        let took = started.elapsed();
        metrics.set("probe_success", if outcome.is_ok() { 1.0 } else { 0.0 });
        metrics.set("probe_duration_seconds", took.as_secs_f64());
        Probed { failure: outcome.err(), metrics, took }
    }
}
