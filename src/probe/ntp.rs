//! The ntp probe: one client packet of version 4, and every field of the answer that tells whether a clock can be trusted.
//!
//! A server that answers is not yet one that knows the time, so nothing in the answer makes the probe fail: stratum, leap,
//! age of the reference and kiss codes are facts. Our packet tells the server nothing, not even our time.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::socket::{self, Reading};
use super::{Facts, Kind, ProbeError};

pub(super) const KIND: Kind = Kind {
    name: "ntp",
    fields: &["server"],
    facts: &[
        "stratum",
        "leap",
        "version",
        "refid",
        "kiss",
        "reference_age",
        "root_delay",
        "root_dispersion",
        "root_distance",
        "offset",
        "skew",
        "time",
        "precision",
        "synchronised",
    ],
    default: &[("synchronised", "true")],
};

/// The header that every packet begins with; what follows it (extensions, a digest) is not looked at.
const HEADER: usize = 48;
/// Leap 0, version 4, mode 3: a client.
const CLIENT: u8 = 0b00_100_011;
/// The mode of a server's answer.
const SERVER: u8 = 4;
/// The leap indicator of a clock that was never set.
const UNSYNCHRONISED: u8 = 3;
/// From the beginning of NTP's first era, 1900, to that of Unix, 1970, in seconds.
const ERA: u64 = 2_208_988_800;

/// A question to a time server.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ntp {
    #[serde(deserialize_with = "socket::server::<_, 123>")]
    server: SocketAddr,
}

impl Ntp {
    /// Who is asked.
    pub(super) fn server(&self) -> IpAddr {
        self.server.ip()
    }

    pub(super) fn asked(&self) -> String {
        format!("ntp query to {}", self.server)
    }

    pub(super) async fn measure(&self, timeout: Duration) -> Result<Facts, ProbeError> {
        let cookie = socket::random();
        let mut question = [0; HEADER];
        question[0] = CLIENT;
        question[40..].copy_from_slice(&cookie.to_be_bytes());
        let reply = socket::ask(self.server, &question, timeout, |bytes| Packet::read(bytes, cookie)).await?;
        Ok(reply.answer.facts(reply.sent, reply.took))
    }
}

/// A server's answer, as it stood on the wire.
#[derive(Clone, Copy)]
struct Packet {
    leap: u8,
    version: u8,
    stratum: u8,
    precision: i8,
    root_delay: u32,
    root_dispersion: u32,
    refid: [u8; 4],
    reference: u64,
    receive: u64,
    transmit: u64,
}

impl Packet {
    /// Takes bytes for the answer only if they bring back the cookie, which nobody off the path knows.
    fn read(bytes: &[u8], cookie: u64) -> Reading<Self> {
        let Some(header) = bytes.first_chunk::<HEADER>() else {
            return Reading::Nonsense(format!("answered with {} bytes, too few for an NTP packet", bytes.len()));
        };
        let four = |at: usize| [header[at], header[at + 1], header[at + 2], header[at + 3]];
        let word = |at| u32::from_be_bytes(four(at));
        let stamp = |at| u64::from(word(at)) << 32 | u64::from(word(at + 4));
        if stamp(24) != cookie {
            return Reading::Stray("a packet that answers another question".to_owned());
        }
        if header[0] & 7 != SERVER {
            return Reading::Nonsense(format!("answered in mode {}, not as a server", header[0] & 7));
        }
        Reading::Answer(Self {
            leap: header[0] >> 6,
            version: header[0] >> 3 & 7,
            stratum: header[1],
            precision: header[3].cast_signed(),
            root_delay: word(4),
            root_dispersion: word(8),
            refid: four(12),
            reference: stamp(16),
            receive: stamp(32),
            transmit: stamp(40),
        })
    }

