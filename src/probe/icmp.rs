//! The icmp probe: one echo request to one address.
//!
//! It never sends a second, and takes nothing for the reply but the same bytes from the same address. A router that says
//! why there will be none ends the wait.

use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

use nix::errno::Errno;
use serde::de::{Deserialize, Deserializer, Error};

use super::blame::{blame_on, broadcast};
use super::echo::{self, Echo, Heard, Request};
use super::{Facts, Failure, Kind, ProbeError, socket};

pub(super) const KIND: Kind = Kind {
    name: "icmp",
    fields: &["ping", "ttl", "payload_size", "dont_fragment"],
    facts: &["time", "ttl", "from"],
    default: &[("time", "present")],
};

/// What `ping` sends.
const PAYLOAD: usize = 56;
/// What fits into a packet of IPv4, whose length has 16 bits, behind its header and ours.
const LARGEST: usize = 65_507;

/// What a person can do who may not ping.
const REMEDY: &str = "this machine may not send ICMP echo requests: allow it to everyone \
    (`sysctl -w net.ipv4.ping_group_range='0 2147483647'`) or to this program \
    (`setcap cap_net_raw+ep $(command -v infra-verify)`)";

/// An echo request to a host.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Icmp {
    #[serde(deserialize_with = "socket::host")]
    ping: IpAddr,
    #[serde(default)]
    ttl: Option<u8>,
    #[serde(deserialize_with = "payload_size", default = "usual")]
    payload_size: usize,
    #[serde(default)]
    dont_fragment: bool,
}

/// Whether this machine may ping at all, over IPv4.
pub fn permitted() -> bool {
    echo::open(false).is_ok()
}

impl Icmp {
    pub(super) fn asked(&self) -> String {
        let ttl = self.ttl.filter(|&ttl| ttl > 0).map(|ttl| format!(" -t {ttl}")).unwrap_or_default();
        let size = if self.payload_size == PAYLOAD { String::new() } else { format!(" -s {}", self.payload_size) };
        let fragment = if self.dont_fragment { " -M do" } else { "" };
        format!("ping{ttl}{size}{fragment} {}", self.ping)
    }

    pub(super) async fn measure(&self, timeout: Duration) -> Result<Facts, ProbeError> {
        if self.ping.is_multicast() {
            return Err(broadcast(self.ping));
        }
        let mut stray = None;
        match tokio::time::timeout(timeout, self.exchange(&mut stray)).await {
            Ok(result) => result,
            Err(_) => Err(self.silent(timeout, stray)),
        }
    }

    /// The host, where nothing but the usual is asked of it.
    pub(super) fn plain(&self) -> Option<IpAddr> {
        let usual = self.ttl.is_none() && self.payload_size == PAYLOAD && !self.dont_fragment;
        usual.then_some(self.ping)
    }

    async fn exchange(&self, stray: &mut Option<String>) -> Result<Facts, ProbeError> {
        let opened = echo::open(self.ping.is_ipv6()).map_err(|error| self.closed(&error))?;
        let failure = |error: io::Error| self.blame(&error);
        let echo = Echo::new(opened, &self.request()).map_err(failure)?;
        let (sent, start) = (SystemTime::now(), Instant::now());
        echo.send().map_err(|error| self.unsent(&error))?;
        match echo.hear(stray).await.map_err(failure)? {
            Heard::Reply { from, ttl, at } => Ok(facts(from, ttl, travelled(sent, at, start.elapsed()))),
            Heard::Complaint { from, kind, code, mtu } => Err(self.unreachable(from, kind, code, mtu)),
        }
    }

    fn request(&self) -> Request {
        let Self { ping: to, ttl, payload_size, dont_fragment } = *self;
        Request { to, ttl, payload_size, dont_fragment }
    }

    fn blame(&self, error: &io::Error) -> ProbeError {
        blame_on(error, self.ping, &self.ping.to_string())
    }

    /// No socket could be had.
    fn closed(&self, error: &io::Error) -> ProbeError {
        match error.kind() {
            io::ErrorKind::PermissionDenied => ProbeError::Local(REMEDY.to_owned()),
            _ => self.blame(error),
        }
    }

