//! Taking secrets out of text by value, whichever way they got into it.
//!
//! A service may repeat a password in an error page, and a URL may hold one; what a probe returned is not known to be
//! free of them. Who collects the secrets decides what is one.

use std::fmt::{self, Write};

use super::Value;

/// The texts that no output may hold, whichever way they got into it.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// The shortest text, in characters, that is taken out; anything shorter stands in half the words of a report.
    pub const SHORTEST: usize = 4;

    /// Remembers each text as it is, as it stands in a URL, and as it stands in JSON; the longest is looked for first.
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let long = texts.into_iter().filter(|text| text.chars().count() >= Self::SHORTEST);
        let mut forms: Vec<_> = long.flat_map(|text| [text.to_owned(), in_url(text), in_json(text)]).collect();
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self(forms)
    }

    /// The same with one more, if there is one.
    #[must_use]
    pub fn with(self, text: Option<&str>) -> Self {
        let known = self.0.iter().map(String::as_str);
        Self::new(known.chain(text))
    }

    /// The text with every secret replaced by `******`.
    pub fn scrub(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), MASK) } else { text }
        })
    }

    /// Takes the secrets out of a value, however deep, keys included; a number that is a secret becomes text.
    pub fn scrub_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.scrub(text),
            Value::Number(number) if self.0.contains(&number.to_string()) => *value = MASK.into(),
            Value::Array(items) => items.iter_mut().for_each(|item| self.scrub_value(item)),
            Value::Object(entries) => {
                *entries = std::mem::take(entries)
                    .into_iter()
                    .map(|(key, mut value)| {
                        self.scrub_value(&mut value);
                        (self.scrub(&key), value)
                    })
                    .collect();
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

const MASK: &str = "******";

/// Percent-encodes everything but what a URL never encodes.
fn in_url(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut url, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
        url
    })
}

/// The text between the quotes of its JSON form.
fn in_json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_longest_secret_is_taken_out_first() {
        let secrets = Secrets::new(["DBUser", "DBUser.DBA"]);
        assert_eq!(secrets.scrub("password DBUser.DBA of DBUser"), "password ****** of ******");
    }

    #[test]
    fn a_secret_is_found_in_a_url_and_in_json() {
        let secrets = Secrets::new(["p@ss\"word"]);
        assert_eq!(secrets.scrub("http://admin:p%40ss%22word@10.10.10.10/"), "http://admin:******@10.10.10.10/");
        assert_eq!(secrets.scrub(r#"{"password":"p@ss\"word"}"#), r#"{"password":"******"}"#);
    }

    #[test]
    fn a_very_short_text_is_left_alone() {
        assert_eq!(Secrets::new(["", "abc"]).scrub("abc is the alphabet"), "abc is the alphabet");
        assert_eq!(Secrets::new(["äöüß"]).scrub("äöüß"), "******");
    }

    #[test]
    fn a_value_is_scrubbed_to_its_leaves() {
        let mut value = json!({"a": [{"pigsty-secret": "is pigsty-secret"}], "pin": 123_456, "n": 1_234_567});
        Secrets::new(["pigsty-secret", "123456"]).scrub_value(&mut value);
        assert_eq!(value, json!({"a": [{"******": "is ******"}], "pin": "******", "n": 1_234_567}));
    }

    #[test]
    fn secrets_do_not_show_in_debug() {
        assert_eq!(format!("{:?}", Secrets::new(["pigsty-secret"])), "******");
    }
}
