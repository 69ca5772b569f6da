//! Taking the ports of a node: the system chooses them, and those that shall be closed are held closed.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use socket2::{Domain, Protocol, Type};
use tokio::net::{TcpListener, UdpSocket};

use super::SimError;
use super::fault::{Component, Word};
use super::layout::{Node, Port};
use super::stream::Tongue;
use super::tls;

/// A port of a node that is taken.
pub(super) struct Place {
    pub(super) component: Component,
    pub(super) socket: Socket,
}

/// What was taken.
pub(super) enum Socket {
    Closed(socket2::Socket),
    Stream(TcpListener, Speech),
    Datagram(UdpSocket),
}

/// What is spoken on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speech {
    Http,
    Https,
    Dns,
}

impl Speech {
    pub(super) fn tongue(self, node: &Node) -> Result<Tongue, SimError> {
        Ok(match self {
            Self::Http => Tongue::Http,
            Self::Https => Tongue::Https(tls::acceptor(node)?),
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
            .map(|((component, variable), number)| Port { component, variable, number })
            .collect();
        return Ok(Vec::new());
    }
    let mut places = Vec::new();
    for (component, variable, speech) in STREAMS {
        let (socket, number) = if is_closed(node, component, speech) {
            let socket = closed(node.ip, 0, Type::STREAM)?;
            let number = number_of(&socket, node.ip)?;
            (Socket::Closed(socket), number)
        } else {
            let (listener, number) = listener(node.ip, 0)?;
            (Socket::Stream(listener, speech), number)
        };
        node.ports.push(Port { component, variable, number });
        places.push(Place { component, socket });
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

/// dnsmasq has the same number over both protocols.
fn names(node: &mut Node) -> Result<[Place; 2], SimError> {
    let component = Component::Dnsmasq;
    let (udp_closed, tcp_closed) =
        (node.first(component, &[Word::Refuse, Word::Absent]).is_some(), is_closed(node, component, Speech::Dns));
    let mut tries = 0;
    loop {
        tries += 1;
        let (over_udp, number) = datagram(node.ip, udp_closed)?;
        let over_tcp = if tcp_closed {
            closed(node.ip, number, Type::STREAM).map(Socket::Closed)
        } else {
            listener(node.ip, number).map(|(listener, _)| Socket::Stream(listener, Speech::Dns))
        };
        match over_tcp {
            Ok(over_tcp) => {
                node.ports.push(Port { component, variable: "dns_port", number });
                return Ok([Place { component, socket: over_udp }, Place { component, socket: over_tcp }]);
            }
            Err(SimError::Bind(_, error)) if error.kind() == io::ErrorKind::AddrInUse && tries < TRIES => {}
            Err(error) => return Err(error),
        }
    }
}

fn time(node: &mut Node) -> Result<Place, SimError> {
    let component = Component::Chronyd;
    let refused = node.first(component, &[Word::Refuse, Word::Absent]).is_some();
    let (socket, number) = datagram(node.ip, refused)?;
    node.ports.push(Port { component, variable: "chronyd_port", number });
    Ok(Place { component, socket })
}

fn listener(ip: Ipv4Addr, number: u16) -> Result<(TcpListener, u16), SimError> {
    let socket = closed(ip, number, Type::STREAM)?;
    let bind = |error| SimError::Bind(SocketAddrV4::new(ip, number), error);
    let number = number_of(&socket, ip)?;
    socket.listen(128).map_err(bind)?;
    socket.set_nonblocking(true).map_err(bind)?;
    Ok((TcpListener::from_std(socket.into()).map_err(bind)?, number))
}

fn datagram(ip: Ipv4Addr, refused: bool) -> Result<(Socket, u16), SimError> {
    let socket = closed(ip, 0, Type::DGRAM)?;
    let number = number_of(&socket, ip)?;
    let address = SocketAddrV4::new(ip, number);
    let bind = |error| SimError::Bind(address, error);
    if refused {
        // Connected to itself it hears nobody else, and the system says to all others that the port is closed.
        socket.connect(&SocketAddr::V4(address).into()).map_err(bind)?;
        return Ok((Socket::Closed(socket), number));
    }
    socket.set_nonblocking(true).map_err(bind)?;
    Ok((Socket::Datagram(UdpSocket::from_std(socket.into()).map_err(bind)?), number))
}

/// A port that is taken and at which nothing listens yet.
fn closed(ip: Ipv4Addr, number: u16, kind: Type) -> Result<socket2::Socket, SimError> {
    let address = SocketAddrV4::new(ip, number);
    let take = || {
        let protocol = if kind == Type::STREAM { Protocol::TCP } else { Protocol::UDP };
        let socket = socket2::Socket::new(Domain::IPV4, kind, Some(protocol))?;
        socket.bind(&SocketAddr::V4(address).into())?;
        Ok(socket)
    };
    take().map_err(|error| SimError::Bind(address, error))
}

fn number_of(socket: &socket2::Socket, ip: Ipv4Addr) -> Result<u16, SimError> {
    let address = socket.local_addr().map_err(|error| SimError::Bind(SocketAddrV4::new(ip, 0), error))?;
    Ok(address.as_socket_ipv4().map_or(0, |address| address.port()))
}