    /// The request did not leave.
    fn unsent(&self, error: &io::Error) -> ProbeError {
        if error.raw_os_error() == Some(Errno::EMSGSIZE as i32) {
            return ProbeError::Local(format!(
                "{} bytes do not fit in one packet of this machine's own link to {}: lower payload_size",
                self.payload_size, self.ping
            ));
        }
        self.blame(error)
    }

    /// No reply came; what came from elsewhere is named.
    fn silent(&self, timeout: Duration, stray: Option<String>) -> ProbeError {
        socket::silence(&format!("echo reply from {}", self.ping), timeout, stray)
    }

    fn unreachable(&self, from: Option<IpAddr>, kind: u8, code: u8, mtu: u32) -> ProbeError {
        let what = if self.ping.is_ipv4() { complaint_v4(kind, code, mtu) } else { complaint_v6(kind, code, mtu) };
        let who = from.map(|from| format!(", says {from}")).unwrap_or_default();
        ProbeError::Target { kind: Failure::Unreachable, reason: format!("{what}{who}") }
    }
}

/// What a router complains of, by the numbers of RFC 792 and its successors.
fn complaint_v4(kind: u8, code: u8, mtu: u32) -> String {
    match (kind, code) {
        (3, 0 | 6 | 11) => "network unreachable".to_owned(),
        (3, 1 | 7 | 12) => "host unreachable".to_owned(),
        (3, 4) => format!("the packet is larger than the {mtu} bytes that the path carries unfragmented"),
        (3, 9 | 10 | 13) => "forbidden by a packet filter".to_owned(),
        (3, _) => format!("destination unreachable (code {code})"),
        (11, 0) => "ttl exceeded".to_owned(),
        (11, _) => "a fragment was lost".to_owned(),
        _ => format!("bad packet (type {kind}, code {code})"),
    }
}

/// The same, by the numbers of RFC 4443.
fn complaint_v6(kind: u8, code: u8, mtu: u32) -> String {
    match (kind, code) {
        (1, 0) => "network unreachable".to_owned(),
        (1, 3) => "host unreachable".to_owned(),
        (1, 1 | 5 | 6) => "forbidden by a packet filter".to_owned(),
        (1, _) => format!("destination unreachable (code {code})"),
        (2, _) => format!("the packet is larger than the {mtu} bytes that the path carries unfragmented"),
        (3, 0) => "ttl exceeded".to_owned(),
        (3, _) => "a fragment was lost".to_owned(),
        _ => format!("bad packet (type {kind}, code {code})"),
    }
}

/// From sending to the kernel's receipt; our own clockwork where the system clock was set in between.
fn travelled(sent: SystemTime, at: Option<SystemTime>, elapsed: Duration) -> Duration {
    at.and_then(|at| at.duration_since(sent).ok()).filter(|time| *time <= elapsed).unwrap_or(elapsed)
}

fn facts(from: IpAddr, ttl: Option<u8>, time: Duration) -> Facts {
    let mut facts = Facts::default();
    facts.insert("time", time.as_secs_f64());
    facts.insert("from", from.to_string());
    if let Some(ttl) = ttl {
        facts.insert("ttl", ttl);
    }
    facts
}

fn payload_size<'de, D: Deserializer<'de>>(field: D) -> Result<usize, D::Error> {
    let size = usize::deserialize(field)?;
    if size > LARGEST { Err(D::Error::custom(format!("{size} is more than {LARGEST}"))) } else { Ok(size) }
}

