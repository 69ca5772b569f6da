//! Python's methods of texts, lists and mappings that templates call: `name.split('.')`, `hosts.items()`.
//!
//! Methods that change their object are refused: what is written in an inventory is not changed by a template here.

use std::rc::Rc;

use super::argument::Arguments;
use super::context;
use super::engine::Engine;
use super::native::{Marker, Native, Outcome};
use super::{filter, operator};

/// What Python has for a method of a mapping, so that it is no key after a point.
const OF_MAPPINGS: [&str; 11] =
    ["clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"];

/// The same of a list.
const OF_LISTS: [&str; 11] =
    ["append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"];

/// Refuses a method that is not called: Python would give the method itself.
pub(super) fn refuse(value: &Native<'_>, name: &str) -> Result<(), Marker> {
    let is_method = match value {
        Native::Map(_) | Native::Hosts | Native::Host(_) => OF_MAPPINGS.contains(&name),
        Native::List(_) => OF_LISTS.contains(&name),
        Native::Text(_) => TEXT.contains(&name),
        _ => false,
    };
    if is_method { Err(Marker::broken(format!("{name} is a method and is not called"))) } else { Ok(()) }
}

/// Calls a method.
pub(super) fn call<'a>(engine: &Engine<'a>, on: Native<'a>, name: &str, arguments: Arguments<'a>) -> Outcome<'a> {
    match (&on, name) {
        (Native::Text(text), _) => of_text(engine, text, name, arguments),
        (Native::Map(_) | Native::Hosts | Native::Host(_), "get") => {
            let [key, otherwise] = arguments.bind(["key", "default"])?;
            let key = key.ok_or_else(|| Marker::broken("get() needs a key"))?;
            match context::item(engine, on, &key)? {
                Native::Marker(marker) if marker.missing => Ok(otherwise.unwrap_or(Native::None)),
                found => Ok(found),
            }
        }
        (Native::Map(_) | Native::Hosts, "keys") => {
            arguments.none()?;
            engine.list(context::items(engine, on)?)
        }
        (Native::Map(entries), "values") => {
            arguments.none()?;
            engine.list(entries.values().cloned().collect())
        }
        (Native::Map(_), "items") => {
            arguments.none()?;
            filter::pairs(engine, on)
        }
        (Native::Map(_) | Native::List(_), "copy") => arguments.none().map(|()| on),
        (Native::List(_), "count" | "index") => {
            let [item] = arguments.bind(["value"])?;
            let item = item.ok_or_else(|| Marker::broken(format!("{name}() needs an item")))?;
            found(engine, on, &item, name)
        }
        _ => Err(unknown(&on, name)),
    }
}

fn unknown(on: &Native<'_>, name: &str) -> Marker {
    Marker::broken(format!("the method {name} of {} is not known here", on.kind()))
}

fn found<'a>(engine: &Engine<'a>, list: Native<'a>, item: &Native<'a>, name: &str) -> Outcome<'a> {
    let mut places = Vec::new();
    for (at, other) in context::items(engine, list)?.into_iter().enumerate() {
        if operator::contains(engine, Native::list(vec![other]), item.clone())? {
            places.push(at);
        }
    }
    let place = if name == "count" { Some(places.len()) } else { places.first().copied() };
    place.map(whole).ok_or_else(|| Marker::broken("the item is not in the list"))
}

fn whole<'a>(number: usize) -> Native<'a> {
    Native::Int(i128::try_from(number).unwrap_or_default())
}

/// What is known of the methods of a text.
const TEXT: [&str; 17] = [
    "count",
    "endswith",
    "find",
    "format",
    "isdigit",
    "join",
    "lower",
    "lstrip",
    "replace",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "title",
    "upper",
];

fn of_text<'a>(engine: &Engine<'a>, text: &Rc<str>, name: &str, arguments: Arguments<'a>) -> Outcome<'a> {
    let given = match name {
        "split" => return engine.list(filter::split(text, arguments)?),
        "replace" => return filter::replace(engine, text, arguments),
        "join" => {
            let [items] = arguments.bind(["iterable"])?;
            let items = context::items(engine, items.unwrap_or(Native::None))?;
            let texts = items.into_iter().map(|item| match engine.need(item)? {
                Native::Text(text) => Ok(text),
                other => Err(Marker::broken(format!("join() takes texts, and got {}", other.kind()))),
            });
            return engine.text(texts.collect::<Result<Vec<_>, _>>()?.join(text));
        }
        _ => {
            let [given] = arguments.bind(["value"])?;
            match given {
                None | Some(Native::None) => None,
                Some(Native::Text(given)) => Some(given),
                Some(other) => return Err(Marker::broken(format!("{name}() takes a text, and got {}", other.kind()))),
            }
        }
    };
    let part = || given.clone().ok_or_else(|| Marker::broken(format!("{name}() needs a text")));
    let strip = |start: bool, end: bool| filter::strip(text, given.as_deref(), start, end).to_owned();
    Ok(match name {
        "strip" => Native::text(strip(true, true)),
        "lstrip" => Native::text(strip(true, false)),
        "rstrip" => Native::text(strip(false, true)),
        "startswith" => Native::Bool(text.starts_with(&*part()?)),
        "endswith" => Native::Bool(text.ends_with(&*part()?)),
        "count" => whole(text.matches(&*part()?).count()),
        "find" => text.find(&*part()?).map_or(Native::Int(-1), |at| whole(text[..at].chars().count())),
        "upper" if given.is_none() => Native::text(text.to_uppercase()),
        "lower" if given.is_none() => Native::text(text.to_lowercase()),
        "isdigit" if given.is_none() => {
            Native::Bool(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        }
        "splitlines" if given.is_none() => Native::list(text.lines().map(Native::text).collect()),
        _ => return Err(unknown(&Native::Text(Rc::clone(text)), name)),
    })
}
