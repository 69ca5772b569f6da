//! What a YAML scalar means to go-yaml, which decides by the field that wants it.
//!
//! `017` is 15 and `08` is 8.0, `1_000` is a number, `yes` is text that a boolean field takes for true. A field of text
//! takes the text of anything as it was written.

use std::borrow::Cow;

use data_encoding::{BASE64, Specification};

/// A scalar: its text, and what that means.
#[derive(Clone, Debug)]
pub(super) struct Scalar {
    text: String,
    meaning: Meaning,
}

#[derive(Clone, Debug)]
enum Meaning {
    Null,
    Bool(bool),
    Integer(i64),
    /// Beyond what a number of a module can be.
    Large,
    Float(f64),
    Text,
    Bytes(Vec<u8>),
}

impl Scalar {
    /// One that was written without quotes and without a tag.
    pub(super) fn plain(text: String) -> Self {
        Self { meaning: plain(&text), text }
    }

    /// One in quotes, a block, or with a tag that says nothing to go-yaml.
    pub(super) fn text(text: String) -> Self {
        Self { meaning: Meaning::Text, text }
    }

    /// One with one of YAML's own tags, such as the `int` of `!!int 5`.
    pub(super) fn tagged(tag: &str, text: String) -> Result<Self, String> {
        let meaning = match (tag, plain(&text)) {
            ("binary", _) => Meaning::Bytes(binary(&text).ok_or("this is not base64")?),
            ("null", Meaning::Null) => Meaning::Null,
            ("bool", Meaning::Bool(truth)) => Meaning::Bool(truth),
            ("int", meaning @ (Meaning::Integer(_) | Meaning::Large)) => meaning,
            ("float", Meaning::Float(number)) => Meaning::Float(number),
            #[expect(clippy::cast_precision_loss, reason = "as Go does")]
            ("float", Meaning::Integer(number)) => Meaning::Float(number as f64),
            ("null" | "bool" | "int" | "float", _) => return Err(format!("this is no !!{tag}")),
            ("timestamp", _) => return Err("the tag !!timestamp is not read here".to_owned()),
            _ => Meaning::Text,
        };
        Ok(Self { text, meaning })
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.meaning, Meaning::Null)
    }

    /// What a field of text takes.
    pub(super) fn bytes(&self) -> Cow<'_, [u8]> {
        match &self.meaning {
            Meaning::Bytes(bytes) => Cow::Borrowed(bytes),
            _ => Cow::Borrowed(self.text.as_bytes()),
        }
    }

    /// What a boolean field takes: of text, the words that YAML 1.1 had.
    pub(super) fn flag(&self) -> Option<bool> {
        match (&self.meaning, self.text.as_str()) {
            (Meaning::Bool(truth), _) => Some(*truth),
            (Meaning::Text, "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON") => Some(true),
            (Meaning::Text, "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF") => Some(false),
            _ => None,
        }
    }

    /// What a field of whole numbers takes: a float loses what stands behind its point.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is meant to be cut, and what is too small stays the smallest"
    )]
    pub(super) fn integer(&self) -> Option<i64> {
        /// The first number that does not fit.
        const BEYOND: f64 = 9_223_372_036_854_775_808.0;
        match self.meaning {
            Meaning::Integer(number) => Some(number),
            Meaning::Float(number) if number < BEYOND => Some(number as i64),
            _ => None,
        }
    }

    /// Whether it is text, and no number or boolean that only looks like it.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.meaning, Meaning::Text | Meaning::Bytes(_))
    }

    /// What a person calls it.
    pub(super) fn noun(&self) -> &'static str {
        match self.meaning {
            Meaning::Null => "empty",
            Meaning::Bool(_) => "a boolean",
            Meaning::Integer(_) | Meaning::Large | Meaning::Float(_) => "a number",
            Meaning::Text => "text",
            Meaning::Bytes(_) => "bytes",
        }
    }
}

