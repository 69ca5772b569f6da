//! Python's operators: truth, arithmetic, comparison, slices.
//!
//! What Python refuses is refused: nothing is converted that Python would not convert.

use std::cmp::Ordering;
use std::rc::Rc;

use minijinja::machinery::ast::{BinOpKind, CompareOpKind};

use super::engine::{Engine, ITEMS};
use super::native::{Marker, Native, Number, Outcome};
use super::{context, python};

/// Python's `bool`: false is nothing, 0 and everything empty.
pub(super) fn truth<'a>(engine: &Engine<'a>, value: Native<'a>) -> Outcome<'a, bool> {
    Ok(match engine.need(value)? {
        Native::None => false,
        Native::Bool(truth) => truth,
        Native::Int(whole) => whole != 0,
        Native::Float(number) => number != 0.0,
        Native::Text(text) => !text.is_empty(),
        Native::List(items) => !items.is_empty(),
        Native::Map(entries) => !entries.is_empty(),
        _ => true,
    })
}

pub(super) fn negate<'a>(value: &Native<'a>) -> Outcome<'a> {
    match value.number() {
        Some(Number::Int(whole)) => whole.checked_neg().map(Native::Int).ok_or_else(overflow),
        Some(Number::Float(number)) => Ok(Native::Float(-number)),
        None => Err(Marker::broken(format!("{} has no negative", value.kind()))),
    }
}

/// Arithmetic, `+` and `*` of texts and lists, and `~`.
pub(super) fn compute<'a>(engine: &Engine<'a>, kind: BinOpKind, left: Native<'a>, right: Native<'a>) -> Outcome<'a> {
    match (kind, &left, &right) {
        (BinOpKind::Concat, ..) => engine.text(format!("{}{}", engine.str(left)?, engine.str(right)?)),
        (BinOpKind::Add, Native::Text(left), Native::Text(right)) => engine.text(format!("{left}{right}")),
        (BinOpKind::Add, Native::List(left), Native::List(right)) => {
            engine.list(left.iter().chain(right.iter()).cloned().collect())
        }
        (BinOpKind::Mul, Native::Text(text), times) | (BinOpKind::Mul, times, Native::Text(text)) => {
            let times = repetitions(times, text.len())?;
            engine.text(text.repeat(times))
        }
        (BinOpKind::Mul, Native::List(items), times) | (BinOpKind::Mul, times, Native::List(items)) => {
            let times = repetitions(times, items.len())?;
            engine.list(std::iter::repeat_n(items, times).flat_map(|items| items.iter().cloned()).collect())
        }
        (BinOpKind::Rem, Native::Text(_), _) => Err(Marker::broken("texts are not filled in with % here")),
        _ => match left.number().zip(right.number()) {
            Some((left, right)) => number(kind, left, right),
            None => Err(Marker::broken(format!("{} and {} cannot be computed with", left.kind(), right.kind()))),
        },
    }
}

/// How often something of this length is repeated, if the whole is not too long.
fn repetitions(times: &Native<'_>, length: usize) -> Result<usize, Marker> {
    let Some(Number::Int(times)) = times.number() else {
        return Err(Marker::broken(format!("{} is no number of times", times.kind())));
    };
    let times = usize::try_from(times.max(0)).unwrap_or(usize::MAX);
    if times.saturating_mul(length.max(1)) > 10 * ITEMS {
        return Err(Marker::broken("it repeats something too often"));
    }
    Ok(times)
}

fn number<'a>(kind: BinOpKind, left: Number, right: Number) -> Outcome<'a> {
    let is_zero = right.float() == 0.0;
    match (kind, left, right) {
        (BinOpKind::Div | BinOpKind::FloorDiv | BinOpKind::Rem, ..) if is_zero => {
            Err(Marker::broken("it divides by zero"))
        }
        (BinOpKind::Div, ..) => Ok(Native::Float(left.float() / right.float())),
        (BinOpKind::Pow, Number::Int(base), Number::Int(exponent)) if exponent >= 0 => {
            let exponent = u32::try_from(exponent).map_err(|_| overflow())?;
            base.checked_pow(exponent).map(Native::Int).ok_or_else(overflow)
        }
        (_, Number::Int(left), Number::Int(right)) => {
            let whole = match kind {
                BinOpKind::Add => left.checked_add(right),
                BinOpKind::Sub => left.checked_sub(right),
                BinOpKind::Mul => left.checked_mul(right),
                BinOpKind::FloorDiv => floor(left, right).map(|(quotient, _)| quotient),
                BinOpKind::Rem => floor(left, right).map(|(_, rest)| rest),
                _ => return Ok(Native::Float(Number::Int(left).float().powf(Number::Int(right).float()))),
            };
            whole.map(Native::Int).ok_or_else(overflow)
        }
        _ => {
            let (left, right) = (left.float(), right.float());
            let rest = left - right * (left / right).floor();
            Ok(Native::Float(match kind {
                BinOpKind::Add => left + right,
                BinOpKind::Sub => left - right,
                BinOpKind::Mul => left * right,
                BinOpKind::FloorDiv => (left / right).floor(),
                BinOpKind::Rem => rest,
                _ => left.powf(right),
            }))
        }
    }
}