fn usual() -> usize {
    PAYLOAD
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::probe::Probe;

    const PATIENT: Duration = Duration::from_secs(5);

    fn probe(fields: &Value) -> Result<Probe, String> {
        Probe::new("icmp", fields.as_object().unwrap().clone())
    }

    fn icmp(address: &str) -> Icmp {
        serde_json::from_value(json!({"ping": address})).unwrap()
    }

    /// Where pinging is not allowed, every measurement must say so, and nothing else can be tested.
    async fn measure(fields: Value, timeout: Duration) -> Option<Result<Facts, ProbeError>> {
        let result = probe(&fields).unwrap().measure(timeout).await;
        if permitted() {
            return Some(result);
        }
        assert_eq!(result, Err(ProbeError::Local(REMEDY.to_owned())));
        None
    }

    #[tokio::test]
    async fn a_host_that_answers_gives_every_fact_that_is_promised() {
        let Some(result) = measure(json!({"ping": "127.0.0.1"}), PATIENT).await else { return };
        let facts = result.unwrap().0;
        let mut promised = KIND.facts.to_vec();
        promised.sort_unstable();
        assert_eq!(facts.keys().collect::<Vec<_>>(), promised);
        assert_eq!((&facts["from"], &facts["ttl"]), (&json!("127.0.0.1"), &json!(64)));
        let time = facts["time"].as_f64().unwrap();
        assert!(time > 0.0 && time < 5.0, "{time}");
    }

    #[tokio::test]
    async fn any_payload_up_to_the_largest_comes_back() {
        for size in [0, 1, 8, 57, 1472, LARGEST] {
            let fields = json!({"ping": "127.0.0.2", "payload_size": size, "ttl": 1, "dont_fragment": true});
            let Some(result) = measure(fields, PATIENT).await else { return };
            assert_eq!(result.unwrap().0["from"], "127.0.0.2", "{size}");
        }
    }

    #[tokio::test]
    async fn the_sixth_version_of_ip_is_spoken_where_the_machine_speaks_it() {
        let spoken = std::net::UdpSocket::bind("[::1]:0").is_ok();
        let Some(result) = measure(json!({"ping": "::1"}), PATIENT).await else { return };
        match result {
            Ok(facts) => assert_eq!((&facts.0["from"], &facts.0["ttl"]), (&json!("::1"), &json!(64))),
            Err(error) => assert!(!spoken && matches!(error, ProbeError::Local(_)), "{error}"),
        }
    }

    #[tokio::test]
    async fn of_256_at_once_to_one_host_and_to_many_none_is_lost() {
        let mut probes = tokio::task::JoinSet::new();
        for number in 0..256 {
            let host = if number < 128 { 1 } else { number };
            probes.spawn(measure(json!({"ping": format!("127.0.0.{host}")}), PATIENT));
        }
        let lost: Vec<_> = probes.join_all().await.into_iter().flatten().filter_map(Result::err).collect();
        // 127.0.0.255 is a host like any other: the network of loopback ends at 127.255.255.255.
        assert_eq!(lost, vec![]);
    }

    #[tokio::test]
    async fn an_address_of_many_hosts_is_no_host() {
        let unreachable =
            |reason: &str| Err(ProbeError::Target { kind: Failure::Unreachable, reason: reason.to_owned() });
        let many = probe(&json!({"ping": "224.0.0.1"})).unwrap().measure(PATIENT).await;
        assert_eq!(many, unreachable("224.0.0.1 is a broadcast or multicast address, not a host's"));
        let Some(result) = measure(json!({"ping": "127.255.255.255"}), PATIENT).await else { return };
        assert_eq!(result, unreachable("127.255.255.255 is a broadcast or multicast address, not a host's"));
    }

    #[tokio::test]
    async fn an_echo_that_was_not_sent_hears_none_of_the_others() {
        let request = icmp("127.0.0.3").request();
        let Some(sent) = measure(json!({"ping": "127.0.0.3"}), PATIENT).await else { return };
        let echo = Echo::new(echo::open(false).unwrap(), &request).unwrap();
        let other = measure(json!({"ping": "127.0.0.3"}), PATIENT).await.unwrap();
        assert!(sent.is_ok() && other.is_ok());
        let mut stray = None;
        let heard = tokio::time::timeout(Duration::from_millis(50), echo.hear(&mut stray)).await;
        assert!(heard.is_err() && stray.is_none());
    }

    #[tokio::test]
    async fn what_a_socket_heard_before_it_was_set_up_does_not_drown_the_reply() {
        let Some(_) = measure(json!({"ping": "127.0.0.4"}), PATIENT).await else { return };
        let opened = echo::open(false).unwrap();
        for _ in 0..300 {
            assert!(measure(json!({"ping": "127.0.0.4"}), PATIENT).await.is_some_and(|result| result.is_ok()));
        }
        let echo = Echo::new(opened, &icmp("127.0.0.4").request()).unwrap();
        echo.send().unwrap();
        let mut stray = None;
        let heard = tokio::time::timeout(PATIENT, echo.hear(&mut stray)).await.unwrap().unwrap();
        assert!(matches!(heard, Heard::Reply { .. }));
    }

    #[test]
    fn silence_names_the_host_and_the_time_that_was_waited() {
        let error = icmp("10.10.10.11").silent(Duration::from_secs(1), None);
        let reason = "no echo reply from 10.10.10.11 within 1 s".to_owned();
        assert_eq!(error, ProbeError::Target { kind: Failure::Silent, reason });
        let error =
            icmp("10.10.10.11").silent(Duration::from_millis(1500), Some("an echo reply from 10.0.0.9".to_owned()));
        let reason = "no echo reply from 10.10.10.11 within 1.5 s, only an echo reply from 10.0.0.9".to_owned();
        assert_eq!(error, ProbeError::Target { kind: Failure::Protocol, reason });
    }

    #[test]
    fn who_may_not_ping_is_told_what_to_do_and_the_target_is_not_blamed() {
        for errno in [Errno::EPERM, Errno::EACCES] {
            let error = icmp("10.10.10.10").closed(&errno.into());
            assert_eq!(error, ProbeError::Local(REMEDY.to_owned()));
        }
        assert!(REMEDY.contains("net.ipv4.ping_group_range") && REMEDY.contains("setcap cap_net_raw+ep"));
        let full = icmp("10.10.10.10").closed(&Errno::EMFILE.into()).to_string();
        assert!(full.contains("ulimit -n"), "{full}");
        let large = icmp("10.10.10.10").unsent(&Errno::EMSGSIZE.into());
        assert!(matches!(&large, ProbeError::Local(reason) if reason.contains("lower payload_size")), "{large}");
    }

    #[test]
    fn a_router_that_complains_is_quoted() {
        for (address, router, kind, code, reason) in [
            ("10.0.1.2", "10.0.0.1", 3, 0, "network unreachable, says 10.0.0.1"),
            ("10.0.1.2", "10.0.0.1", 3, 1, "host unreachable, says 10.0.0.1"),
            (
                "10.0.1.2",
                "10.0.0.1",
                3,
                4,
                "the packet is larger than the 1300 bytes that the path carries unfragmented, says 10.0.0.1",
            ),
            ("10.0.1.2", "10.0.0.1", 3, 13, "forbidden by a packet filter, says 10.0.0.1"),
            ("10.0.1.2", "10.0.0.1", 11, 0, "ttl exceeded, says 10.0.0.1"),
            ("fd01::2", "fd00::1", 1, 3, "host unreachable, says fd00::1"),
            ("fd01::2", "fd00::1", 3, 0, "ttl exceeded, says fd00::1"),
        ] {
            let error = icmp(address).unreachable(router.parse().ok(), kind, code, 1300);
            assert_eq!(error, ProbeError::Target { kind: Failure::Unreachable, reason: reason.to_owned() });
        }
    }

    #[test]
    fn a_system_clock_that_was_set_does_not_falsify_the_time() {
        let (sent, elapsed) = (SystemTime::now(), Duration::from_millis(5));
        let kernel = Duration::from_millis(2);
        assert_eq!(travelled(sent, Some(sent + kernel), elapsed), kernel);
        assert_eq!(travelled(sent, Some(sent - kernel), elapsed), elapsed);
        assert_eq!(travelled(sent, Some(sent + PATIENT), elapsed), elapsed);
        assert_eq!(travelled(sent, None, elapsed), elapsed);
    }

    #[test]
    fn what_is_asked_can_be_pasted_and_a_mistake_names_its_field() {
        for (fields, line) in [
            (json!({"ping": "10.10.10.10"}), "ping 10.10.10.10"),
            (
                json!({"ping": "fd00::1", "ttl": 3, "payload_size": 1400, "dont_fragment": true}),
                "ping -t 3 -s 1400 -M do fd00::1",
            ),
        ] {
            assert_eq!(probe(&fields).unwrap().asked(), line);
        }
        for (field, value, said) in [
            ("ping", json!("i.pigsty"), "ping: `i.pigsty` is not the ip address of a host"),
            ("ttl", json!(256), "ttl: invalid value: integer `256`, expected u8"),
            ("payload_size", json!(65508), "payload_size: 65508 is more than 65507"),
            ("dont_fragment", json!(1), "dont_fragment: invalid type: integer `1`, expected a boolean"),
        ] {
            let mut fields = json!({"ping": "10.10.10.10"});
            fields[field] = value;
            assert_eq!(probe(&fields).unwrap_err(), said);
        }
    }
}
