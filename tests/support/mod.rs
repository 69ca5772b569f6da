//! Servers that behave as a script says: well, badly, or not at all.
//!
//! They keep nothing between two connections, so that whoever asks second finds what the first one found. Ports are the
//! system's choice; one port serves IPv4 and IPv6, and what is not to be served there refuses connections.

mod certificate;
mod coding;
mod dns;
mod http;
mod http2;
mod old;
mod place;
mod request;
mod tcp;
mod tls;
mod witness;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

pub(crate) use self::certificate::Certificates;
pub(crate) use self::old::is_spoken as has_old_tls;
pub(crate) use self::place::{Place, has_v6};
use self::witness::Witness;

/// Which server stands at a place, and how it behaves.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Serve {
    listen: Listen,
    tls: Option<tls::Tls>,
    http: Option<http::Answer>,
    tcp: Option<Vec<tcp::Step>>,
    dns: Option<dns::Dns>,
    /// A second server, at `${proxy}`: it answers so, or, where that is a 200, passes on to the first.
    proxy: Option<http::Answer>,
}

/// The families that are served; the other refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Listen {
    V4,
    V6,
    #[default]
    Both,
}

/// What a server speaks over.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

pub(crate) type Stream = Box<dyn Duplex>;

/// What every connection of a server needs.
struct Host {
    serve: Serve,
    certificates: Arc<Certificates>,
    witness: Arc<Witness>,
}

/// A server that runs until its runtime ends, and the sockets of what it refuses.
pub(crate) struct Server {
    pub(crate) witness: Arc<Witness>,
    _place: Place,
}

impl Server {
    /// Starts what is to be served at a place; it must be called inside a runtime.
    pub(crate) fn start(mut place: Place, serve: Serve, certificates: &Arc<Certificates>) -> io::Result<Self> {
        serve.dns.as_ref().map_or(Ok(()), dns::Dns::check)?;
        let witness = Arc::new(Witness::default());
        let host = Arc::new(Host { serve, certificates: Arc::clone(certificates), witness: Arc::clone(&witness) });
        let serve = &host.serve;
        for listener in place.listeners(|v6| serve.has_streams() && serve.listens(v6))? {
            tokio::spawn(accept(TcpListener::from_std(listener)?, Arc::clone(&host), false));
        }
        for socket in place.datagrams(|v6| serve.has_datagrams() && serve.listens(v6))? {
            tokio::spawn(dns::datagrams(UdpSocket::from_std(socket)?, serve.dns.clone().unwrap_or_default()));
        }
        if let Some(proxy) = place.proxy.take() {
            tokio::spawn(accept(TcpListener::from_std(proxy)?, Arc::clone(&host), true));
        }
        Ok(Self { witness, _place: place })
    }
}

impl Serve {
    /// Whether it speaks versions of TLS for which it needs help.
    pub(crate) fn is_old(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.old().is_some())
    }

    fn listens(&self, v6: bool) -> bool {
        self.listen == Listen::Both || v6 == (self.listen == Listen::V6)
    }

    fn has_streams(&self) -> bool {
        self.dns
            .as_ref()
            .map_or(self.tls.is_some() || self.http.is_some() || self.tcp.is_some(), |dns| dns.is_over("tcp"))
    }

    fn has_datagrams(&self) -> bool {
        self.dns.as_ref().is_some_and(|dns| dns.is_over("udp"))
    }
}

async fn accept(listener: TcpListener, host: Arc<Host>, proxy: bool) {
    while let Ok((stream, _)) = listener.accept().await {
        let host = Arc::clone(&host);
        let attendance = host.witness.attend();
        tokio::spawn(async move {
            // What a client breaks off is the client's affair; what it did wrong, the script has told the witness.
            let _ = if proxy { through(Box::new(stream), &host).await } else { begin(stream, &host).await };
            drop(attendance);
        });
    }
}

async fn begin(stream: TcpStream, host: &Host) -> io::Result<()> {
    // Then an end without a farewell is a reset.
    if host.serve.tcp.iter().flatten().any(tcp::Step::is_reset) {
        stream.set_zero_linger()?;
    }
    converse(Box::new(stream), host).await
}

/// Plays the script to one client.
async fn converse(stream: Stream, host: &Host) -> io::Result<()> {
    let Some(tls) = &host.serve.tls else { return speak(stream, host, false).await };
    if let Some(version) = tls.old() {
        return old::serve(stream, version, &host.certificates).await;
    }
    match tls.accept(stream, &host.certificates).await? {
        Some(stream) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => match &host.serve.http {
            Some(answer) => http2::serve(Box::new(stream), answer, &host.witness).await,
            None => Ok(()),
        },
        Some(stream) => speak(Box::new(stream), host, false).await,
        None => Ok(()),
    }
}

async fn speak(mut stream: Stream, host: &Host, proxied: bool) -> io::Result<()> {
    if let Some(dns) = &host.serve.dns {
        return dns::stream(stream, dns).await;
    }
    if let Some(steps) = &host.serve.tcp {
        stream = tcp::play(stream, steps, host).await?;
    } else if let Some(answer) = &host.serve.http {
        http::serve(&mut stream, answer, &host.witness, proxied).await?;
    }
    part(stream).await
}

/// As a proxy does it: a tunnel, or one request with a whole URL.
async fn through(mut stream: Stream, host: &Host) -> io::Result<()> {
    let Some(answer) = &host.serve.proxy else { return Ok(()) };
    let Some(request) = request::Request::read(&mut stream).await? else { return Ok(()) };
    let answer = answer.chosen(&request, &host.witness, true);
    if !answer.is_success() {
        answer.send(&mut stream, &request).await?;
    } else if request.method == "CONNECT" {
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
        return converse(stream, host).await;
    } else if let Some(answer) = &host.serve.http {
        answer.chosen(&request, &host.witness, true).send(&mut stream, &request).await?;
    }
    part(stream).await
}

/// Ends a connection so that all that was sent arrives: a close with something unread would be a reset.
async fn part(mut stream: Stream) -> io::Result<()> {
    stream.shutdown().await?;
    drain(&mut stream).await
}

/// Waits for the end of what a client sends.
async fn drain(stream: &mut Stream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}

/// Reads `1s 500ms`.
pub(crate) fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    humantime::parse_duration(&String::deserialize(from)?).map(Some).map_err(de::Error::custom)
}
