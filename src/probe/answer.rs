//! An HTTP answer and the facts that can be read from it.
//!
//! Everything is recorded, nothing judged: a body that is no JSON merely has no `json`.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, SET_COOKIE};

use super::tls::Handshake;
use super::{Facts, exposition};
use crate::value::{Object, Value};

/// How much of a body is kept as the fact `body`, in bytes: enough for every health page, little enough to keep hundreds.
const BODY_KEPT: usize = 64 * 1024;

/// The same of a web page: the home page lists every node of a deployment, a kilobyte each, after 60 KiB of style.
const PAGE_KEPT: usize = 1024 * 1024;

/// Where a page's title must have begun, in bytes: a head is rarely longer.
const TITLE_WITHIN: usize = 64 * 1024;

/// How long a title may be, in bytes.
const TITLE_KEPT: usize = 1024;

/// What came back in the end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) url: Url,
    pub(super) status: u16,
    pub(super) version: &'static str,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) redirects: usize,
    pub(super) took: Duration,
    pub(super) handshake: Option<Arc<Handshake>>,
}

impl Answer {
    /// The facts, as the http probe names them.
    pub(super) fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        facts.insert("status", self.status);
        facts.insert("time", self.took.as_secs_f64());
        facts.insert("version", self.version);
        facts.insert("size", self.body.len());
        facts.insert("redirects", self.redirects);
        facts.insert("url", self.url.as_str());
        facts.insert("header", self.headers());
        self.read_body(&mut facts);
        if let Some(handshake) = &self.handshake {
            handshake.facts(&mut facts);
        }
        facts
    }

    /// The headers by lower-case name, repeated ones joined.
    fn headers(&self) -> Object {
        let values = |name: &HeaderName| {
            let texts = self.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
            texts.map(|text| if name == SET_COOKIE { veil(&text) } else { text.into_owned() }).collect::<Vec<_>>()
        };
        self.headers.keys().map(|name| (name.as_str().to_owned(), values(name).join(", ").into())).collect()
    }

    /// What the body is read as: JSON, a page with a title, an exposition, always text.
    fn read_body(&self, facts: &mut Facts) {
        let text = String::from_utf8_lossy(&self.body);
        let most = if self.is_of_type("html") { PAGE_KEPT } else { BODY_KEPT };
        let kept = text.get(..text.floor_char_boundary(most)).unwrap_or_default();
        facts.insert("body", kept);
        if let Some(json) = self.json() {
            facts.insert("json", json);
        } else if let Some(title) = self.title(&text) {
            facts.insert("title", title);
        } else if let Some((metrics, labels)) = exposition::read(&text) {
            facts.insert("metric", metrics);
            facts.insert("label", labels);
        }
    }

    fn is_of_type(&self, word: &str) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        kind.to_ascii_lowercase().split(';').next().is_some_and(|kind| kind.contains(word))
    }

    /// The body as JSON, where the header or the first character says that it is.
    pub(super) fn json(&self) -> Option<Value> {
        let start = self.body.trim_ascii_start().first();
        let looks = matches!(start, Some(b'{' | b'[')) || self.is_of_type("json");
        looks.then(|| serde_json::from_slice(&self.body).ok()).flatten()
    }

    /// The text of the page's `<title>`, where it is a page.
    fn title(&self, text: &str) -> Option<String> {
        if !self.is_of_type("html") && !text.trim_start().starts_with('<') {
            return None;
        }
        let from = find(text, "<title")?;
        let inner = text.get(from..)?.split_once('>')?.1;
        let end = find(inner, "</title").or_else(|| inner.find('<'))?;
        let title = inner.get(..inner.floor_char_boundary(end.min(TITLE_KEPT)))?;
        Some(unescape(&title.split_whitespace().collect::<Vec<_>>().join(" ")))
    }
}

/// A cookie without its value, which lets in whoever holds it.
fn veil(cookie: &str) -> String {
    let (pair, attributes) = cookie.split_at(cookie.find(';').unwrap_or(cookie.len()));
    format!("{}=******{attributes}", pair.split('=').next().unwrap_or_default())
}

/// Where a tag begins, whatever its case.
fn find(text: &str, tag: &str) -> Option<usize> {
    let head = &text.as_bytes()[..text.len().min(TITLE_WITHIN)];
    head.windows(tag.len()).position(|window| window.eq_ignore_ascii_case(tag.as_bytes()))
}

fn unescape(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, char)| text.replace(entity, char))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(kind: &'static str, body: &[u8]) -> Facts {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        headers.append("x-two", "a".parse().unwrap());
        headers.append("x-two", "b".parse().unwrap());
        headers.append("set-cookie", "session=s3cret; Path=/".parse().unwrap());
        Answer {
            url: "http://i.pigsty/".parse().unwrap(),
            status: 200,
            version: "1.1",
            headers,
            body: body.to_vec(),
            redirects: 0,
            took: Duration::from_millis(5),
            handshake: None,
        }
        .facts()
    }

    #[test]
    fn a_page_has_its_title() {
        let facts = answer("text/html", b"<!DOCTYPE html><HTML><TITLE lang=en>\n Pigsty &amp;  v4.5.0 </Title>");
        assert_eq!(facts.0["title"], "Pigsty & v4.5.0");
        assert!(!answer("text/plain", b"about <title>x</title>").0.contains_key("title"));
        assert!(!answer("text/html", b"<title>never ends").0.contains_key("title"));
    }

    #[test]
    fn json_is_read_by_header_or_by_look() {
        assert_eq!(answer("application/json; charset=utf-8", b"{\"database\":\"ok\"}").0["json"]["database"], "ok");
        assert_eq!(answer("text/plain", b" [1]").0["json"][0], 1);
        assert!(!answer("application/json", b"<html>").0.contains_key("json"));
        assert!(!answer("text/plain", b"OK").0.contains_key("json"));
        let deep = "[".repeat(100_000);
        assert!(!answer("application/json", deep.as_bytes()).0.contains_key("json"));
    }

    #[test]
    fn metrics_are_read_from_text_alone() {
        let facts = answer("text/plain; version=0.0.4", b"nginx_up 1\nb{c=\"d\"} 2\n");
        assert_eq!(facts.0["metric"]["nginx_up"], 1);
        assert_eq!(facts.0["label"]["b"]["c"], "d");
        assert!(!answer("text/plain", b"Active connections: 1 \n").0.contains_key("metric"));
    }

    #[test]
    fn headers_are_joined_and_a_binary_body_is_cut_and_counted() {
        let facts = answer("application/octet-stream", &vec![0xff; 100_000]);
        assert_eq!(facts.0["header"]["x-two"], "a, b");
        assert_eq!(facts.0["header"]["set-cookie"], "session=******; Path=/");
        assert_eq!(facts.0["size"], 100_000);
        assert!(facts.0["body"].as_str().unwrap().len() <= BODY_KEPT);
    }
}
