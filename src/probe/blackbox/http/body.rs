//! The body of an answer: decoded as the module says, counted, limited, and read by nobody twice.
//!
//! What is decoded flows: however large a body becomes, no more of it is held than what a rule needs.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use hyper::{Method, Response, StatusCode, Version};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, ReadBuf};
use tokio::time::{Instant, timeout_at};

use super::super::{Failed, Task};
use super::hop::broken;
use crate::probe::dial::span;

/// The most of a body that a rule is held against, in bytes; the exporter holds all there is.
const RULED: usize = 256 * 1024 * 1024;

/// How much is read at once.
const PIECE: usize = 64 * 1024;

/// How much the exporter has read of a body by the time it knows that it is no gzip.
const PEEKED: usize = 4096;

/// How a gzip stream begins: its magic number, and the one method there is.
const GZIP: [u8; 3] = [0x1f, 0x8b, 8];

/// A body as it comes from the connection.
struct Raw<'a> {
    body: &'a mut Incoming,
    chunk: Bytes,
}

impl AsyncBufRead for Raw<'_> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        while this.chunk.is_empty() {
            match ready!(Pin::new(&mut *this.body).poll_frame(cx)) {
                None => break,
                Some(Ok(frame)) => this.chunk = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
            }
        }
        Poll::Ready(Ok(&this.chunk))
    }

    fn consume(mut self: Pin<&mut Self>, read: usize) {
        drop(self.chunk.split_to(read));
    }
}

impl AsyncRead for Raw<'_> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let available = ready!(self.as_mut().poll_fill_buf(cx))?;
        let read = available.len().min(buf.remaining());
        buf.put_slice(&available[..read]);
        self.consume(read);
        Poll::Ready(Ok(()))
    }
}

/// Where the bytes come from.
enum Flow<'a> {
    Open(Box<dyn AsyncRead + Unpin + Send + 'a>),
    /// A body that is not read, since its redirect was refused.
    Shut,
}

/// A body that is read within the time of its probe.
pub(super) struct Content<'a> {
    flow: Flow<'a>,
    task: Task<'a>,
    peer: SocketAddr,
    limit: Option<u64>,
    /// How many bytes were read, decoded.
    pub(super) read: u64,
}

impl<'a> Content<'a> {
    /// The body as it comes.
    pub(super) fn plain(body: &'a mut Incoming, task: Task<'a>, peer: SocketAddr) -> Self {
        let raw = Raw { body, chunk: Bytes::new() };
        Self { flow: Flow::Open(Box::new(raw)), task, peer, limit: None, read: 0 }
    }

    /// The body of a redirect that was refused: there is something to read only where there was nothing.
    pub(super) fn refused(empty: bool, task: Task<'a>, peer: SocketAddr) -> Self {
        let flow = if empty { Flow::Open(Box::new(tokio::io::empty())) } else { Flow::Shut };
        Self { flow, task, peer, limit: None, read: 0 }
    }

    /// Decodes what follows, by the name of a coding; what is wrong with it may show at once or when it is read.
    pub(super) async fn decode(self, compression: &str) -> (Self, Result<(), Failed>) {
        let coding = compression.to_ascii_lowercase();
        if coding.is_empty() || coding == "identity" {
            return (self, Ok(()));
        }
        if !matches!(coding.as_str(), "gzip" | "br" | "deflate") {
            let known = "identity, gzip, br and deflate";
            return (self, Err(Failed::target(format!("compression `{compression}` is unknown; there are {known}"))));
        }
        let Flow::Open(stream) = self.flow else {
            let read = if coding == "gzip" { Err(shut()) } else { Ok(()) };
            return (self, read);
        };
        let mut stream = tokio::io::BufReader::with_capacity(PEEKED, stream);
        let peeked = match timeout_at(self.task.deadline, stream.fill_buf()).await {
            Ok(Ok(bytes)) => {
                Ok(if bytes.is_empty() { None } else { Some(bytes.starts_with(&GZIP[..bytes.len().min(3)])) })
            }
            Ok(Err(error)) => Err(wrong(&error, "", self.peer)),
            Err(_) => Err(slow(self.task, self.peer)),
        };
        let peer = self.peer;
        let no_gzip = |what| Failed::target(format!("the body from {peer} is not gzip, as compression says: {what}"));
        let (flow, outcome): (Box<dyn AsyncRead + Unpin + Send + 'a>, _) = match (peeked, coding.as_str()) {
            (Err(error), _) => (Box::new(stream), Err(error)),
            (Ok(None), "gzip") => (Box::new(stream), Err(no_gzip("it is empty"))),
            (Ok(None), _) => (Box::new(Cut), Ok(())),
            (Ok(Some(false)), "gzip") => {
                let buffered = stream.buffer().len();
                stream.consume(buffered);
                (Box::new(stream), Err(no_gzip("it begins otherwise")))
            }
            (Ok(_), "gzip") => {
                let mut decoder = GzipDecoder::new(stream);
                decoder.multiple_members(true);
                (Box::new(decoder), Ok(()))
            }
            (Ok(_), "br") => (Box::new(BrotliDecoder::new(stream)), Ok(())),
            (Ok(_), _) => (Box::new(DeflateDecoder::new(stream)), Ok(())),
        };
        (Self { flow: Flow::Open(flow), ..self }, outcome)
    }

