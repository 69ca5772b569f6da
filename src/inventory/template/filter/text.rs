//! Filters that make texts of texts.

use std::rc::Rc;

use super::super::argument::Arguments;
use super::super::context;
use super::super::engine::Engine;
use super::super::native::{Marker, Native, Outcome};

/// `string`: Python's `str`.
pub(super) fn string<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    Ok(Native::Text(engine.str(value)?))
}

pub(super) fn lower<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    engine.text(engine.str(value)?.to_lowercase())
}

pub(super) fn upper<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    engine.text(engine.str(value)?.to_uppercase())
}

pub(super) fn capitalize<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    engine.text(capitalized(&engine.str(value)?))
}

/// `title`: a word begins after a space, a dash or an opening bracket.
pub(super) fn title<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    let text = engine.str(value)?;
    let is_gap = |char: char| char.is_whitespace() || "-({[<".contains(char);
    engine.text(text.split_inclusive(is_gap).map(capitalized).collect::<String>())
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + &chars.as_str().to_lowercase()
}

/// `trim(chars)`.
pub(super) fn trim<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [chars] = arguments.bind(["chars"])?;
    let chars = match chars {
        None | Some(Native::None) => None,
        Some(chars) => Some(engine.str(chars)?),
    };
    engine.text(strip(&engine.str(value)?, chars.as_deref(), true, true))
}

/// Python's `strip`: of white space, or of any of these characters.
pub(in super::super) fn strip<'t>(text: &'t str, chars: Option<&str>, start: bool, end: bool) -> &'t str {
    let is_stripped = |char: char| chars.map_or(char.is_whitespace(), |chars| chars.contains(char));
    let text = if start { text.trim_start_matches(is_stripped) } else { text };
    if end { text.trim_end_matches(is_stripped) } else { text }
}

/// `replace(old, new, count)`.
pub(super) fn replaced<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let text = engine.str(value)?;
    replace(engine, &text, arguments)
}

/// Python's `replace`.
pub(in super::super) fn replace<'a>(engine: &Engine<'a>, text: &str, arguments: Arguments<'a>) -> Outcome<'a> {
    let [old, new, count] = arguments.bind(["old", "new", "count"])?;
    let (Some(old), Some(new)) = (old, new) else { return Err(Marker::broken("replace takes two texts")) };
    let (old, new) = (engine.str(old)?, engine.str(new)?);
    let most = match count {
        None | Some(Native::None) => usize::MAX,
        Some(Native::Int(count)) => usize::try_from(count).unwrap_or(usize::MAX),
        Some(other) => return Err(Marker::broken(format!("{} is no number of times", other.kind()))),
    };
    let found = text.matches(&*old).take(most).count();
    engine.pay(found * new.len() / 64)?;
    engine.text(text.replacen(&*old, &new, most))
}

/// `split(sep, maxsplit)`.
pub(super) fn parts<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    match value {
        Native::Text(text) => engine.list(split(&text, arguments)?),
        other => Err(Marker::broken(format!("split takes a text, and got {}", other.kind()))),
    }
}

/// Python's `split`: at runs of white space, or at a text.
pub(in super::super) fn split<'a>(text: &str, arguments: Arguments<'a>) -> Outcome<'a, Vec<Native<'a>>> {
    let [at, most] = arguments.bind(["sep", "maxsplit"])?;
    let most = match most {
        None => None,
        Some(Native::Int(most)) => usize::try_from(most).ok(),
        Some(other) => return Err(Marker::broken(format!("{} is no number of splits", other.kind()))),
    };
    match (at, most) {
        (None | Some(Native::None), None) => Ok(text.split_whitespace().map(Native::text).collect()),
        (Some(Native::Text(at)), _) if at.is_empty() => Err(Marker::broken("nothing separates no texts")),
        (Some(Native::Text(at)), None) => Ok(text.split(&*at).map(Native::text).collect()),
        (Some(Native::Text(at)), Some(most)) => {
            Ok(text.splitn(most.saturating_add(1), &*at).map(Native::text).collect())
        }
        _ => Err(Marker::broken("split takes a text, and a number with it only")),
    }
}

/// `quote`: as a shell wants it.
pub(super) fn quote<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    let text = if matches!(value, Native::None) { Rc::from("") } else { engine.str(value)? };
    let is_safe = |char: char| char.is_ascii_alphanumeric() || "_@%+=:,./-".contains(char);
    if !text.is_empty() && text.chars().all(is_safe) {
        return Ok(Native::Text(text));
    }
    engine.text(format!("'{}'", text.replace('\'', "'\"'\"'")))
}

pub(super) fn basename<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    let path = path(value)?;
    engine.text(path.rsplit_once('/').map_or(&*path, |(_, last)| last))
}

pub(super) fn dirname<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    let path = path(value)?;
    let head = path.rfind('/').map_or("", |at| &path[..=at]);
    let trimmed = head.trim_end_matches('/');
    engine.text(if trimmed.is_empty() { head } else { trimmed })
}

/// `path_join`: an absolute part begins anew.
pub(super) fn path_join<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    let parts = match value {
        Native::Text(_) => vec![value],
        list => context::items(engine, list)?,
    };
    let mut joined = String::new();
    for part in parts {
        let part = path(engine.need(part)?)?;
        if part.starts_with('/') {
            joined.clear();
        } else if !joined.is_empty() && !joined.ends_with('/') {
            joined.push('/');
        }
        joined.push_str(&part);
    }
    engine.text(joined)
}

fn path(value: Native<'_>) -> Outcome<'_, Rc<str>> {
    match value {
        Native::Text(path) => Ok(path),
        other => Err(Marker::broken(format!("{} is no path", other.kind()))),
    }
}
