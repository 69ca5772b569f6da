//! When which phase of a hop began and ended, as far as the hop came.

use tokio::time::Instant;

use super::super::Metrics;

/// The gauge of the phases, in seconds, summed over the hops.
const PHASES: &str = "probe_http_duration_seconds";

/// The moments of one hop.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trace {
    /// Whether the URL is one of https.
    pub(super) tls: bool,
    pub(super) start: Option<Instant>,
    pub(super) resolved: Option<Instant>,
    pub(super) connected: Option<Instant>,
    /// When the connection was fit for a request, TLS included.
    pub(super) ready: Option<Instant>,
    pub(super) handshake: Option<(Instant, Instant)>,
    /// When the first byte of the answer came.
    pub(super) first: Option<Instant>,
    /// When the body was read to its end: of the last hop alone.
    pub(super) end: Option<Instant>,
}

/// Sets the phase of the first look-up, as that was recorded.
pub(super) fn looked_up(metrics: &mut Metrics) {
    let seconds = metrics.get("probe_dns_lookup_time_seconds").unwrap_or_default();
    metrics.phase(PHASES, "resolve", seconds);
}

/// Sets the phases of all hops; the first look-up is recorded already.
pub(super) fn record(traces: &[Trace], metrics: &mut Metrics) {
    let [mut connect, mut tls, mut processing, mut transfer] = [0.0; 4];
    for trace in traces.iter().filter(|trace| trace.ready.is_some()) {
        if trace.tls {
            connect += between(trace.resolved, trace.connected);
            tls += trace.handshake.map_or(0.0, |(start, end)| (end - start).as_secs_f64());
        } else {
            connect += between(trace.resolved, trace.ready);
        }
        processing += between(trace.ready, trace.first);
        transfer += between(trace.first, trace.end);
    }
    for (phase, seconds) in [("connect", connect), ("tls", tls), ("processing", processing), ("transfer", transfer)] {
        metrics.phase(PHASES, phase, seconds);
    }
    if traces.len() > 1 {
        let later: f64 = traces[1..].iter().map(|trace| between(trace.start, trace.resolved)).sum();
        let first = metrics.get("probe_dns_lookup_time_seconds").unwrap_or_default();
        metrics.phase(PHASES, "resolve", first + later);
    }
}

/// The seconds from one moment to another, if both came.
fn between(start: Option<Instant>, end: Option<Instant>) -> f64 {
    start.zip(end).map_or(0.0, |(start, end)| end.saturating_duration_since(start).as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_phase_is_summed_as_far_as_a_hop_came() {
        let zero = Instant::now();
        let at = |seconds| Some(zero + Duration::from_secs(seconds));
        let whole = Trace {
            tls: true,
            start: at(0),
            resolved: at(1),
            connected: at(3),
            handshake: at(3).zip(at(6)),
            ready: at(6),
            first: at(10),
            end: at(15),
        };
        let mut metrics = Metrics::default();
        metrics.set("probe_dns_lookup_time_seconds", 7.0);
        looked_up(&mut metrics);
        record(&[Trace { end: None, ..whole }, whole, Trace { ready: None, ..whole }], &mut metrics);
        let phases = metrics.iter().filter(|metric| metric.name == PHASES);
        let found: Vec<_> = phases.map(|metric| (metric.labels[0].1.as_str(), metric.value.round())).collect();
        let expected = [("connect", 4.0), ("processing", 8.0), ("resolve", 9.0), ("tls", 6.0), ("transfer", 5.0)];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_name_that_was_not_looked_up_has_no_phase() {
        let mut metrics = Metrics::default();
        record(&[Trace::default()], &mut metrics);
        let phases: Vec<_> = metrics.iter().map(|metric| metric.labels[0].1.as_str()).collect();
        assert_eq!(phases, ["connect", "processing", "tls", "transfer"]);
    }
}
