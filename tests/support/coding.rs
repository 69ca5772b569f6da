//! Bodies as servers pack them.

use std::io::Read;

use flate2::Compression;
use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};
use serde::Deserialize;

/// The longest part of a Brotli stream that is stored: 16 bits say its length.
const STORED: usize = 1 << 16;

/// How a body is packed; the headers say nothing of it on their own.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Coding {
    Gzip,
    /// Without a header of its own.
    Deflate,
    Zlib,
    Br,
}

impl Coding {
    pub(super) fn pack(self, body: &[u8]) -> Vec<u8> {
        let level = Compression::default();
        let mut packed = Vec::new();
        let read = match self {
            Self::Gzip => GzEncoder::new(body, level).read_to_end(&mut packed),
            Self::Deflate => DeflateEncoder::new(body, level).read_to_end(&mut packed),
            Self::Zlib => ZlibEncoder::new(body, level).read_to_end(&mut packed),
            Self::Br => return brotli(body),
        };
        assert!(read.is_ok(), "memory was read");
        packed
    }
}

/// A Brotli stream that only stores: a window of 16 bits, parts that are not compressed, and an empty last one.
fn brotli(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, part) in body.chunks(STORED).enumerate() {
        let length = u32::try_from(part.len() - 1).unwrap_or_default();
        // Not the last, four nibbles of length, then the length less one, then "not compressed".
        let head = (length << 3) | (1 << 19);
        // Before the first stands one bit, 0, which is the window; each part begins anew on a byte.
        let head = if at == 0 { head << 1 } else { head };
        out.extend_from_slice(&head.to_le_bytes()[..3]);
        out.extend_from_slice(part);
    }
    // Last and empty, with the window before it where nothing else is.
    out.push(if body.is_empty() { 0b110 } else { 0b11 });
    out
}
