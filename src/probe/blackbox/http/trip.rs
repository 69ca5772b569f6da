//! From the first request along its redirects to the answer that is judged.
//!
//! What goes along and what stays behind is as the exporter's client has it, whose first host is the address it resolved.

use hyper::body::Body as _;
use hyper::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, COOKIE,
    HeaderName, HeaderValue, LOCATION, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, REFERER, WWW_AUTHENTICATE,
};
use hyper::{HeaderMap, Method, StatusCode};

use super::super::Failed;
use super::body::{self, Content};
use super::cookie::{self, Jar};
use super::hop::{Client, Reply};
use super::request::Outgoing;
use super::trace::Trace;
use super::url::Url;

/// How many redirects are followed; one more is refused, and judged itself.
const REDIRECTS: usize = 10;

/// The longest body of a redirect that is read before the next hop, in bytes: as the exporter has it.
const LEFTOVER: u64 = 2 * 1024;

/// What a probe saw on its way, also if it did not arrive.
#[derive(Debug, Default)]
pub(super) struct Trip {
    /// How many redirects were met, a refused one included.
    pub(super) redirects: usize,
    /// The hops, the last one last.
    pub(super) traces: Vec<Trace>,
}

/// The answer that is judged.
pub(super) struct Arrival {
    pub(super) reply: Reply,
    /// The length that it promised, −1 if none.
    pub(super) length: i64,
    /// Whether there was no body from the first.
    pub(super) empty: bool,
    /// Whether it is a redirect that was not followed, whose body is not read.
    pub(super) refused: bool,
}

/// What stays the same from hop to hop.
struct Luggage {
    jar: Jar,
    /// The headers of the first request.
    headers: HeaderMap,
    host: String,
    /// Whether the way has led to another host, where credentials do not go along.
    stripped: bool,
    /// Whether the body has been dropped.
    dropped: bool,
}

impl Trip {
    /// Sends the first request and follows where it leads.
    pub(super) async fn travel(&mut self, client: &Client<'_>, first: Outgoing) -> Result<Arrival, Failed> {
        let replayable = first.payload.as_ref().is_none_or(|payload| !payload.chunked);
        let mut luggage = Luggage {
            jar: Jar::default(),
            headers: first.headers.clone(),
            host: first.url.host.clone(),
            stripped: false,
            dropped: false,
        };
        let mut outgoing = first;
        for sent in 1.. {
            luggage.add_cookies(&mut outgoing)?;
            self.traces.push(Trace::default());
            let Some(trace) = self.traces.last_mut() else { break };
            let reply = client.send(&outgoing, trace).await?;
            luggage.jar.keep(reply.response.headers(), outgoing.asked(), &outgoing.url);
            let method = outgoing.method.clone();
            let next = match redirect(&reply, &method, replayable) {
                Some((method, keeps)) => luggage.next(&outgoing, &reply, method, keeps)?,
                None => None,
            };
            let length = body::length(&reply.response, &method);
            let empty = length == 0 || method == Method::HEAD || reply.response.body().is_end_stream();
            let Some(next) = next else { return Ok(Arrival { reply, length, empty, refused: false }) };
            self.redirects = sent;
            let reply = leave(client, reply, length).await;
            if sent > REDIRECTS || !client.module.follow_redirects {
                return Ok(Arrival { reply, length, empty, refused: true });
            }
            outgoing = next;
        }
        Err(Failed::target("the redirects have no end"))
    }
}

/// The method of the request that an answer redirects to, and whether the body goes along.
fn redirect(reply: &Reply, method: &Method, replayable: bool) -> Option<(Method, bool)> {
    match reply.response.status() {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => {
            Some((if *method == Method::HEAD { Method::HEAD } else { Method::GET }, false))
        }
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT if replayable => Some((method.clone(), true)),
        _ => None,
    }
}

/// Reads what little is left of a redirect, as the exporter does.
async fn leave(client: &Client<'_>, mut reply: Reply, length: i64) -> Reply {
    if length <= i64::try_from(LEFTOVER).unwrap_or_default() {
        let mut content = Content::plain(reply.response.body_mut(), &mut reply.driver, client.task, reply.peer);
        content.skip(LEFTOVER).await;
    }
    reply
}

