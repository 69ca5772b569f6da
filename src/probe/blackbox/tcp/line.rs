//! Lines as Go's scanner cuts them: at LF, without a CR before it, the rest at the end, and none of 64 KiB or more.

use std::io;

use super::stream::Stream;

/// How much is read at first, in bytes; what a line needs more is doubled.
const FIRST: usize = 4096;

/// How many bytes a line may have with its end.
const LONGEST: usize = 64 * 1024;

/// Why there are no more lines.
#[derive(Debug)]
pub(super) enum Stop {
    /// The connection broke.
    Broken(io::Error),
    /// A line did not end within the limit.
    TooLong,
}

/// What was read and not yet cut, which a switch to TLS forgets.
#[derive(Debug, Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    over: bool,
}

impl Lines {
    /// The next line, or nothing at the end; it may be abandoned and asked for again.
    pub(super) async fn next(&mut self, stream: &mut Stream) -> Result<Option<Vec<u8>>, Stop> {
        loop {
            if let Some(line) = self.cut() {
                return Ok(Some(line));
            }
            if self.over {
                return Ok(None);
            }
            self.room()?;
            match stream.read(&mut self.buffer[self.end..]).await {
                Ok(0) => self.over = true,
                Ok(length) => self.end += length,
                Err(error) => return Err(Stop::Broken(error)),
            }
        }
    }

    /// What has come since the last line.
    pub(super) fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn cut(&mut self) -> Option<Vec<u8>> {
        let rest = self.rest();
        let (line, used) = match rest.iter().position(|byte| *byte == b'\n') {
            Some(at) => (&rest[..at], at + 1),
            None if self.over && !rest.is_empty() => (rest, rest.len()),
            None => return None,
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line).to_vec();
        self.start += used;
        Some(line)
    }

    /// Makes room to read: what was cut goes first, then the buffer grows.
    fn room(&mut self) -> Result<(), Stop> {
        let full = self.end == self.buffer.len();
        if self.start > 0 && (full || self.start > self.buffer.len() / 2) {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end < self.buffer.len() {
            return Ok(());
        }
        if self.buffer.len() >= LONGEST {
            return Err(Stop::TooLong);
        }
        self.buffer.resize((self.buffer.len() * 2).clamp(FIRST, LONGEST), 0);
        Ok(())
    }
}
