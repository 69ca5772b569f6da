//! Whose fault a failed connection is, told from the system's error and from nothing else.
//!
//! What the host or a router said is the target's; what this machine lacks (descriptors, ports, a route, a permission) is
//! ours and comes with what to do. It guesses nothing from message texts.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use nix::errno::Errno;

use super::{Failure, ProbeError};

/// An error that is the target's.
pub(super) fn target(kind: Failure, reason: impl Into<String>) -> ProbeError {
    ProbeError::Target { kind, reason: reason.into() }
}

/// What an error of a socket towards a TCP `peer` means.
pub(super) fn blame(error: &io::Error, peer: SocketAddr) -> ProbeError {
    blame_on(error, peer.ip(), &peer.to_string())
}

/// What an error of any socket towards `ip` means; `peer` is what a person would call the other end.
pub(super) fn blame_on(error: &io::Error, ip: IpAddr, peer: &str) -> ProbeError {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ECONNREFUSED) => target(Failure::Refused, format!("connection refused by {peer}")),
        Some(Errno::ETIMEDOUT) => target(Failure::Silent, format!("no answer from {peer}")),
        Some(Errno::EHOSTUNREACH | Errno::EHOSTDOWN) => {
            target(Failure::Unreachable, format!("no route to host {ip}: it, or the last router, does not answer"))
        }
        Some(Errno::ENETUNREACH) => unreachable_network(ip),
        Some(Errno::EACCES) if is_broadcast(ip) => broadcast(ip),
        Some(Errno::ECONNRESET | Errno::ECONNABORTED | Errno::EPIPE) => {
            target(Failure::Protocol, format!("{peer} reset the connection"))
        }
        Some(errno) => ProbeError::Local(ours(errno, peer)),
        None => target(Failure::Protocol, format!("the connection to {peer} broke: {error}")),
    }
}

/// What this machine lacks.
fn ours(errno: Errno, peer: &str) -> String {
    match errno {
        Errno::EMFILE | Errno::ENFILE => {
            format!("{peer}: this machine is out of file descriptors; raise `ulimit -n` or lower --jobs")
        }
        Errno::EADDRNOTAVAIL => {
            format!(
                "{peer}: this machine has no free local port for it; lower --jobs or widen net.ipv4.ip_local_port_range"
            )
        }
        Errno::ENOBUFS | Errno::ENOMEM => format!("{peer}: this machine is out of network buffers; lower --jobs"),
        Errno::EPERM | Errno::EACCES => {
            format!("{peer}: this machine's own firewall or policy forbids the connection; allow it there")
        }
        Errno::EAFNOSUPPORT => format!("{peer}: this machine does not speak its address family; use the other one"),
        other => format!("{peer}: this machine could not connect: {}", other.desc().to_lowercase()),
    }
}

/// Tells apart an address that is no host's, a router's word, and our own lack of a route.
fn unreachable_network(ip: IpAddr) -> ProbeError {
    match rehearse(ip) {
        _ if is_broadcast(ip) => broadcast(ip),
        Ok(_) => target(Failure::Unreachable, format!("a router says that the network of {ip} is unreachable")),
        Err(_) => {
            ProbeError::Local(format!("no route to {ip} on this machine; add one, or run where it can be reached"))
        }
    }
}

pub(super) fn broadcast(ip: IpAddr) -> ProbeError {
    target(Failure::Unreachable, format!("{ip} is a broadcast or multicast address, not a host's"))
}

/// Whether the address is no single host's; only the routing table knows the broadcast address of a network.
fn is_broadcast(ip: IpAddr) -> bool {
    let known = ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST);
    known || rehearse(ip).is_err_and(|error| error.raw_os_error() == Some(Errno::EACCES as i32))
}

/// The address from which this machine would ask another one.
pub(super) fn source(ip: IpAddr) -> Option<IpAddr> {
    rehearse(ip).and_then(|socket| socket.local_addr()).ok().map(|address| address.ip())
}

/// Asks the routing table by connecting a datagram socket, which sends nothing.
fn rehearse(ip: IpAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = if ip.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect((ip, 9))?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blamed(errno: Errno, peer: &str) -> ProbeError {
        blame(&io::Error::from_raw_os_error(errno as i32), peer.parse().unwrap())
    }

    fn kind(error: &ProbeError) -> Option<Failure> {
        match error {
            ProbeError::Target { kind, .. } => Some(*kind),
            _ => None,
        }
    }

    #[test]
    fn what_the_host_said_is_the_targets() {
        for (errno, expected) in [
            (Errno::ECONNREFUSED, Failure::Refused),
            (Errno::ETIMEDOUT, Failure::Silent),
            (Errno::EHOSTUNREACH, Failure::Unreachable),
            (Errno::ECONNRESET, Failure::Protocol),
        ] {
            assert_eq!(kind(&blamed(errno, "127.0.0.1:3000")), Some(expected), "{errno}");
        }
    }

    #[test]
    fn what_this_machine_lacks_is_ours() {
        for errno in [Errno::EMFILE, Errno::ENFILE, Errno::EADDRNOTAVAIL, Errno::ENOBUFS, Errno::EPERM, Errno::EACCES] {
            let error = blamed(errno, "127.0.0.1:3000");
            assert!(matches!(&error, ProbeError::Local(reason) if reason.starts_with("127.0.0.1:3000: ")), "{error}");
        }
    }

    #[test]
    fn a_broadcast_address_is_not_a_missing_route() {
        for peer in ["127.255.255.255:80", "255.255.255.255:80", "224.0.0.1:80"] {
            let error = blamed(Errno::ENETUNREACH, peer);
            assert!(error.to_string().contains("is a broadcast or multicast address"), "{error}");
            assert_eq!(kind(&error), Some(Failure::Unreachable));
        }
    }

    #[test]
    fn a_routers_word_about_a_network_is_not_a_missing_route() {
        let error = blamed(Errno::ENETUNREACH, "127.0.0.1:80");
        assert_eq!(kind(&error), Some(Failure::Unreachable), "{error}");
    }
}
