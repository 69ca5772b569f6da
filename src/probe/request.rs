//! One HTTP request to one address: no proxy, no redirect, no retry, no second address, no connection kept.
//!
//! Each request has its own client, which is cheap since the TLS settings are handed to it ready; its resolver answers
//! every name with the one address, so that Host and SNI stay the URL's.

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONNECTION, HOST, HeaderMap, HeaderValue, UPGRADE};
use reqwest::{Client, Method, Response, Url, Version, redirect, retry};
use tokio::time::Instant;

use super::blame::{blame, target};
use super::dial::span;
use super::tls::{self, Handshake, Tls};
use super::{Failure, ProbeError};
use crate::value::Secret;

/// The longest list of headers that is read over HTTP/2, in bytes; HTTP/1 has its own limits of 100 headers and 400 KiB.
const HEADERS: u32 = 256 * 1024;

/// How we name ourselves to servers and in their logs.
const AGENT: &str = concat!("infra-verify/", env!("CARGO_PKG_VERSION"));

/// What is sent where.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: &'a Url,
    pub(super) peer: SocketAddr,
    pub(super) headers: HeaderMap,
    pub(super) login: Option<&'a (String, Secret)>,
    pub(super) body: Option<&'a [u8]>,
    pub(super) tls: &'a Tls,
    /// The time that the whole check has, for the sentence.
    pub(super) timeout: Duration,
}

/// An answer whose body is still on its way.
pub(super) struct Reply {
    pub(super) response: Response,
    pub(super) handshake: Option<Arc<Handshake>>,
    peer: SocketAddr,
}

/// Answers every name with one address.
struct Fixed(SocketAddr);

impl Resolve for Fixed {
    fn resolve(&self, _: Name) -> Resolving {
        let address = self.0;
        Box::pin(async move { Ok(Box::new(std::iter::once(address)) as Addrs) })
    }
}

impl Request<'_> {
    /// Connects, asks, and reads up to the end of the headers; what takes longer than the deadline is left to the caller,
    /// but for the connection, which only the client knows to have been made.
    pub(super) async fn send(self, deadline: Instant) -> Result<Reply, ProbeError> {
        let handshake = Arc::new(Handshake::default());
        let (url, host) = self.wire();
        // HTTP/2 has no upgrade, and one that is asked for is not to be closed.
        let upgrade = self.headers.contains_key(UPGRADE);
        let client = self.client(host.is_none() && !upgrade, &handshake, deadline)?;
        let mut request = client.request(self.method.clone(), url).headers(self.headers.clone());
        if !upgrade {
            request = request.header(CONNECTION, "close");
        }
        if let Some(host) = host {
            request = request.header(HOST, host);
        }
        if let Some((user, password)) = self.login {
            request = request.basic_auth(user, Some(password.expose()));
        }
        if let Some(body) = self.body {
            request = request.body(body.to_vec());
        }
        match request.send().await {
            Ok(response) => {
                let handshake = (self.url.scheme() == "https").then_some(handshake);
                Ok(Reply { response, handshake, peer: self.peer })
            }
            Err(error) => Err(self.explain(&error, &handshake)),
        }
    }

    fn client(&self, http2: bool, handshake: &Arc<Handshake>, deadline: Instant) -> Result<Client, ProbeError> {
        let tls = match self.url.scheme() {
            "https" => self.tls.config(self.url.host_str().unwrap_or_default(), http2, handshake)?,
            _ => tls::unused()?,
        };
        let builder = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .user_agent(AGENT)
            .pool_max_idle_per_host(0)
            .http2_max_header_list_size(HEADERS)
            .dns_resolver(Arc::new(Fixed(self.peer)))
            .connect_timeout(deadline.saturating_duration_since(Instant::now()))
            .tls_backend_preconfigured(tls);
        builder
            .build()
            .map_err(|error| ProbeError::Local(format!("the HTTP client cannot be set up: {}", deepest(&error))))
    }

    /// The URL that makes the client dial the address and ask for the TLS name, and the Host header where that changed it.
    fn wire(&self) -> (Url, Option<HeaderValue>) {
        let mut url = self.url.clone();
        let host = url.host_str().unwrap_or_default().to_owned();
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let sni = self.tls.server_name.as_deref().filter(|_| url.scheme() == "https");
        let dialled =
            literal.is_none_or(|ip| ip == self.peer.ip()) && url.port_or_known_default() == Some(self.peer.port());
        let name = sni.or_else(|| literal.is_none().then_some(host.as_str()));
        if dialled && sni.is_none_or(|sni| sni == host) {
            return (url, None);
        }
        let authority = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        let moved = match name.filter(|name| name.parse::<IpAddr>().is_err()) {
            // Without a port in the URL the resolver's is dialled.
            Some(name) => url.set_host(Some(name)).is_ok() && url.set_port(None).is_ok(),
            None => url.set_ip_host(self.peer.ip()).is_ok() && url.set_port(Some(self.peer.port())).is_ok(),
        };
        let header = HeaderValue::from_str(&authority).ok().filter(|_| moved);
        if header.is_some() { (url, header) } else { (self.url.clone(), None) }
    }

    /// Whose fault it is that there is no answer.
    fn explain(&self, error: &reqwest::Error, handshake: &Handshake) -> ProbeError {
        let (peer, within) = (self.peer, span(self.timeout));
        if error.is_connect() && error.is_timeout() {
            return target(
                Failure::Silent,
                if handshake.started() {
                    format!("{peer} accepted the connection but did not finish the TLS handshake within {within}")
                } else {
                    format!("no answer from {peer} within {within}")
                },
            );
        }
        match handshake.problem() {
            Some(problem) if !self.tls.insecure => {
                target(Failure::Protocol, format!("the certificate of {peer} {problem}"))
            }
            _ => explain(error, peer),
        }
    }
}

