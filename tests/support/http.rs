//! HTTP/1 answers, written byte by byte, so that they can be wrong in every way.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::task::block_in_place;
use tokio::time::sleep;

use super::coding::Coding;
use super::request::{Request, Require, Wanted};
use super::{Stream, Witness, drain, duration};

/// What an endless answer repeats: a valid line of headers, and as much of a body.
const FILLER: &[u8] = b"x-filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";

/// How one request is answered, or each by its path.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Answer {
    pub(super) status: u16,
    version: String,
    pub(super) headers: BTreeMap<String, Wanted>,
    body: String,
    /// How many times the body is repeated, before it is packed.
    repeat: usize,
    pub(super) encode: Option<Coding>,
    framing: Framing,
    /// How many bytes of the body are sent before the connection ends.
    cut: Option<usize>,
    /// Where it falls silent until the client leaves.
    hold: Option<Place>,
    /// What never ends.
    endless: Option<Place>,
    /// The time before the answer, or before each byte of a body with `drip`.
    #[serde(deserialize_with = "duration")]
    pub(super) delay: Option<Duration>,
    drip: bool,
    /// Instead of all this, a text as it is.
    raw: Option<String>,
    /// This many redirects from `/` over `/1`, `/2` and so on come before it.
    hops: usize,
    /// The answers at other paths; one that ends with `*` is for all that begin so.
    paths: BTreeMap<String, Answer>,
    /// What is answered with 400 otherwise.
    require: Option<Require>,
    /// The body as it is sent, which is made once.
    #[serde(skip)]
    packed: Arc<OnceLock<Vec<u8>>>,
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Framing {
    #[default]
    Length,
    Chunked,
    /// By the end of the connection.
    Close,
    /// By a length that is one hundred bytes too long.
    Longer,
    /// Without a word, and without a body.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    Start,
    Headers,
    Body,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            status: 200,
            version: "HTTP/1.1".to_owned(),
            headers: BTreeMap::new(),
            body: String::new(),
            repeat: 1,
            encode: None,
            framing: Framing::Length,
            cut: None,
            hold: None,
            endless: None,
            delay: None,
            drip: false,
            raw: None,
            hops: 0,
            paths: BTreeMap::new(),
            require: None,
            packed: Arc::default(),
        }
    }
}

/// Answers the one request of a connection.
pub(super) async fn serve(stream: &mut Stream, answer: &Answer, witness: &Witness, proxied: bool) -> io::Result<()> {
    let Some(request) = Request::read(stream).await? else { return Ok(()) };
    answer.chosen(&request, witness, proxied).send(stream, &request).await
}

impl Answer {
    fn plain(status: u16, body: String) -> Self {
        Self { status, body, ..Self::default() }
    }

    pub(super) fn is_success(&self) -> bool {
        self.status == 200 && self.raw.is_none() && self.hold.is_none()
    }

    /// Whether it never comes whole.
    pub(super) fn holds(&self) -> bool {
        self.hold.is_some()
    }

    /// The answer to this request.
    pub(super) fn chosen(&self, request: &Request, witness: &Witness, proxied: bool) -> Self {
        let path = request.local_path();
        let at = path.trim_start_matches('/').parse().unwrap_or(if path == "/" { 0 } else { self.hops });
        if at < self.hops {
            let to = Wanted::One(format!("/{}", at + 1));
            return Self { headers: [("Location".to_owned(), to)].into(), ..Self::plain(302, String::new()) };
        }
        let is_here = |name: &str| name.strip_suffix('*').map_or(name == path, |start| path.starts_with(start));
        let chosen = self.paths.iter().find(|(name, _)| is_here(name)).map_or(self, |(_, answer)| answer);
        let unmet = chosen.require.as_ref().and_then(|require| require.unmet(request, proxied));
        unmet.map_or_else(
            || chosen.clone(),
            |unmet| {
                witness.complain(unmet.clone());
                Self::plain(400, unmet)
            },
        )
    }

    /// The body as it is sent.
    pub(super) fn payload(&self) -> &[u8] {
        let body = || self.body.repeat(self.repeat).into_bytes();
        let pack = || self.encode.map_or_else(body, |coding| coding.pack(&body()));
        block_in_place(|| self.packed.get_or_init(pack)) // for a bomb takes its time
    }

    pub(super) async fn send(&self, stream: &mut Stream, request: &Request) -> io::Result<()> {
        if let Some(delay) = self.delay.filter(|_| !self.drip) {
            sleep(delay).await;
        }
        if self.hold == Some(Place::Start) {
            return drain(stream).await;
        }
        if let Some(raw) = &self.raw {
            return stream.write_all(raw.as_bytes()).await;
        }
        let body = self.payload();
        stream.write_all(self.head(body.len()).as_bytes()).await?;
        self.stay(stream, Place::Headers).await?;
        stream.write_all(b"\r\n").await?;
        if self.hold != Some(Place::Headers) && request.method != "HEAD" && self.framing != Framing::None {
            self.send_body(stream, body).await?;
        }
        Ok(())
    }

    /// The status line and the headers, without the empty line behind them.
    fn head(&self, length: usize) -> String {
        let mut lines = vec![format!("{} {} Answer", self.version, self.status)];
        for (name, wanted) in &self.headers {
            lines.extend(wanted.all().iter().map(|value| format!("{name}: {value}")));
        }
        lines.extend(match self.framing {
            Framing::Length if self.endless != Some(Place::Body) => Some(format!("Content-Length: {length}")),
            Framing::Longer => Some(format!("Content-Length: {}", length + 100)),
            Framing::Chunked => Some("Transfer-Encoding: chunked".to_owned()),
            Framing::Length | Framing::Close | Framing::None => None,
        });
        lines.join("\r\n") + "\r\n"
    }

    async fn send_body(&self, stream: &mut Stream, body: &[u8]) -> io::Result<()> {
        let body = &body[..self.cut.unwrap_or(body.len()).min(body.len())];
        let size = if self.drip { 1 } else { body.len().max(1) };
        for part in body.chunks(size) {
            if let Some(delay) = self.delay.filter(|_| self.drip) {
                sleep(delay).await;
            }
            self.send_part(stream, part).await?;
        }
        self.stay(stream, Place::Body).await?;
        if self.framing == Framing::Chunked && self.cut.is_none() {
            stream.write_all(b"0\r\n\r\n").await?;
        }
        Ok(())
    }

    async fn send_part(&self, stream: &mut Stream, part: &[u8]) -> io::Result<()> {
        if self.framing != Framing::Chunked {
            return stream.write_all(part).await;
        }
        let chunk = [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
        stream.write_all(&chunk).await
    }

    /// Falls silent here, or repeats itself until nobody listens any more, if the script says so.
    async fn stay(&self, stream: &mut Stream, place: Place) -> io::Result<()> {
        if self.hold == Some(place) {
            stream.flush().await?;
            return drain(stream).await;
        }
        while self.endless == Some(place) {
            if place == Place::Body { self.send_part(stream, FILLER).await? } else { stream.write_all(FILLER).await? }
        }
        Ok(())
    }
}