impl Luggage {
    /// Adds the cookies that belong to a request to those that it has.
    fn add_cookies(&self, outgoing: &mut Outgoing) -> Result<(), Failed> {
        let Some(cookies) = self.jar.header(outgoing.asked(), &outgoing.url) else { return Ok(()) };
        let own = outgoing.headers.get(COOKIE).and_then(|value| value.to_str().ok()).filter(|own| !own.is_empty());
        let all = own.map_or_else(|| cookies.clone(), |own| format!("{own}; {cookies}"));
        let value = HeaderValue::from_str(&all).map_err(|_| Failed::target("a cookie cannot be sent back"))?;
        outgoing.headers.insert(COOKIE, value);
        Ok(())
    }

    /// The request that a redirect asks for, if it says where.
    fn next(
        &mut self,
        outgoing: &Outgoing,
        reply: &Reply,
        method: Method,
        keeps: bool,
    ) -> Result<Option<Outgoing>, Failed> {
        let location = reply.response.headers().get(LOCATION).map(HeaderValue::as_bytes).unwrap_or_default();
        if location.is_empty() {
            return Ok(None);
        }
        let location = String::from_utf8_lossy(location);
        let url = outgoing
            .url
            .join(&location)
            .map_err(|why| Failed::target(format!("{} redirects to what is no URL: its Location {why}", reply.peer)))?;
        self.dropped |= !keeps;
        let relative = Url::parse(&location).is_ok_and(|url| url.scheme.is_empty());
        let host = if relative && outgoing.host != outgoing.url.host { outgoing.host.clone() } else { String::new() };
        self.stripped |= self.host != url.host && !is_within(&url, &self.host);
        self.forget_cookies(reply.response.headers());
        let mut headers = self.headers();
        if let Some(referer) = referer(&outgoing.url, &url) {
            headers.entry(REFERER).or_insert(referer);
        }
        let payload = outgoing.payload.clone().filter(|_| !self.dropped);
        Ok(Some(Outgoing { method, url, host, headers, payload }))
    }

    /// The headers of the first request that go along.
    fn headers(&self) -> HeaderMap {
        let secret = [
            AUTHORIZATION,
            WWW_AUTHENTICATE,
            COOKIE,
            HeaderName::from_static("cookie2"),
            PROXY_AUTHORIZATION,
            PROXY_AUTHENTICATE,
        ];
        let of_body = [CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE, CONTENT_LENGTH];
        let mut headers = self.headers.clone();
        secret.iter().filter(|_| self.stripped).for_each(|name| drop(headers.remove(name)));
        of_body.iter().filter(|_| self.dropped).for_each(|name| drop(headers.remove(name)));
        headers
    }

    /// Takes out of the module's own Cookie what an answer has set anew.
    fn forget_cookies(&mut self, answer: &HeaderMap) {
        let Some(own) = self.headers.get(COOKIE).and_then(|value| value.to_str().ok()) else { return };
        let set: Vec<_> = cookie::names(answer).collect();
        let pairs = own.split(';').map(str::trim).filter(|pair| !pair.is_empty());
        let is_set = |pair: &&str| set.contains(&pair.split('=').next().unwrap_or_default());
        let kept: Vec<_> = pairs.filter(|pair| !is_set(pair)).collect();
        match HeaderValue::from_str(&kept.join("; ")) {
            Ok(value) if !value.is_empty() => drop(self.headers.insert(COOKIE, value)),
            _ => drop(self.headers.remove(COOKIE)),
        }
    }
}

/// Whether a URL's host is another one, or below it.
fn is_within(url: &Url, host: &str) -> bool {
    let first = Url { host: host.to_owned(), ..Url::default() };
    let (sub, parent) = (url.name(), first.name());
    sub == parent || !sub.contains([':', '%']) && sub.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
}

/// Where the next request says to come from, which is not told from https to http.
fn referer(from: &Url, to: &Url) -> Option<HeaderValue> {
    let secret = from.scheme == "https" && to.scheme == "http";
    HeaderValue::from_str(&from.to_string()).ok().filter(|_| !secret)
}
