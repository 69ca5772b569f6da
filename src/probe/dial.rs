//! Where to connect: `host:port` as a suite writes it, and the one address that it stands for.
//!
//! A name is looked up once, as this machine does it, and one address is used: the first of IPv4, which Pigsty names its
//! nodes by, else the first of all. It tries no second address and keeps no answer.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use super::ProbeError;

/// A host by address or name, and a port if one is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dial {
    /// An address without brackets, or a name.
    pub(super) host: String,
    /// The port, if it was written.
    pub(super) port: Option<u16>,
}

impl FromStr for Dial {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.parse::<Ipv6Addr>().is_ok() {
            return Ok(Self { host: text.to_owned(), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        let port = match port.map(|port| (port, port.parse())) {
            None => None,
            Some((_, Ok(port))) if port != 0 => Some(port),
            Some((port, _)) => return Err(format!("`{port}` of `{text}` is not a port from 1 to 65535")),
        };
        Ok(Self { host: host_name(host).ok_or_else(|| format!("`{text}` names no host"))?, port })
    }
}

impl fmt::Display for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match self.port {
            Some(port) => write!(f, "{host}:{port}"),
            None => f.write_str(&host),
        }
    }
}

/// The host without brackets, if it can be one.
fn host_name(host: &str) -> Option<String> {
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().ok().map(|address| address.to_string());
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (!host.is_empty() && host.bytes().all(plain)).then(|| host.to_owned())
}

impl Dial {
    /// The address to connect to; the port is used where none was written.
    pub(super) async fn address(&self, port: u16) -> Result<SocketAddr, ProbeError> {
        let port = self.port.unwrap_or(port);
        if let Ok(address) = self.host.parse::<IpAddr>() {
            return Ok(SocketAddr::new(address, port));
        }
        let found = tokio::net::lookup_host((self.host.as_str(), port)).await;
        let addresses: Vec<_> = found.map(Iterator::collect).unwrap_or_default();
        let first = addresses.iter().find(|address| address.is_ipv4()).or_else(|| addresses.first());
        first.copied().ok_or_else(|| {
            ProbeError::Local(format!(
                "{}: this machine cannot resolve the name; add it to /etc/hosts, or ask by address",
                self.host
            ))
        })
    }
}

/// A duration as a sentence has it: `3 s`, `250 ms`.
pub(super) fn span(duration: Duration) -> String {
    match duration.as_millis() {
        millis if millis < 1000 => format!("{millis} ms"),
        millis => format!("{} s", Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)).as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_its_port_are_told_apart() {
        let dial = |text: &str| text.parse::<Dial>().map(|dial| (dial.host, dial.port));
        assert_eq!(dial("10.10.10.10"), Ok(("10.10.10.10".into(), None)));
        assert_eq!(dial("10.10.10.10:53"), Ok(("10.10.10.10".into(), Some(53))));
        assert_eq!(dial("i.pigsty:443"), Ok(("i.pigsty".into(), Some(443))));
        assert_eq!(dial("::1"), Ok(("::1".into(), None)));
        assert_eq!(dial("[::1]"), Ok(("::1".into(), None)));
        assert_eq!(dial("[::1]:80"), Ok(("::1".into(), Some(80))));
    }

    #[test]
    fn what_names_no_host_or_port_is_refused() {
        for wrong in ["", ":80", "a:0", "a:65536", "a:http", "a b", "http://a", "[a]:80", "a@b:1", "a:1:2"] {
            assert!(wrong.parse::<Dial>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_span_is_short() {
        assert_eq!(span(Duration::from_secs(3)), "3 s");
        assert_eq!(span(Duration::from_millis(1500)), "1.5 s");
        assert_eq!(span(Duration::from_millis(80)), "80 ms");
    }
}
