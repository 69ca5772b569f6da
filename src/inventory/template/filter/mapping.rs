//! Filters of mappings.

use std::rc::Rc;

use super::super::argument::Arguments;
use super::super::engine::Engine;
use super::super::native::{Map, Marker, Native, Outcome};
use super::super::{context, operator, python};

/// What becomes of two lists under one key.
#[derive(Clone, Copy)]
enum Lists {
    Replace,
    Keep,
    Append,
    Prepend,
}

/// `combine(…, recursive, list_merge)`: what comes later holds.
pub(super) fn combine<'a>(engine: &Engine<'a>, value: Native<'a>, mut arguments: Arguments<'a>) -> Outcome<'a> {
    let recursive = arguments.take("recursive").map_or(Ok(false), |flag| operator::truth(engine, flag))?;
    let lists = match arguments.take("list_merge") {
        None => Lists::Replace,
        Some(kind) => match &*engine.str(kind)? {
            "replace" => Lists::Replace,
            "keep" => Lists::Keep,
            "append" => Lists::Append,
            "prepend" => Lists::Prepend,
            other => return Err(Marker::broken(format!("list_merge={other} is not known here"))),
        },
    };
    let mut maps = Vec::new();
    for term in std::iter::once(value).chain(std::mem::take(&mut arguments.positional)) {
        match engine.need(term)? {
            Native::Map(map) => maps.push(map),
            Native::List(items) => {
                for item in items.iter() {
                    maps.push(mapping(engine, item.clone())?);
                }
            }
            Native::None => {}
            other => return Err(Marker::broken(format!("combine takes mappings, and got {}", other.kind()))),
        }
    }
    arguments.none()?;
    let combined =
        maps.into_iter().try_fold(Map::default(), |low, high| merge(engine, &low, &high, recursive, lists))?;
    Ok(Native::Map(combined))
}

fn mapping<'a>(engine: &Engine<'a>, value: Native<'a>) -> Outcome<'a, Map<'a>> {
    match engine.need(value)? {
        Native::Map(map) => Ok(map),
        other => Err(Marker::broken(format!("a mapping is needed, and this is {}", other.kind()))),
    }
}

fn merge<'a>(
    engine: &Engine<'a>,
    low: &Map<'a>,
    high: &Map<'a>,
    recursive: bool,
    lists: Lists,
) -> Outcome<'a, Map<'a>> {
    engine.pay(low.len() + high.len())?;
    let mut merged = (**low).clone();
    for (key, value) in high.iter() {
        let old = merged.get(key).cloned().filter(|_| recursive || !matches!(lists, Lists::Replace));
        let new = match old.map(|old| (engine.force(old), engine.force(value.clone()))) {
            Some((Native::Map(old), Native::Map(new))) if recursive => {
                Native::Map(engine.deeper(|| merge(engine, &old, &new, recursive, lists))?)
            }
            Some((Native::List(old), Native::List(new))) => match lists {
                Lists::Replace => Native::List(new),
                Lists::Keep => Native::List(old),
                Lists::Append => engine.list(old.iter().chain(new.iter()).cloned().collect())?,
                Lists::Prepend => engine.list(new.iter().chain(old.iter()).cloned().collect())?,
            },
            _ => value.clone(),
        };
        merged.insert(Rc::clone(key), new);
    }
    Ok(Rc::new(merged))
}

/// `dict2items(key_name, value_name)`.
pub(super) fn to_items<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [key_name, value_name] = names(engine, arguments)?;
    let map = mapping(engine, value)?;
    let items = map.iter().map(|(key, value)| {
        context::sure(key)?;
        Ok(Native::map([(Rc::clone(&key_name), Native::Text(Rc::clone(key))), (Rc::clone(&value_name), value.clone())]))
    });
    engine.list(items.collect::<Result<_, Marker>>()?)
}

/// `items2dict(key_name, value_name)`.
pub(super) fn from_items<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [key_name, value_name] = names(engine, arguments)?;
    let Native::List(items) = value else {
        return Err(Marker::broken(format!("items2dict takes a list, and got {}", value.kind())));
    };
    let entries = items.iter().map(|item| {
        let map = mapping(engine, item.clone())?;
        let part = |name: &str| map.get(name).cloned().ok_or_else(|| Marker::broken(format!("an item has no {name}")));
        match engine.need(part(&key_name)?)? {
            Native::Text(key) => Ok((key, part(&value_name)?)),
            other => Err(Marker::broken(format!("items2dict takes texts for keys, and got {}", other.kind()))),
        }
    });
    Ok(Native::map(entries.collect::<Result<Vec<_>, Marker>>()?))
}

fn names<'a>(engine: &Engine<'a>, arguments: Arguments<'a>) -> Outcome<'a, [Rc<str>; 2]> {
    let [key, value] = arguments.bind(["key_name", "value_name"])?;
    let name =
        |given: Option<Native<'a>>, own: &str| given.map_or_else(|| Ok(Rc::from(own)), |given| engine.str(given));
    Ok([name(key, "key")?, name(value, "value")?])
}

/// `items`: pairs of key and value.
pub(super) fn items<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    pairs(engine, value)
}

/// The pairs of a mapping.
pub(in super::super) fn pairs<'a>(engine: &Engine<'a>, value: Native<'a>) -> Outcome<'a> {
    let map = mapping(engine, value)?;
    let pair = |(key, value): (&Rc<str>, &Native<'a>)| {
        context::sure(key)?;
        Ok(Native::list(vec![Native::Text(Rc::clone(key)), value.clone()]))
    };
    engine.list(map.iter().map(pair).collect::<Result<_, Marker>>()?)
}

/// `dictsort(case_sensitive, by, reverse)`: pairs in order.
pub(super) fn sort<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [case, by, reverse] = arguments.bind(["case_sensitive", "by", "reverse"])?;
    let [case, reverse] = [case, reverse].map(|flag| flag.map_or(Ok(false), |flag| operator::truth(engine, flag)));
    let (case, reverse) = (case?, reverse?);
    if by.is_some_and(|by| !matches!(by, Native::Text(by) if &*by == "key")) {
        return Err(Marker::broken("dictsort is known by key only"));
    }
    let mut keyed = super::sequence::keyed(engine, pairs(engine, value)?, case, Some(&Native::Int(0)))?;
    keyed.sort_by(|(left, _), (right, _)| python::order(left, right).unwrap_or(std::cmp::Ordering::Equal));
    if reverse {
        keyed.reverse();
    }
    engine.list(keyed.into_iter().map(|(_, pair)| pair).collect())
}

/// `key | extract(container, morekeys)`.
pub(super) fn extract<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [container, more] = arguments.bind(["container", "morekeys"])?;
    let container = container.ok_or_else(|| Marker::broken("extract needs something to take from"))?;
    let more = match more {
        None | Some(Native::None) => Vec::new(),
        Some(Native::List(keys)) => keys.to_vec(),
        Some(key) => vec![key],
    };
    std::iter::once(value).chain(more).try_fold(container, |value, key| {
        let key = engine.need(key)?;
        context::item(engine, value, &key)
    })
}
