//! Jinja's tests, `x is defined`: those of Jinja and of Ansible that inventories use.

use minijinja::machinery::ast::CompareOpKind;

use super::argument::Arguments;
use super::engine::Engine;
use super::native::{Marker, Native, Number, Outcome};
use super::{context, operator, pattern, version};

/// Performs a test by its name.
pub(super) fn perform<'a>(
    engine: &Engine<'a>,
    name: &str,
    value: Native<'a>,
    mut arguments: Arguments<'a>,
) -> Outcome<'a, bool> {
    engine.pay(1)?;
    let name = name.strip_prefix("ansible.builtin.").unwrap_or(name);
    let value = engine.force(value);
    if matches!(name, "defined" | "undefined") {
        let is_defined = match &value {
            Native::Marker(marker) if !marker.missing => return Err(marker.clone()),
            value => !matches!(value, Native::Marker(_)),
        };
        return arguments.none().map(|()| is_defined == (name == "defined"));
    }
    let value = value.trip()?;
    arguments.positional = arguments.positional.into_iter().map(|value| engine.force(value)).collect();
    if let Some(marker) = arguments.marker() {
        return Err(marker);
    }
    if let Some(kind) = comparison(name) {
        return operator::compare(engine, kind, value, other(arguments)?);
    }
    match name {
        "match" | "search" | "regex" => pattern::test(engine, name, value, arguments),
        "version" | "version_compare" => version::test(engine, value, arguments),
        "contains" => operator::contains(engine, value, other(arguments)?),
        "subset" | "issubset" => all_in(engine, value, other(arguments)?),
        "superset" | "issuperset" => all_in(engine, other(arguments)?, value),
        "sameas" => {
            let other = other(arguments)?;
            match (&value, &other) {
                (Native::Bool(one), Native::Bool(other)) => Ok(one == other),
                (Native::None, _) | (_, Native::None) => Ok(value.kind() == other.kind()),
                _ => Err(Marker::broken("sameas is known of booleans and none only")),
            }
        }
        "divisibleby" => match (value.number(), other(arguments)?.number()) {
            (Some(Number::Int(value)), Some(Number::Int(by))) if by != 0 => Ok(value.rem_euclid(by) == 0),
            _ => Err(Marker::broken("divisibleby takes whole numbers, and not 0")),
        },
        "truthy" | "falsy" => {
            let [convert] = arguments.bind(["convert_bool"])?;
            if convert.is_some_and(|convert| !matches!(convert, Native::Bool(false))) {
                return Err(Marker::broken(format!("{name} with convert_bool is not known here")));
            }
            operator::truth(engine, value).map(|truth| truth == (name == "truthy"))
        }
        _ => {
            arguments.none()?;
            alone(engine, name, value)
        }
    }
}

fn other(arguments: Arguments<'_>) -> Outcome<'_> {
    let [other] = arguments.bind(["other"])?;
    other.ok_or_else(|| Marker::broken("a test needs something to compare with"))
}

fn comparison(name: &str) -> Option<CompareOpKind> {
    Some(match name {
        "eq" | "equalto" | "==" => CompareOpKind::Eq,
        "ne" | "!=" => CompareOpKind::Ne,
        "lt" | "lessthan" | "<" => CompareOpKind::Lt,
        "le" | "<=" => CompareOpKind::Lte,
        "gt" | "greaterthan" | ">" => CompareOpKind::Gt,
        "ge" | ">=" => CompareOpKind::Gte,
        "in" => CompareOpKind::In,
        _ => return None,
    })
}

/// Tests that need nothing but the value.
fn alone<'a>(engine: &Engine<'a>, name: &str, value: Native<'a>) -> Outcome<'a, bool> {
    let is_number = matches!(value, Native::Int(_) | Native::Float(_) | Native::Bool(_));
    let is_mapping = matches!(value, Native::Map(_) | Native::Hosts | Native::Host(_));
    let is_iterable = is_mapping || matches!(value, Native::List(_) | Native::Text(_));
    Ok(match name {
        "none" => matches!(value, Native::None),
        "string" => matches!(value, Native::Text(_)),
        "number" => is_number,
        "integer" => matches!(value, Native::Int(_)),
        "float" => matches!(value, Native::Float(_)),
        "boolean" => matches!(value, Native::Bool(_)),
        "true" => matches!(value, Native::Bool(true)),
        "false" => matches!(value, Native::Bool(false)),
        "mapping" => is_mapping,
        "iterable" | "sequence" => is_iterable,
        "odd" | "even" => match value.number() {
            Some(Number::Int(whole)) => (whole.rem_euclid(2) == 0) == (name == "even"),
            _ => return Err(Marker::broken(format!("{} is neither odd nor even", value.kind()))),
        },
        "lower" | "upper" => {
            let text = engine.str(value)?;
            let same = if name == "lower" { text.to_lowercase() } else { text.to_uppercase() } == *text;
            same && text.chars().any(|char| char.is_lowercase() || char.is_uppercase())
        }
        "any" | "all" => {
            let truths = context::items(engine, value)?.into_iter().map(|item| operator::truth(engine, item));
            let truths = truths.collect::<Result<Vec<_>, _>>()?;
            if name == "any" { truths.contains(&true) } else { !truths.contains(&false) }
        }
        _ => return Err(Marker::broken(format!("the test `{name}` is not known here"))),
    })
}

fn all_in<'a>(engine: &Engine<'a>, items: Native<'a>, container: Native<'a>) -> Outcome<'a, bool> {
    let container = engine.whole(Native::list(context::items(engine, container)?))?;
    for item in context::items(engine, items)? {
        if matches!(engine.force(item.clone()), Native::List(_) | Native::Map(_)) {
            return Err(Marker::broken("a set of lists or mappings does not exist"));
        }
        if !operator::contains(engine, container.clone(), item)? {
            return Ok(false);
        }
    }
    Ok(true)
}
