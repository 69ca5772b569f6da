//! Filters that choose among items or make new ones of them, and those that take lists for sets.

use super::super::argument::Arguments;
use super::super::engine::Engine;
use super::super::native::{Marker, Native, Outcome};
use super::super::{context, operator, python, test};
use super::sequence::keyed;

/// An item's attribute, or the item itself: `a.b` goes down, a number is a place.
pub(super) fn attribute<'a>(engine: &Engine<'a>, item: Native<'a>, by: Option<&Native<'a>>) -> Outcome<'a> {
    match by {
        None | Some(Native::None) => Ok(engine.force(item)),
        Some(Native::Text(path)) => path.split('.').try_fold(engine.force(item), |item, part| {
            let at = part.parse().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()));
            let key = at.map_or_else(|| Native::text(part), Native::Int);
            context::item(engine, item, &key)
        }),
        Some(key) => context::item(engine, item, key),
    }
}

/// `map('filter', …)` and `map(attribute='a', default=x)`.
pub(super) fn map<'a>(engine: &Engine<'a>, value: Native<'a>, mut arguments: Arguments<'a>) -> Outcome<'a> {
    let items = context::items(engine, value)?;
    if arguments.positional.is_empty() {
        let [by, default] = arguments.bind(["attribute", "default"])?;
        let by = by.ok_or_else(|| Marker::broken("map needs a filter or an attribute"))?;
        let one = |item: Native<'a>| match attribute(engine, item, Some(&by))? {
            Native::Marker(marker) if marker.missing => Ok(default.clone().unwrap_or(Native::Marker(marker))),
            found => Ok(found),
        };
        return engine.list(items.into_iter().map(one).collect::<Result<_, _>>()?);
    }
    let Native::Text(name) = arguments.positional.remove(0) else {
        return Err(Marker::broken("map takes the name of a filter"));
    };
    let one = |item| {
        engine.pay(1)?;
        engine.deeper(|| Ok(super::apply(engine, &name, item, arguments.clone())))
    };
    engine.list(items.into_iter().map(one).collect::<Result<_, _>>()?)
}

pub(super) fn select<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    choose(engine, value, None, arguments, true)
}

pub(super) fn reject<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    choose(engine, value, None, arguments, false)
}

pub(super) fn select_by<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    choose_by(engine, value, arguments, true)
}

pub(super) fn reject_by<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    choose_by(engine, value, arguments, false)
}

fn choose_by<'a>(engine: &Engine<'a>, value: Native<'a>, mut arguments: Arguments<'a>, wanted: bool) -> Outcome<'a> {
    if arguments.positional.is_empty() {
        return Err(Marker::broken("selectattr and rejectattr need an attribute"));
    }
    let by = arguments.positional.remove(0);
    choose(engine, value, Some(&by), arguments, wanted)
}

/// The items of which a test, or their truth, is as wanted.
fn choose<'a>(
    engine: &Engine<'a>,
    value: Native<'a>,
    by: Option<&Native<'a>>,
    arguments: Arguments<'a>,
    wanted: bool,
) -> Outcome<'a> {
    let items = context::items(engine, value)?;
    let mut positional = arguments.positional.into_iter();
    let name = positional.next().map(|name| engine.str(name)).transpose()?;
    let arguments = Arguments { positional: positional.collect(), named: arguments.named };
    let mut chosen = Vec::new();
    for item in items {
        let tested = attribute(engine, item.clone(), by)?;
        let holds = match &name {
            Some(name) => engine.deeper(|| test::perform(engine, name, tested, arguments.clone()))?,
            None => operator::truth(engine, tested)?,
        };
        if holds == wanted {
            chosen.push(item);
        }
    }
    engine.list(chosen)
}

/// `unique(case_sensitive, attribute)`: the first of equal items; texts are equal without regard to case.
pub(super) fn unique<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [case, by] = arguments.bind(["case_sensitive", "attribute"])?;
    let case = case.map_or(Ok(false), |case| operator::truth(engine, case))?;
    distinct(engine, keyed(engine, value, case, by.as_ref())?)
}

fn distinct<'a>(engine: &Engine<'a>, keyed: Vec<(Native<'a>, Native<'a>)>) -> Outcome<'a> {
    let (mut seen, mut kept): (Vec<Native<'a>>, _) = (Vec::new(), Vec::new());
    for (key, item) in keyed {
        engine.pay(seen.len())?;
        if !seen.iter().any(|other| python::equal(other, &key)) {
            seen.push(key);
            kept.push(item);
        }
    }
    engine.list(kept)
}

/// Both lists as sets; Python gives them in no order, this in the order in which they are written.
fn sets<'a>(
    engine: &Engine<'a>,
    value: Native<'a>,
    arguments: Arguments<'a>,
) -> Outcome<'a, (Vec<Native<'a>>, Vec<Native<'a>>)> {
    let [other] = arguments.bind(["b"])?;
    let other = other.ok_or_else(|| Marker::broken("sets are made of two lists"))?;
    let whole = |list: Native<'a>| -> Outcome<'a, Vec<Native<'a>>> {
        context::items(engine, list)?.into_iter().map(|item| engine.whole(item)).collect()
    };
    Ok((whole(value)?, whole(other)?))
}

fn within<'a>(engine: &Engine<'a>, item: &Native<'a>, set: &[Native<'a>]) -> Outcome<'a, bool> {
    engine.pay(set.len())?;
    Ok(set.iter().any(|other| python::equal(other, item)))
}

fn filtered<'a>(
    engine: &Engine<'a>,
    items: Vec<Native<'a>>,
    set: &[Native<'a>],
    wanted: bool,
) -> Outcome<'a, Vec<Native<'a>>> {
    let mut kept = Vec::new();
    for item in items {
        if within(engine, &item, set)? == wanted {
            kept.push(item);
        }
    }
    Ok(kept)
}

fn once<'a>(engine: &Engine<'a>, items: Vec<Native<'a>>) -> Outcome<'a> {
    distinct(engine, items.into_iter().map(|item| (item.clone(), item)).collect())
}

pub(super) fn union<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let (one, other) = sets(engine, value, arguments)?;
    once(engine, [one, other].concat())
}

pub(super) fn intersect<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let (one, other) = sets(engine, value, arguments)?;
    once(engine, filtered(engine, one, &other, true)?)
}

pub(super) fn difference<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let (one, other) = sets(engine, value, arguments)?;
    once(engine, filtered(engine, one, &other, false)?)
}

pub(super) fn symmetric_difference<'a>(
    engine: &Engine<'a>,
    value: Native<'a>,
    arguments: Arguments<'a>,
) -> Outcome<'a> {
    let (one, other) = sets(engine, value, arguments)?;
    let both = [filtered(engine, one.clone(), &other, false)?, filtered(engine, other, &one, false)?];
    once(engine, both.concat())
}
