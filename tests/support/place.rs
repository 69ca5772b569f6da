//! A port of this machine's loopback, held for one server from before anybody is told of it until the end.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

use socket2::{Domain, Socket, Type};

/// How often a port is chosen that one of the four sockets cannot have, before something else must be wrong.
const ATTEMPTS: usize = 100;

/// How many connections may wait: those of one row, never many.
const BACKLOG: i32 = 16;

/// Nobody answers there.
const DISCARD: u16 = 9;

/// One port over TCP and UDP, of IPv4 and, where this machine has it, of IPv6.
pub(crate) struct Place {
    pub(crate) port: u16,
    tcp: Vec<Socket>,
    udp: Vec<Socket>,
    pub(crate) proxy: Option<TcpListener>,
}

impl Place {
    /// Takes a port that nobody has, and one more for a proxy.
    pub(crate) fn take(proxy: bool) -> io::Result<Self> {
        let proxy = if proxy { Some(unblocked(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?)?) } else { None };
        for _ in 0..ATTEMPTS {
            match sockets() {
                Ok((port, tcp, udp)) => return Ok(Self { port, tcp, udp, proxy }),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("no port is free over TCP and UDP"))
    }

    /// The port of the proxy, if there is one.
    pub(crate) fn proxy_port(&self) -> Option<u16> {
        self.proxy.as_ref().and_then(|listener| listener.local_addr().ok()).map(|address| address.port())
    }

    /// Listens over TCP for these families; for the others it refuses, as a bound socket does that does not listen.
    pub(super) fn listeners(&mut self, is_served: impl Fn(bool) -> bool) -> io::Result<Vec<TcpListener>> {
        let (served, refused) = split(std::mem::take(&mut self.tcp), is_served);
        self.tcp = refused;
        served.into_iter().map(|socket| socket.listen(BACKLOG).and_then(|()| unblocked(socket.into()))).collect()
    }

    /// Hears these families over UDP; for the others it is unreachable, as a socket is that is connected elsewhere.
    pub(super) fn datagrams(&mut self, is_served: impl Fn(bool) -> bool) -> io::Result<Vec<UdpSocket>> {
        let (served, refused) = split(std::mem::take(&mut self.udp), is_served);
        for socket in &refused {
            let here = address(socket)?;
            socket.connect(&SocketAddr::new(here.ip(), DISCARD).into())?;
        }
        self.udp = refused;
        let ready = |socket: Socket| socket.set_nonblocking(true).map(|()| socket.into());
        served.into_iter().map(ready).collect()
    }
}

/// Sockets for TCP and UDP that have one port; only by chance nobody has it for one of the later ones.
fn sockets() -> io::Result<(u16, Vec<Socket>, Vec<Socket>)> {
    let mut tcp = vec![bound(Type::STREAM, Ipv4Addr::LOCALHOST.into(), 0)?];
    let port = address(&tcp[0])?.port();
    let mut udp = vec![bound(Type::DGRAM, Ipv4Addr::LOCALHOST.into(), port)?];
    if has_v6() {
        tcp.push(bound(Type::STREAM, Ipv6Addr::LOCALHOST.into(), port)?);
        udp.push(bound(Type::DGRAM, Ipv6Addr::LOCALHOST.into(), port)?);
    }
    Ok((port, tcp, udp))
}

/// Whether this machine has the loopback of IPv6.
pub(crate) fn has_v6() -> bool {
    bound(Type::STREAM, Ipv6Addr::LOCALHOST.into(), 0).is_ok()
}

fn bound(kind: Type, ip: IpAddr, port: u16) -> io::Result<Socket> {
    let address = SocketAddr::new(ip, port);
    let socket = Socket::new(Domain::for_address(address), kind, None)?;
    if ip.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

fn address(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::Error::other("no address of the internet"))
}

/// The sockets that are served and those that are not, by whether they are of IPv6.
fn split(sockets: Vec<Socket>, is_served: impl Fn(bool) -> bool) -> (Vec<Socket>, Vec<Socket>) {
    sockets.into_iter().partition(|socket| address(socket).is_ok_and(|address| is_served(address.is_ipv6())))
}

/// A listener that a runtime may take over.
fn unblocked(listener: TcpListener) -> io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    Ok(listener)
}
