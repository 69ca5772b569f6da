//! The way of a hop to its server: resolve, connect, pass the proxy, shake hands, each phase with its time.
//!
//! At the host of the first request TLS asks for the module's name, elsewhere for the URL's.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::header::UPGRADE;
use tokio::time::{Instant, timeout_at};

use super::super::tls::{Setup, Shown};
use super::super::{Failed, TlsModule};
use super::hop::Client;
use super::request::Outgoing;
use super::trace::Trace;
use super::url::Url;
use super::wire::{Records, Stream, Watch, Wire};
use super::{dial, late, proxy, socks};
use crate::probe::dial::span;

/// The longest that a handshake may take, even where the probe has more time: as the exporter has it.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What the exporter offers where it speaks HTTP/2.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// What stands at the end of the way: a connection, what its handshake showed, and who is there.
pub(super) type Connection = (Box<dyn Stream>, Option<Shown>, SocketAddr);

impl Client<'_> {
    /// How to speak TLS at this URL; elsewhere than at the first host `server_name` does not count.
    pub(super) fn setup(&self, url: &Url, http2: bool) -> Result<Setup, Failed> {
        let alpn: &[&[u8]] = if http2 && self.module.enable_http2 { &ALPN } else { &[] };
        if url.host == self.first.0 {
            return Setup::new(&self.module.tls, &self.first.1, alpn);
        }
        Setup::new(&TlsModule { server_name: String::new(), ..self.module.tls.clone() }, url.name(), alpn)
    }

    /// Connects to where a request is to go.
    pub(super) async fn connect(&self, outgoing: &Outgoing, trace: &mut Trace) -> Result<Connection, Failed> {
        let url = &outgoing.url;
        let (stream, peer) = dial::dial(url.name(), port(url)?, self.task, trace).await?;
        if trace.tls {
            self.shake(outgoing, Box::new(stream), peer, trace).await
        } else {
            Ok((Box::new(stream), None, peer))
        }
    }

    /// Connects to a proxy, and asks it for a way where it does not take the request itself.
    pub(super) async fn connect_through(
        &self,
        proxy: &Url,
        outgoing: &Outgoing,
        trace: &mut Trace,
    ) -> Result<Connection, Failed> {
        let url = &outgoing.url;
        let (stream, peer) = dial::dial(proxy.name(), port(proxy)?, self.task, trace).await?;
        let mut connection: Connection = (Box::new(stream), None, peer);
        if proxy.scheme == "https" {
            let setup = self.setup(if url.host == self.first.0 { url } else { proxy }, false)?;
            let (stream, shown) = self.secure(&setup, connection.0, peer, trace).await?;
            connection = (stream, Some(shown), peer);
        }
        if socks::is_socks(proxy) {
            let way = socks::open(proxy, url.name(), port(url)?, &mut *connection.0);
            late(self.task, || format!("the proxy {proxy} gave no way to {}", url.host), way).await??;
        } else if trace.tls {
            let brackets = if url.name().contains(':') { format!("[{}]", url.name()) } else { url.name().to_owned() };
            let authority = format!("{brackets}:{}", port(url)?);
            let tunnel = proxy::tunnel(self.module, proxy, &authority, connection.0);
            connection.0 =
                late(self.task, || format!("the proxy {proxy} opened no tunnel to {authority}"), tunnel).await??;
        }
        if trace.tls { self.shake(outgoing, connection.0, peer, trace).await } else { Ok(connection) }
    }

    /// Makes the handshake with the server itself.
    async fn shake(
        &self,
        outgoing: &Outgoing,
        stream: Box<dyn Stream>,
        peer: SocketAddr,
        trace: &mut Trace,
    ) -> Result<Connection, Failed> {
        let setup = self.setup(&outgoing.url, !outgoing.headers.contains_key(UPGRADE))?;
        let (stream, shown) = self.secure(&setup, stream, peer, trace).await?;
        Ok((stream, Some(shown), peer))
    }

    async fn secure(
        &self,
        setup: &Setup,
        stream: Box<dyn Stream>,
        peer: SocketAddr,
        trace: &mut Trace,
    ) -> Result<(Box<dyn Stream>, Shown), Failed> {
        let start = Instant::now();
        let (cap, within) = match start + HANDSHAKE {
            cap if cap < self.task.deadline => (cap, HANDSHAKE),
            _ => (self.task.deadline, self.task.timeout),
        };
        let records = Records::default();
        let handshake = setup.handshake(Wire::new(stream, Watch::Below(records.clone())), peer);
        let shaken = timeout_at(cap, handshake).await;
        trace.handshake = Some((start, Instant::now()));
        let (stream, shown) = shaken.map_err(|_| {
            let what = "accepted the connection but did not finish the TLS handshake within";
            Failed::target(format!("{peer} {what} {}", span(within)))
        })??;
        Ok((Box::new(Wire::new(stream, Watch::Above(records))), shown))
    }
}

fn port(url: &Url) -> Result<u16, Failed> {
    url.number().map_err(|why| Failed::target(format!("{url} {why}")))
}
