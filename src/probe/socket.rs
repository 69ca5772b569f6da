//! What the probes without a connection share: reading an address, one exchange of datagrams, whose fault an error is.
//!
//! It sends one datagram to one address and waits for the one that answers it; it never sends a second.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

use serde::de::{Deserialize, Deserializer, Error};
use tokio::net::UdpSocket;

use super::blame::{blame_on, target};
use super::{Failure, ProbeError};

/// No datagram is longer: its length field has 16 bits.
pub(super) const DATAGRAM: usize = 65_535;

/// What a datagram is to the one who asked.
pub(super) enum Reading<T> {
    /// The answer.
    Answer(T),
    /// Something that does not belong to the question; completes "only …".
    Stray(String),
    /// An answer that cannot be read; completes "10.10.10.10:53 (udp) …".
    Nonsense(String),
}

/// An answer with its times.
pub(super) struct Reply<T> {
    /// What was read from the datagram.
    pub(super) answer: T,
    /// Our clock when the question left.
    pub(super) sent: SystemTime,
    /// From the question to the answer.
    pub(super) took: Duration,
}

/// Sends one datagram and waits for the one that `read` takes for its answer; others are ignored, and named in the end.
pub(super) async fn ask<T>(
    server: SocketAddr,
    question: &[u8],
    timeout: Duration,
    read: impl Fn(&[u8]) -> Reading<T>,
) -> Result<Reply<T>, ProbeError> {
    let peer = format!("{server} (udp)");
    let mut stray = None;
    let exchange = async {
        let socket = connect(server).await?;
        let (sent, start) = (SystemTime::now(), Instant::now());
        socket.send(question).await?;
        let mut buffer = vec![0; DATAGRAM];
        loop {
            let length = socket.recv(&mut buffer).await?;
            match read(&buffer[..length]) {
                Reading::Answer(answer) => return Ok(Ok(Reply { answer, sent, took: start.elapsed() })),
                Reading::Nonsense(why) => return Ok(Err(protocol(format!("{peer} {why}")))),
                Reading::Stray(what) => stray = Some(what),
            }
        }
    };
    within(timeout, server.ip(), &peer, exchange)
        .await
        .unwrap_or_else(|| Err(silence(&format!("answer from {peer}"), timeout, stray)))
}

/// Awaits an exchange until the deadline and says whose fault its errors are; nothing when the time is up.
async fn within<T>(
    timeout: Duration,
    ip: IpAddr,
    peer: &str,
    exchange: impl Future<Output = io::Result<Result<T, ProbeError>>>,
) -> Option<Result<T, ProbeError>> {
    let result = tokio::time::timeout(timeout, exchange).await.ok()?;
    Some(result.unwrap_or_else(|error| Err(blame_on(&error, ip, peer))))
}

/// A socket that hears nobody but the server, and hears that its port is closed.
async fn connect(server: SocketAddr) -> io::Result<UdpSocket> {
    let local: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((local, 0)).await?;
    socket.connect(server).await?;
    Ok(socket)
}

/// The deadline passed without a `what`; what came instead makes it nonsense rather than silence.
pub(super) fn silence(what: &str, timeout: Duration, stray: Option<String>) -> ProbeError {
    let reason = format!("no {what} within {} s", timeout.as_secs_f64());
    match stray {
        Some(stray) => protocol(format!("{reason}, only {stray}")),
        None => target(Failure::Silent, reason),
    }
}

/// The target spoke nonsense.
pub(super) fn protocol(reason: String) -> ProbeError {
    target(Failure::Protocol, reason)
}

/// Reads the address of a host, as text.
pub(super) fn host<'de, D: Deserializer<'de>>(field: D) -> Result<IpAddr, D::Error> {
    let text = String::deserialize(field)?;
    address(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is not the ip address of a host")))
}

/// Reads `10.10.10.10`, `10.10.10.10:5353`, `::1` or `[::1]:5353`; the port is `PORT` where none is named.
pub(super) fn server<'de, D: Deserializer<'de>, const PORT: u16>(field: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(field)?;
    let named = text.parse::<SocketAddr>().ok().filter(|server| server.port() > 0);
    let named = named.and_then(|server| Some((address(&server.ip().to_string())?, server.port())));
    let bare = || Some((address(text.trim_start_matches('[').trim_end_matches(']'))?, PORT));
    named
        .or_else(bare)
        .map(SocketAddr::from)
        .ok_or_else(|| D::Error::custom(format!("`{text}` is not the ip address of a server, with or without a port")))
}

/// An address that one host can have; `0.0.0.0` would be answered by ourselves.
fn address(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|ip| ip.to_canonical()).filter(|ip| !ip.is_unspecified())
}

/// 64 bits that nobody on the path can guess: the standard library keys every hasher from the system's random source.
pub(super) fn random() -> u64 {
    RandomState::new().hash_one(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let value = serde_json::Value::String(text.to_owned());
        server::<_, 53>(value).map(|server| server.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_server_may_be_named_with_or_without_its_port() {
        for (text, expected) in [
            ("10.10.10.10", "10.10.10.10:53"),
            ("10.10.10.10:5353", "10.10.10.10:5353"),
            ("::1", "[::1]:53"),
            ("[::1]", "[::1]:53"),
            ("[::1]:5353", "[::1]:5353"),
            ("::ffff:10.10.10.10", "10.10.10.10:53"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_server_is_refused_and_shown() {
        for text in
            ["10.10.10.300", "i.pigsty", "0.0.0.0", "::", "0.0.0.0:53", "10.10.10.10:0", "10.10.10.10:70000", ""]
        {
            assert_eq!(
                read(text),
                Err(format!("`{text}` is not the ip address of a server, with or without a port")),
                "{text}"
            );
        }
    }

    #[test]
    fn two_random_numbers_differ() {
        assert_ne!(random(), random());
    }

    #[tokio::test]
    async fn a_broadcast_address_is_named_as_one() {
        let asked = ask::<()>("127.255.255.255:9".parse().unwrap(), b"hello", Duration::from_secs(5), |_| {
            unreachable!("nobody answers a broadcast")
        });
        let reason = "127.255.255.255 is a broadcast or multicast address, not a host's".to_owned();
        assert_eq!(asked.await.err(), Some(ProbeError::Target { kind: Failure::Unreachable, reason }));
    }
}
