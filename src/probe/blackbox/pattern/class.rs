//! Classes of characters: in brackets, `\d` and its kin, and `\p{…}`.
//!
//! Go's classes know no operators, and its `\d`, `\s` and `\w` are ASCII. Half a surrogate pair is a character to Go, which
//! stands in no text: it is left out.

use std::fmt::Write;

use super::name;
use super::syntax::{Flags, escaped as character};

/// A class that nothing is in.
pub(super) const NOTHING: &str = r"[^\x{0}-\x{10FFFF}]";

/// The names that stand between `[:` and `:]`.
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// A class in brackets at the start of a text, and what follows it.
pub(super) fn bracketed(text: &str, flags: Flags) -> Result<(String, &str), String> {
    let inner = text.get(1..).unwrap_or_default();
    let (negated, mut rest) = inner.strip_prefix('^').map_or((false, inner), |rest| (true, rest));
    let mut items = String::new();
    let mut first = true;
    while first || !rest.starts_with(']') {
        first = false;
        rest = item(rest, &mut items)?;
    }
    let set = match (items.is_empty(), negated) {
        (false, false) => format!("[{items}]"),
        (false, true) => format!("[^{items}]"),
        (true, false) => NOTHING.to_owned(),
        (true, true) => "(?s:.)".to_owned(),
    };
    Ok((folded(set, flags), &rest[1..]))
}

/// A class that an escape stands for, outside of brackets, and what follows it.
pub(super) fn escaped(text: &str, flags: Flags) -> Result<Option<(String, &str)>, String> {
    let set = |(set, rest): (String, _)| (folded(format!("[{set}]"), flags), rest);
    Ok(match property(text)? {
        Some(found) => Some(set(found)),
        None => perl(text).map(set),
    })
}

fn folded(set: String, flags: Flags) -> String {
    if flags.fold { format!("(?i:{set})") } else { set }
}

/// Writes one item of a class, and returns what follows it.
fn item<'a>(text: &'a str, items: &mut String) -> Result<&'a str, String> {
    if let Some((name, rest)) = text.strip_prefix("[:").and_then(|rest| rest.split_once(":]")) {
        if !POSIX.contains(&name.strip_prefix('^').unwrap_or(name)) {
            return Err(format!("there is no class `[:{name}:]`"));
        }
        let _ = write!(items, "[:{name}:]");
        return Ok(rest);
    }
    let class = match property(text)? {
        Some(found) => Some(found),
        None => perl(text),
    };
    if let Some((set, rest)) = class {
        items.push_str(&set);
        return Ok(rest);
    }
    let (low, rest) = single(text)?;
    let (high, rest) = match rest.strip_prefix('-') {
        Some(after) if !after.is_empty() && !after.starts_with(']') => single(after)?,
        _ => (low, rest),
    };
    if high < low {
        return Err(format!("the range `{}` runs downwards", &text[..text.len() - rest.len()]));
    }
    range(items, low, high);
    Ok(rest)
}

/// One character of a class, and what follows it.
fn single(text: &str) -> Result<(u32, &str), String> {
    match text.chars().next() {
        None => Err("a `[` is not closed".to_owned()),
        Some('\\') => character(text),
        Some(plain) => Ok((u32::from(plain), &text[plain.len_utf8()..])),
    }
}

/// Writes a range without the surrogates in it.
fn range(items: &mut String, low: u32, high: u32) {
    const SURROGATES: (u32, u32) = (0xd800, 0xdfff);
    for (low, high) in [(low, high.min(SURROGATES.0 - 1)), (low.max(SURROGATES.1 + 1), high)] {
        if low <= high {
            let _ = write!(items, "\\x{{{low:X}}}-\\x{{{high:X}}}");
        }
    }
}

/// `\d`, `\s`, `\w` and their opposites, as part of a class.
fn perl(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\\')?.chars();
    let letter = rest.next()?;
    let set = match letter.to_ascii_lowercase() {
        'd' => "0-9",
        's' => r"\t\n\x0C\r\x20",
        'w' => "0-9A-Za-z_",
        _ => return None,
    };
    let set = if letter.is_ascii_uppercase() { format!("[^{set}]") } else { set.to_owned() };
    Some((set, rest.as_str()))
}

/// `\pL`, `\p{Greek}` and their opposites, as part of a class.
fn property(text: &str) -> Result<Option<(String, &str)>, String> {
    let Some(after) = text.strip_prefix("\\p").or_else(|| text.strip_prefix("\\P")) else { return Ok(None) };
    let (name, rest) = match after.strip_prefix('{') {
        Some(braced) => braced.split_once('}').ok_or_else(|| "a `{` behind `\\p` is not closed".to_owned())?,
        None => after.split_at(after.chars().next().map_or(0, char::len_utf8)),
    };
    let (inverted, name) = name.strip_prefix('^').map_or((false, name), |name| (true, name));
    let set = name::set(name).ok_or_else(|| format!("there is no class `{}`", &text[..text.len() - rest.len()]))?;
    let set = if inverted == text.starts_with("\\P") { set } else { format!("[^{set}]") };
    Ok(Some((set, rest)))
}