fn plain(text: &str) -> Meaning {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Meaning::Null,
        "true" | "True" | "TRUE" => return Meaning::Bool(true),
        "false" | "False" | "FALSE" => return Meaning::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Meaning::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Meaning::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Meaning::Float(f64::NEG_INFINITY),
        _ => {}
    }
    match text.as_bytes()[0] {
        b'.' => float(text).unwrap_or(Meaning::Text),
        b'+' | b'-' | b'0'..=b'9' => {
            let digits = text.replace('_', "");
            integer(&digits).or_else(|| float(&digits)).unwrap_or(Meaning::Text)
        }
        _ => Meaning::Text,
    }
}

/// A whole number of any base, as Go writes them.
fn integer(text: &str) -> Option<Meaning> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.get(..2) {
        Some("0x") => (16, &lower[2..]),
        Some("0b") => (2, &lower[2..]),
        Some("0o") => (8, &lower[2..]),
        Some(_) if lower.starts_with('0') => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let signed = format!("{}{digits}", if negative { "-" } else { "" });
    match (i64::from_str_radix(&signed, radix), u64::from_str_radix(digits, radix)) {
        (Ok(number), _) => Some(Meaning::Integer(number)),
        (_, Ok(_)) if !text.starts_with(['+', '-']) => Some(Meaning::Large),
        _ => None,
    }
}

fn float(text: &str) -> Option<Meaning> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    let number: f64 = text.parse().ok().filter(|_| plain)?;
    number.is_finite().then_some(Meaning::Float(number))
}

/// What base64 stands for, which may be broken into lines, and of which Go forgives the last bits.
fn binary(text: &str) -> Option<Vec<u8>> {
    let mut forgiving: Specification = BASE64.specification();
    forgiving.check_trailing_bits = false;
    forgiving.ignore.push_str("\r\n");
    forgiving.encoding().ok()?.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Option<i64> {
        Scalar::plain(text.to_owned()).integer()
    }

    #[test]
    fn whole_numbers_have_the_bases_of_go() {
        let rows = [
            ("200", 200),
            ("+12", 12),
            ("-1", -1),
            ("1_000", 1000),
            ("0x1F", 31),
            ("0b11", 3),
            ("0o17", 15),
            ("017", 15),
            ("08", 8),
            ("0_17", 15),
            ("200.7", 200),
            ("2e2", 200),
            (".5", 0),
            ("-0x10", -16),
            ("0", 0),
            ("00", 0),
            ("-.inf", i64::MIN),
            ("9223372036854775807", i64::MAX),
        ];
        for (text, value) in rows {
            assert_eq!(number(text), Some(value), "{text}");
        }
        for text in
            ["", "x", "0x", "1e400", ".inf", ".nan", "9223372036854775808", "1:30", "2024-01-02", "true", "0xg", "1__x"]
        {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn booleans_are_true_and_false_and_the_words_of_yaml_1_1_even_in_quotes() {
        let plain = |text: &str| Scalar::plain(text.to_owned()).flag();
        let quoted = |text: &str| Scalar::text(text.to_owned()).flag();
        for word in ["true", "True", "TRUE", "y", "Y", "yes", "on", "ON"] {
            assert_eq!(plain(word), Some(true), "{word}");
        }
        for word in ["false", "FALSE", "n", "No", "off"] {
            assert_eq!(plain(word), Some(false), "{word}");
        }
        assert_eq!((quoted("yes"), quoted("true"), plain("tRue"), plain("1")), (Some(true), None, None, None));
    }

    #[test]
    fn text_is_what_was_written_and_binary_is_decoded() {
        assert_eq!(&*Scalar::plain("010".to_owned()).bytes(), b"010");
        assert_eq!(&*Scalar::tagged("binary", "/wA=\n".to_owned()).unwrap().bytes(), b"\xff\0");
        assert!(Scalar::tagged("binary", "a".to_owned()).is_err());
        assert!(Scalar::tagged("int", "abc".to_owned()).is_err());
        assert!(Scalar::tagged("bool", "yes".to_owned()).is_err());
        assert_eq!(&*Scalar::tagged("made-up", "5".to_owned()).unwrap().bytes(), b"5");
    }
}
