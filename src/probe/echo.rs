//! A socket for one ICMP echo: the unprivileged kind where the kernel allows it, the raw kind where it must be.
//!
//! The kernel hands over only what belongs to this echo: the socket is connected, and a raw one carries a filter. It also
//! tells when the reply came, how far it travelled, and what routers complain of. Nothing here decides what that means.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::libc::{self, in_addr, in6_addr, sock_extended_err, timespec};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recv, recvmsg, send, setsockopt, sockopt};
use nix::{cmsg_space, setsockopt_impl, sockopt_impl};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::socket::random;

sockopt_impl!(
    /// Whether packets may be fragmented on their way (RFC 1191); neither socket2 nor nix has it.
    MtuDiscover,
    SetOnly,
    libc::IPPROTO_IP,
    libc::IP_MTU_DISCOVER,
    libc::c_int
);

/// The header of an echo: type, code, checksum, id, sequence.
pub(super) const HEADER: usize = 8;
/// The longest header of IPv4, which a raw socket shows before the echo's own.
const IP_HEADER: usize = 60;

/// What an echo request is to look like.
pub(super) struct Request {
    pub(super) to: IpAddr,
    pub(super) ttl: Option<u8>,
    pub(super) payload_size: usize,
    pub(super) dont_fragment: bool,
}

/// A request that is ready to go out, and the socket that will hear the reply.
pub(super) struct Echo {
    /// Tokio's type for any socket that carries datagrams.
    socket: UdpSocket,
    raw: bool,
    to: IpAddr,
    packet: Vec<u8>,
}

/// What came back.
pub(super) enum Heard {
    /// Our echo.
    Reply {
        from: IpAddr,
        ttl: Option<u8>,
        /// When the kernel received it, by the system clock.
        at: Option<SystemTime>,
    },
    /// A router, or our own kernel, says why there will be none.
    Complaint {
        from: Option<IpAddr>,
        kind: u8,
        code: u8,
        /// The largest packet that fits, where size is what it complains of.
        mtu: u32,
    },
}

/// Opens an ICMP socket, and says whether it is a raw one.
pub(super) fn open(v6: bool) -> io::Result<(Socket, bool)> {
    let (domain, protocol) = if v6 { (Domain::IPV6, Protocol::ICMPV6) } else { (Domain::IPV4, Protocol::ICMPV4) };
    let unprivileged = Socket::new(domain, Type::DGRAM.nonblocking(), Some(protocol)).map(|socket| (socket, false));
    unprivileged.or_else(|_| Ok((Socket::new(domain, Type::RAW.nonblocking(), Some(protocol))?, true)))
}

impl Echo {
    /// Prepares the socket and the packet on one that was opened.
    pub(super) fn new((socket, raw): (Socket, bool), request: &Request) -> io::Result<Self> {
        let packet = packet(request);
        configure(&socket, request)?;
        if raw {
            socket.attach_filter(&filter(request.to.is_ipv6(), &packet))?;
        }
        socket.connect(&SocketAddr::new(request.to, 0).into())?;
        drain(&socket);
        Ok(Self { socket: UdpSocket::from_std(socket.into())?, raw, to: request.to, packet })
    }

    /// Sends the request.
    pub(super) fn send(&self) -> io::Result<()> {
        send(self.socket.as_raw_fd(), &self.packet, MsgFlags::empty()).map(drop).map_err(io::Error::from)
    }

