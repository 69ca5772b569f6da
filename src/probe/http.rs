//! The http probe: asks one URL at one address and records what comes back.
//!
//! It follows a redirect only if it is told to and only to the same host; credentials go to no other host and over no
//! weaker scheme. It uncompresses nothing, keeps no cookie and reads no body beyond its limit.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;
use reqwest::header::{
    AUTHORIZATION, CONTENT_LENGTH, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, LOCATION, TRANSFER_ENCODING,
};
use reqwest::{Method, StatusCode, Url};
use tokio::time::{Instant, timeout_at};

use super::answer::Answer;
use super::blame::target;
use super::dial::{Dial, span};
use super::request::{Reply, Request};
use super::tls::Tls;
use super::{Facts, Failure, Kind, ProbeError, field};
use crate::value::{Object, Secret, Value};

pub(super) const KIND: Kind = Kind {
    name: "http",
    fields: &[
        "get",
        "head",
        "post",
        "delete",
        "address",
        "headers",
        "body",
        "body_hex",
        "user",
        "password",
        "follow_redirects",
        "tls_config",
        "body_size_limit",
    ],
    facts: &[
        "status",
        "time",
        "version",
        "size",
        "redirects",
        "url",
        "body",
        "title",
        "header.",
        "json",
        "json.",
        "json[",
        "metric.",
        "label.",
        "row.",
        "tls.version",
        "tls.verified",
        "tls.trusted",
        "tls.named",
        "tls.problem",
        "tls.names",
        "tls.names[",
        "tls.subject",
        "tls.issuer",
        "tls.not_before",
        "tls.not_after",
        "tls.age",
        "tls.expires_in",
    ],
    default: &[("status", "2xx")],
};

/// How many redirects are followed: what browsers and blackbox_exporter bear with, rounded down.
const REDIRECTS: usize = 10;

/// How many bytes of a body are read unless the check says otherwise: twenty times the largest page of a component.
const BODY: usize = 8 * 1024 * 1024;

/// How much later than the connection's own timer the check's ends, so that the first tells that there was no connection.
const GRACE: Duration = Duration::from_millis(15);

/// One request.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(try_from = "Fields")]
pub struct Http {
    method: Method,
    url: Url,
    dial: Option<Dial>,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
    login: Option<(String, Secret)>,
    follow: bool,
    tls: Tls,
    limit: usize,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    get: Option<Value>,
    head: Option<Value>,
    post: Option<Value>,
    delete: Option<Value>,
    address: Option<Value>,
    headers: Option<Object>,
    body: Option<Value>,
    body_hex: Option<Value>,
    user: Option<Value>,
    password: Option<Value>,
    follow_redirects: Option<Value>,
    tls_config: Option<Object>,
    body_size_limit: Option<Value>,
}

impl TryFrom<Fields> for Http {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let (method, url) = match (fields.get, fields.head, fields.post, fields.delete) {
            (Some(get), None, None, None) => (Method::GET, url("get", get)?),
            (None, Some(head), None, None) => (Method::HEAD, url("head", head)?),
            (None, None, Some(post), None) => (Method::POST, url("post", post)?),
            (None, None, None, Some(delete)) => (Method::DELETE, url("delete", delete)?),
            _ => return Err("exactly one of get, head, post and delete is needed".to_owned()),
        };
        let body = body(fields.body, fields.body_hex)?;
        if body.is_some() && method != Method::POST {
            return Err("body: goes with post alone".to_owned());
        }
        let address = field::text("address", fields.address)?;
        let dial = address.map(|text| text.parse::<Dial>().map_err(|error| format!("address: {error}"))).transpose()?;
        let mut http = Self {
            body,
            dial,
            login: login(fields.user, fields.password)?,
            headers: headers(fields.headers.unwrap_or_default())?,
            follow: field::truth("follow_redirects", fields.follow_redirects)?,
            tls: field::tls(fields.tls_config)?,
            limit: field::natural("body_size_limit", fields.body_size_limit)?.unwrap_or(BODY),
            ..Self::get(method, url)
        };
        http.take_host()?;
        if http.login.is_some() && http.headers.contains_key(AUTHORIZATION) {
            return Err("user: headers have an Authorization already; keep one".to_owned());
        }
        Ok(http)
    }
}

