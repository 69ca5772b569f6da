//! The functions that templates call: `lookup`, `query`, `range`, `dict` and `undef`.

use std::rc::Rc;

use super::argument::Arguments;
use super::context;
use super::engine::ITEMS;
use super::lookup;
use super::native::{Marker, Native, Outcome};
use super::statement::Frame;

/// Calls a function by its name.
pub(super) fn call<'a>(frame: &Frame<'_, 'a>, name: &str, mut arguments: Arguments<'a>) -> Outcome<'a> {
    let engine = frame.engine;
    for value in arguments.positional.iter_mut().chain(arguments.named.iter_mut().map(|(_, value)| value)) {
        *value = engine.force(value.clone());
    }
    if let (Some(marker), false) = (arguments.marker(), name == "lookup") {
        return Err(marker);
    }
    match name {
        "lookup" => lookup::perform(frame, arguments, false),
        "query" | "q" => lookup::perform(frame, arguments, true),
        "range" => range(arguments).and_then(|items| engine.list(items)),
        "dict" => {
            let [pairs] = Arguments { positional: arguments.positional, named: Vec::new() }.bind(["pairs"])?;
            let mut entries = match pairs {
                None => Vec::new(),
                Some(Native::Map(map)) => map.iter().map(|(key, value)| (Rc::clone(key), value.clone())).collect(),
                Some(pairs) => pairs_of(frame, pairs)?,
            };
            entries.extend(arguments.named.into_iter().map(|(key, value)| (key.into(), value)));
            Ok(Native::map(entries))
        }
        "undef" => {
            let [hint] = arguments.bind(["hint"])?;
            match hint {
                None | Some(Native::None) => Err(Marker::missing("a mandatory variable was not overridden")),
                Some(hint) => Err(Marker::missing(engine.str(hint)?)),
            }
        }
        _ => Err(Marker::broken(format!("the function {name} is not known here"))),
    }
}

fn pairs_of<'a>(frame: &Frame<'_, 'a>, pairs: Native<'a>) -> Outcome<'a, Vec<(Rc<str>, Native<'a>)>> {
    let pair = |pair: Native<'a>| {
        let items = context::items(frame.engine, pair)?;
        match <[Native<'a>; 2]>::try_from(items).map(|[key, value]| (frame.engine.force(key), value)) {
            Ok((Native::Text(key), value)) => Ok((key, value)),
            _ => Err(Marker::broken("dict() takes pairs of a text and a value")),
        }
    };
    context::items(frame.engine, pairs)?.into_iter().map(pair).collect()
}

/// Python's `range`.
fn range(arguments: Arguments<'_>) -> Outcome<'_, Vec<Native<'_>>> {
    let given = arguments.bind(["start", "stop", "step"])?;
    let mut numbers = Vec::new();
    for value in given.into_iter().flatten() {
        match value {
            Native::Int(whole) => numbers.push(whole),
            other => return Err(Marker::broken(format!("range() takes numbers, and got {}", other.kind()))),
        }
    }
    let (start, end, step) = match *numbers {
        [end] => (0, end, 1),
        [start, end] => (start, end, 1),
        [start, end, step] if step != 0 => (start, end, step),
        _ => return Err(Marker::broken("range() takes one to three numbers, and no step of 0")),
    };
    let mut items = Vec::new();
    let mut at = start;
    while if step > 0 { at < end } else { at > end } {
        if items.len() >= ITEMS {
            return Err(Marker::broken(format!("range() makes more than {ITEMS} numbers")));
        }
        items.push(Native::Int(at));
        at = at.saturating_add(step);
    }
    Ok(items)
}
