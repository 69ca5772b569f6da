//! The icmp probe: one echo request to one address.
//!
//! It never sends a second, and takes nothing for the reply but the same bytes from the same address. A router that says
//! why there will be none ends the wait.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};

use super::blame::{blame_on, broadcast};
use super::echo::{self, Complaint, Echo, Fragments, Heard, Options, Request};
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
        let request = self.request();
        let mut echo = Echo::send(&request).map_err(|unsent| unsent.blame(&request))?;
        match tokio::time::timeout(timeout, echo.hear()).await {
            Ok(Ok(Heard::Reply { from, ttl, took })) => Ok(facts(from, ttl, took)),
            Ok(Ok(Heard::Complaint(complaint))) => Err(unreachable(&complaint)),
            Ok(Err(error)) => Err(blame_on(&error, self.ping, &self.ping.to_string())),
            Err(_) => Err(self.silent(timeout, echo.stray())),
        }
    }

    /// The host, where nothing but the usual is asked of it.
    pub(super) fn plain(&self) -> Option<IpAddr> {
        let usual = self.ttl.is_none() && self.payload_size == PAYLOAD && !self.dont_fragment;
        usual.then_some(self.ping)
    }

    fn request(&self) -> Request {
        let fragments = if self.dont_fragment { Fragments::Forbidden } else { Fragments::Allowed };
        let options = Options { ttl: self.ttl, fragments, source: None };
        Request { to: SocketAddr::new(self.ping, 0), payload: echo::unique(self.payload_size), options }
    }

    /// No reply came; who answered in its place is named.
    fn silent(&self, timeout: Duration, stray: Option<IpAddr>) -> ProbeError {
        let stray = stray.map(|from| format!("an echo reply from {from}"));
        socket::silence(&format!("echo reply from {}", self.ping), timeout, stray)
    }
}

fn unreachable(complaint: &Complaint) -> ProbeError {
    ProbeError::Target { kind: Failure::Unreachable, reason: complaint.to_string() }
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
        assert!(matches!(&result, Err(ProbeError::Local(reason)) if reason.contains("ping_group_range")), "{result:?}");
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
    async fn of_5000_hosts_at_once_none_is_lost() {
        let mut probes = tokio::task::JoinSet::new();
        for number in 1..=5000 {
            let ping = format!("127.{}.{}.1", number / 256, number % 256);
            probes.spawn(async move { measure(json!({"ping": ping}), PATIENT).await.map(|result| (ping, result)) });
        }
        let answered = probes.join_all().await.into_iter().flatten();
        for (ping, result) in answered {
            assert_eq!(result.map(|facts| facts.0["from"].clone()), Ok(json!(ping)));
        }
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

    #[test]
    fn silence_names_the_host_and_the_time_that_was_waited() {
        let error = icmp("10.10.10.11").silent(Duration::from_secs(1), None);
        let reason = "no echo reply from 10.10.10.11 within 1 s".to_owned();
        assert_eq!(error, ProbeError::Target { kind: Failure::Silent, reason });
        let error = icmp("10.10.10.11").silent(Duration::from_millis(1500), "10.0.0.9".parse().ok());
        let reason = "no echo reply from 10.10.10.11 within 1.5 s, only an echo reply from 10.0.0.9".to_owned();
        assert_eq!(error, ProbeError::Target { kind: Failure::Protocol, reason });
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
            let (from, v6) = (router.parse().ok(), icmp(address).ping.is_ipv6());
            let error = unreachable(&Complaint { from, v6, kind, code, mtu: 1300 });
            assert_eq!(error, ProbeError::Target { kind: Failure::Unreachable, reason: reason.to_owned() });
        }
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
