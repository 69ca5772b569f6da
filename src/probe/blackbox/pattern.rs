//! Regular expressions as Go writes them, on the engine that we have.
//!
//! What means something else there is translated, and what cannot be is refused where it is read.

use regex::bytes::Regex;

/// A regular expression of a module, with its text.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles a regular expression in Go's syntax; the error completes "`text` …".
    pub fn new(text: &str) -> Result<Self, String> {
        let regex = Regex::new(text).map_err(|error| format!("is no regular expression: {error}"))?;
        Ok(Self { text: text.to_owned(), regex })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The compiled form.
    pub fn regex(&self) -> &Regex {
        &self.regex
    }
}
