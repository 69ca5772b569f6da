//! The dns prober: one question to one name server, and the verdict on what it answers.
//!
//! The target is the server; what is asked for stands in the module. It is no resolver: it follows nothing, asks nobody
//! else, and takes a message for the answer by its id alone, because the exporter does.

use std::net::IpAddr;

use tokio::time::Instant;

use self::exchange::{Call, Transport};
use self::message::Message;
pub use self::name::{class_number, type_number};
use super::{DnsModule, Failed, Metrics, Task, address, target};
use crate::probe::socket::{Reading, random};

pub(in crate::probe) mod exchange;
mod field;
mod kind;
mod message;
mod name;
mod option;
mod question;
mod rule;
mod service;
mod special;
mod text;
mod wire;

#[cfg(test)]
mod tests;

/// What a server may send to one who did not say by EDNS that he takes more; the exporter reads no more of a datagram.
const DATAGRAM: usize = 512;

const PHASE: &str = "probe_dns_duration_seconds";

/// The gauges that say how many records a section has.
const SECTIONS: [&str; 3] = ["probe_dns_answer_rrs", "probe_dns_authority_rrs", "probe_dns_additional_rrs"];

pub(super) async fn probe(module: &DnsModule, task: Task<'_>, metrics: &mut Metrics) -> Result<(), Failed> {
    prepare(metrics);
    let protocol = protocol(module)?;
    let standard = if module.dns_over_tls { "853" } else { "53" };
    let (host, port) = target::split(task.target).unwrap_or((task.target, standard));
    let ip = address::choose(host, module.family, task, metrics).await?;
    metrics.phase(PHASE, "resolve", metrics.get("probe_dns_lookup_time_seconds").unwrap_or_default());
    let transport = transport(module, protocol, host)?;
    let source = source(module)?;
    let server = address::peer(host, module.family, ip, target::port(port, protocol)?);
    let id = id();
    let question = question::question(module, id)
        .map_err(|why| Failed::target(format!("query_name: `{}` {why}", module.query_name)))?;
    let started = Instant::now();
    let patience = task.deadline.saturating_duration_since(started);
    let question = question.as_slice();
    let (datagram, again, timeout) = (DATAGRAM, true, task.timeout);
    let call = Call { server, source, transport, question, datagram, patience, again, timeout };
    let exchanged = call.make(|bytes| read(id, bytes)).await;
    metrics.phase(PHASE, "connect", started.elapsed().saturating_sub(exchanged.took).as_secs_f64());
    metrics.phase(PHASE, "request", exchanged.took.as_secs_f64());
    let message = exchanged.answer?;
    count(module, &message, metrics);
    rule::judge(module, &message).map_err(|why| Failed::target(format!("{} {why}", call.peer())))
}

/// What is exported also when nothing comes of the probe.
fn prepare(metrics: &mut Metrics) {
    for phase in ["resolve", "connect", "request"] {
        metrics.phase(PHASE, phase, 0.0);
    }
    for section in SECTIONS {
        metrics.set(section, 0.0);
    }
    metrics.set("probe_dns_query_succeeded", 0.0);
}

#[expect(clippy::cast_precision_loss, reason = "a message holds fewer records than a double counts")]
fn count(module: &DnsModule, message: &Message, metrics: &mut Metrics) {
    for (name, records) in SECTIONS.into_iter().zip([&message.answer, &message.authority, &message.additional]) {
        metrics.set(name, records.len() as f64);
    }
    metrics.set("probe_dns_query_succeeded", 1.0);
    if module.query_type == kind::SOA {
        metrics.set("probe_dns_serial", message.serial().unwrap_or_default());
    }
}

fn protocol(module: &DnsModule) -> Result<&'static str, Failed> {
    match module.transport_protocol.as_str() {
        "" | "udp" => Ok("udp"),
        "tcp" => Ok("tcp"),
        other => Err(Failed::target(format!("transport_protocol: `{other}` is neither udp nor tcp"))),
    }
}

fn transport(module: &DnsModule, protocol: &str, host: &str) -> Result<Transport, Failed> {
    match (module.dns_over_tls, protocol) {
        (false, "tcp") => Ok(Transport::Tcp),
        (false, _) => Ok(Transport::Udp),
        (true, "tcp") => Transport::tls(&module.tls_config, host),
        (true, _) => Err(Failed::target("dns_over_tls: set transport_protocol: tcp, for there is no TLS over udp")),
    }
}

fn source(module: &DnsModule) -> Result<Option<IpAddr>, Failed> {
    match module.source_ip_address.as_str() {
        "" => Ok(None),
        text => text
            .parse::<IpAddr>()
            .map(|source| Some(source.to_canonical()))
            .map_err(|_| Failed::target(format!("source_ip_address: `{text}` is not an ip address"))),
    }
}

/// Takes any message with the right id for the answer.
fn read(id: u16, bytes: &[u8]) -> Reading<Message> {
    match Message::read(bytes) {
        Ok(message) if message.id == id => Reading::Answer(message),
        Ok(_) => Reading::Stray("a message with another id".to_owned()),
        Err(bad) => Reading::Nonsense(format!("answered with what is no DNS message: {bad}")),
    }
}

/// What an answer has to carry for being one.
fn id() -> u16 {
    let [high, low, ..] = random().to_be_bytes();
    u16::from_be_bytes([high, low])
}