    /// Waits for the reply or a complaint; everything else is passed over, and a reply from elsewhere is noted.
    pub(super) async fn hear(&self, stray: &mut Option<String>) -> io::Result<Heard> {
        loop {
            // A flood must not keep the deadline from being seen.
            tokio::task::consume_budget().await;
            // An entry of the error queue makes a socket erroneous, not readable; `try_io` takes one interest at a time.
            let ready = self.socket.ready(Interest::READABLE | Interest::ERROR).await?;
            let heard = if ready.is_error() {
                self.socket.try_io(Interest::ERROR, || Ok(self.receive(MsgFlags::MSG_ERRQUEUE)?))
            } else {
                self.socket.try_io(Interest::READABLE, || self.packet())
            };
            match heard {
                Ok(Some(Heard::Reply { from, .. })) if from != self.to => {
                    *stray = Some(format!("an echo reply from {from}"));
                }
                Ok(Some(heard)) => return Ok(heard),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads one packet; an error only announces an entry of the error queue, which says whose packet it is about.
    fn packet(&self) -> io::Result<Option<Heard>> {
        match self.receive(MsgFlags::empty()) {
            Err(nix::Error::EAGAIN) => Err(io::ErrorKind::WouldBlock.into()),
            heard => Ok(heard.unwrap_or_default()),
        }
    }

    /// Reads one packet, or one entry of the error queue; nothing if it is not about our request.
    fn receive(&self, flags: MsgFlags) -> nix::Result<Option<Heard>> {
        let mut buffer = vec![0; self.packet.len() + IP_HEADER + 1];
        let mut space = cmsg_space!(timespec, libc::c_int, sock_extended_err, libc::sockaddr_in6);
        let mut slices = [IoSliceMut::new(&mut buffer)];
        let fd = self.socket.as_raw_fd();
        let message = recvmsg::<SockaddrStorage>(fd, &mut slices, Some(&mut space), flags)?;
        let (mut ttl, mut at, mut complaint) = (None, None, None);
        for control in message.cmsgs()? {
            match control {
                ControlMessageOwned::ScmTimestampns(time) => at = Some(UNIX_EPOCH + Duration::from(time)),
                ControlMessageOwned::Ipv4Ttl(hops) | ControlMessageOwned::Ipv6HopLimit(hops) => {
                    ttl = u8::try_from(hops).ok();
                }
                ControlMessageOwned::Ipv4RecvErr(error, from) => {
                    complaint = Some((error, from.map(|from| ipv4(from.sin_addr))));
                }
                ControlMessageOwned::Ipv6RecvErr(error, from) => {
                    complaint = Some((error, from.map(|from| ipv6(from.sin6_addr))));
                }
                _ => {}
            }
        }
        let (from, length) = (message.address.as_ref().and_then(address), message.bytes);
        let bytes = buffer.get(..length).unwrap_or_default();
        Ok(match complaint {
            Some((error, from)) => self.complaint(bytes, &error, from),
            None => from.filter(|_| self.is_reply(bytes)).map(|from| Heard::Reply { from, ttl, at }),
        })
    }

    /// Whether these bytes are our echo, whole; the kernel changes the id of an unprivileged socket.
    fn is_reply(&self, bytes: &[u8]) -> bool {
        let ip = if self.raw && self.to.is_ipv4() { usize::from(bytes.first().unwrap_or(&0) & 15) * 4 } else { 0 };
        let kind = if self.to.is_ipv4() { 0 } else { 129 };
        bytes.get(ip..).is_some_and(|echo| {
            echo.len() == self.packet.len()
                && echo[..2] == [kind, 0]
                && self.is_ours(echo)
                && echo[HEADER..] == self.packet[HEADER..]
        })
    }

    /// Whether the id, where it is ours to choose, and the sequence are ours.
    fn is_ours(&self, echo: &[u8]) -> bool {
        let from = if self.raw { 4 } else { 6 };
        echo.get(from..HEADER).is_some_and(|number| number == &self.packet[from..HEADER])
    }

    /// A complaint about the packet that it quotes; redirects and the like, which stop nothing, are none.
    fn complaint(&self, quoted: &[u8], error: &sock_extended_err, from: Option<IpAddr>) -> Option<Heard> {
        let stops = match error.ee_origin {
            libc::SO_EE_ORIGIN_ICMP => matches!(error.ee_type, 3 | 11 | 12),
            libc::SO_EE_ORIGIN_ICMP6 => matches!(error.ee_type, 1..=4),
            _ => false,
        };
        let complaint = Heard::Complaint { from, kind: error.ee_type, code: error.ee_code, mtu: error.ee_info };
        (stops && self.is_ours(quoted)).then_some(complaint)
    }
}

/// Throws away what a raw socket heard before it had its filter: on a busy machine that may leave no room for the reply.
fn drain(socket: &Socket) {
    while recv(socket.as_raw_fd(), &mut [0], MsgFlags::MSG_DONTWAIT).is_ok() {}
}

fn configure(socket: &Socket, request: &Request) -> io::Result<()> {
    let ttl = request.ttl.filter(|&ttl| ttl > 0).map(u32::from);
    setsockopt(socket, sockopt::ReceiveTimestampns, &true)?;
    if request.to.is_ipv4() {
        // Not the kernel's default: that forbids fragments for as long as it does not know the path.
        let fragments = if request.dont_fragment { libc::IP_PMTUDISC_PROBE } else { libc::IP_PMTUDISC_DONT };
        setsockopt(socket, MtuDiscover, &fragments)?;
        setsockopt(socket, sockopt::Ipv4RecvTtl, &true)?;
        setsockopt(socket, sockopt::Ipv4RecvErr, &true)?;
        ttl.map_or(Ok(()), |ttl| socket.set_ttl_v4(ttl))
    } else {
        setsockopt(socket, sockopt::Ipv6DontFrag, &request.dont_fragment)?;
        setsockopt(socket, sockopt::Ipv6RecvHopLimit, &true)?;
        setsockopt(socket, sockopt::Ipv6RecvErr, &true)?;
        ttl.map_or(Ok(()), |ttl| socket.set_unicast_hops_v6(ttl))
    }
}

/// An echo request: random id and sequence, and a payload that begins with a random token, as far as it has room.
fn packet(request: &Request) -> Vec<u8> {
    let kind = if request.to.is_ipv4() { 8 } else { 128 };
    let mut packet = vec![kind, 0, 0, 0];
    packet.extend(&random().to_be_bytes()[..4]);
    let payload = random().to_be_bytes().into_iter().chain((0x10..=0xFF).cycle());
    packet.extend(payload.take(request.payload_size));
    let sum = checksum(&packet);
    packet[2..4].copy_from_slice(&sum.to_be_bytes());
    packet
}

/// The checksum of RFC 1071; for ICMPv6 the kernel makes another, over the addresses too.
fn checksum(packet: &[u8]) -> u16 {
    let words = packet.chunks(2).map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |&low| u32::from(low)));
    let sum: u32 = words.sum();
    let folded = (sum & 0xFFFF) + (sum >> 16);
    !u16::try_from((folded & 0xFFFF) + (folded >> 16)).unwrap_or_default()
}

/// A filter for a raw socket, which would otherwise hear every echo on the machine: only a reply with our id and sequence.
fn filter(v6: bool, packet: &[u8]) -> [SockFilter; 7] {
    const PASS: u32 = u32::MAX;
    let number = u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
    // The codes of classic BPF: 0x01 loads a constant, 0xB1 the length that a header of IPv4 says it has.
    // A raw socket of IPv6 shows no such header.
    let (header, reply) = if v6 { (0x01, 129) } else { (0xB1, 0) };
    [
        // x = the length of what stands before the echo
        SockFilter::new(header, 0, 0, 0),
        // id and sequence, the second word, are ours, or drop
        SockFilter::new(0x40, 0, 0, 4),
        SockFilter::new(0x15, 0, 3, number),
        // the type, the first byte, is that of a reply, or drop
        SockFilter::new(0x50, 0, 0, 0),
        SockFilter::new(0x15, 0, 1, reply),
        SockFilter::new(0x06, 0, 0, PASS),
        SockFilter::new(0x06, 0, 0, 0),
    ]
}

fn address(from: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = from.as_sockaddr_in().map(|from| from.ip().into());
    v4.or_else(|| from.as_sockaddr_in6().map(|from| from.ip().into()))
}

fn ipv4(address: in_addr) -> IpAddr {
    Ipv4Addr::from_bits(u32::from_be(address.s_addr)).into()
}

fn ipv6(address: in6_addr) -> IpAddr {
    Ipv6Addr::from(address.s6_addr).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(to: &str, payload_size: usize) -> Request {
        Request { to: to.parse().unwrap(), ttl: None, payload_size, dont_fragment: false }
    }

    /// The reply to a packet as a socket of its kind would show it.
    fn reply(echo: &Echo) -> Vec<u8> {
        let mut reply = if echo.raw { vec![0x45; 20] } else { vec![] };
        reply.extend([0, 0, 0, 0]);
        reply.extend(&echo.packet[4..]);
        reply
    }

    /// An echo that goes nowhere, over a socket of any kind: what is tested needs no permission.
    async fn echo(raw: bool) -> Echo {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let request = request("127.0.0.1", 56);
        Echo { socket, raw, to: request.to, packet: packet(&request) }
    }

    #[test]
    fn a_packet_is_an_echo_request_whose_checksum_is_right() {
        for size in [0, 1, 7, 8, 56, 301] {
            let packet = packet(&request("10.10.10.10", size));
            assert_eq!((packet.len(), &packet[..2]), (HEADER + size, &[8, 0][..]));
            assert_eq!(checksum(&packet), 0, "{size}");
        }
        assert_eq!(checksum(&[0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]), !0xDDF2);
        assert_eq!(packet(&request("::1", 0))[..2], [128, 0]);
    }

    #[test]
    fn no_two_packets_are_alike() {
        let request = request("10.10.10.10", 8);
        let (one, other) = (packet(&request), packet(&request));
        assert_ne!(one[4..8], other[4..8]);
        assert_ne!(one[8..], other[8..]);
    }

    #[tokio::test]
    async fn only_the_same_bytes_are_the_reply() {
        for raw in [false, true] {
            let echo = echo(raw).await;
            let whole = reply(&echo);
            assert!(echo.is_reply(&whole));
            let start = whole.len() - echo.packet.len();
            for at in [start, start + 1, start + 6, start + 8, whole.len() - 1] {
                let mut changed = whole.clone();
                changed[at] ^= 1;
                assert!(!echo.is_reply(&changed), "raw {raw}, byte {at}");
            }
            for cut in [0, 1, start, start + 8, whole.len() - 1] {
                assert!(!echo.is_reply(&whole[..cut]), "raw {raw}, {cut} bytes");
            }
        }
    }

    #[tokio::test]
    async fn the_kernel_may_change_the_id_of_an_unprivileged_echo_only() {
        for raw in [false, true] {
            let echo = echo(raw).await;
            let mut changed = reply(&echo);
            let id = changed.len() - echo.packet.len() + 4;
            changed[id] ^= 1;
            assert_eq!(echo.is_reply(&changed), !raw);
        }
    }

    #[tokio::test]
    async fn only_a_complaint_about_our_packet_that_ends_it_is_heard() {
        let echo = echo(true).await;
        let other = packet(&request("127.0.0.1", 56));
        let error = |ee_origin, ee_type| sock_extended_err {
            ee_errno: 113,
            ee_origin,
            ee_type,
            ee_code: 1,
            ee_pad: 0,
            ee_info: 0,
            ee_data: 0,
        };
        let heard = |quoted: &[u8], origin, kind| echo.complaint(quoted, &error(origin, kind), None).is_some();
        assert!(heard(&echo.packet[..8], libc::SO_EE_ORIGIN_ICMP, 3));
        assert!(heard(&echo.packet, libc::SO_EE_ORIGIN_ICMP, 11));
        assert!(heard(&echo.packet, libc::SO_EE_ORIGIN_ICMP6, 1));
        assert!(!heard(&other, libc::SO_EE_ORIGIN_ICMP, 3), "another echo");
        assert!(!heard(&echo.packet[..7], libc::SO_EE_ORIGIN_ICMP, 3), "too short to tell");
        assert!(!heard(&echo.packet, libc::SO_EE_ORIGIN_ICMP, 5), "a redirect");
        assert!(!heard(&echo.packet, libc::SO_EE_ORIGIN_LOCAL, 3), "our own kernel, which says it at once");
    }
}
