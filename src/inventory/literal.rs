//! What a value of an INI inventory means: Python's `ast.literal_eval`, and text where that fails.
//!
//! Numbers, quoted text, `True`, `False`, `None`, lists, tuples, sets and dictionaries become values; `true`, `0755` and
//! `10.10.10.10` are no literals of Python and stay text. Tuples and sets become lists, bytes become unsafe text.
//! Complex numbers and `\N{…}` are not evaluated.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Number;

use super::quoted;
use super::scalar::{pattern, whole_number};
use crate::value::{Object, Value, show};

/// How deep brackets may nest: Python's own limit.
const DEPTH: usize = 200;

static FLOAT: LazyLock<Regex> = LazyLock::new(|| {
    let digits = "[0-9](?:_?[0-9])*";
    pattern(&format!(r"^(?:(?:{digits}\.(?:{digits})?|\.{digits})(?:[eE][-+]?{digits})?|{digits}[eE][-+]?{digits})"))
});
static INTEGER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?0)*|[1-9](?:_?[0-9])*)")
});

/// The value of what stands behind `=`; an error where Ansible stops.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let mut reader = Reader { rest: text.trim_start_matches([' ', '\t']), depth: 0, unhashable: false };
    match reader.whole() {
        Some(_) if reader.unhashable => Err("a list or mapping cannot be the key of a mapping".to_owned()),
        Some(value) => Ok(value),
        None => Ok(text.into()),
    }
}

/// What is left to read; every step gives nothing where the text is no literal.
struct Reader<'a> {
    rest: &'a str,
    depth: usize,
    unhashable: bool,
}

/// A value, and whether it may be a key.
struct Item(Value, bool);

impl<'a> Reader<'a> {
    fn whole(&mut self) -> Option<Value> {
        let Item(first, _) = self.item()?;
        let value = if self.takes(",") { self.tuple(first, "")?.0 } else { first };
        self.rest().is_empty().then_some(value)
    }

