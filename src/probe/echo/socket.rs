//! The kernel's side of an echo: opening a socket, setting it up, and reading what it heard, of which it tells when it came,
//! how far it travelled, and what routers complain of.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::RawFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::libc::{self, in_addr, in6_addr, sock_extended_err, timespec};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use nix::{cmsg_space, setsockopt_impl, sockopt_impl};
use socket2::{Domain, Protocol, Socket, Type};

use super::{Complaint, Fragments, Options, Unsent};

sockopt_impl!(
    /// Whether packets may be fragmented on their way (RFC 1191); neither socket2 nor nix has it.
    MtuDiscover,
    SetOnly,
    libc::IPPROTO_IP,
    libc::IP_MTU_DISCOVER,
    libc::c_int
);

/// What 5,000 replies take while they wait to be read, with the kernel's own notes on each; it may grant less.
const BUFFER: usize = 8 << 20;

/// What a socket gave when it was read.
pub(super) enum Received<'a> {
    /// A packet.
    Packet {
        from: SocketAddr,
        ttl: Option<u8>,
        /// When the kernel received it, by the system clock.
        at: Option<SystemTime>,
        bytes: &'a [u8],
    },
    /// A complaint, with the beginning of the packet that it is about.
    Complaint { complaint: Complaint, quoted: &'a [u8] },
    /// Something else.
    Nothing,
}

/// Opens an ICMP socket, and says whether it is a raw one.
pub(in crate::probe) fn open(v6: bool) -> io::Result<(Socket, bool)> {
    let (domain, protocol) = if v6 { (Domain::IPV6, Protocol::ICMPV6) } else { (Domain::IPV4, Protocol::ICMPV4) };
    let unprivileged = Socket::new(domain, Type::DGRAM.nonblocking(), Some(protocol)).map(|socket| (socket, false));
    unprivileged.or_else(|_| Ok((Socket::new(domain, Type::RAW.nonblocking(), Some(protocol))?, true)))
}

/// Prepares a socket that was opened.
pub(super) fn configure(socket: &Socket, v6: bool, options: &Options) -> Result<(), Unsent> {
    let ttl = options.ttl.filter(|&ttl| ttl > 0).map(u32::from);
    let set =
        if v6 { configure_v6(socket, options.fragments, ttl) } else { configure_v4(socket, options.fragments, ttl) };
    set.map_err(Unsent::Closed)?;
    room(socket);
    options.source.map_or(Ok(()), |source| socket.bind(&SocketAddr::new(source, 0).into())).map_err(Unsent::Source)
}

fn configure_v4(socket: &Socket, fragments: Fragments, ttl: Option<u32>) -> io::Result<()> {
    setsockopt(socket, sockopt::ReceiveTimestampns, &true)?;
    match fragments {
        Fragments::Allowed => setsockopt(socket, MtuDiscover, &libc::IP_PMTUDISC_DONT)?,
        Fragments::Forbidden => setsockopt(socket, MtuDiscover, &libc::IP_PMTUDISC_PROBE)?,
        Fragments::System => {}
    }
    setsockopt(socket, sockopt::Ipv4RecvTtl, &true)?;
    setsockopt(socket, sockopt::Ipv4RecvErr, &true)?;
    ttl.map_or(Ok(()), |ttl| socket.set_ttl_v4(ttl))
}

fn configure_v6(socket: &Socket, fragments: Fragments, ttl: Option<u32>) -> io::Result<()> {
    setsockopt(socket, sockopt::ReceiveTimestampns, &true)?;
    setsockopt(socket, sockopt::Ipv6DontFrag, &(fragments == Fragments::Forbidden))?;
    setsockopt(socket, sockopt::Ipv6RecvHopLimit, &true)?;
    setsockopt(socket, sockopt::Ipv6RecvErr, &true)?;
    ttl.map_or(Ok(()), |ttl| socket.set_unicast_hops_v6(ttl))
}

/// Asks for room for many packets; an administrator gets it, all others what the system is set to.
fn room(socket: &Socket) {
    if setsockopt(socket, sockopt::RcvBufForce, &BUFFER).is_err() {
        let _ = socket.set_recv_buffer_size(BUFFER);
    }
    if setsockopt(socket, sockopt::SndBufForce, &BUFFER).is_err() {
        let _ = socket.set_send_buffer_size(BUFFER);
    }
}

/// Reads one packet, or one entry of the error queue.
pub(super) fn receive(fd: RawFd, buffer: &mut [u8], flags: MsgFlags) -> nix::Result<Received<'_>> {
    let mut space = cmsg_space!(timespec, libc::c_int, sock_extended_err, libc::sockaddr_in6);
    let mut slices = [IoSliceMut::new(buffer)];
    let message = recvmsg::<SockaddrStorage>(fd, &mut slices, Some(&mut space), flags)?;
    let (mut ttl, mut at, mut error) = (None, None, None);
    for control in message.cmsgs()? {
        match control {
            ControlMessageOwned::ScmTimestampns(time) => at = Some(UNIX_EPOCH + Duration::from(time)),
            ControlMessageOwned::Ipv4Ttl(hops) | ControlMessageOwned::Ipv6HopLimit(hops) => {
                ttl = u8::try_from(hops).ok();
            }
            ControlMessageOwned::Ipv4RecvErr(what, from) => error = Some((what, from.map(|from| ipv4(from.sin_addr)))),
            ControlMessageOwned::Ipv6RecvErr(what, from) => error = Some((what, from.map(|from| ipv6(from.sin6_addr)))),
            _ => {}
        }
    }
    let (from, length) = (message.address.as_ref().and_then(address), message.bytes);
    let bytes = buffer.get(..length).unwrap_or_default();
    let complaint = error.map(|(what, from)| Complaint::new(&what, from));
    Ok(match (complaint, from) {
        (Some(Some(complaint)), _) => Received::Complaint { complaint, quoted: bytes },
        (None, Some(from)) => Received::Packet { from, ttl, at, bytes },
        _ => Received::Nothing,
    })
}

fn address(from: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = from.as_sockaddr_in().map(|from| SocketAddr::V4((*from).into()));
    v4.or_else(|| from.as_sockaddr_in6().map(|from| SocketAddr::V6((*from).into())))
}

fn ipv4(address: in_addr) -> IpAddr {
    Ipv4Addr::from_bits(u32::from_be(address.s_addr)).into()
}

fn ipv6(address: in6_addr) -> IpAddr {
    Ipv6Addr::from(address.s6_addr).into()
}