/// An http or https URL with a host and without credentials, from the field of that name.
pub(super) fn url(name: &str, value: Value) -> Result<Url, String> {
    let text = field::text(name, Some(value))?.ok_or_else(|| format!("{name}: is not a URL"))?;
    // The text itself may hold a password, so it is not shown.
    let url: Url =
        text.parse().map_err(|error| format!("{name}: is not a URL ({error}); write http://host:port/path"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{name}: `{}` is neither http nor https", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("{name}: a URL must not hold a user or a password; use the fields user and password"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(format!("{name}: the URL names no host"));
    }
    Ok(url)
}

/// The body as text, or in hexadecimal where it is none.
fn body(text: Option<Value>, hex: Option<Value>) -> Result<Option<Vec<u8>>, String> {
    match (field::text("body", text)?, field::text("body_hex", hex)?) {
        (Some(_), Some(_)) => Err("body_hex: there is a body already; keep one".to_owned()),
        (Some(text), None) => Ok(Some(text.into_bytes())),
        (None, Some(hex)) => match HEXLOWER_PERMISSIVE.decode(hex.as_bytes()) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) => Err(format!("body_hex: is not hexadecimal: {error}")),
        },
        (None, None) => Ok(None),
    }
}

fn login(user: Option<Value>, password: Option<Value>) -> Result<Option<(String, Secret)>, String> {
    let password = field::text("password", password)?;
    match (field::text("user", user)?, password) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err("password: needs user".to_owned()),
        (Some(user), _) if user.contains(':') => Err("user: must not contain a colon".to_owned()),
        (Some(user), password) => Ok(Some((user, Secret::from(password.unwrap_or_default().as_str())))),
    }
}

fn headers(fields: Object) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let place = format!("headers.{name}");
        let text = field::text(&place, Some(value))?.unwrap_or_default();
        let name: HeaderName = name.parse().map_err(|_| format!("{place}: is not the name of a header"))?;
        if name == CONTENT_LENGTH || name == TRANSFER_ENCODING {
            return Err(format!("{place}: follows from the body; leave it out"));
        }
        let mut value =
            HeaderValue::from_str(&text).map_err(|_| format!("{place}: has characters no header can have"))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// How far a check has come, for the sentence that it took too long.
#[derive(Clone, Copy)]
enum Stage {
    Resolving,
    Asked(SocketAddr),
    Answering(SocketAddr),
}

/// One step of the way: the first request, or one after a redirect.
struct Hop {
    method: Method,
    url: Url,
    with_body: bool,
    with_credentials: bool,
}