    /// What is left behind blanks and a comment.
    fn rest(&mut self) -> &'a str {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\u{c}']);
        if self.rest.starts_with('#') {
            self.rest = "";
        }
        self.rest
    }

    fn takes(&mut self, token: &str) -> bool {
        match self.rest().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn item(&mut self) -> Option<Item> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        let item = match self.rest().chars().next()? {
            '[' => self.list(),
            '(' => self.parenthesis(),
            '{' => self.braces(),
            '+' | '-' => self.signed(),
            '.' if self.takes("...") => Some(Item("...".into(), true)),
            '.' | '0'..='9' => self.number(false),
            _ if quoted::begins(self.rest) => self.strings(),
            _ => self.word(),
        };
        self.depth -= 1;
        item
    }

    fn word(&mut self) -> Option<Item> {
        let end = self.rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            "True" => Some(Item(true.into(), true)),
            "False" => Some(Item(false.into(), true)),
            "None" => Some(Item(Value::Null, true)),
            "set" if self.takes("(") && self.takes(")") => Some(Item(Value::Array(Vec::new()), false)),
            _ => None,
        }
    }

    fn signed(&mut self) -> Option<Item> {
        let negative = self.rest.starts_with('-');
        self.rest = &self.rest[1..];
        let mut open = 0;
        while self.takes("(") {
            open += 1;
        }
        self.rest();
        let number = self.number(negative)?;
        (0..open).all(|_| self.takes(")")).then_some(number)
    }

    fn number(&mut self, negative: bool) -> Option<Item> {
        let float = FLOAT.find(self.rest);
        let token = float.or_else(|| INTEGER.find(self.rest))?.as_str();
        self.rest = &self.rest[token.len()..];
        if self.rest.starts_with(|next: char| next.is_alphanumeric() || matches!(next, '_' | '.')) {
            return None;
        }
        let digits = token.replace('_', "").to_lowercase();
        let value = if float.is_some() { self::float(negative, &digits)? } else { integer(negative, &digits) };
        Some(Item(value, true))
    }

    fn list(&mut self) -> Option<Item> {
        self.rest = &self.rest[1..];
        let items = self.items("]", Vec::new())?;
        Some(Item(items.into_iter().map(|item| item.0).collect(), false))
    }

    /// One value in parentheses is that value; a comma makes a tuple.
    fn parenthesis(&mut self) -> Option<Item> {
        self.rest = &self.rest[1..];
        if self.takes(")") {
            return Some(Item(Value::Array(Vec::new()), true));
        }
        let Item(first, hashable) = self.item()?;
        if self.takes(")") {
            return Some(Item(first, hashable));
        }
        if !self.takes(",") {
            return None;
        }
        let Item(tuple, rest) = self.tuple(first, ")")?;
        Some(Item(tuple, hashable && rest))
    }

    /// The rest of a tuple, behind its first comma.
    fn tuple(&mut self, first: Value, close: &str) -> Option<Item> {
        let items = self.items(close, vec![Item(first, true)])?;
        let hashable = items.iter().all(|item| item.1);
        Some(Item(items.into_iter().map(|item| item.0).collect(), hashable))
    }

    /// Values with commas between them, and one behind the last if one likes; to the end where nothing closes them.
    fn items(&mut self, close: &str, mut items: Vec<Item>) -> Option<Vec<Item>> {
        while !self.closes(close) {
            items.push(self.item()?);
            if !self.takes(",") {
                return self.closes(close).then_some(items);
            }
        }
        Some(items)
    }

    fn closes(&mut self, close: &str) -> bool {
        if close.is_empty() { self.rest().is_empty() } else { self.takes(close) }
    }

    fn braces(&mut self) -> Option<Item> {
        self.rest = &self.rest[1..];
        let mut entries: Vec<(Value, Value)> = Vec::new();
        if self.takes("}") {
            return Some(Item(Object::new().into(), false));
        }
        let first = self.key()?;
        if !self.takes(":") {
            return self.set(first);
        }
        let mut key = Some(first);
        while let Some(name) = key.take() {
            let value = self.item()?.0;
            match entries.iter_mut().find(|(known, _)| are_equal(known, &name)) {
                Some((_, old)) => *old = value,
                None => entries.push((name, value)),
            }
            if self.takes(",") && !self.rest().starts_with('}') {
                key = Some(self.key()?).filter(|_| self.takes(":"));
                key.as_ref()?;
            }
        }
        let object: Object = entries.into_iter().map(|(key, value)| (show(&key), value)).collect();
        self.takes("}").then(|| Item(object.into(), false))
    }

    fn set(&mut self, first: Value) -> Option<Item> {
        let mut values = vec![first];
        while self.takes(",") && !self.rest().starts_with('}') {
            let next = self.key()?;
            if !values.iter().any(|known| are_equal(known, &next)) {
                values.push(next);
            }
        }
        self.takes("}").then(|| Item(Value::Array(values), false))
    }

    fn key(&mut self) -> Option<Value> {
        let Item(value, hashable) = self.item()?;
        self.unhashable |= !hashable || value.is_array() || value.is_object();
        Some(value)
    }

    /// Quoted texts beside one another are one.
    fn strings(&mut self) -> Option<Item> {
        let mut whole = String::new();
        let mut kind = None;
        while let Some((text, is_bytes)) = quoted::take(&mut self.rest) {
            if *kind.get_or_insert(is_bytes) != is_bytes {
                return None;
            }
            whole.push_str(&text);
            self.rest();
        }
        Some(Item(if kind? { unsafe_text(whole) } else { whole.into() }, true))
    }
}

/// Ansible does not trust what was bytes: `{{` has no meaning in it.
fn unsafe_text(text: String) -> Value {
    Object::from_iter([("__ansible_unsafe".to_owned(), text.into())]).into()
}