    fn facts(&self, sent: SystemTime, took: Duration) -> Facts {
        let mut facts = Facts::default();
        facts.insert("stratum", self.stratum);
        facts.insert("leap", ["none", "insert", "delete", "unsynchronised"][usize::from(self.leap & UNSYNCHRONISED)]);
        facts.insert("version", self.version);
        facts.insert("refid", self.refid());
        facts.insert("root_delay", short(self.root_delay));
        facts.insert("root_dispersion", short(self.root_dispersion));
        facts.insert("root_distance", short(self.root_delay) / 2.0 + short(self.root_dispersion));
        facts.insert("time", took.as_secs_f64());
        facts.insert("precision", 2f64.powi(self.precision.into()));
        facts.insert("synchronised", self.leap != UNSYNCHRONISED && (1..=15).contains(&self.stratum));
        if self.reference != 0 && self.transmit != 0 {
            facts.insert("reference_age", seconds(self.transmit, self.reference));
        }
        match self.kiss() {
            Some(kiss) => facts.insert("kiss", kiss),
            None if self.receive == 0 || self.transmit == 0 => {}
            None => {
                let offset = self.offset(sent, took);
                facts.insert("offset", offset);
                facts.insert("skew", offset.signum() * (offset.abs() - took.as_secs_f64() / 2.0).max(0.0));
            }
        }
        facts
    }

    /// How far the server's clock is ahead of ours, in seconds; wrong by half the round trip at most, and `skew` is what is
    /// left of it then.
    fn offset(&self, sent: SystemTime, took: Duration) -> f64 {
        f64::midpoint(seconds(self.receive, timestamp(sent)), seconds(self.transmit, timestamp(sent + took)))
    }

    /// The source's address, or its name for a server that has a clock of its own or none.
    fn refid(&self) -> String {
        let named = if (2..=15).contains(&self.stratum) { None } else { self.letters() };
        named.unwrap_or_else(|| Ipv4Addr::from(self.refid).to_string())
    }

    /// Why the server gives no time: `RATE`, `DENY`, `INIT`; only stratum 0 says it.
    fn kiss(&self) -> Option<String> {
        self.letters().filter(|_| self.stratum == 0)
    }

    fn letters(&self) -> Option<String> {
        let text = std::str::from_utf8(&self.refid).ok()?.trim_end_matches('\0');
        (!text.is_empty() && text.chars().all(|c| c.is_ascii_graphic())).then(|| text.to_owned())
    }
}

/// Seconds from one timestamp to another, which is right across the end of an era as long as they are within 68 years.
#[expect(clippy::cast_precision_loss, reason = "a difference of more than 53 bits is weeks, told to the nanosecond")]
fn seconds(later: u64, earlier: u64) -> f64 {
    later.wrapping_sub(earlier).cast_signed() as f64 / 2f64.powi(32)
}

/// The short format: seconds with 16 bits of fraction.
fn short(word: u32) -> f64 {
    f64::from(word) / 65_536.0
}

