//! The icmp prober: one echo request, and only its own reply from the target's own address is a success.
//!
//! The exporter waits until the deadline when a router says that there will be no reply; here that ends the probe, with the
//! same verdict and the router's reason.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use tokio::time::timeout_at;

use super::{Failed, IcmpModule, Metrics, Task, address};
use crate::probe::blame::blame_on;
use crate::probe::dial::span;
use crate::probe::echo::{self, Echo, Fragments, Heard, LARGEST, Options, Request, Unsent};

const DURATION: &str = "probe_icmp_duration_seconds";

/// What the exporter sends.
const PAYLOAD: &[u8] = b"Prometheus Blackbox Exporter";

/// The hops that the exporter gives a packet that must not be fragmented, whose header is its own.
const HOPS: u8 = 64;

pub(super) async fn probe(module: &IcmpModule, task: Task<'_>, metrics: &mut Metrics) -> Result<(), Failed> {
    for phase in ["resolve", "setup", "rtt"] {
        metrics.phase(DURATION, phase, 0.0);
    }
    let to = address::choose(task.target, module.family, task, metrics).await?;
    metrics.phase(DURATION, "resolve", metrics.get("probe_dns_lookup_time_seconds").unwrap_or_default());
    let request = request(module, address::peer(task.target, module.family, to, 0))?;
    let begun = Instant::now();
    let sent = Echo::send(&request);
    let left = match &sent {
        Ok(echo) => Some(echo.sent()),
        Err(Unsent::Refused(_)) => Some(Instant::now()),
        Err(Unsent::Closed(_) | Unsent::Source(_)) => None,
    };
    metrics.phase(DURATION, "setup", left.map_or(0.0, |left| (left - begun).as_secs_f64()));
    let echo = sent.map_err(|unsent| blame(&unsent, &request))?;
    hear(echo, to, task, metrics).await
}

async fn hear(mut echo: Echo, to: IpAddr, task: Task<'_>, metrics: &mut Metrics) -> Result<(), Failed> {
    match timeout_at(task.deadline, echo.hear()).await {
        Ok(Ok(Heard::Reply { ttl, took, .. })) => {
            metrics.phase(DURATION, "rtt", took.as_secs_f64());
            if let Some(ttl) = ttl {
                metrics.set("probe_icmp_reply_hop_limit", f64::from(ttl));
            }
            Ok(())
        }
        Ok(Ok(Heard::Complaint(complaint))) => Err(Failed::target(complaint.to_string())),
        Ok(Err(error)) => Err(blame_on(&error, to, &to.to_string()).into()),
        Err(_) => Err(silent(to, task, echo.stray())),
    }
}

/// No reply came; who answered in the target's place is named.
fn silent(to: IpAddr, task: Task<'_>, stray: Option<IpAddr>) -> Failed {
    let only = stray.map(|from| format!(", only one from {from}")).unwrap_or_default();
    Failed::target(format!("no echo reply from {to} within {}{only}", span(task.timeout)))
}

/// The request did not leave; what the module has wrong is not this machine's fault.
fn blame(unsent: &Unsent, request: &Request) -> Failed {
    let failed = Failed::from(unsent.blame(request));
    Failed { local: failed.local && !unsent.is_own_fault(), ..failed }
}

fn request(module: &IcmpModule, to: SocketAddr) -> Result<Request, Failed> {
    let forbidden = module.dont_fragment && to.is_ipv4();
    let options = Options {
        ttl: Some(if forbidden && module.ttl == 0 { HOPS } else { module.ttl }),
        fragments: if forbidden { Fragments::Forbidden } else { Fragments::System },
        source: source(module, to)?,
    };
    Ok(Request { to, payload: payload(module.payload_size, to.ip())?, options })
}

/// The address to ask from, if one is named.
fn source(module: &IcmpModule, to: SocketAddr) -> Result<Option<IpAddr>, Failed> {
    let text = &module.source_ip_address;
    if text.is_empty() {
        return Ok(None);
    }
    let source: IpAddr =
        text.parse().map_err(|_| Failed::target(format!("source_ip_address `{text}` is no ip address")))?;
    let source = source.to_canonical();
    let like = source.is_ipv4() == to.is_ipv4();
    if like { Ok(Some(source)) } else { Err(Failed::target(echo::foreign(source, to.ip()))) }
}

/// The exporter's text, cut off or filled up with zeros to the size that is asked for.
fn payload(size: usize, to: IpAddr) -> Result<Vec<u8>, Failed> {
    if size > LARGEST {
        return Err(Failed::target(echo::too_large(size, to)));
    }
    let mut payload = PAYLOAD.to_vec();
    if size > 0 {
        payload.resize(size, 0);
    }
    Ok(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(module: &IcmpModule, to: &str) -> Result<Request, Failed> {
        request(module, SocketAddr::new(to.parse().unwrap(), 0))
    }

    #[test]
    fn the_payload_is_the_exporters_text_cut_off_or_filled_up() {
        let payload = |payload_size| {
            let module = IcmpModule { payload_size, ..IcmpModule::default() };
            asked(&module, "127.0.0.1").map(|request| request.payload)
        };
        assert_eq!(payload(0).as_deref(), Ok(&b"Prometheus Blackbox Exporter"[..]));
        assert_eq!(payload(10).as_deref(), Ok(&b"Prometheus"[..]));
        assert_eq!(payload(30).as_deref(), Ok(&b"Prometheus Blackbox Exporter\0\0"[..]));
        let error = payload(usize::MAX).unwrap_err();
        assert!(error.reason.ends_with("lower payload_size") && !error.local, "{error:?}");
    }

    #[test]
    fn whether_a_packet_stays_whole_is_a_matter_of_ipv4_alone() {
        let options = |dont_fragment, ttl, to| {
            let module = IcmpModule { dont_fragment, ttl, ..IcmpModule::default() };
            asked(&module, to).map(|request| (request.options.fragments, request.options.ttl))
        };
        assert_eq!(options(true, 0, "127.0.0.1"), Ok((Fragments::Forbidden, Some(64))));
        assert_eq!(options(true, 9, "127.0.0.1"), Ok((Fragments::Forbidden, Some(9))));
        assert_eq!(options(false, 0, "127.0.0.1"), Ok((Fragments::System, Some(0))));
        assert_eq!(options(true, 0, "::1"), Ok((Fragments::System, Some(0))));
    }

    #[test]
    fn a_source_is_an_address_of_the_targets_family() {
        let source = |text: &str, to| {
            let module = IcmpModule { source_ip_address: text.to_owned(), ..IcmpModule::default() };
            asked(&module, to).map(|request| request.options.source.map(|source| source.to_string()))
        };
        assert_eq!(source("", "127.0.0.1"), Ok(None));
        assert_eq!(source("::ffff:10.0.0.1", "127.0.0.1"), Ok(Some("10.0.0.1".to_owned())));
        for (text, to) in [("::1", "127.0.0.1"), ("0.0.0.0", "::1"), ("i.pigsty", "::1")] {
            assert!(source(text, to).is_err_and(|error| error.reason.contains(text) && !error.local), "{text}");
        }
    }
}