/// Python calls 1, 1.0 and True equal.
fn are_equal(one: &Value, other: &Value) -> bool {
    let number = |value: &Value| value.as_bool().map(f64::from).or_else(|| value.as_f64());
    one == other || number(one).zip(number(other)).is_some_and(|(one, other)| one.total_cmp(&other).is_eq())
}

fn float(negative: bool, digits: &str) -> Option<Value> {
    let magnitude: f64 = digits.parse().ok()?;
    Number::from_f64(if negative { -magnitude } else { magnitude }).map(Value::Number)
}

/// An integer with its prefix; text where no number of ours can hold it.
fn integer(negative: bool, digits: &str) -> Value {
    let (digits, radix) = match digits.get(..2) {
        Some("0x") => (&digits[2..], 16),
        Some("0o") => (&digits[2..], 8),
        Some("0b") => (&digits[2..], 2),
        _ => (digits, 10),
    };
    match u128::from_str_radix(digits, radix) {
        Ok(magnitude) => whole_number(negative, magnitude),
        Err(_) => format!("{}{digits}", if negative { "-" } else { "" }).into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn means(text: &str, value: impl Into<Value>) {
        assert_eq!(read(text), Ok(value.into()), "{text}");
    }

    fn is_text(text: &str) {
        means(text, text);
    }

    #[test]
    fn numbers_are_pythons() {
        for (text, value) in [("0", 0), ("00", 0), ("-5", -5), ("- 5", -5), ("-(5)", -5), ("+5", 5), ("1_000", 1000)] {
            means(text, value);
        }
        for (text, value) in [("0x_fF", 255), ("0o755", 493), ("0B11", 3), (" 7 # of nine", 7), ("5# x", 5)] {
            means(text, value);
        }
        for (text, value) in
            [("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("5.", 5.0), ("-0777.5", -777.5), ("09e1", 90.0)]
        {
            means(text, value);
        }
        means("18446744073709551616", "18446744073709551616");
        means("-340282366920938463463374607431768211456", "-340282366920938463463374607431768211456");
    }

    #[test]
    fn what_python_does_not_know_stays_text() {
        for text in ["", "yes", "true", "0755", "10.10.10.10", "1__0", "1_", "5a", "5 5", "--5", "-True", "1+2", "a,b"]
        {
            is_text(text);
        }
        for text in ["[1, 2", "(,)", "{,}", "{1: 2, 3}", "[a]", "f'x'", "'a' b'b'", "'open", "- 'a'", "1e400", "[*[1]]"]
        {
            is_text(text);
        }
        is_text(&"(".repeat(100_000));
    }

    #[test]
    fn words_and_collections_are_values() {
        means("True", true);
        means("None", Value::Null);
        means("...", "...");
        means("80,443", json!([80, 443]));
        means("(1,)", json!([1]));
        means("()", json!([]));
        means("(1)", 1);
        means("set()", json!([]));
        means("{1, 2, True}", json!([1, 2]));
        means("{1: 'a', True: 'b'}", json!({"1": "b"}));
        means("[1, [None, {}], ]", json!([1, [null, {}]]));
        means("{'a': 1, 5: [True,], None: 'x', 'a': 2,}", json!({"a": 2, "5": [true], "null": "x"}));
    }

    #[test]
    fn quoted_text_is_read_with_its_escapes() {
        means(r#"'a' "b""#, "ab");
        means(r#""""it's "quoted" """"#, "it's \"quoted\" ");
        means(r"'\x41\101\u00e9\U0001f600\n\\\d'", "AA\u{e9}\u{1f600}\n\\\\d");
        means(r"r'\d\''", r"\d\'");
        means("b'bytes'", json!({"__ansible_unsafe": "bytes"}));
        is_text(r"'\ud800'");
        is_text(r"'\x4'");
    }

    #[test]
    fn what_cannot_be_a_key_is_refused() {
        for text in ["{[1]: 2}", "{{}}", "{(1, []): 2}", "{(1, 2): 3}"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