impl Http {
    /// A request with nothing special about it.
    pub(super) fn get(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            dial: None,
            headers: HeaderMap::new(),
            body: None,
            login: None,
            follow: false,
            tls: Tls::default(),
            limit: BODY,
        }
    }

    /// The same with another limit on the body, in bytes.
    pub(super) fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// The same with a header whose value no proxy and no server minds: a number.
    pub(super) fn header(mut self, name: &'static str, value: f64) -> Self {
        if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Turns a Host header into the URL's host and the URL's host into the address: what is meant, said once.
    fn take_host(&mut self) -> Result<(), String> {
        let Some(value) = self.headers.remove(HOST) else { return Ok(()) };
        let host: Dial =
            value.to_str().unwrap_or_default().parse().map_err(|error| format!("headers.Host: {error}"))?;
        let mut url = self.url.clone();
        let brackets = if host.host.contains(':') { format!("[{}]", host.host) } else { host.host };
        let named = url.set_host(Some(&brackets)).is_ok() && url.set_port(host.port).is_ok();
        if !named {
            return Err("headers.Host: names no host".to_owned());
        }
        let old = self.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = self.url.port_or_known_default();
        let dial = self.dial.take().unwrap_or(Dial { host: old, port: None });
        self.dial = Some(Dial { port: dial.port.or(port), ..dial });
        self.url = url;
        Ok(())
    }

    pub(super) fn asked(&self) -> String {
        let mut asked = format!("{} {}", self.method, self.url);
        if let Some((user, _)) = &self.login {
            asked.push_str(" as ");
            asked.push_str(user);
        }
        if let Some(dial) = &self.dial {
            asked.push_str(" at ");
            asked.push_str(&dial.to_string());
        }
        asked
    }

    pub(super) async fn measure(&self, timeout: Duration) -> Result<Facts, ProbeError> {
        self.ask(timeout).await.map(|answer| answer.facts())
    }

    /// Asks once, redirects included, within the timeout.
    pub(super) async fn ask(&self, timeout: Duration) -> Result<Answer, ProbeError> {
        let started = Instant::now();
        let stage = Mutex::new(Stage::Resolving);
        let answer = timeout_at(started + timeout + GRACE, self.travel(started, timeout, &stage)).await;
        let stage = *stage.lock().unwrap_or_else(PoisonError::into_inner);
        answer.unwrap_or_else(|_| Err(self.late(stage, timeout)))
    }

    fn late(&self, stage: Stage, timeout: Duration) -> ProbeError {
        let within = span(timeout);
        match stage {
            Stage::Resolving => ProbeError::Local(format!(
                "{}: the name was not resolved within {within}",
                self.url.host_str().unwrap_or_default()
            )),
            Stage::Asked(peer) => {
                target(Failure::Silent, format!("{peer} accepted the connection but did not answer within {within}"))
            }
            Stage::Answering(peer) => {
                target(Failure::Silent, format!("{peer} began to answer but did not finish within {within}"))
            }
        }
    }

    async fn travel(&self, started: Instant, timeout: Duration, stage: &Mutex<Stage>) -> Result<Answer, ProbeError> {
        let enter = |next| *stage.lock().unwrap_or_else(PoisonError::into_inner) = next;
        let first = self.first_peer().await?;
        let mut hop =
            Hop { method: self.method.clone(), url: self.url.clone(), with_body: true, with_credentials: true };
        for redirects in 0.. {
            let peer = self.peer(first, &hop.url);
            enter(Stage::Asked(peer));
            let mut reply = self.request(&hop, peer, timeout).send(started + timeout).await?;
            enter(Stage::Answering(peer));
            if let Some(next) = self.next(&hop, &reply, peer).filter(|_| redirects < REDIRECTS) {
                hop = next;
                continue;
            }
            let body = reply.body(self.limit).await?;
            return Ok(Answer {
                url: hop.url,
                status: reply.response.status().as_u16(),
                version: reply.version(),
                headers: std::mem::take(reply.response.headers_mut()),
                body,
                redirects,
                took: started.elapsed(),
                handshake: reply.handshake,
            });
        }
        Err(ProbeError::Local(format!("{}: too many redirects", self.url)))
    }

    /// The one address that everything is asked at.
    async fn first_peer(&self) -> Result<SocketAddr, ProbeError> {
        let port = self.url.port_or_known_default().unwrap_or_default();
        if let Some(dial) = &self.dial {
            return dial.address(port).await;
        }
        let host = self.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        Dial { host, port: None }.address(port).await
    }

    /// The same address, with another port only if a redirect names another.
    fn peer(&self, first: SocketAddr, url: &Url) -> SocketAddr {
        match url.port_or_known_default() {
            Some(port) if self.url.port_or_known_default() != Some(port) => SocketAddr::new(first.ip(), port),
            _ => first,
        }
    }

    fn request<'a>(&'a self, hop: &'a Hop, peer: SocketAddr, timeout: Duration) -> Request<'a> {
        let mut headers = self.headers.clone();
        if !hop.with_credentials {
            headers.remove(AUTHORIZATION);
            headers.remove(COOKIE);
        }
        Request {
            method: hop.method.clone(),
            url: &hop.url,
            peer,
            headers,
            login: self.login.as_ref().filter(|_| hop.with_credentials),
            body: self.body.as_deref().filter(|_| hop.with_body),
            tls: &self.tls,
            timeout,
        }
    }

    /// Where a redirect leads, if it is to be followed: to the same host, by name or by the address that was asked.
    fn next(&self, hop: &Hop, reply: &Reply, peer: SocketAddr) -> Option<Hop> {
        let status = reply.response.status();
        let location = reply.response.headers().get(LOCATION).filter(|_| self.follow)?;
        let url = hop.url.join(location.to_str().ok()?).ok()?;
        let same = url.host_str()? == self.url.host_str()?;
        let address = url.host_str()?.trim_matches(['[', ']']) == peer.ip().to_string();
        let plain = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
        let keep = match status {
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => false,
            _ => return None,
        };
        let method = if keep || hop.method == Method::HEAD { hop.method.clone() } else { Method::GET };
        let weaker = hop.url.scheme() == "https" && url.scheme() == "http";
        let with_credentials = hop.with_credentials && same && !weaker;
        (plain && (same || address)).then_some(Hop { method, url, with_body: hop.with_body && keep, with_credentials })
    }
}
