//! Python's quoted text: its prefixes, its four quotes and its escapes. Formatted text and `\N{…}` are not read.

use std::sync::LazyLock;

use regex::Regex;

use super::scalar::pattern;

static OPENING: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^(?i:[urb]|br|rb)?(?:'''|"""|'|")"#));
static CODE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3})"));

/// Whether quoted text begins here.
pub(super) fn begins(text: &str) -> bool {
    OPENING.is_match(text)
}

/// Takes the quoted text that begins here, and says whether it is bytes; nothing if it is none that can be read.
pub(super) fn take(rest: &mut &str) -> Option<(String, bool)> {
    let opening = OPENING.find(rest)?.as_str();
    let (prefix, quote) = opening.split_at(opening.find(['\'', '"'])?);
    let prefix = prefix.to_lowercase();
    let (raw, bytes) = (prefix.contains('r'), prefix.contains('b'));
    let mut left = &rest[opening.len()..];
    let mut text = String::new();
    loop {
        if let Some(behind) = left.strip_prefix(quote) {
            *rest = behind;
            return Some((text, bytes));
        }
        match next(&mut left)? {
            '\\' if raw => text.extend(['\\', next(&mut left)?]),
            '\\' => escape(&mut left, bytes, &mut text)?,
            char if bytes && !char.is_ascii() => return None,
            char => text.push(char),
        }
    }
}

fn next(left: &mut &str) -> Option<char> {
    let mut chars = left.chars();
    let next = chars.next();
    *left = chars.as_str();
    next
}

/// What stands behind a backslash; one that protects nothing is kept.
fn escape(left: &mut &str, bytes: bool, text: &mut String) -> Option<()> {
    if let Some(code) = CODE.find(left).filter(|code| !(bytes && code.as_str().starts_with(['u', 'U']))) {
        let digits = code.as_str().trim_start_matches(['x', 'u', 'U']);
        let radix = if digits.len() == code.len() { 8 } else { 16 };
        let plain = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
        *left = &left[code.len()..];
        text.push(plain);
        return (!bytes || plain.is_ascii()).then_some(());
    }
    let plain = match next(left)? {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        same @ ('\\' | '\'' | '"') => same,
        'x' => return None,
        'u' | 'U' | 'N' if !bytes => return None,
        other => {
            text.push('\\');
            other
        }
    };
    text.push(plain);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str, expected: &str) {
        let mut rest = text;
        assert_eq!(take(&mut rest).map(|(text, _)| text).as_deref(), Some(expected), "{text}");
    }

    #[test]
    fn quotes_may_be_single_double_or_triple() {
        reads("'a\"b'c", "a\"b");
        reads(r#""""it's "quoted" """x"#, "it's \"quoted\" ");
        reads("''", "");
    }

    #[test]
    fn escapes_are_pythons() {
        reads(r"'\x41\101\u00e9\U0001f600\n\\\d'", "AA\u{e9}\u{1f600}\n\\\\d");
        reads(r"r'\d\''", r"\d\'");
        reads(r"B'\u00e9'", r"\u00e9");
    }

    #[test]
    fn what_cannot_be_held_is_not_read() {
        for mut text in [r"'\ud800'", r"'\x4'", "'open", r"'\N{DASH}'", "b'é'", r"b'\xe9'", "f'x'", "x"] {
            assert_eq!(take(&mut text), None, "{text}");
        }
    }
}
