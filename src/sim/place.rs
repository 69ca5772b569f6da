//! Taking the ports of a node: the system chooses them, and those that shall be closed are held closed.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use socket2::{Domain, Protocol, Type};
use tokio::net::{TcpListener, UdpSocket};

use super::SimError;
use super::fault::{Component, Word};
use super::layout::{Node, Port};
use super::stream::Tongue;
use super::tls::Authority;

/// A port of a node that is taken.
pub(super) struct Place {
    pub(super) component: Component,
    pub(super) socket: Socket,
}

/// What was taken.
pub(super) enum Socket {
    /// Nobody ever answers here.
    Held(socket2::Socket),
    /// It has an address, and does not listen yet.
    Stream(socket2::Socket, Speech),
    /// It has an address, and hears nobody yet.
    Datagram(socket2::Socket),
}

/// What is spoken on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speech {
    Http,
    Https,
    Dns,
}

impl Speech {
    pub(super) fn tongue(self, node: &Node, authority: &Authority) -> Result<Tongue, SimError> {
        Ok(match self {
            Self::Http => Tongue::Http,
            Self::Https => Tongue::Https(authority.acceptor(node)?),
            Self::Dns => Tongue::Dns,
        })
    }
}

/// The ports over TCP, by the variables that set them.
const STREAMS: [(Component, &str, Speech); 10] = [
    (Component::Nginx, "nginx_port", Speech::Http),
    (Component::Nginx, "nginx_ssl_port", Speech::Https),
    (Component::NginxExporter, "nginx_exporter_port", Speech::Http),
    (Component::Grafana, "grafana_port", Speech::Http),
    (Component::Vmetrics, "vmetrics_port", Speech::Http),
    (Component::Vlogs, "vlogs_port", Speech::Http),
    (Component::Vtraces, "vtraces_port", Speech::Http),
    (Component::Vmalert, "vmalert_port", Speech::Http),
    (Component::Alertmanager, "alertmanager_port", Speech::Http),
    (Component::Blackbox, "blackbox_port", Speech::Http),
];

/// Where a dead node would listen: numbers that nobody can reach, so that they need not be free.
const UNREACHED: u16 = 9000;

/// How often a number that is free over UDP but not over TCP is given back for another one.
const TRIES: usize = 32;

/// Takes every port of a node, and tells the node its numbers.
pub(super) fn take(node: &mut Node) -> Result<Vec<Place>, SimError> {
    if node.is_dead() {
        let dns = (Component::Dnsmasq, "dns_port");
        let names = STREAMS.map(|(component, variable, _)| (component, variable)).into_iter();
        let names = names.chain([dns, (Component::Chronyd, "chronyd_port")]);
        node.ports = names
            .zip(UNREACHED..)
            .map(|((component, variable), number)| Port { component, variable, number, inside: number })
            .collect();
        return Ok(Vec::new());
    }
    let mut places = Vec::new();
    for (component, variable, speech) in STREAMS {
        let (socket, inside) = bound(node.ip, 0, Type::STREAM)?;
        let socket =
            if is_closed(node, component, speech) { Socket::Held(socket) } else { Socket::Stream(socket, speech) };
        places.push(Place { component, socket });
        let mut number = inside;
        if is_filtered(node, component) {
            let (outside, sockets) = filtered(node.ip, 0)?;
            number = outside;
            places.extend(sockets.map(|socket| Place { component, socket: Socket::Held(socket) }));
        }
        node.ports.push(Port { component, variable, number, inside });
    }
    places.extend(names(node)?);
    places.push(time(node)?);
    Ok(places)
}

fn is_closed(node: &Node, component: Component, speech: Speech) -> bool {
    use Word::{Absent, Installing, NoTls, Refuse, TcpRefuse};
    let closing: &[Word] = match speech {
        Speech::Http => &[Refuse, Absent],
        Speech::Https => &[Refuse, Absent, NoTls, Installing],
        Speech::Dns => &[Refuse, Absent, TcpRefuse],
    };
    node.first(component, closing).is_some()
}

/// Whether a firewall stands before the component; Nginx is what it lets everybody reach.
fn is_filtered(node: &Node, component: Component) -> bool {
    component != Component::Nginx && node.has(Component::Node, Word::Firewalled)
}

