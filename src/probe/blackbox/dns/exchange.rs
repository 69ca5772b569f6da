//! One question to one server over UDP, TCP or TLS, and the first answer that counts.
//!
//! What an answer is, the caller says. A datagram that is none is somebody else's and is passed over; over a connection it
//! ends the exchange, as any bytes do that cannot be read. Nothing is sent twice.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::time::{Instant, timeout};
use tokio_rustls::client::TlsStream;

use super::super::tls::Setup;
use super::super::{Failed, TlsModule};
use crate::probe::blame::{blame_on, target};
use crate::probe::socket::{Reading, protocol, silence};
use crate::probe::{Failure, ProbeError};

/// How a question travels.
pub(in crate::probe) enum Transport {
    Udp,
    Tcp,
    Tls(Setup),
}

impl Transport {
    /// Over TLS as a module has it; `name` is verified where that names none.
    pub(in crate::probe) fn tls(module: &TlsModule, name: &str) -> Result<Self, Failed> {
        Setup::new(module, name, &[]).map(Self::Tls)
    }
}

/// A question and where it goes.
pub(in crate::probe) struct Call<'a> {
    pub(in crate::probe) server: SocketAddr,
    /// The address to ask from, if it is not the system's to choose.
    pub(in crate::probe) source: Option<IpAddr>,
    pub(in crate::probe) transport: Transport,
    pub(in crate::probe) question: &'a [u8],
    /// How many bytes of a datagram are read.
    pub(in crate::probe) datagram: usize,
    /// How long connecting may take, and with it the answer.
    pub(in crate::probe) patience: Duration,
    /// Whether the answer may take as long once more, as it may with the exporter.
    pub(in crate::probe) again: bool,
    /// The time as a person set it, for sentences.
    pub(in crate::probe) timeout: Duration,
}

/// What came of a call.
pub(in crate::probe) struct Exchanged<T> {
    pub(in crate::probe) answer: Result<T, ProbeError>,
    /// From the question to the end of the answer, or of the wait for it.
    pub(in crate::probe) took: Duration,
}

/// A way to the server.
enum Line {
    Datagram(UdpSocket),
    Stream(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Call<'_> {
    pub(in crate::probe) async fn make<T>(&self, read: impl Fn(&[u8]) -> Reading<T>) -> Exchanged<T> {
        let begun = Instant::now();
        let line = match self.connect().await {
            Ok(line) => line,
            Err(error) => return Exchanged { answer: Err(error), took: Duration::ZERO },
        };
        let started = Instant::now();
        let patience = if self.again { self.patience } else { self.patience.saturating_sub(started - begun) };
        let answer = self.ask(line, patience, read).await;
        Exchanged { answer, took: started.elapsed() }
    }

    /// The server as sentences name it.
    pub(in crate::probe) fn peer(&self) -> String {
        let transport = match self.transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls(_) => "tls",
        };
        format!("{} ({transport})", self.server)
    }

    async fn connect(&self) -> Result<Line, ProbeError> {
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
    async fn datagram(&self) -> Result<UdpSocket, ProbeError> {
        let socket = UdpSocket::bind(self.local()?).await.map_err(|error| self.unbound(&error))?;
        socket.connect(self.server).await.map_err(|error| self.blame(&error))?;
        Ok(socket)
    }

    async fn stream(&self) -> Result<TcpStream, ProbeError> {
        let socket = if self.server.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let socket = socket.map_err(|error| self.blame(&error))?;
        if self.source.is_some() {
            socket.bind(self.local()?).map_err(|error| self.unbound(&error))?;
        }
        let stream = socket.connect(self.server).await.map_err(|error| self.blame(&error))?;
        // Without a listener, our own port may happen to be the one that we dial, and the connection meets itself.
        if stream.local_addr().ok() == Some(self.server) {
            return Err(target(Failure::Refused, format!("connection refused by {}", self.peer())));
        }
        stream.set_nodelay(true).map_err(|error| self.blame(&error))?;
        Ok(stream)
    }

    fn local(&self) -> Result<SocketAddr, ProbeError> {
        let any = if self.server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        match self.source {
            Some(source) if source.is_ipv4() != self.server.is_ipv4() => Err(protocol(format!(
                "source_ip_address: {source} cannot ask {}, which is of the other address family",
                self.server.ip()
            ))),
            source => Ok((source.unwrap_or(any), 0).into()),
        }
    }

    async fn ask<T>(
        &self,
        line: Line,
        patience: Duration,
        read: impl Fn(&[u8]) -> Reading<T>,
    ) -> Result<T, ProbeError> {
        let mut stray = None;
        let awaited = if matches!(line, Line::Datagram(_)) { "answer from" } else { "answer over a connection to" };
        let answer = async {
            match line {
                Line::Datagram(socket) => self.over_udp(&socket, read, &mut stray).await,
                Line::Stream(stream) => self.over_stream(stream, read).await,
                Line::Tls(stream) => self.over_stream(stream, read).await,
            }
        };
        match timeout(patience, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(self.silent(awaited, stray)),
        }
    }

    async fn over_udp<T>(
        &self,
        socket: &UdpSocket,
        read: impl Fn(&[u8]) -> Reading<T>,
        stray: &mut Option<String>,
    ) -> Result<T, ProbeError> {
        socket.send(self.question).await.map_err(|error| self.blame(&error))?;
        // One byte more tells a datagram that was cut off from one that was not.
        let mut buffer = vec![0; self.datagram + 1];
        loop {
            let length = socket.recv(&mut buffer).await.map_err(|error| self.blame(&error))?;
            match read(&buffer[..length.min(self.datagram)]) {
                Reading::Answer(answer) => return Ok(answer),
                Reading::Stray(what) => *stray = Some(what),
                Reading::Nonsense(_) if length > self.datagram => {
                    return Err(self.nonsense(&format!(
                        "answered with more than the {} bytes that a datagram without EDNS may have: \
                     ask with transport_protocol: tcp",
                        self.datagram
                    )));
                }
                Reading::Nonsense(why) => return Err(self.nonsense(&why)),
            }
        }
    }

    /// Sends the question behind its length, as RFC 1035 frames it, and reads one framed answer.
    async fn over_stream<T>(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        read: impl Fn(&[u8]) -> Reading<T>,
    ) -> Result<T, ProbeError> {
        let length = u16::try_from(self.question.len())
            .map_err(|_| protocol("query_name: the question is longer than 65535 bytes".to_owned()))?;
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
        match read(&answer) {
            Reading::Answer(answer) => Ok(answer),
            Reading::Stray(what) => Err(self.nonsense(&format!("sent {what}"))),
            Reading::Nonsense(why) => Err(self.nonsense(&why)),
        }
    }

    fn nonsense(&self, what: &str) -> ProbeError {
        protocol(format!("{} {what}", self.peer()))
    }

    fn blame(&self, error: &io::Error) -> ProbeError {
        blame_on(error, self.server.ip(), &self.peer())
    }

    fn silent(&self, awaited: &str, stray: Option<String>) -> ProbeError {
        silence(&format!("{awaited} {}", self.peer()), self.timeout, stray)
    }

    /// Why the address to ask from cannot be taken.
    fn unbound(&self, error: &io::Error) -> ProbeError {
        match self.source {
            Some(source) => ProbeError::Local(format!(
                "source_ip_address: this machine cannot ask from {source}: {error}; name one of its own addresses"
            )),
            None => self.blame(error),
        }
    }
}
