//! `name=value` pairs as Ansible's `-e` takes them: words between blanks, which quotes and Jinja brackets hold together.
//!
//! A backslash writes what it writes in Python's text (`\n`, `\x41`, `\"`); every value stays text.

use std::iter::Peekable;
use std::str::Chars;

/// The pairs in a text, in their order, or what is wrong with it.
pub(super) fn read(text: &str) -> Result<Vec<(String, String)>, String> {
    let words = words(text)?;
    let pair = |(index, word): (usize, &String)| {
        pair(&unescape(word)).ok_or_else(|| {
            let place = ordinal(index + 1);
            format!("the {place} word has no = in it; write name=value, and name='a value' where there are blanks")
        })
    };
    words.iter().enumerate().map(pair).collect()
}

/// `2nd`
fn ordinal(number: usize) -> String {
    let end = match (number % 10, number % 100 / 10 == 1) {
        (1, false) => "st",
        (2, false) => "nd",
        (3, false) => "rd",
        _ => "th",
    };
    format!("{number}{end}")
}

/// The first `=` that is neither at the beginning nor protected by a backslash parts the name from the value.
fn pair(word: &str) -> Option<(String, String)> {
    let (at, _) = word.match_indices('=').find(|(at, _)| *at > 0 && !word[..*at].ends_with('\\'))?;
    Some((word[..at].trim().to_owned(), unquote(word[at + 1..].trim()).to_owned()))
}

/// The text without its quotes, if the same one begins and ends it.
fn unquote(text: &str) -> &str {
    let within = ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    within.filter(|within| !within.ends_with('\\')).unwrap_or(text)
}

/// What holds the words of a text together.
#[derive(Default)]
struct Open {
    quote: Option<char>,
    brackets: [usize; 3],
}

impl Open {
    fn is_none(&self) -> bool {
        self.quote.is_none() && self.brackets == [0; 3]
    }

    /// Reads on over a piece without blanks; a quote counts unless a backslash stands before it within the piece.
    fn read(&mut self, piece: &str) {
        let mut before = None;
        for char in piece.chars() {
            if matches!(char, '"' | '\'') && before != Some('\\') {
                self.quote = match self.quote {
                    Some(quote) if quote == char => None,
                    None => Some(char),
                    other => other,
                };
            }
            before = Some(char);
        }
        for (depth, [open, close]) in self.brackets.iter_mut().zip([["{{", "}}"], ["{%", "%}"], ["{#", "#}"]]) {
            *depth = (*depth + piece.matches(open).count()).saturating_sub(piece.matches(close).count());
        }
    }
}

/// Words between blanks and line ends, but for those that stand in quotes or in brackets.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = Open::default();
    for (index, line) in text.split('\n').enumerate() {
        if let (true, Some(word)) = (index > 0, words.last_mut()) {
            word.push('\n');
        }
        for (index, piece) in line.split(' ').enumerate() {
            let within = !open.is_none();
            open.read(piece);
            match words.last_mut() {
                Some(word) if within => {
                    word.push_str(if index > 0 { " " } else { "" });
                    word.push_str(piece);
                }
                _ if piece.is_empty() || piece == "\\" => {}
                _ => words.push(piece.to_owned()),
            }
        }
    }
    if open.is_none() { Ok(words) } else { Err("a quote, or a {{, is never closed".to_owned()) }
}

/// What the backslashes of Python's text stand for; one before anything else stands for itself.
fn unescape(text: &str) -> String {
    let mut read = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' => read.push(escaped(&mut chars).unwrap_or('\\')),
            other => read.push(other),
        }
    }
    read
}

/// The character behind a backslash, if it is an escape; otherwise nothing is read.
fn escaped(chars: &mut Peekable<Chars>) -> Option<char> {
    let (short, length) = match chars.peek()? {
        'a' => ('\x07', 0),
        'b' => ('\x08', 0),
        'f' => ('\x0c', 0),
        'n' => ('\n', 0),
        'r' => ('\r', 0),
        't' => ('\t', 0),
        'v' => ('\x0b', 0),
        'x' => (' ', 2),
        'u' => (' ', 4),
        'U' => (' ', 8),
        own @ ('\\' | '\'' | '"') => (*own, 0),
        _ => return None,
    };
    let digits: String = chars.clone().skip(1).take(length).collect();
    let char = match length {
        0 => short,
        _ if digits.len() < length || !digits.chars().all(|digit| digit.is_ascii_hexdigit()) => return None,
        _ => char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?,
    };
    chars.nth(length);
    Some(char)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Vec<(String, String)> {
        read(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn pairs_are_read_as_ansible_reads_them() {
        for (text, expected) in [
            ("a=1", &[("a", "1")][..]),
            (" a=1  b=2 ", &[("a", "1"), ("b", "2")]),
            ("a=\"x y\" b='q\"r' e=\"a=b\"", &[("a", "x y"), ("b", "q\"r"), ("e", "a=b")]),
            ("a=1,b=2", &[("a", "1,b=2")]),
            ("a= b=\\x41\\u00e9", &[("a", ""), ("b", "A\u{e9}")]),
            ("a=\"{{ b }} c\" b={{ x }}", &[("a", "{{ b }} c"), ("b", "{{ x }}")]),
            ("a={{ x | default(\"a b\") }} c=1", &[("a", "{{ x | default(\"a b\") }}"), ("c", "1")]),
            ("a=1\nb=2", &[("a", "1"), ("b", "2")]),
            ("a=\"x\\\"y\" b=\"  z \"", &[("a", "x\"y"), ("b", "  z ")]),
            ("a=\"x'y\" b=x\"y z\"w", &[("a", "x'y"), ("b", "x\"y z\"w")]),
            ("a=\\\\x b=\"c\\\\d\" c=\\d", &[("a", "\\x"), ("b", "c\\d"), ("c", "\\d")]),
            ("k\\=a=1 d=x\\=y", &[("k\\=a", "1"), ("d", "x\\=y")]),
            ("a='x\ny'", &[("a", "x\ny")]),
        ] {
            let pairs = one(text);
            let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(pairs, expected, "{text}");
        }
    }

    #[test]
    fn a_word_that_is_no_pair_is_counted_and_not_shown() {
        for (text, word) in [("sesame", "1st"), ("=x", "1st"), ("a=1 b=2 = c", "3rd"), ("a\\=1", "1st")] {
            let shown = read(text).unwrap_err();
            assert!(shown.starts_with(&format!("the {word} word has no = in it")), "{text}: {shown}");
        }
        assert_eq!([11, 12, 21, 22, 4].map(ordinal), ["11th", "12th", "21st", "22nd", "4th"]);
    }

    #[test]
    fn what_is_left_open_is_refused() {
        for text in ["a='x", "a={{ x", "a=\"x' b=1"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
