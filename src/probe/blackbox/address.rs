//! Which address of a target is asked: one, by the module's preference; the exporter tries no second, nor do we.
//!
//! Names are looked up as this machine does it. The exporter's own resolver reads the same files and servers but may list
//! the addresses of a name in another order, which shows where a name has several of the family that is taken.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

use tokio::time::{Instant, timeout_at};

use super::{Failed, Family, Metrics, Task};
use crate::probe::dial::span;

/// Looks a host up and chooses; records `probe_dns_lookup_time_seconds`, `probe_ip_protocol` and `probe_ip_addr_hash`.
pub(super) async fn choose(
    host: &str,
    family: Family,
    task: Task<'_>,
    metrics: &mut Metrics,
) -> Result<IpAddr, Failed> {
    metrics.set("probe_ip_protocol", 0.0);
    metrics.set("probe_ip_addr_hash", 0.0);
    let started = Instant::now();
    let found = find(host, task).await;
    metrics.set("probe_dns_lookup_time_seconds", started.elapsed().as_secs_f64());
    let address = pick(&found?, family).ok_or_else(|| Failed::target(none(host, family)))?;
    metrics.set("probe_ip_protocol", if address.is_ipv4() { 4.0 } else { 6.0 });
    metrics.set("probe_ip_addr_hash", f64::from(hash(address)));
    Ok(address)
}

/// Where to connect: the chosen address with its port, and with the zone that the host was written with.
///
/// The exporter forgets the zone of an address where `ip_protocol_fallback` is off.
pub(super) fn peer(host: &str, family: Family, address: IpAddr, port: u16) -> SocketAddr {
    match (address, host.split_once('%')) {
        (IpAddr::V6(address), Some((_, zone))) if family.fallback => {
            let scope = nix::net::if_::if_nametoindex(zone).ok().or_else(|| zone.parse().ok());
            SocketAddrV6::new(address, port, 0, scope.unwrap_or_default()).into()
        }
        _ => SocketAddr::new(address, port),
    }
}

/// Every address of a host, an IPv4 address within an IPv6 one as the first.
async fn find(host: &str, task: Task<'_>) -> Result<Vec<IpAddr>, Failed> {
    if let Some(address) = literal(host) {
        return Ok(vec![address]);
    }
    if host.is_empty() {
        return Err(Failed::target(format!("`{}` names no host", task.target)));
    }
    let unknown = || Failed::target(format!("{host}: this machine cannot resolve the name; {}", mend(host)));
    if host.starts_with('[') || is_number(host) {
        return Err(unknown());
    }
    let late = |_| Failed::target(format!("{host}: the name was not resolved within {}", span(task.timeout)));
    let found = timeout_at(task.deadline, tokio::net::lookup_host((host, 0))).await.map_err(late)?;
    let found: Vec<_> = found.map_err(|_| unknown())?.map(|address| address.ip().to_canonical()).collect();
    if found.is_empty() { Err(unknown()) } else { Ok(found) }
}

/// What to do about a name that cannot be resolved.
fn mend(host: &str) -> &'static str {
    match host {
        _ if host.starts_with('[') => "write the address without brackets",
        _ if host.contains(['/', ':']) => "write the host alone, without scheme, port or path",
        _ => "add it to /etc/hosts, or ask by address",
    }
}

/// An address as it is written, without its zone.
fn literal(host: &str) -> Option<IpAddr> {
    let address = match host.split_once('%') {
        Some((address, zone)) if !zone.is_empty() => address.parse::<Ipv6Addr>().ok()?.into(),
        _ => host.parse::<IpAddr>().ok()?,
    };
    Some(address.to_canonical())
}

/// Whether a host is an address as old C libraries read them (`127.1`, `0x7f000001`), which the exporter takes for a name
/// that nobody has.
fn is_number(host: &str) -> bool {
    let number = |part: &str| match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()),
    };
    host.split('.').all(number)
}