impl Reply {
    /// The rest of the answer, if it is not longer than the limit.
    pub(super) async fn body(&mut self, limit: usize) -> Result<Vec<u8>, ProbeError> {
        let peer = self.peer;
        let too_big = || target(Failure::Protocol, format!("{peer} sent a body of more than {limit} bytes, the limit"));
        if self.response.content_length().is_some_and(|length| length > limit as u64) {
            return Err(too_big());
        }
        let mut body = Vec::new();
        while let Some(chunk) = self.response.chunk().await.map_err(|error| explain(&error, peer))? {
            if body.len() + chunk.len() > limit {
                return Err(too_big());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// The protocol's version as `1.1` or `2`.
    pub(super) fn version(&self) -> &'static str {
        match self.response.version() {
            Version::HTTP_09 => "0.9",
            Version::HTTP_10 => "1.0",
            Version::HTTP_2 => "2",
            Version::HTTP_3 => "3",
            _ => "1.1",
        }
    }
}

pub(super) fn explain(error: &(dyn Error + 'static), peer: SocketAddr) -> ProbeError {
    let causes = causes(error);
    if let Some(error) = causes.iter().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return target(Failure::Protocol, format!("{peer} {}", tls_words(error)));
    }
    let system = causes.iter().filter_map(|cause| cause.downcast_ref::<io::Error>());
    if let Some(error) = system.clone().find(|error| error.raw_os_error().is_some()) {
        return blame(error, peer);
    }
    target(Failure::Protocol, format!("{peer} {}", http_words(&deepest(error))))
}

/// An error and what caused it, also within I/O errors, which hide what they wrap.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut causes = vec![error];
    let mut last = error;
    loop {
        let wrapped = last.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let next = match wrapped {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => last.source(),
        };
        let Some(next) = next else { return causes };
        causes.push(next);
        last = next;
    }
}

fn deepest(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// What a failed handshake means; completes "10.10.10.10:443 …".
pub(super) fn tls_words(error: &rustls::Error) -> String {
    use rustls::{AlertDescription as Alert, CertificateError, Error as Tls};
    match error {
        Tls::InvalidMessage(_) => "does not speak TLS: it answered something else".to_owned(),
        Tls::AlertReceived(Alert::ProtocolVersion) | Tls::PeerIncompatible(_) => {
            "offers no TLS 1.2 or 1.3 that we can use".to_owned()
        }
        Tls::AlertReceived(Alert::HandshakeFailure) => {
            "ended the TLS handshake: no version or cipher in common, or it has no certificate for this name".to_owned()
        }
        Tls::AlertReceived(Alert::UnrecognisedName) => {
            "has no certificate for this name (TLS alert unrecognized_name)".to_owned()
        }
        Tls::InvalidCertificate(CertificateError::BadSignature) => {
            "signed the handshake with another key than its certificate's: certificate and key do not belong together"
                .to_owned()
        }
        Tls::AlertReceived(Alert::CertificateRequired) => "demands a client certificate".to_owned(),
        Tls::AlertReceived(alert) => format!("ended the TLS handshake with alert {alert:?}"),
        other => format!("broke the TLS handshake: {other}"),
    }
}

/// What an HTTP library's complaint means; completes "10.10.10.10:3000 …".
fn http_words(complaint: &str) -> String {
    let lower = complaint.to_lowercase();
    match lower.as_str() {
        "connection closed before message completed" => "closed the connection before it answered".to_owned(),
        "message head is too large" => "sent more headers than anyone can mean".to_owned(),
        "end of file before message length reached" => "closed the connection before the end of the body".to_owned(),
        "tls handshake eof" => "closed the connection during the TLS handshake".to_owned(),
        text if text.contains("close_notify") => {
            "closed the connection without the end of TLS, so that the body may be cut off".to_owned()
        }
        text if text.contains("chunk") => format!("sent a broken chunked body ({text})"),
        text if text.starts_with("invalid http") => format!("did not answer in HTTP ({text})"),
        text => format!("broke the protocol ({text})"),
    }
}
