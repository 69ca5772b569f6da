//! What a router says when it gives an echo request up, in words.

use std::fmt;
use std::net::IpAddr;

use nix::libc::{self, sock_extended_err};

/// A router's word, or our own kernel's, that there will be no reply.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::probe) struct Complaint {
    pub(in crate::probe) from: Option<IpAddr>,
    /// Whether the numbers are those of ICMPv6.
    pub(in crate::probe) v6: bool,
    pub(in crate::probe) kind: u8,
    pub(in crate::probe) code: u8,
    /// The largest packet that fits, in bytes, where size is what it complains of.
    pub(in crate::probe) mtu: u32,
}

impl Complaint {
    /// Reads an entry of a socket's error queue; redirects and the like, which stop nothing, are no complaints.
    pub(super) fn new(error: &sock_extended_err, from: Option<IpAddr>) -> Option<Self> {
        let v6 = error.ee_origin == libc::SO_EE_ORIGIN_ICMP6;
        let stops = match error.ee_origin {
            libc::SO_EE_ORIGIN_ICMP => matches!(error.ee_type, 3 | 11 | 12),
            libc::SO_EE_ORIGIN_ICMP6 => matches!(error.ee_type, 1..=4),
            _ => false,
        };
        stops.then_some(Self { from, v6, kind: error.ee_type, code: error.ee_code, mtu: error.ee_info })
    }

    /// By the numbers of RFC 792 and its successors.
    fn v4(&self) -> String {
        match (self.kind, self.code) {
            (3, 0 | 6 | 11) => "network unreachable".to_owned(),
            (3, 1 | 7 | 12) => "host unreachable".to_owned(),
            (3, 4) => self.large(),
            (3, 9 | 10 | 13) => "forbidden by a packet filter".to_owned(),
            (3, code) => format!("destination unreachable (code {code})"),
            (11, 0) => "ttl exceeded".to_owned(),
            (11, _) => "a fragment was lost".to_owned(),
            (kind, code) => format!("bad packet (type {kind}, code {code})"),
        }
    }

    /// By the numbers of RFC 4443.
    fn v6(&self) -> String {
        match (self.kind, self.code) {
            (1, 0) => "network unreachable".to_owned(),
            (1, 3) => "host unreachable".to_owned(),
            (1, 1 | 5 | 6) => "forbidden by a packet filter".to_owned(),
            (1, code) => format!("destination unreachable (code {code})"),
            (2, _) => self.large(),
            (3, 0) => "ttl exceeded".to_owned(),
            (3, _) => "a fragment was lost".to_owned(),
            (kind, code) => format!("bad packet (type {kind}, code {code})"),
        }
    }

    fn large(&self) -> String {
        format!("the packet is larger than the {} bytes that the path carries unfragmented", self.mtu)
    }
}

impl fmt::Display for Complaint {
    /// `host unreachable, says 10.0.0.1`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&if self.v6 { self.v6() } else { self.v4() })?;
        self.from.map_or(Ok(()), |from| write!(f, ", says {from}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(ee_origin: u8, ee_type: u8) -> bool {
        let error =
            sock_extended_err { ee_errno: 113, ee_origin, ee_type, ee_code: 1, ee_pad: 0, ee_info: 0, ee_data: 0 };
        Complaint::new(&error, None).is_some()
    }

    #[test]
    fn only_what_ends_an_echo_is_a_complaint() {
        assert!(heard(libc::SO_EE_ORIGIN_ICMP, 3));
        assert!(heard(libc::SO_EE_ORIGIN_ICMP, 11));
        assert!(heard(libc::SO_EE_ORIGIN_ICMP6, 1));
        assert!(!heard(libc::SO_EE_ORIGIN_ICMP, 5), "a redirect");
        assert!(!heard(libc::SO_EE_ORIGIN_LOCAL, 3), "our own kernel, which says it at once");
    }
}
