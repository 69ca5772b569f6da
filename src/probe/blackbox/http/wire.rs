//! The bytes of a connection on their way: when the first one came, and whether TLS ended between two records.
//!
//! Servers that end a connection without the end of TLS are borne with where the exporter does: between two records.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// A connection of any kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// When the first byte of an answer came, and which it was.
#[derive(Clone, Debug, Default)]
pub(super) struct First(Arc<Mutex<Option<(Instant, u8)>>>);

impl First {
    /// The moment and the byte, once it has come.
    pub(super) fn get(&self) -> Option<(Instant, u8)> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, byte: u8) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| (Instant::now(), byte));
    }
}

/// Where in the records of TLS the bytes from the peer have come to.
#[derive(Clone, Debug, Default)]
pub(super) struct Records(Arc<Mutex<Record>>);

#[derive(Debug, Default)]
struct Record {
    header: Vec<u8>,
    left: usize,
}

impl Records {
    fn pass(&self, mut bytes: &[u8]) {
        const HEADER: usize = 5;
        let mut record = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !bytes.is_empty() {
            if record.left > 0 {
                let passed = record.left.min(bytes.len());
                record.left -= passed;
                bytes = &bytes[passed..];
                continue;
            }
            let missing = (HEADER - record.header.len()).min(bytes.len());
            record.header.extend_from_slice(&bytes[..missing]);
            bytes = &bytes[missing..];
            if let [_, _, _, high, low] = record.header[..] {
                record.left = usize::from(u16::from_be_bytes([high, low]));
                record.header.clear();
            }
        }
    }

    fn between(&self) -> bool {
        let record = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        record.left == 0 && record.header.is_empty()
    }
}

/// What is done with the bytes that were read.
pub(super) enum Watch {
    /// The first is noted, and none is read before something was written: some servers answer before they are asked.
    First(First),
    /// The records are counted: this stands below TLS.
    Below(Records),
    /// An end between two records is an end: this stands above TLS.
    Above(Records),
}

/// A connection whose bytes are watched.
pub(super) struct Wire<S> {
    stream: S,
    watch: Watch,
    written: bool,
    waiting: Option<Waker>,
}

impl<S> Wire<S> {
    pub(super) fn new(stream: S, watch: Watch) -> Self {
        Self { stream, watch, written: false, waiting: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if matches!(self.watch, Watch::First(_)) && !self.written {
            self.waiting = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        let read = &buf.filled()[before..];
        match (&self.watch, polled) {
            (Watch::First(first), polled) => {
                read.first().into_iter().for_each(|&byte| first.note(byte));
                polled
            }
            (Watch::Below(records), polled) => {
                records.pass(read);
                polled
            }
            (Watch::Above(records), Poll::Ready(Err(error))) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Poll::Ready(if records.between() { Ok(()) } else { Err(error) })
            }
            (Watch::Above(_), polled) => polled,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.written = true;
        self.waiting.take().into_iter().for_each(Waker::wake);
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_between_two_records_is_known_however_they_are_cut() {
        let bytes = [22, 3, 3, 0, 2, 1, 2, 23, 3, 3, 0, 1, 9];
        for size in 1..bytes.len() {
            let records = Records::default();
            let mut at = 0;
            for piece in bytes.chunks(size) {
                records.pass(piece);
                at += piece.len();
                assert_eq!(records.between(), [7, 13].contains(&at), "after {at} bytes in pieces of {size}");
            }
        }
    }
}
