//! A TCP connection to a host as the system resolves it, for the hops after the first.
//!
//! The first address of the list says which family comes first; the other begins when that failed, or after a moment.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::super::{Failed, Task};
use super::late;
use super::trace::Trace;
use crate::probe::blame::blame;
use crate::probe::dial::span;

/// How long the first family has before the other begins beside it: as the exporter's dialer has it.
const HEAD_START: Duration = Duration::from_millis(300);

/// The least that one of several addresses gets of the time that is left: as the exporter's dialer has it.
const SHARE: Duration = Duration::from_secs(2);

/// Resolves and connects; the trace learns when which was done.
pub(super) async fn dial(
    host: &str,
    port: u16,
    task: Task<'_>,
    trace: &mut Trace,
) -> Result<(TcpStream, SocketAddr), Failed> {
    trace.start = Some(Instant::now());
    let addresses = match host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => resolve(host, port, task).await?,
    };
    trace.resolved = Some(Instant::now());
    let first = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv4() == first);
    let dialled = either(&first, &second, task).await;
    trace.connected = Some(Instant::now());
    dialled
}

async fn resolve(host: &str, port: u16, task: Task<'_>) -> Result<Vec<SocketAddr>, Failed> {
    let found = late(task, || format!("{host}: the name was not resolved"), tokio::net::lookup_host((host, port)));
    let addresses: Vec<_> = found.await?.map(Iterator::collect).unwrap_or_default();
    if addresses.is_empty() {
        return Err(Failed::target(format!("{host}: this machine cannot resolve the name")));
    }
    Ok(addresses)
}

async fn either(
    first: &[SocketAddr],
    second: &[SocketAddr],
    task: Task<'_>,
) -> Result<(TcpStream, SocketAddr), Failed> {
    let one = serial(first, task);
    if second.is_empty() {
        return one.await;
    }
    let other = async {
        sleep(HEAD_START).await;
        serial(second, task).await
    };
    tokio::pin!(one, other);
    tokio::select! {
        result = &mut one => match result {
            Ok(connection) => Ok(connection),
            Err(error) => serial(second, task).await.map_err(|_| error),
        },
        result = &mut other => match result {
            Ok(connection) => Ok(connection),
            Err(_) => one.await,
        },
    }
}

/// One address after the other, each with its share of the time.
async fn serial(addresses: &[SocketAddr], task: Task<'_>) -> Result<(TcpStream, SocketAddr), Failed> {
    let mut first = None;
    for (at, &peer) in addresses.iter().enumerate() {
        let left = task.deadline.saturating_duration_since(Instant::now());
        let others = u32::try_from(addresses.len() - at).unwrap_or(u32::MAX);
        let share = (left / others).max(SHARE).min(left);
        let error = match timeout(share, TcpStream::connect(peer)).await {
            Ok(Ok(stream)) => return Ok((stream, peer)),
            Ok(Err(error)) => blame(&error, peer).into(),
            Err(_) => Failed::target(format!("no answer from {peer} within {}", span(share))),
        };
        first.get_or_insert(error);
    }
    Err(first.unwrap_or_else(|| Failed::target("there is no address to connect to")))
}
