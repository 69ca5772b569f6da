//! One question to one server over UDP, TCP or TLS, and the first answer that counts.
//!
//! A datagram with another id is somebody else's and is passed over; over a connection it ends the probe, as any bytes do
//! that are no message. Connecting has the time that is left, and so has the answer once more, as the exporter has it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::time::{Instant, timeout};
use tokio_rustls::client::TlsStream;

use super::super::Failed;
use super::super::tls::Setup;
use super::message::Message;
use crate::probe::blame::blame_on;
use crate::probe::socket::silence;

/// What a server may send to one who did not say by EDNS that he takes more; the exporter reads no more of a datagram.
const DATAGRAM: usize = 512;

/// How a question travels.
pub(super) enum Transport {
    Udp,
    Tcp,
    Tls(Setup),
}

/// A question and where it goes.
pub(super) struct Call<'a> {
    pub(super) server: SocketAddr,
    /// The address to ask from, if it is not the system's to choose.
    pub(super) source: Option<IpAddr>,
    pub(super) transport: Transport,
    pub(super) question: &'a [u8],
    /// How long connecting may take, and then the answer.
    pub(super) patience: Duration,
    /// The time for the whole probe, for sentences.
    pub(super) timeout: Duration,
}

/// What came of a call.
pub(super) struct Exchanged {
    pub(super) answer: Result<Message, Failed>,
    /// From the question to the end of the answer, or of the wait for it.
    pub(super) took: Duration,
}

/// A way to the server.
enum Line {
    Datagram(UdpSocket),
    Stream(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Call<'_> {
    pub(super) async fn make(&self) -> Exchanged {
        let line = match self.connect().await {
            Ok(line) => line,
            Err(failed) => return Exchanged { answer: Err(failed), took: Duration::ZERO },
        };
        let started = Instant::now();
        let answer = self.ask(line).await;
        Exchanged { answer, took: started.elapsed() }
    }

    /// The server as sentences name it.
    pub(super) fn peer(&self) -> String {
        let transport = match self.transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls(_) => "tls",
        };
        format!("{} ({transport})", self.server)
    }

    async fn connect(&self) -> Result<Line, Failed> {
        let mut awaited = "connection to";
        let attempt = async {
            match &self.transport {
                Transport::Udp => self.datagram().await.map(Line::Datagram),
                Transport::Tcp => self.stream().await.map(Line::Stream),
                Transport::Tls(setup) => {
                    let stream = self.stream().await?;
                    awaited = "TLS handshake with";
                    let (stream, _) = setup.handshake(stream, self.server).await?;
                    Ok(Line::Tls(Box::new(stream)))
                }
            }
        };
        match timeout(self.patience, attempt).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.silent(awaited, None)),
        }
    }

    /// A socket that hears nobody but the server, and hears that its port is closed.
    async fn datagram(&self) -> Result<UdpSocket, Failed> {
        let socket = UdpSocket::bind(self.local()?).await.map_err(|error| self.unbound(&error))?;
        socket.connect(self.server).await.map_err(|error| self.blame(&error))?;
        Ok(socket)
    }

    async fn stream(&self) -> Result<TcpStream, Failed> {
        let socket = if self.server.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let socket = socket.map_err(|error| self.blame(&error))?;
        if self.source.is_some() {
            socket.bind(self.local()?).map_err(|error| self.unbound(&error))?;
        }
        let stream = socket.connect(self.server).await.map_err(|error| self.blame(&error))?;
        // Without a listener, our own port may happen to be the one that we dial, and the connection meets itself.
        if stream.local_addr().ok() == Some(self.server) {
            return Err(Failed::target(format!("connection refused by {}", self.peer())));
        }
        stream.set_nodelay(true).map_err(|error| self.blame(&error))?;
        Ok(stream)
    }

    fn local(&self) -> Result<SocketAddr, Failed> {
        let any = if self.server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        match self.source {
            Some(source) if source.is_ipv4() != self.server.is_ipv4() => Err(Failed::target(format!(
                "source_ip_address: {source} cannot ask {}, which is of the other address family",
                self.server.ip()
            ))),
            source => Ok((source.unwrap_or(any), 0).into()),
        }
    }

    async fn ask(&self, line: Line) -> Result<Message, Failed> {
        let mut stray = None;
        let answer = async {
            match line {
                Line::Datagram(socket) => self.over_udp(&socket, &mut stray).await,
                Line::Stream(stream) => self.over_stream(stream).await,
                Line::Tls(stream) => self.over_stream(stream).await,
            }
        };
        match timeout(self.patience, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(self.silent("answer from", stray)),
        }
    }

    async fn over_udp(&self, socket: &UdpSocket, stray: &mut Option<String>) -> Result<Message, Failed> {
        socket.send(self.question).await.map_err(|error| self.blame(&error))?;
        // One byte more tells a datagram that was cut off from one that was not.
        let mut buffer = [0; DATAGRAM + 1];
        loop {
            let length = socket.recv(&mut buffer).await.map_err(|error| self.blame(&error))?;
            match Message::read(&buffer[..length.min(DATAGRAM)]) {
                Ok(message) if self.is_answered_by(&message) => return Ok(message),
                Ok(_) => *stray = Some("a message with another id".to_owned()),
                Err(_) if length > DATAGRAM => {
                    return Err(self.nonsense(
                        "answered with more than the 512 bytes that a datagram without EDNS may have: \
                         ask with transport_protocol: tcp",
                    ));
                }
                Err(bad) => return Err(self.nonsense(&format!("answered with what is no DNS message: {bad}"))),
            }
        }
    }

    /// Sends the question behind its length, as RFC 1035 frames it, and reads one framed answer.
    async fn over_stream(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Result<Message, Failed> {
        let length = u16::try_from(self.question.len())
            .map_err(|_| Failed::target("query_name: the question is longer than 65535 bytes"))?;
        let exchange = async {
            stream.write_all(&[&length.to_be_bytes(), self.question].concat()).await?;
            stream.flush().await?;
            let mut answer = vec![0; stream.read_u16().await?.into()];
            stream.read_exact(&mut answer).await?;
            Ok::<_, io::Error>(answer)
        };
        let answer = match exchange.await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(self.nonsense("closed the connection before its answer was whole"));
            }
            answer => answer.map_err(|error| self.blame(&error))?,
        };
        match Message::read(&answer) {
            Ok(message) if self.is_answered_by(&message) => Ok(message),
            Ok(_) => Err(self.nonsense("answered with a message that has another id")),
            Err(bad) => Err(self.nonsense(&format!("answered with what is no DNS message: {bad}"))),
        }
    }

    fn is_answered_by(&self, message: &Message) -> bool {
        self.question.starts_with(&message.id.to_be_bytes())
    }

    fn nonsense(&self, what: &str) -> Failed {
        Failed::target(format!("{} {what}", self.peer()))
    }

    fn blame(&self, error: &io::Error) -> Failed {
        blame_on(error, self.server.ip(), &self.peer()).into()
    }

    fn silent(&self, awaited: &str, stray: Option<String>) -> Failed {
        silence(&format!("{awaited} {}", self.peer()), self.timeout, stray).into()
    }

    /// Why the address to ask from cannot be taken.
    fn unbound(&self, error: &io::Error) -> Failed {
        match self.source {
            Some(source) => Failed::local(format!(
                "source_ip_address: this machine cannot ask from {source}: {error}; name one of its own addresses"
            )),
            None => self.blame(error),
        }
    }
}
