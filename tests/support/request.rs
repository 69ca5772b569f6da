//! One HTTP/1 request as it came, and what a script demands of it.

use std::collections::BTreeMap;
use std::io;

use serde::Deserialize;
use tokio::io::AsyncReadExt;

use super::Stream;

/// No client here sends more than this before a body.
const HEAD: usize = 64 << 10;

/// A request, of HTTP/2 too.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    pub(super) method: String,
    /// With the query.
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// What a request must be like; whatever is not named may be anything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Require {
    method: Option<String>,
    path: Option<String>,
    body: Option<String>,
    /// Whether it came through the proxy.
    proxied: Option<bool>,
    /// By their names: a text, every text if there are several, or null for a header that must not be there.
    headers: BTreeMap<String, Option<Wanted>>,
}

/// The values of a header.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Wanted {
    One(String),
    Several(Vec<String>),
}

impl Wanted {
    pub(super) fn all(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Several(texts) => texts,
        }
    }
}

impl Request {
    /// Reads one; none where the client leaves before it is whole.
    pub(super) async fn read(stream: &mut Stream) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() > HEAD {
                return Err(io::Error::other("the head of the request is too long"));
            }
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
        let mut word = || words.next().unwrap_or_default();
        let (method, path) = (word(), word());
        let pair = |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        let mut request = Self { method, path, headers: lines.filter_map(pair).collect(), body: Vec::new() };
        request.body = request.read_body(stream).await?;
        Ok(Some(request))
    }

    async fn read_body(&self, stream: &mut Stream) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        if self.all("transfer-encoding").iter().any(|coding| coding.eq_ignore_ascii_case("chunked")) {
            loop {
                let size = usize::from_str_radix(line(stream).await?.trim(), 16).map_err(io::Error::other)?;
                let mut chunk = vec![0; size];
                stream.read_exact(&mut chunk).await?;
                body.append(&mut chunk);
                line(stream).await?;
                if size == 0 {
                    return Ok(body);
                }
            }
        }
        let length = self.all("content-length").first().and_then(|length| length.parse().ok()).unwrap_or_default();
        body.resize(length, 0);
        stream.read_exact(&mut body).await?;
        Ok(body)
    }

    /// Every value of a header.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let same = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_str()).collect()
    }

    /// The path without scheme and authority, which a proxy is given too.
    pub(super) fn local_path(&self) -> &str {
        let rest = self.path.split_once("://").map(|(_, rest)| rest);
        rest.map_or(self.path.as_str(), |rest| rest.find('/').map_or("/", |at| &rest[at..]))
    }
}

impl Require {
    /// What a request is not.
    pub(super) fn unmet(&self, request: &Request, proxied: bool) -> Option<String> {
        let body = String::from_utf8_lossy(&request.body);
        let texts = [
            ("method", &self.method, request.method.as_str()),
            ("path", &self.path, request.path.as_str()),
            ("body", &self.body, &body),
        ];
        let text = texts.into_iter().find_map(|(name, wanted, is)| {
            wanted.as_ref().filter(|wanted| *wanted != is).map(|wanted| format!("the {name} is {is:?}, not {wanted:?}"))
        });
        let way = || self.proxied.filter(|wanted| *wanted != proxied).map(|_| format!("through a proxy: {proxied}"));
        text.or_else(way)
            .or_else(|| self.headers.iter().find_map(|(name, wanted)| header(name, wanted.as_ref(), request)))
    }
}

fn header(name: &str, wanted: Option<&Wanted>, request: &Request) -> Option<String> {
    let (is, wanted) = (request.all(name), wanted.map(Wanted::all).unwrap_or_default());
    (is != wanted).then(|| format!("{name} is {is:?}, not {wanted:?}"))
}

async fn line(stream: &mut Stream) -> io::Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}