    /// Fails when there are more bytes than this.
    pub(super) fn limited(self, limit: Option<u64>) -> Self {
        Self { limit: limit.filter(|&limit| limit > 0), ..self }
    }

    /// Reads some bytes, none at the end.
    async fn some(&mut self, piece: &mut [u8]) -> Result<usize, Failed> {
        let Flow::Open(stream) = &mut self.flow else { return Err(shut()) };
        // A body that is always ready would be read on past the deadline, and past everybody else's turn.
        tokio::task::consume_budget().await;
        if Instant::now() >= self.task.deadline {
            return Err(slow(self.task, self.peer));
        }
        let read = match timeout_at(self.task.deadline, stream.read(piece)).await {
            Ok(Ok(read)) => read,
            Ok(Err(error)) => return Err(wrong(&error, " as compression says", self.peer)),
            Err(_) => return Err(slow(self.task, self.peer)),
        };
        let total = self.read + read as u64;
        if let Some(limit) = self.limit.filter(|&limit| total > limit) {
            self.read = limit;
            let what = format!("the body from {} has more than {limit} bytes, its body_size_limit", self.peer);
            return Err(Failed::target(what));
        }
        self.read = total;
        Ok(read)
    }

    /// Everything that is left.
    pub(super) async fn rest(&mut self) -> Result<Vec<u8>, Failed> {
        let mut piece = vec![0; PIECE];
        let mut whole = Vec::new();
        loop {
            match self.some(&mut piece).await? {
                0 => return Ok(whole),
                read if whole.len() + read > RULED => {
                    let megabytes = RULED / 1024 / 1024;
                    return Err(Failed::target(format!(
                        "the body from {} has more than {megabytes} MiB, the most that a rule is held against; \
                         set a body_size_limit",
                        self.peer
                    )));
                }
                read => whole.extend_from_slice(&piece[..read]),
            }
        }
    }

    /// Reads what is left and forgets it.
    pub(super) async fn drain(&mut self) -> Result<(), Failed> {
        let mut piece = vec![0; PIECE];
        while self.some(&mut piece).await? > 0 {}
        Ok(())
    }

    /// Reads up to so many bytes, whatever becomes of it.
    pub(super) async fn skip(&mut self, most: u64) {
        let mut piece = vec![0; PIECE];
        while self.read < most && matches!(self.some(&mut piece).await, Ok(read) if read > 0) {}
    }
}

/// A stream that ends where something should follow.
struct Cut;

impl AsyncRead for Cut {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()))
    }
}

fn shut() -> Failed {
    Failed::target("the redirect was not followed, and the body of such an answer is not read; no rule can hold for it")
}

fn slow(task: Task<'_>, peer: SocketAddr) -> Failed {
    Failed::target(format!("{peer} began to answer but did not finish the body within {}", span(task.timeout)))
}

/// What an error of reading means: the connection's, or the decoder's own.
fn wrong(error: &io::Error, how: &str, peer: SocketAddr) -> Failed {
    let source = error.get_ref().and_then(|inner| inner.downcast_ref::<hyper::Error>());
    match source {
        Some(source) => broken(source, peer),
        None => Failed::target(format!("the body from {peer} cannot be decoded{how}: {error}")),
    }
}

/// The length that an answer promises as the exporter has it: −1 where it promises none.
pub(super) fn length(response: &Response<Incoming>, method: &Method) -> i64 {
    let promised = response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let bare = matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let chunked = response.version() == Version::HTTP_11 && response.headers().contains_key(TRANSFER_ENCODING);
    if *method == Method::HEAD {
        return promised.unwrap_or(-1);
    }
    match response.version() {
        Version::HTTP_2 if promised.is_none() && response.body().is_end_stream() => 0,
        Version::HTTP_2 => promised.unwrap_or(-1),
        _ if bare || response.status().is_informational() => 0,
        _ => promised.filter(|_| !chunked).unwrap_or(-1),
    }
}
