//! The tcp prober: a connection to one address, TLS where it is wanted, and a conversation line by line.
//!
//! Modules that crash the exporter are refused: `labels` in two steps, and TLS that begins twice.

use std::net::{IpAddr, SocketAddr};

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout_at;

use self::stream::Stream;
use self::talk::Talk;
use super::tls::{Setup, Shown};
use super::{Failed, Metrics, Task, TcpModule, address};
use crate::probe::blame::{blame, target};
use crate::probe::dial::span;
use crate::probe::{Failure, ProbeError};

mod line;
mod stream;
mod talk;
#[cfg(test)]
mod tests;

pub(super) async fn probe(module: &TcpModule, task: Task<'_>, metrics: &mut Metrics) -> Result<(), Failed> {
    let (host, port) = super::target::split(task.target)?;
    let ip = address::choose(host, module.family, task, metrics).await?;
    let peer = address::peer(host, module.family, ip, super::target::port(port, "tcp")?);
    converse(module, task.hostname.unwrap_or(host), peer, task, metrics).await?;
    Ok(())
}

/// Connects to an address and holds the conversation; gives what TLS showed, whose peer is asked for by `name`.
pub(in crate::probe) async fn converse(
    module: &TcpModule,
    name: &str,
    peer: SocketAddr,
    task: Task<'_>,
    metrics: &mut Metrics,
) -> Result<Option<Shown>, ProbeError> {
    check(module)?;
    let source = source(module, peer.ip())?;
    let setup = module.tls.then(|| Setup::new(&module.tls_config, name, &[])).transpose()?;
    let stream = connect(peer, source, task).await?;
    let (stream, shown) = match setup {
        None => (Stream::Plain(stream), None),
        Some(setup) => {
            let (stream, shown) = stream::secure(&setup, stream, peer, task).await?;
            shown.metrics(false, metrics);
            (Stream::Tls(Box::new(stream)), Some(shown))
        }
    };
    let later = Talk::new(module, name, peer, stream).hold(task, metrics).await?;
    Ok(shown.or(later))
}

/// Whether the exporter would survive the module, and whether the address to ask from is one.
pub(in crate::probe) fn check(module: &TcpModule) -> Result<(), Failed> {
    let steps = &module.query_response;
    if steps.iter().filter(|step| !step.labels.is_empty()).count() > 1 {
        return Err(Failed::target(
            "query_response: two steps have labels, which no exporter can give: keep one of them",
        ));
    }
    if steps.iter().filter(|step| step.starttls).count() + usize::from(module.tls) > 1 {
        return Err(Failed::target(
            "query_response: TLS begins twice: keep one of tls: true and the steps with starttls",
        ));
    }
    Ok(())
}

/// The address to ask from, if one is set.
fn source(module: &TcpModule, ip: IpAddr) -> Result<Option<IpAddr>, Failed> {
    let text = module.source_ip_address.as_str();
    if text.is_empty() {
        return Ok(None);
    }
    let source = text.parse::<IpAddr>().map(|source| source.to_canonical());
    let source = source.map_err(|_| Failed::target(format!("source_ip_address: `{text}` is not an ip address")))?;
    if source.is_ipv4() != ip.is_ipv4() {
        return Err(Failed::target(format!("source_ip_address: {source} is of another family than {ip}, the target")));
    }
    Ok(Some(source))
}

async fn connect(peer: SocketAddr, source: Option<IpAddr>, task: Task<'_>) -> Result<TcpStream, ProbeError> {
    let socket = if peer.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = socket.map_err(|error| blame(&error, peer))?;
    if let Some(source) = source {
        let refused =
            |error| Failed::target(format!("source_ip_address: this machine cannot ask from {source}: {error}"));
        socket.bind(SocketAddr::new(source, 0)).map_err(refused)?;
    }
    match timeout_at(task.deadline, socket.connect(peer)).await {
        Err(_) => Err(target(Failure::Silent, format!("no answer from {peer} within {}", span(task.timeout)))),
        Ok(Err(error)) => Err(blame(&error, peer)),
        // Without a listener, our own port may happen to be the one that we dial, and the connection meets itself.
        Ok(Ok(stream)) if stream.local_addr().ok() == Some(peer) => {
            Err(target(Failure::Refused, format!("connection refused by {peer}")))
        }
        Ok(Ok(stream)) => {
            stream.set_nodelay(true).map_err(|error| blame(&error, peer))?;
            Ok(stream)
        }
    }
}