/// Our clock as NTP writes it; the era is lost, as it is on the wire.
fn timestamp(time: SystemTime) -> u64 {
    let time = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let fraction = (u64::from(time.subsec_nanos()) << 32) / 1_000_000_000;
    (time.as_secs() + ERA) << 32 | fraction
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::net::UdpSocket;

    use super::*;
    use crate::probe::{Failure, Probe};

    type Server = fn(&[u8]) -> Vec<u8>;
    type Case = (&'static [(usize, &'static [u8])], u8, &'static str);

    const PATIENT: Duration = Duration::from_secs(5);
    const HASTY: Duration = Duration::from_millis(100);

    /// A server that answers one packet with these.
    async fn server(answer: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 128];
            let (length, peer) = socket.recv_from(&mut buffer).await.unwrap();
            for datagram in answer(&buffer[..length]) {
                socket.send_to(&datagram, peer).await.unwrap();
            }
            std::future::pending::<()>().await;
        });
        address
    }

    async fn ask(server: SocketAddr, timeout: Duration) -> Result<Facts, ProbeError> {
        let fields = json!({"server": server.to_string()});
        Probe::new("ntp", fields.as_object().unwrap().clone()).unwrap().measure(timeout).await
    }

    /// A good answer of a server whose clock is this much ahead, of which some bytes are other.
    fn answer(question: &[u8], ahead: Duration, changes: &[(usize, &[u8])]) -> Vec<u8> {
        let now = SystemTime::now() + ahead;
        let mut packet = vec![0b00_100_100, 3, 6, 0xE8];
        packet.extend([0, 0, 0x80, 0, 0, 0, 0x40, 0, 10, 10, 10, 10]);
        packet.extend(timestamp(now - Duration::from_mins(1)).to_be_bytes());
        packet.extend(&question[40..48]);
        packet.extend(timestamp(now).to_be_bytes());
        packet.extend(timestamp(now).to_be_bytes());
        for (at, bytes) in changes {
            packet[*at..*at + bytes.len()].copy_from_slice(bytes);
        }
        packet
    }

    /// The facts of a good answer with other bytes.
    async fn facts(changes: &'static [(usize, &[u8])]) -> Facts {
        let server = server(|question| vec![answer(question, Duration::ZERO, changes)]).await;
        ask(server, PATIENT).await.unwrap()
    }

    fn near(value: &Value, expected: f64) -> bool {
        value.as_f64().is_some_and(|value| (value - expected).abs() < 0.5)
    }

    #[tokio::test]
    async fn a_good_server_gives_every_fact_but_a_kiss() {
        let mut facts = facts(&[]).await.0;
        let mut named: Vec<_> = facts.keys().map(String::as_str).chain(["kiss"]).collect();
        let mut promised = KIND.facts.to_vec();
        named.sort_unstable();
        promised.sort_unstable();
        assert_eq!(named, promised);
        assert!(near(&facts.remove("offset").unwrap(), 0.0));
        assert!(near(&facts.remove("skew").unwrap(), 0.0));
        assert!(near(&facts.remove("reference_age").unwrap(), 60.0));
        assert!(facts.remove("time").unwrap().as_f64().unwrap() > 0.0);
        let expected = json!({
            "stratum": 3, "leap": "none", "version": 4, "refid": "10.10.10.10", "synchronised": true,
            "root_delay": 0.5, "root_dispersion": 0.25, "root_distance": 0.5, "precision": 2f64.powi(-24),
        });
        assert_eq!(serde_json::to_value(facts).unwrap(), expected);
    }

    #[tokio::test]
    async fn our_packet_is_a_bare_client_of_version_4_with_a_cookie_for_a_time() {
        let (tell, told) = std::sync::mpsc::channel();
        let server = server(move |question| {
            tell.send(question.to_vec()).unwrap();
            vec![answer(question, Duration::ZERO, &[])]
        });
        ask(server.await, PATIENT).await.unwrap();
        let question = told.recv().unwrap();
        assert_eq!((question.len(), question[0]), (48, 0x23));
        assert!(question[1..40].iter().all(|&byte| byte == 0));
        assert!(question[40..].iter().any(|&byte| byte != 0));
    }

    #[tokio::test]
    async fn the_offset_is_positive_for_a_clock_that_is_ahead() {
        let server = server(|question| vec![answer(question, Duration::from_secs(100), &[])]).await;
        let facts = ask(server, PATIENT).await.unwrap().0;
        assert!(near(&facts["offset"], 100.0) && near(&facts["skew"], 100.0));
        assert!(facts["skew"].as_f64() < facts["offset"].as_f64());
    }

    #[tokio::test]
    async fn a_server_that_is_not_synchronised_is_a_fact_with_all_its_fields() {
        let cases: [Case; 3] = [
            (&[(0, b"\xe4")], 3, "unsynchronised"),
            (&[(1, b"\x10")], 16, "none"),
            (&[(0, b"\xe4\x00"), (12, &[0; 12])], 0, "unsynchronised"),
        ];
        for (changes, stratum, leap) in cases {
            let facts = facts(changes).await.0;
            assert_eq!((&facts["stratum"], &facts["leap"]), (&json!(stratum), &json!(leap)));
            assert_eq!(facts["synchronised"], false);
            assert!(near(&facts["offset"], 0.0));
            assert!(!facts.contains_key("kiss"));
        }
    }

    #[tokio::test]
    async fn a_kiss_is_named_and_its_times_are_not_believed() {
        let facts = facts(&[(0, b"\xe4\x00"), (12, b"RATE")]).await.0;
        assert_eq!((&facts["kiss"], &facts["refid"]), (&json!("RATE"), &json!("RATE")));
        assert_eq!(facts["synchronised"], false);
        assert!(!facts.contains_key("offset"));
    }

    #[tokio::test]
    async fn the_source_is_a_name_at_stratum_1_and_an_address_below() {
        assert_eq!(facts(&[(1, b"\x01"), (12, b"GPS\0")]).await.0["refid"], "GPS");
        assert_eq!(facts(&[(1, b"\x01")]).await.0["refid"], "10.10.10.10");
        assert_eq!(facts(&[(1, b"\x02"), (12, b"GPS\0")]).await.0["refid"], "71.80.83.0");
    }

    #[tokio::test]
    async fn a_reference_that_was_never_set_has_no_age_and_leap_seconds_are_announced() {
        let facts = facts(&[(0, b"\x64"), (16, &[0; 8])]).await.0;
        assert!(!facts.contains_key("reference_age"));
        assert_eq!((&facts["leap"], &facts["synchronised"]), (&json!("insert"), &json!(true)));
    }

    #[tokio::test]
    async fn an_answer_to_another_question_is_ignored_and_named_in_the_end() {
        let forged = |question: &[u8]| answer(question, Duration::from_secs(9), &[(24, &[7; 8])]);
        let good = server(move |question| vec![forged(question), answer(question, Duration::ZERO, &[])]).await;
        assert!(near(&ask(good, PATIENT).await.unwrap().0["offset"], 0.0));
        let server = server(move |question| vec![forged(question)]).await;
        let reason = format!("no answer from {server} (udp) within 0.1 s, only a packet that answers another question");
        assert_eq!(ask(server, HASTY).await, Err(ProbeError::Target { kind: Failure::Protocol, reason }));
    }

    #[tokio::test]
    async fn what_is_no_answer_of_a_time_server_is_nonsense() {
        let servers: [(Server, &str); 3] = [
            (|question| question[..47].to_vec(), "answered with 47 bytes, too few for an NTP packet"),
            (|_| vec![], "answered with 0 bytes, too few for an NTP packet"),
            (|question| answer(question, Duration::ZERO, &[(0, b"\x23")]), "answered in mode 3, not as a server"),
        ];
        for (packet, what) in servers {
            let server = server(move |question| vec![packet(question)]).await;
            let reason = format!("{server} (udp) {what}");
            assert_eq!(ask(server, PATIENT).await, Err(ProbeError::Target { kind: Failure::Protocol, reason }));
        }
    }

    #[tokio::test]
    async fn silence_and_a_closed_port_are_told_apart() {
        let mute = server(|_| vec![]).await;
        let reason = format!("no answer from {mute} (udp) within 0.1 s");
        assert_eq!(ask(mute, HASTY).await, Err(ProbeError::Target { kind: Failure::Silent, reason }));
        let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        closed.connect("127.0.0.1:1").await.unwrap();
        let server = closed.local_addr().unwrap();
        let reason = format!("connection refused by {server} (udp)");
        assert_eq!(ask(server, PATIENT).await, Err(ProbeError::Target { kind: Failure::Refused, reason }));
    }

    #[test]
    fn times_are_right_across_the_end_of_the_era_in_2036() {
        let end = UNIX_EPOCH + Duration::from_secs((1 << 32) - ERA);
        let (before, after) = (end - Duration::from_secs(30), end + Duration::from_millis(500));
        assert_eq!(timestamp(end), 0);
        assert!((seconds(timestamp(after), timestamp(before)) - 30.5).abs() < 1e-6);
        assert!((seconds(timestamp(before), timestamp(after)) + 30.5).abs() < 1e-6);
    }

    #[test]
    fn the_port_is_123_where_none_is_named() {
        for (text, server) in [("10.10.10.10", "10.10.10.10:123"), ("[::1]:1123", "[::1]:1123")] {
            let fields = json!({"server": text});
            let probe = Probe::new("ntp", fields.as_object().unwrap().clone()).unwrap();
            assert_eq!(probe.asked(), format!("ntp query to {server}"));
        }
    }
}
