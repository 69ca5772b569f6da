//! As much of LogsQL as it takes to find a line: the labels of its stream, and words that are in it.

use super::series::equals;
use crate::sim::memory::Line;

/// What a line must be.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Filter {
    labels: Vec<(String, String)>,
    words: Vec<String>,
}

impl Filter {
    /// Reads `{label="value",…} "words" _time:5m`; more of the language it does not know.
    pub(super) fn read(query: &str) -> Option<Self> {
        let mut filter = Self::default();
        let mut rest = query.trim();
        while !rest.is_empty() {
            rest = filter.take(rest)?.trim_start();
        }
        Some(filter)
    }

    /// Reads one condition, and returns what follows it.
    fn take<'a>(&mut self, query: &'a str) -> Option<&'a str> {
        if let Some(rest) = query.strip_prefix('{') {
            let (labels, rest) = rest.split_once('}')?;
            self.labels.extend(equals(labels)?);
            return Some(rest);
        }
        let (field, value) = match query.split_once(':') {
            Some((field, value)) if is_word(field) => (field, value),
            _ => ("_msg", query),
        };
        let (word, rest) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
        };
        let is_plain = value.starts_with('"') || is_word(word) || word == "*";
        match field {
            // Nothing in the estate is older than a query looks back.
            "_time" => {}
            _ if !is_plain => return None,
            _ if word == "*" || word == "AND" => {}
            "_msg" | "request" => self.words.push(word.to_owned()),
            _ => return None,
        }
        Some(rest)
    }

    pub(super) fn matches(&self, line: &Line) -> bool {
        self.labels.iter().all(|label| line.stream.contains(label))
            && self.words.iter().all(|word| line.message.contains(word.as_str()))
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| character.is_ascii_alphanumeric() || "_-.".contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_labels_and_words() {
        let line = |job: &str, message: &str| Line {
            stream: vec![("job".to_owned(), job.to_owned()), ("ins".to_owned(), "a-1".to_owned())],
            message: message.to_owned(),
            time: String::new(),
        };
        let finds = |query: &str, job, message| Filter::read(query).map(|filter| filter.matches(&line(job, message)));
        for query in
            ["*", "_time:5m", "{job=\"x\"}", "{job=\"x\",ins=\"a-1\"} \"the run\" _time:30m", "run AND request:the"]
        {
            assert_eq!(finds(query, "x", "of the run"), Some(true), "{query}");
        }
        for query in ["{job=\"y\"}", "{job=\"x\",run=\"1\"}", "\"a run\"", "_time:5m walk"] {
            assert_eq!(finds(query, "x", "of the run"), Some(false), "{query}");
        }
        for query in ["* | stats count()", "{job=~\"x\"}", "{job=\"x\"", "level:error", "\"open"] {
            assert_eq!(finds(query, "x", "of the run"), None, "{query}");
        }
    }
}
