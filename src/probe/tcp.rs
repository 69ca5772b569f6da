//! The tcp probe: whether a port accepts connections.
//!
//! It completes one handshake and closes; it sends nothing and reads nothing, so it proves that something listens, not what.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::blame::{blame, target};
use super::dial::{Dial, span};
use super::{Facts, Failure, Kind, ProbeError};

pub(super) const KIND: Kind =
    Kind { name: "tcp", fields: &["connect"], facts: &["open", "time"], default: &[("open", "true")] };

/// A port that is to accept a connection.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(try_from = "Fields")]
pub struct Tcp {
    dial: Dial,
    port: u16,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    connect: String,
}

impl TryFrom<Fields> for Tcp {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let dial: Dial = fields.connect.parse().map_err(|error| format!("connect: {error}"))?;
        let port = dial.port.ok_or_else(|| format!("connect: `{}` has no port; write host:port", fields.connect))?;
        Ok(Self { dial, port })
    }
}

impl Tcp {
    pub(super) fn asked(&self) -> String {
        format!("connect to {}", self.dial)
    }

    /// The port as `host:port`, where nothing but a connection is asked of it.
    pub(super) fn plain(&self) -> Option<String> {
        Some(self.dial.to_string())
    }

    pub(super) async fn measure(&self, timeout: Duration) -> Result<Facts, ProbeError> {
        let started = Instant::now();
        let deadline = started + timeout;
        let late = |_| ProbeError::Local(format!("{}: not resolved within {}", self.dial.host, span(timeout)));
        let peer = timeout_at(deadline, self.dial.address(self.port)).await.map_err(late)??;
        match timeout_at(deadline, TcpStream::connect(peer)).await {
            Err(_) => Err(target(Failure::Silent, format!("no answer from {peer} within {}", span(timeout)))),
            Ok(Err(error)) => Err(blame(&error, peer)),
            // Without a listener, our own port may happen to be the one that we dial, and the connection meets itself.
            Ok(Ok(stream)) if stream.local_addr().ok() == Some(peer) => {
                Err(target(Failure::Refused, format!("connection refused by {peer}")))
            }
            Ok(Ok(_)) => {
                let mut facts = Facts::default();
                facts.insert("open", true);
                facts.insert("time", started.elapsed().as_secs_f64());
                Ok(facts)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use serde_json::json;

    use super::*;

    fn tcp(connect: &str) -> Result<Tcp, String> {
        serde_json::from_value(json!({ "connect": connect })).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_listening_port_is_open() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let probe = tcp(&listener.local_addr().unwrap().to_string()).unwrap();
        let facts = probe.measure(Duration::from_secs(5)).await.unwrap();
        assert_eq!(facts.0["open"], true);
        assert!(facts.0["time"].as_f64().unwrap() > 0.0);
    }

    #[tokio::test]
    async fn a_refused_connection_names_the_port() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = tcp(&address.to_string()).unwrap().measure(Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(error, target(Failure::Refused, format!("connection refused by {address}")));
    }

    #[tokio::test]
    async fn a_full_backlog_is_silence() {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
        socket.listen(0).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let probe = tcp(&address.to_string()).unwrap();
        let mut held = Vec::new();
        let error = loop {
            match timeout_at(Instant::now() + Duration::from_millis(100), TcpStream::connect(address)).await {
                Ok(stream) => held.push(stream.unwrap()),
                Err(_) => break probe.measure(Duration::from_millis(100)).await.unwrap_err(),
            }
        };
        assert_eq!(error, target(Failure::Silent, format!("no answer from {address} within 100 ms")));
    }

    #[tokio::test]
    async fn a_broadcast_address_is_the_targets_fault() {
        let error = tcp("127.255.255.255:80").unwrap().measure(Duration::from_secs(5)).await.unwrap_err();
        assert!(matches!(error, ProbeError::Target { kind: Failure::Unreachable, .. }), "{error}");
    }

    #[test]
    fn a_port_is_required_and_nothing_else_is_known() {
        assert!(tcp("10.10.10.10").unwrap_err().contains("no port"));
        let unknown = serde_json::from_value::<Tcp>(json!({"connect": "a:1", "tls": true})).unwrap_err();
        assert!(unknown.to_string().contains("unknown field `tls`"), "{unknown}");
    }
}