/// The first address of the preferred family, else the last of the other, if that may be taken.
fn pick(addresses: &[IpAddr], family: Family) -> Option<IpAddr> {
    let preferred = addresses.iter().find(|address| address.is_ipv6() == family.v6);
    preferred.or_else(|| addresses.last().filter(|_| family.fallback)).copied()
}

fn none(host: &str, family: Family) -> String {
    let (wanted, other) = if family.v6 { ("IPv6", "ip4") } else { ("IPv4", "ip6") };
    format!(
        "{host} has no {wanted} address, and the module takes no other: \
         set preferred_ip_protocol: {other} or ip_protocol_fallback: true"
    )
}

/// FNV-1a over the 4 or 16 bytes.
fn hash(address: IpAddr) -> u32 {
    let bytes = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const V6: Family = Family { v6: true, fallback: true };
    const V4: Family = Family { v6: false, fallback: true };

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    async fn chosen(host: &str, family: Family) -> (Result<IpAddr, Failed>, Metrics) {
        let timeout = Duration::from_secs(5);
        let task = Task { target: host, hostname: None, deadline: Instant::now() + timeout, timeout };
        let mut metrics = Metrics::default();
        (choose(host, family, task, &mut metrics).await, metrics)
    }

    #[test]
    fn the_first_of_the_preferred_family_is_taken() {
        let all = addresses(&["10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2"]);
        assert_eq!(pick(&all, V6), Some(all[2]));
        assert_eq!(pick(&all, V4), Some(all[0]));
    }

    #[test]
    fn the_last_of_the_other_family_stands_in() {
        let all = addresses(&["10.0.0.1", "10.0.0.2"]);
        assert_eq!(pick(&all, V6), Some(all[1]));
        assert_eq!(pick(&addresses(&["fd00::1", "fd00::2"]), V4), Some("fd00::2".parse().unwrap()));
        assert_eq!(pick(&all, Family { v6: true, fallback: false }), None);
        assert_eq!(pick(&[], V6), None);
    }

    #[tokio::test]
    async fn an_address_is_taken_as_it_is() {
        let (address, metrics) = chosen("127.0.0.1", V6).await;
        assert_eq!(address, Ok("127.0.0.1".parse().unwrap()));
        assert_eq!(metrics.get("probe_ip_protocol"), Some(4.0));
        assert_eq!(metrics.get("probe_ip_addr_hash"), Some(3_668_918_509.0));
        assert_eq!(chosen("::1", V4).await.0, Ok("::1".parse().unwrap()));
        assert_eq!(chosen("::ffff:127.0.0.1", V6).await.0, Ok("127.0.0.1".parse().unwrap()));
        assert_eq!(chosen("fe80::1%lo", V6).await.0, Ok("fe80::1".parse().unwrap()));
    }

    #[tokio::test]
    async fn an_address_of_the_other_family_is_refused_where_nothing_else_is_taken() {
        let (address, metrics) = chosen("127.0.0.1", Family { v6: true, fallback: false }).await;
        assert!(address.unwrap_err().reason.starts_with("127.0.0.1 has no IPv6 address"));
        assert_eq!(metrics.get("probe_ip_protocol"), Some(0.0));
        assert!(metrics.get("probe_dns_lookup_time_seconds").is_some());
    }

    #[tokio::test]
    async fn what_the_exporter_cannot_look_up_is_no_host() {
        for host in ["", "[::1]", "127.1", "0x7f.1", "2130706433", "010.0.0.1"] {
            let (address, metrics) = chosen(host, V4).await;
            assert!(address.is_err(), "{host}");
            assert_eq!(metrics.get("probe_ip_addr_hash"), Some(0.0));
        }
    }

    #[test]
    fn a_zone_goes_with_the_address_only_where_the_exporter_keeps_it() {
        let address = "fe80::1".parse().unwrap();
        let scope = |family| match peer("fe80::1%lo", family, address, 80) {
            SocketAddr::V6(address) => address.scope_id(),
            SocketAddr::V4(_) => 0,
        };
        assert_eq!(scope(V6), 1);
        assert_eq!(scope(Family { v6: true, fallback: false }), 0);
    }
}
