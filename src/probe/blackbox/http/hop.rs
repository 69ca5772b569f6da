//! One hop: a way to the server, the request, and the answer up to the end of its headers.
//!
//! A connection is made for one request and kept for none. HTTP/2 is spoken where TLS agreed on it.

use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;

use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::header::TRANSFER_ENCODING;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::super::tls::Shown;
use super::super::{Failed, HttpModule, Task};
use super::proxy::Proxies;
use super::request::{Outgoing, Payload};
use super::trace::Trace;
use super::wire::{First, Stream, Watch, Wire};
use super::{late, proxy, socks};
use crate::probe::dial::span;
use crate::probe::request::explain;

/// The longest headers that are read, in bytes: as the exporter has it.
const HEADERS: usize = 10 * 1024 * 1024;

/// The most headers that are read; the exporter counts none, and servers send a few dozen.
const COUNT: usize = 1000;

/// A connection at work, which ends when nobody needs it.
pub(super) struct Driver(JoinHandle<()>);

impl Driver {
    pub(super) fn new<E>(connection: impl Future<Output = Result<(), E>> + Send + 'static) -> Self {
        Self(tokio::spawn(async move {
            // What breaks a connection is told to who sent the request.
            let _ = connection.await;
        }))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An answer whose body is still on its way.
pub(super) struct Reply {
    pub(super) response: Response<Incoming>,
    /// What the handshake showed, if there was one.
    pub(super) shown: Option<Shown>,
    pub(super) peer: SocketAddr,
    driver: Driver,
}

impl Reply {
    /// Its parts; the connection lasts as long as the last of them.
    pub(super) fn open(self) -> (Response<Incoming>, Option<Shown>, SocketAddr, Driver) {
        (self.response, self.shown, self.peer, self.driver)
    }
}

/// What all hops of a probe have in common.
pub(super) struct Client<'a> {
    pub(super) module: &'a HttpModule,
    pub(super) task: Task<'a>,
    pub(super) proxies: Proxies,
    /// The host of the first URL, and the name that TLS asks for there.
    pub(super) first: (String, String),
}

impl Client<'_> {
    /// Sends a request and reads up to the end of the headers; the trace learns how far that came.
    pub(super) async fn send(&self, outgoing: &Outgoing, trace: &mut Trace) -> Result<Reply, Failed> {
        let url = &outgoing.url;
        trace.tls = url.scheme == "https";
        if !matches!(url.scheme.as_str(), "http" | "https") || url.host.is_empty() {
            return Err(Failed::target(format!("a redirect leads to {url}, which is neither http nor https")));
        }
        let proxy = self.proxies.of(url)?;
        let (stream, shown, peer) = match proxy {
            Some(proxy) => self.connect_through(proxy, outgoing, trace).await?,
            None => self.connect(outgoing, trace).await?,
        };
        let http2 = shown.as_ref().is_some_and(|shown| shown.alpn.as_deref() == Some(b"h2"));
        trace.ready = Some(Instant::now());
        let proxied = proxy.is_some_and(|proxy| !socks::is_socks(proxy)) && !trace.tls;
        let wire = outgoing.wire(self.module, http2, proxied);
        let mut request =
            late(self.task, || "the files of headers and credentials were not read".to_owned(), wire).await??;
        if let Some(proxy) = proxy.filter(|_| proxied) {
            request.headers_mut().extend(proxy::login(proxy)?);
        }
        let (response, driver) = if http2 {
            self.speak_http2(stream, request, peer, trace).await?
        } else {
            self.speak_http1(stream, request, peer, trace).await?
        };
        Ok(Reply { response, shown, peer, driver })
    }

    async fn speak_http1(
        &self,
        stream: Box<dyn Stream>,
        request: Request<Payload>,
        peer: SocketAddr,
        trace: &mut Trace,
    ) -> Result<(Response<Incoming>, Driver), Failed> {
        let first = First::default();
        let io = TokioIo::new(Wire::new(stream, Watch::First(first.clone())));
        let (mut sender, connection) = http1::Builder::new()
            .title_case_headers(true)
            .allow_spaces_after_header_name_in_responses(true)
            .allow_obsolete_multiline_headers_in_responses(true)
            .max_buf_size(HEADERS)
            .max_headers(COUNT)
            .handshake(io)
            .await
            .map_err(|error| broken(&error, peer))?;
        let driver = Driver::new(connection);
        let sent = timeout_at(self.task.deadline, sender.send_request(request)).await;
        trace.first = first.get().map(|(moment, _)| moment);
        match (sent, first.get().map(|(_, byte)| byte)) {
            (Err(_), began) => Err(self.silent(peer, began.is_some())),
            (Ok(Err(_)), Some(0x15 | 0x16)) => {
                Err(Failed::target(format!("{peer} speaks TLS where plain HTTP was asked for; ask with https://")))
            }
            (Ok(Err(error)), _) if error.is_parse_too_large() => {
                let most = HEADERS / 1024 / 1024;
                Err(Failed::target(format!("{peer} sent more than {COUNT} headers, or {most} MiB of them, the limit")))
            }
            (Ok(Err(error)), _) => Err(broken(&error, peer)),
            (Ok(Ok(_)), Some(b'\r' | b'\n')) => {
                Err(Failed::target(format!("{peer} did not answer in HTTP: its answer begins with an empty line")))
            }
            (Ok(Ok(response)), _) => framed(response, peer).map(|response| (response, driver)),
        }
    }

    async fn speak_http2(
        &self,
        stream: Box<dyn Stream>,
        request: Request<Payload>,
        peer: SocketAddr,
        trace: &mut Trace,
    ) -> Result<(Response<Incoming>, Driver), Failed> {
        let io = TokioIo::new(stream);
        let answer = async {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder.max_header_list_size(u32::try_from(HEADERS).unwrap_or(u32::MAX));
            let (mut sender, connection) = builder.handshake(io).await?;
            let driver = Driver::new(connection);
            sender.send_request(request).await.map(|response| (response, driver))
        };
        let answer = timeout_at(self.task.deadline, answer).await.map_err(|_| self.silent(peer, false))?;
        trace.first = answer.is_ok().then(Instant::now);
        answer.map_err(|error: hyper::Error| broken(&error, peer))
    }

    fn silent(&self, peer: SocketAddr, began: bool) -> Failed {
        let within = span(self.task.timeout);
        let what = if began {
            "began to answer but did not finish its headers"
        } else {
            "accepted the connection but did not answer"
        };
        Failed::target(format!("{peer} {what} within {within}"))
    }
}

/// What an error of the connection means.
pub(super) fn broken(error: &(dyn Error + 'static), peer: SocketAddr) -> Failed {
    explain(error, peer).into()
}

/// Refuses what the exporter refuses of the frame of an answer and our library does not.
fn framed(response: Response<Incoming>, peer: SocketAddr) -> Result<Response<Incoming>, Failed> {
    let codings: Vec<_> = response.headers().get_all(TRANSFER_ENCODING).iter().collect();
    let known = match codings[..] {
        [] => true,
        [one] => one.as_bytes().eq_ignore_ascii_case(b"chunked"),
        _ => false,
    };
    if known || response.version() != Version::HTTP_11 {
        return Ok(response);
    }
    Err(Failed::target(format!("{peer} sent its body in a transfer coding that is not `chunked`")))
}
