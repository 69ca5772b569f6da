//! What is sent: the first request of a module, and the one that a redirect leads to.
//!
//! Headers that the body or the connection decides are never taken from the module.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TRAILER, TRANSFER_ENCODING, UPGRADE,
    USER_AGENT,
};
use hyper::{HeaderMap, Method, Request, Uri};

use super::super::{Body, Failed, HeaderValues, HttpModule, Login, Source, Task};
use super::local;
use super::url::Url;

/// How we name ourselves: with the exporter's own name first, since servers let it in by that.
const AGENT: &str = concat!("Blackbox-Exporter/0.28.0 infra-verify/", env!("CARGO_PKG_VERSION"));

/// The largest file that is read for a request, in bytes: far beyond any body that a probe sends.
const FILE: u64 = 64 * 1024 * 1024;

/// What follows a request's headers.
#[derive(Clone, Debug, Default)]
pub(super) struct Payload {
    data: Bytes,
    /// Whether its length is not told beforehand, as that of a file.
    pub(super) chunked: bool,
}

impl HttpBody for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = std::mem::take(&mut self.data);
        Poll::Ready((!data.is_empty()).then(|| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_empty() && !self.chunked
    }

    fn size_hint(&self) -> SizeHint {
        if self.chunked { SizeHint::default() } else { SizeHint::with_exact(self.data.len() as u64) }
    }
}

/// One request of a journey.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    pub(super) url: Url,
    /// What is asked for in place of the URL's host; nothing if that is asked for.
    pub(super) host: String,
    pub(super) headers: HeaderMap,
    pub(super) payload: Option<Payload>,
}

/// The method of a module.
pub(super) fn method(module: &HttpModule) -> Result<Method, Failed> {
    let name = if module.method.is_empty() { "GET" } else { &module.method };
    Method::from_bytes(name.as_bytes())
        .map_err(|_| Failed::target(format!("`{name}` is no HTTP method; write GET, HEAD or POST as method")))
}

/// The body of a module; a file is read here.
pub(super) fn payload(module: &HttpModule) -> Result<Option<Payload>, Failed> {
    match &module.body {
        None => Ok(None),
        Some(Body::Text(text)) if text.is_empty() => Ok(None),
        Some(Body::Text(text)) => Ok(Some(Payload { data: text.clone().into(), chunked: false })),
        Some(Body::File(path)) => {
            let read = local::bytes("body_file", path, FILE)?;
            Ok(Some(Payload { data: read.into(), chunked: true }))
        }
    }
}

/// The host that a module, or who calls it, asks for in place of the URL's.
pub(super) fn host(module: &HttpModule, task: Task<'_>) -> Option<String> {
    let named = module.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host"));
    let own = named.map(|(_, value)| value.expose());
    task.hostname.or(own).filter(|host| !host.is_empty()).map(str::to_owned)
}

/// The headers of a module.
pub(super) fn headers(module: &HttpModule) -> Result<HeaderMap, Failed> {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    for (name, value) in module.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("host")) {
        let (name, value) = header("headers", name, value.expose())?;
        headers.insert(name, value);
    }
    if headers.get(USER_AGENT).is_some_and(HeaderValue::is_empty) {
        headers.remove(USER_AGENT);
    }
    Ok(headers)
}

/// A header as it can be sent.
pub(super) fn header(field: &str, name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Failed> {
    let wrong = |what: &str| Failed::target(format!("{field}: `{name}` {what}, so that no request can be sent"));
    let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("is not the name of a header"))?;
    let mut value =
        HeaderValue::from_bytes(value.trim().as_bytes()).map_err(|_| wrong("has a value that no header can have"))?;
    value.set_sensitive(true);
    Ok((key, value))
}

/// Adds what stands under `http_headers` or `proxy_connect_header`, files included.
pub(super) fn add(field: &str, lines: &[HeaderValues], headers: &mut HeaderMap) -> Result<(), Failed> {
    for line in lines {
        for value in &line.values {
            let (name, value) = header(field, &line.name, value.expose())?;
            headers.append(name, value);
        }
        for path in &line.files {
            let text = local::text(field, path)?;
            let (name, value) = header(field, &line.name, &text)?;
            headers.append(name, value);
        }
    }
    Ok(())
}

