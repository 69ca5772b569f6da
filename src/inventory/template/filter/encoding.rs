//! Filters for JSON, YAML, base 64 and hashes.
//!
//! Their messages never show what they read: it may be a secret.

use data_encoding::{BASE64, BASE64URL, HEXLOWER};
use ring::digest;

use super::super::argument::Arguments;
use super::super::engine::Engine;
use super::super::native::{Marker, Native, Outcome};
use super::super::{operator, python};
use crate::inventory::yaml;
use crate::value::Value;

/// How Python's `json.dumps` writes.
#[derive(Clone, Copy)]
struct Style {
    indent: Option<usize>,
    sorted: bool,
    ascii: bool,
}

/// `to_json(indent, sort_keys, ensure_ascii)`.
pub(super) fn to_json<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    json(engine, value, arguments, Style { indent: None, sorted: false, ascii: true })
}

/// `to_nice_json`: four spaces, keys in order.
pub(super) fn to_nice_json<'a>(engine: &Engine<'a>, value: Native<'a>, mut arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.take("separators");
    json(engine, value, arguments, Style { indent: Some(4), sorted: true, ascii: true })
}

fn json<'a>(engine: &Engine<'a>, value: Native<'a>, mut arguments: Arguments<'a>, mut style: Style) -> Outcome<'a> {
    let mut flag = |name, otherwise| match arguments.take(name) {
        Some(value) => operator::truth(engine, value),
        None => Ok(otherwise),
    };
    (style.sorted, style.ascii) = (flag("sort_keys", style.sorted)?, flag("ensure_ascii", style.ascii)?);
    let [indent] = arguments.bind(["indent"])?;
    style.indent = match indent {
        None => style.indent,
        Some(Native::None) => None,
        Some(Native::Int(spaces @ 0..=16)) => usize::try_from(spaces).ok(),
        Some(_) => return Err(Marker::broken("JSON is indented by 0 to 16 spaces")),
    };
    let value = engine.whole(value)?;
    let mut text = String::new();
    write(&value, style, 0, &mut text)?;
    engine.text(text)
}

fn write(value: &Native<'_>, style: Style, depth: usize, text: &mut String) -> Result<(), Marker> {
    let (between, colon) = if style.indent.is_some() { (",", ": ") } else { (", ", ": ") };
    let line =
        |depth: usize| style.indent.map(|spaces| format!("\n{}", " ".repeat(spaces * depth))).unwrap_or_default();
    match value {
        Native::None => text.push_str("null"),
        Native::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Native::Int(whole) => text.push_str(&whole.to_string()),
        Native::Float(number) if !number.is_finite() => return Err(Marker::broken("JSON has no such number")),
        Native::Float(number) => text.push_str(&python::float(*number)),
        Native::Text(plain) => quote(plain, style.ascii, text),
        Native::List(items) if items.is_empty() => text.push_str("[]"),
        Native::List(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at > 0 { between } else { "" });
                text.push_str(&line(depth + 1));
                write(item, style, depth + 1, text)?;
            }
            text.push_str(&(line(depth) + "]"));
        }
        Native::Map(entries) if entries.is_empty() => text.push_str("{}"),
        Native::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            if style.sorted {
                entries.sort_by_key(|(key, _)| *key);
            }
            text.push('{');
            for (at, (key, item)) in entries.into_iter().enumerate() {
                text.push_str(if at > 0 { between } else { "" });
                text.push_str(&line(depth + 1));
                quote(key, style.ascii, text);
                text.push_str(colon);
                write(item, style, depth + 1, text)?;
            }
            text.push_str(&(line(depth) + "}"));
        }
        other => return Err(Marker::broken(format!("{} is no JSON", other.kind()))),
    }
    Ok(())
}

fn quote(plain: &str, ascii: bool, text: &mut String) {
    let quoted = Value::from(plain).to_string();
    if !ascii {
        text.push_str(&quoted);
        return;
    }
    for char in quoted.chars() {
        match char {
            '\u{7f}'.. => text.extend(char.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}"))),
            _ => text.push(char),
        }
    }
}

/// `from_json`.
pub(super) fn from_json<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    let Native::Text(text) = value else {
        return Err(Marker::broken(format!("from_json takes a text, and got {}", value.kind())));
    };
    engine.pay(text.len())?;
    let value = serde_json::from_str(&text).map_err(|_| Marker::broken("its text is no JSON"))?;
    Ok(Native::plain(&value))
}

/// `from_yaml`: read as an inventory is.
pub(super) fn from_yaml<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    let text = match value {
        Native::Text(text) => text,
        Native::None => return Ok(Native::None),
        other => return Err(Marker::broken(format!("from_yaml takes a text, and got {}", other.kind()))),
    };
    engine.pay(text.len())?;
    if text.contains("!vault") || text.contains("!unsafe") {
        return Err(Marker::broken("from_yaml reads no tags here"));
    }
    let document = yaml::read("text", &text).map_err(|_| Marker::broken("its text is no YAML"))?;
    Ok(Native::plain(&document.root.value()))
}

/// `b64encode(encoding, urlsafe)`.
pub(super) fn to_base64<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let alphabet = alphabet(engine, arguments)?;
    engine.text(alphabet.encode(engine.str(value)?.as_bytes()))
}

/// `b64decode(encoding, urlsafe)`: of what is text.
pub(super) fn from_base64<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let alphabet = alphabet(engine, arguments)?;
    let bytes = alphabet.decode(engine.str(value)?.as_bytes()).map_err(|_| Marker::broken("its text is no base 64"))?;
    engine.text(String::from_utf8(bytes).map_err(|_| Marker::broken("its base 64 is no text"))?)
}

fn alphabet<'a>(engine: &Engine<'a>, arguments: Arguments<'a>) -> Outcome<'a, data_encoding::Encoding> {
    let [encoding, urlsafe] = arguments.bind(["encoding", "urlsafe"])?;
    if encoding.is_some_and(|encoding| !matches!(encoding, Native::Text(name) if &*name == "utf-8")) {
        return Err(Marker::broken("base 64 is known of UTF-8 only"));
    }
    let is_urlsafe = urlsafe.map_or(Ok(false), |urlsafe| operator::truth(engine, urlsafe))?;
    Ok(if is_urlsafe { BASE64URL } else { BASE64 })
}

/// `hash(type)`.
pub(super) fn hash<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [kind] = arguments.bind(["hashtype"])?;
    let kind = kind.map_or_else(|| Ok("sha1".into()), |kind| engine.str(kind))?;
    let algorithm = match &*kind {
        "sha1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        "sha256" => &digest::SHA256,
        "sha384" => &digest::SHA384,
        "sha512" => &digest::SHA512,
        _ => return Err(Marker::broken(format!("the hash {kind} is not known here"))),
    };
    let made = digest::digest(algorithm, engine.str(value)?.as_bytes());
    engine.text(HEXLOWER.encode(made.as_ref()))
}

/// `sha1`, which Ansible also calls `checksum`.
pub(super) fn sha1<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    hash(engine, value, Arguments::default())
}
