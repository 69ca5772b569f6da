//! Filters, by the names that Jinja and Ansible give them.
//!
//! One that is not there is refused by its name, with those that need a password's salt, a clock or a dice.

mod collection;
mod encoding;
mod mapping;
mod number;
mod sequence;
mod text;

pub(super) use self::mapping::pairs;
pub(super) use self::text::{replace, split, strip};

use super::argument::Arguments;
use super::engine::Engine;
use super::native::{Marker, Native, Outcome};
use super::{operator, pattern};

/// A filter: the engine, the value on its left, its arguments.
type Filter<'a> = fn(&Engine<'a>, Native<'a>, Arguments<'a>) -> Outcome<'a>;

/// Applies a filter by its name; what went wrong is a value, as it is in Ansible.
pub(super) fn apply<'a>(
    engine: &Engine<'a>,
    name: &str,
    value: Native<'a>,
    mut arguments: Arguments<'a>,
) -> Native<'a> {
    let name = name.strip_prefix("ansible.builtin.").unwrap_or(name);
    let value = engine.force(value);
    for argument in arguments.positional.iter_mut().chain(arguments.named.iter_mut().map(|(_, value)| value)) {
        *argument = engine.force(argument.clone());
    }
    let takes_markers: Option<Filter<'a>> = match name {
        "default" | "d" => Some(default),
        "mandatory" => Some(mandatory),
        "ternary" => Some(ternary),
        _ => None,
    };
    if let Some(filter) = takes_markers {
        return Native::of(engine.pay(1).and_then(|()| filter(engine, value, arguments)));
    }
    let marker = match &value {
        Native::Marker(marker) => Some(marker.clone()),
        _ => arguments.marker(),
    };
    match (marker, find(name)) {
        (Some(marker), _) => Native::Marker(marker),
        (None, Some(filter)) => Native::of(engine.pay(1).and_then(|()| filter(engine, value, arguments))),
        (None, None) => Native::Marker(Marker::broken(format!("the filter `{name}` is not known here"))),
    }
}

fn find<'a>(name: &str) -> Option<Filter<'a>> {
    let known: &[(&str, Filter<'a>)] = &[
        ("abs", number::absolute),
        ("b64decode", encoding::from_base64),
        ("b64encode", encoding::to_base64),
        ("basename", text::basename),
        ("bool", number::boolean),
        ("capitalize", text::capitalize),
        ("checksum", encoding::sha1),
        ("combine", mapping::combine),
        ("count", sequence::length),
        ("dict2items", mapping::to_items),
        ("dictsort", mapping::sort),
        ("difference", collection::difference),
        ("dirname", text::dirname),
        ("extract", mapping::extract),
        ("first", sequence::first),
        ("flatten", sequence::flatten),
        ("float", number::float),
        ("from_json", encoding::from_json),
        ("from_yaml", encoding::from_yaml),
        ("hash", encoding::hash),
        ("int", number::int),
        ("intersect", collection::intersect),
        ("items", mapping::items),
        ("items2dict", mapping::from_items),
        ("join", sequence::join),
        ("last", sequence::last),
        ("length", sequence::length),
        ("list", sequence::list),
        ("lower", text::lower),
        ("map", collection::map),
        ("max", sequence::max),
        ("min", sequence::min),
        ("path_join", text::path_join),
        ("quote", text::quote),
        ("regex_escape", pattern::escape),
        ("regex_findall", pattern::find_all),
        ("regex_replace", pattern::replace),
        ("regex_search", pattern::search),
        ("reject", collection::reject),
        ("rejectattr", collection::reject_by),
        ("replace", text::replaced),
        ("reverse", sequence::reverse),
        ("round", number::round),
        ("select", collection::select),
        ("selectattr", collection::select_by),
        ("sha1", encoding::sha1),
        ("sort", sequence::sort),
        ("split", text::parts),
        ("string", text::string),
        ("sum", sequence::sum),
        ("symmetric_difference", collection::symmetric_difference),
        ("title", text::title),
        ("to_json", encoding::to_json),
        ("to_nice_json", encoding::to_nice_json),
        ("trim", text::trim),
        ("union", collection::union),
        ("unique", collection::unique),
        ("upper", text::upper),
        ("zip", sequence::zip),
    ];
    known.iter().find(|(own, _)| *own == name).map(|(_, filter)| *filter)
}

/// `default(value, boolean)`: in place of what is not defined; not of what went wrong.
fn default<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [otherwise, boolean] = arguments.bind(["default_value", "boolean"])?;
    let otherwise = otherwise.unwrap_or_else(|| Native::text(""));
    let also_false = match boolean {
        None => false,
        Some(Native::Bool(also)) => also,
        Some(other) => {
            return Err(Marker::broken(format!("default's second argument is {}, not a boolean", other.kind())));
        }
    };
    match value {
        Native::Marker(marker) if marker.missing => Ok(otherwise),
        Native::Marker(marker) => Err(marker),
        value if also_false && !operator::truth(engine, value.clone())? => Ok(otherwise),
        value => Ok(value),
    }
}

/// `mandatory(msg)`: what is not defined is an error that no default replaces.
fn mandatory<'a>(_: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [_msg] = arguments.bind(["msg"])?;
    match value {
        Native::Marker(marker) => Err(Marker::broken(&*marker.why)),
        value => Ok(value),
    }
}

/// `ternary(true, false, none)`.
fn ternary<'a>(engine: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [yes, no, none] = arguments.bind(["true_val", "false_val", "none_val"])?;
    let (Some(yes), Some(no)) = (yes, no) else { return Err(Marker::broken("ternary takes two values")) };
    match (value.trip()?, none) {
        (Native::None, Some(none)) if !matches!(none, Native::None) => Ok(none),
        (value, _) => Ok(if operator::truth(engine, value)? { yes } else { no }),
    }
}
