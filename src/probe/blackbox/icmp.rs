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
