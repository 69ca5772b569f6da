//! Regular expressions as Go writes them, on the engine that we have.
//!
//! What means something else there is translated, and what Go refuses is refused where it is read. A text that is no UTF-8
//! is seen as Go sees it: every byte that is no part of a character is one U+FFFD.

use std::borrow::Cow;

use regex::bytes::{Regex, RegexBuilder};

mod class;
mod name;
mod syntax;
mod template;
#[cfg(test)]
mod tests;

/// How large a compiled expression may be, in bytes: as much as Go allows its own.
const SIZE: usize = 128 * 1024 * 1024;

/// How deep the translated expression may nest: our own limit on groups is reached long before.
const NEST: u32 = 2_000;

/// The longest text of an expression, in bytes: a page of rules fits ten times.
const LENGTH: usize = 64 * 1024;

/// What Go sees in place of a byte that is no part of a character.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// A regular expression of a module, with its text.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
    /// The names of the groups, from the first.
    names: Vec<Option<String>>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Pattern {
    /// Compiles a regular expression in Go's syntax; the error completes "`text` …".
    pub fn new(text: &str) -> Result<Self, String> {
        if text.len() > LENGTH {
            return Err(format!("is longer than {LENGTH} bytes, the limit here"));
        }
        let translated = syntax::translate(text).map_err(|why| format!("is no regular expression for Go: {why}"))?;
        let regex = RegexBuilder::new(&translated.text).size_limit(SIZE).nest_limit(NEST).build();
        let regex = regex.map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => format!("grows beyond {} MiB when it is compiled", SIZE >> 20),
            error => format!("cannot be compiled here: {error}"),
        })?;
        Ok(Self { text: text.to_owned(), regex, names: translated.names })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it matches anywhere in a text; Go anchors nothing by itself.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.regex.is_match(&seen(text))
    }

    /// The template with the groups of the first match in a text put in; without a match every group is empty.
    pub fn expand(&self, text: &[u8], template: &[u8]) -> Vec<u8> {
        let seen = seen(text);
        let captures = self.regex.captures(&seen);
        let group = |at: usize| {
            let range = captures.as_ref()?.get(at)?.range();
            text.get(original(text, range.start)..original(text, range.end))
        };
        template::expand(template, &self.names, group)
    }
}

/// The text with every byte that is no part of a character replaced.
fn seen(text: &[u8]) -> Cow<'_, [u8]> {
    if std::str::from_utf8(text).is_ok() {
        return Cow::Borrowed(text);
    }
    let mut seen = Vec::with_capacity(text.len() * 2);
    for chunk in text.utf8_chunks() {
        seen.extend_from_slice(chunk.valid().as_bytes());
        chunk.invalid().iter().for_each(|_| seen.extend_from_slice(REPLACEMENT));
    }
    Cow::Owned(seen)
}

/// Where in the text itself a place in what was seen of it is.
fn original(text: &[u8], seen: usize) -> usize {
    let (mut left, mut at) = (seen, 0);
    for chunk in text.utf8_chunks() {
        if left <= chunk.valid().len() {
            break;
        }
        left -= chunk.valid().len();
        at += chunk.valid().len();
        let bytes = chunk.invalid().len().min(left / REPLACEMENT.len());
        left -= bytes * REPLACEMENT.len();
        at += bytes;
    }
    at + left
}