/// Refuses credentials that no probe can have.
pub(super) fn has_credentials(module: &HttpModule) -> Result<(), Failed> {
    let sources = match &module.login {
        None => [None, None],
        Some(Login::Basic { username, password }) => [username.as_ref(), password.as_ref()],
        Some(Login::Authorization { credentials, .. }) => [credentials.as_ref(), None],
    };
    let named = sources.into_iter().flatten().find_map(|source| match source {
        Source::Reference(name) => Some(name),
        Source::Text(_) | Source::File(_) => None,
    });
    named.map_or(Ok(()), |name| {
        Err(Failed::target(format!("there is no secret manager to ask for `{name}`; give a file")))
    })
}

/// Says who asks, unless the headers do already.
fn log_in(module: &HttpModule, url: &Url, headers: &mut HeaderMap) -> Result<(), Failed> {
    if headers.get(AUTHORIZATION).is_some_and(|value| !value.is_empty()) {
        return Ok(());
    }
    let value = match (&url.user, &module.login) {
        (Some((user, password)), _) => basic(user, password),
        (None, None) => return Ok(()),
        (None, Some(Login::Basic { username, password })) => {
            let user = local::source("basic_auth", username.as_ref())?;
            basic(&user, &local::source("basic_auth", password.as_ref())?)
        }
        (None, Some(Login::Authorization { kind, credentials })) => {
            format!("{kind} {}", local::source("authorization", credentials.as_ref())?)
        }
    };
    let (name, value) = header("authorization", "Authorization", &value)?;
    headers.insert(name, value);
    Ok(())
}

/// The text of basic authentication.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", data_encoding::BASE64.encode(format!("{user}:{password}").as_bytes()))
}

impl Outgoing {
    /// A request for a URL and its host, with nothing else in it.
    pub(super) fn new(method: Method, url: Url) -> Self {
        Self { method, host: url.host.clone(), url, headers: HeaderMap::new(), payload: None }
    }

    /// The host that is asked for, with its port if it was written.
    pub(super) fn asked(&self) -> &str {
        if self.host.is_empty() { &self.url.host } else { &self.host }
    }

    /// The request with everything that is added on each hop, for HTTP/1 or HTTP/2; to a proxy it names the whole URL.
    pub(super) fn wire(&self, module: &HttpModule, http2: bool, proxied: bool) -> Result<Request<Payload>, Failed> {
        let mut headers = self.headers.clone();
        for decided in [CONTENT_LENGTH, TRANSFER_ENCODING, TRAILER, HOST] {
            headers.remove(decided);
        }
        log_in(module, &self.url, &mut headers)?;
        add("http_headers", &module.http_headers, &mut headers)?;
        let target = self.url.target();
        let whole = http2 || proxied;
        let uri = if whole { format!("{}://{}{target}", self.url.scheme, self.asked()) } else { target };
        let uri = Uri::try_from(uri)
            .map_err(|_| Failed::target(format!("{}: has a character that must be escaped in a request", self.url)))?;
        if !http2 {
            self.frame(&mut headers);
        }
        let mut request = Request::new(self.payload.clone().unwrap_or_default());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// Adds what HTTP/1 says of the connection and the body.
    fn frame(&self, headers: &mut HeaderMap) {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=[]_~".contains(&byte);
        let host =
            HeaderValue::from_str(self.asked()).ok().filter(|host| host.as_bytes().iter().all(|&byte| allowed(byte)));
        headers.insert(HOST, host.unwrap_or_else(|| HeaderValue::from_static("")));
        if !headers.contains_key(UPGRADE) {
            headers.append(CONNECTION, HeaderValue::from_static("close"));
        }
        let posts = [Method::POST, Method::PUT, Method::PATCH].contains(&self.method);
        match &self.payload {
            Some(payload) if payload.chunked => {
                headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
            }
            Some(payload) => drop(headers.insert(CONTENT_LENGTH, HeaderValue::from(payload.data.len()))),
            None if posts => drop(headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"))),
            None => {}
        }
    }
}