/// Python's `divmod`: rounded down, the rest has the sign of the divisor.
fn floor(left: i128, right: i128) -> Option<(i128, i128)> {
    let (quotient, rest) = (left.checked_div(right)?, left.checked_rem(right)?);
    let is_off = rest != 0 && (rest < 0) != (right < 0);
    Some(if is_off { (quotient - 1, rest + right) } else { (quotient, rest) })
}

fn overflow() -> Marker {
    Marker::broken("it makes a number that is too large")
}

/// `==`, `<`, `in` and the like.
pub(super) fn compare<'a>(
    engine: &Engine<'a>,
    kind: CompareOpKind,
    left: Native<'a>,
    right: Native<'a>,
) -> Outcome<'a, bool> {
    match kind {
        CompareOpKind::In => return contains(engine, right, left),
        CompareOpKind::NotIn => return contains(engine, right, left).map(|is_in| !is_in),
        _ => {}
    }
    let (left, right) = (engine.whole(left)?, engine.whole(right)?);
    let is = |wanted: fn(Ordering) -> bool| python::order(&left, &right).map(wanted);
    match kind {
        CompareOpKind::Eq => Ok(python::equal(&left, &right)),
        CompareOpKind::Ne => Ok(!python::equal(&left, &right)),
        CompareOpKind::Lt => is(Ordering::is_lt),
        CompareOpKind::Lte => is(Ordering::is_le),
        CompareOpKind::Gt => is(Ordering::is_gt),
        _ => is(Ordering::is_ge),
    }
}

/// Python's `item in container`.
pub(super) fn contains<'a>(engine: &Engine<'a>, container: Native<'a>, item: Native<'a>) -> Outcome<'a, bool> {
    match (engine.need(container)?, engine.need(item)?) {
        (Native::Text(text), Native::Text(part)) => Ok(text.contains(&*part)),
        (Native::Text(_), _) => Err(Marker::broken("only text can be in text")),
        (Native::Map(entries), Native::Text(key)) => {
            let is_in = entries.contains_key(&key);
            if is_in { context::sure(&key).map(|()| true) } else { Ok(false) }
        }
        (Native::Map(entries), key) => {
            entries.keys().try_for_each(|key| context::sure(key))?;
            engine.whole(key).map(|_| false)
        }
        (Native::Hosts, Native::Text(host)) => Ok(engine.inventory.known_host(&host).is_some()),
        (Native::Host(host), Native::Text(name)) => {
            let scope = super::native::Scope { host, remote: true };
            Ok(context::find(engine, scope, &name).is_some())
        }
        (container, item) => {
            let item = engine.whole(item)?;
            for other in context::items(engine, container)? {
                if python::equal(&engine.whole(other)?, &item) {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

/// `value[start:stop:step]`.
pub(super) fn slice<'a>(engine: &Engine<'a>, value: Native<'a>, bounds: [Option<Native<'a>>; 3]) -> Outcome<'a> {
    let [start, end, step] = bounds.map(|bound| match bound {
        None | Some(Native::None) => Ok(None),
        Some(Native::Int(at)) => Ok(Some(at)),
        Some(other) => Err(Marker::broken(format!("{} is no place in a list", other.kind()))),
    });
    let is_text = matches!(value, Native::Text(_));
    if !is_text && !matches!(value, Native::List(_)) {
        return Err(Marker::broken(format!("{} has no parts", value.kind())));
    }
    let items = context::items(engine, value)?;
    let chosen = places(items.len(), start?, end?, step?.unwrap_or(1))?;
    let chosen: Vec<Native<'a>> = chosen.into_iter().filter_map(|at| items.get(at).cloned()).collect();
    if !is_text {
        return engine.list(chosen);
    }
    let texts = chosen.iter().map(|char| match char {
        Native::Text(text) => Rc::clone(text),
        _ => Rc::from(""),
    });
    engine.text(texts.collect::<Vec<_>>().concat())
}

/// The places that a slice takes, in its order.
fn places(length: usize, start: Option<i128>, end: Option<i128>, step: i128) -> Result<Vec<usize>, Marker> {
    let length = i128::try_from(length).unwrap_or_default();
    let (first, last) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let within = |at: i128| (if at < 0 { at.saturating_add(length) } else { at }).clamp(first, last);
    let (mut at, end) = match step.signum() {
        1 => (start.map_or(first, within), end.map_or(last, within)),
        -1 => (start.map_or(last, within), end.map_or(first, within)),
        _ => return Err(Marker::broken("a slice has a step of 0")),
    };
    let mut chosen = Vec::new();
    while if step > 0 { at < end } else { at > end } {
        chosen.extend(usize::try_from(at));
        at = at.saturating_add(step);
    }
    Ok(chosen)
}
