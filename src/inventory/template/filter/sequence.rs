//! Filters of lists: their ends, their length, their order, their sum.

use std::cmp::Ordering;
use std::rc::Rc;

use minijinja::machinery::ast::BinOpKind;

use super::super::argument::Arguments;
use super::super::context;
use super::super::engine::Engine;
use super::super::native::{Marker, Native, Outcome};
use super::super::{operator, python};
use super::collection::attribute;

pub(super) fn list<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    engine.list(context::items(engine, value)?)
}

pub(super) fn length<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    let length = match &value {
        Native::Map(entries) => entries.len(),
        Native::List(items) => items.len(),
        _ => context::items(engine, value)?.len(),
    };
    Ok(Native::Int(i128::try_from(length).unwrap_or_default()))
}

pub(super) fn first<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    end(engine, context::items(engine, value)?.into_iter().next())
}

pub(super) fn last<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    end(engine, context::items(engine, value)?.pop())
}

fn end<'a>(engine: &Engine<'a>, item: Option<Native<'a>>) -> Outcome<'a> {
    item.map(|item| engine.force(item)).ok_or_else(|| Marker::missing("an empty list has no such item"))
}

pub(super) fn reverse<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    let is_text = matches!(value, Native::Text(_));
    let mut items = context::items(engine, value)?;
    items.reverse();
    if !is_text {
        return engine.list(items);
    }
    let texts = items.into_iter().map(|item| engine.str(item)).collect::<Result<Vec<_>, _>>()?;
    engine.text(texts.concat())
}

/// `join(d, attribute)`.
pub(super) fn join<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [between, by] = arguments.bind(["d", "attribute"])?;
    let between = between.map_or_else(|| Ok(Rc::from("")), |between| engine.str(between))?;
    let texts =
        context::items(engine, value)?.into_iter().map(|item| engine.str(attribute(engine, item, by.as_ref())?));
    engine.text(texts.collect::<Result<Vec<_>, _>>()?.join(&between))
}

/// `flatten(levels, skip_nulls)`.
pub(super) fn flatten<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [levels, skip] = arguments.bind(["levels", "skip_nulls"])?;
    let levels = match levels {
        None | Some(Native::None) => usize::MAX,
        Some(Native::Int(levels)) => usize::try_from(levels).unwrap_or_default(),
        Some(other) => return Err(Marker::broken(format!("{} is no number of levels", other.kind()))),
    };
    let skip = skip.map_or(Ok(true), |skip| operator::truth(engine, skip))?;
    let mut flat = Vec::new();
    flatten_into(engine, value, levels, skip, &mut flat)?;
    engine.list(flat)
}

fn flatten_into<'a>(
    engine: &Engine<'a>,
    value: Native<'a>,
    levels: usize,
    skip: bool,
    flat: &mut Vec<Native<'a>>,
) -> Outcome<'a, ()> {
    for item in context::items(engine, value)? {
        match engine.need(item)? {
            Native::None if skip => {}
            Native::Text(text) if skip && matches!(&*text, "None" | "null") => {}
            list @ Native::List(_) if levels > 0 => {
                engine.deeper(|| flatten_into(engine, list, levels - 1, skip, flat))?;
            }
            item => flat.push(item),
        }
    }
    Ok(())
}

/// The items of two or more lists by turns, as long as all have some.
pub(super) fn zip<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    if !arguments.named.is_empty() {
        return Err(Marker::broken("zip takes lists only"));
    }
    let lists = std::iter::once(value).chain(arguments.positional).map(|list| context::items(engine, list));
    let lists = lists.collect::<Result<Vec<_>, _>>()?;
    let shortest = lists.iter().map(Vec::len).min().unwrap_or_default();
    let row = |at: usize| Native::list(lists.iter().map(|list| list[at].clone()).collect());
    engine.list((0..shortest).map(row).collect())
}

/// `sum(attribute, start)`.
pub(super) fn sum<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [by, start] = arguments.bind(["attribute", "start"])?;
    let start = start.unwrap_or(Native::Int(0));
    if matches!(start, Native::Text(_)) {
        return Err(Marker::broken("texts are not summed"));
    }
    context::items(engine, value)?.into_iter().try_fold(start, |sum, item| {
        let item = engine.need(attribute(engine, item, by.as_ref())?)?;
        operator::compute(engine, BinOpKind::Add, sum, item)
    })
}

/// `sort(reverse, case_sensitive, attribute)`.
pub(super) fn sort<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [reverse, case, by] = arguments.bind(["reverse", "case_sensitive", "attribute"])?;
    let [reverse, case] = [reverse, case].map(|flag| flag.map_or(Ok(false), |flag| operator::truth(engine, flag)));
    let (reverse, case) = (reverse?, case?);
    if matches!(&by, Some(Native::Text(by)) if by.contains(',')) {
        return Err(Marker::broken("sort by several attributes is not known here"));
    }
    let mut keyed = keyed(engine, value, case, by.as_ref())?;
    let mut refused = None;
    keyed.sort_by(|(left, _), (right, _)| {
        let order = python::order(left, right).unwrap_or_else(|marker| {
            refused = Some(marker);
            Ordering::Equal
        });
        if reverse { order.reverse() } else { order }
    });
    match refused {
        Some(marker) => Err(marker),
        None => engine.list(keyed.into_iter().map(|(_, item)| item).collect()),
    }
}

pub(super) fn min<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    extreme(engine, value, arguments, Ordering::Less)
}

pub(super) fn max<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    extreme(engine, value, arguments, Ordering::Greater)
}

fn extreme<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>, wanted: Ordering) -> Outcome<'a> {
    let [case, by] = arguments.bind(["case_sensitive", "attribute"])?;
    let case = case.map_or(Ok(false), |case| operator::truth(engine, case))?;
    let mut best: Option<(Native<'a>, Native<'a>)> = None;
    for (key, item) in keyed(engine, value, case, by.as_ref())? {
        let is_better = match &best {
            Some((other, _)) => python::order(&key, other)? == wanted,
            None => true,
        };
        if is_better {
            best = Some((key, item));
        }
    }
    best.map(|(_, item)| item).ok_or_else(|| Marker::missing("an empty list has no such item"))
}

/// Every item with what it is ordered by: an attribute, and texts without regard to case unless told otherwise.
pub(super) fn keyed<'a>(
    engine: &Engine<'a>,
    value: Native<'a>,
    case: bool,
    by: Option<&Native<'a>>,
) -> Outcome<'a, Vec<(Native<'a>, Native<'a>)>> {
    let key = |item: Native<'a>| {
        let key = engine.whole(attribute(engine, item.clone(), by)?)?;
        let key = match &key {
            Native::Text(text) if !case => Native::text(text.to_lowercase()),
            _ => key,
        };
        Ok((key, engine.force(item)))
    };
    context::items(engine, value)?.into_iter().map(key).collect()
}