/// dnsmasq has the same number over both protocols, and nobody of the estate asks it.
fn names(node: &mut Node) -> Result<Vec<Place>, SimError> {
    let component = Component::Dnsmasq;
    let mut tries = 0;
    loop {
        tries += 1;
        let (over_udp, number) = datagram(node, component)?;
        match over_tcp(node, number) {
            Ok(over_tcp) => {
                node.ports.push(Port { component, variable: "dns_port", number, inside: number });
                let sockets = std::iter::once(over_udp).chain(over_tcp);
                return Ok(sockets.map(|socket| Place { component, socket }).collect());
            }
            Err(SimError::Bind(_, error)) if error.kind() == io::ErrorKind::AddrInUse && tries < TRIES => {}
            Err(error) => return Err(error),
        }
    }
}

fn over_tcp(node: &Node, number: u16) -> Result<Vec<Socket>, SimError> {
    if is_filtered(node, Component::Dnsmasq) {
        return Ok(filtered(node.ip, number)?.1.map(Socket::Held).into());
    }
    let (socket, _) = bound(node.ip, number, Type::STREAM)?;
    let closed = is_closed(node, Component::Dnsmasq, Speech::Dns);
    Ok(vec![if closed { Socket::Held(socket) } else { Socket::Stream(socket, Speech::Dns) }])
}

fn time(node: &mut Node) -> Result<Place, SimError> {
    let component = Component::Chronyd;
    let (socket, number) = datagram(node, component)?;
    node.ports.push(Port { component, variable: "chronyd_port", number, inside: number });
    Ok(Place { component, socket })
}

fn datagram(node: &Node, component: Component) -> Result<(Socket, u16), SimError> {
    let (socket, number) = bound(node.ip, 0, Type::DGRAM)?;
    if is_filtered(node, component) {
        // Whatever arrives stays unread, and nobody is told.
        return Ok((Socket::Held(socket), number));
    }
    let closed = node.first(component, &[Word::Refuse, Word::Absent]).is_some();
    if closed || node.has(component, Word::Restart) {
        // Connected to itself it hears nobody else, and the system says to all others that the port is closed.
        let address = SocketAddrV4::new(node.ip, number);
        socket.connect(&address.into()).map_err(|error| SimError::Bind(address, error))?;
    }
    Ok((if closed { Socket::Held(socket) } else { Socket::Datagram(socket) }, number))
}

/// A port that drops whoever comes: its queue is of one, is full, and stays so.
fn filtered(ip: Ipv4Addr, number: u16) -> Result<(u16, [socket2::Socket; 2]), SimError> {
    let (socket, number) = bound(ip, number, Type::STREAM)?;
    let address = SocketAddrV4::new(ip, number);
    let fill = || {
        socket.listen(0)?;
        let filling = socket2::Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        filling.connect(&address.into())?;
        Ok(filling)
    };
    let filling = fill().map_err(|error| SimError::Bind(address, error))?;
    Ok((number, [socket, filling]))
}

/// A port that is taken and at which nothing listens yet.
fn bound(ip: Ipv4Addr, number: u16, kind: Type) -> Result<(socket2::Socket, u16), SimError> {
    let address = SocketAddrV4::new(ip, number);
    let take = || {
        let protocol = if kind == Type::STREAM { Protocol::TCP } else { Protocol::UDP };
        let socket = socket2::Socket::new(Domain::IPV4, kind, Some(protocol))?;
        socket.bind(&SocketAddr::V4(address).into())?;
        let number = socket.local_addr()?.as_socket_ipv4().map_or(0, |address| address.port());
        Ok((socket, number))
    };
    take().map_err(|error| SimError::Bind(address, error))
}

/// Connections that wait for their turn: far more than a run opens to one port.
const WAITING: i32 = 128;

/// Begins to listen.
pub(super) fn listen(socket: socket2::Socket) -> io::Result<TcpListener> {
    socket.listen(WAITING)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}

/// Begins to hear; what heard itself only is replaced by what hears everybody.
pub(super) fn hear(socket: socket2::Socket) -> io::Result<UdpSocket> {
    let address = socket.local_addr()?;
    let socket = if socket.peer_addr().is_ok() {
        drop(socket);
        let socket = socket2::Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        socket.bind(&address)?;
        socket
    } else {
        socket
    };
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket.into())
}
