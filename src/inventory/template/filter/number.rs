//! Filters that make numbers and booleans.

#![expect(clippy::needless_pass_by_value, reason = "all filters take their value alike")]

use super::super::argument::Arguments;
use super::super::engine::Engine;
use super::super::native::{Marker, Native, Number, Outcome};
use super::super::python;

/// `bool`: the words that Ansible knows; all else is false, but for a number that is 1.
pub(super) fn boolean<'a>(_: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    Ok(Native::Bool(match &value {
        Native::Text(word) => matches!(word.to_lowercase().as_str(), "yes" | "on" | "true" | "1"),
        other => python::equal(other, &Native::Int(1)),
    }))
}

/// `int(default, base)`.
pub(super) fn int<'a>(_: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [default, base] = arguments.bind(["default", "base"])?;
    let base = match base {
        None => 10,
        Some(Native::Int(base)) => u32::try_from(base)
            .ok()
            .filter(|base| (2..=36).contains(base))
            .ok_or_else(|| Marker::broken("int has an odd base"))?,
        Some(other) => return Err(Marker::broken(format!("{} is no base of a number", other.kind()))),
    };
    let whole = match &value {
        Native::Text(text) => digits(text, base).or_else(|| truncated(decimal(text)?)),
        Native::Float(number) => truncated(*number),
        other => other.number().map(|number| match number {
            Number::Int(whole) => whole,
            Number::Float(_) => 0,
        }),
    };
    Ok(whole.map_or_else(|| default.unwrap_or(Native::Int(0)), Native::Int))
}

/// `float(default)`.
pub(super) fn float<'a>(_: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [default] = arguments.bind(["default"])?;
    let number = match &value {
        Native::Text(text) => decimal(text),
        other => other.number().map(Number::float),
    };
    Ok(number.map_or_else(|| default.unwrap_or(Native::Float(0.0)), Native::Float))
}

/// `abs`.
pub(super) fn absolute<'a>(_: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    arguments.none()?;
    match value.number() {
        Some(Number::Int(whole)) => Ok(Native::Int(whole.saturating_abs())),
        Some(Number::Float(number)) => Ok(Native::Float(number.abs())),
        None => Err(Marker::broken(format!("{} has no absolute value", value.kind()))),
    }
}

/// `round(precision, method)`; a whole number stays one.
pub(super) fn round<'a>(_: &Engine<'a>, value: Native<'a>, arguments: Arguments<'a>) -> Outcome<'a> {
    let [precision, method] = arguments.bind(["precision", "method"])?;
    let precision = match precision {
        None => 0,
        Some(Native::Int(digits @ 0..=15)) => usize::try_from(digits).unwrap_or_default(),
        Some(_) => return Err(Marker::broken("round takes 0 to 15 digits")),
    };
    let method = match method {
        None => "common".into(),
        Some(Native::Text(method)) => method,
        Some(_) => return Err(Marker::broken("round has a method that is not text")),
    };
    let number = match (&*method, value.number()) {
        ("common", Some(Number::Int(whole))) => return Ok(Native::Int(whole)),
        (_, Some(number)) => number.float(),
        (_, None) => return Err(Marker::broken(format!("{} cannot be rounded", value.kind()))),
    };
    let factor = 10_f64.powi(i32::try_from(precision).unwrap_or_default());
    Ok(Native::Float(match &*method {
        // Rust writes a float with so many digits as Python rounds it: by its exact value, a half to the even digit.
        "common" => format!("{number:.precision$}").parse().unwrap_or(number),
        "ceil" => (number * factor).ceil() / factor,
        "floor" => (number * factor).floor() / factor,
        _ => return Err(Marker::broken("round has a method other than common, ceil and floor")),
    }))
}

/// Python's `int` of a text.
fn digits(text: &str, base: u32) -> Option<i128> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let prefix = match base {
        2 => "0b",
        8 => "0o",
        16 => "0x",
        _ => "",
    };
    let digits = lower.strip_prefix(prefix).unwrap_or(&lower);
    let is_joined = digits.starts_with('_') || digits.ends_with('_') || digits.contains("__");
    let digits = digits.replace('_', "");
    if is_joined || !digits.chars().all(|digit| digit.is_digit(base)) {
        return None;
    }
    Some(sign * i128::from_str_radix(&digits, base).ok()?)
}

/// Python's `float` of a text.
fn decimal(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_joined = text.starts_with('_') || text.ends_with('_') || text.contains("__") || text.contains("._");
    if is_joined { None } else { text.replace('_', "").parse().ok() }
}

#[expect(clippy::cast_possible_truncation, reason = "what is beyond the range is refused first")]
fn truncated(number: f64) -> Option<i128> {
    /// Above this a float has no exact place among the whole numbers anyway.
    const MOST: f64 = 1e30;
    (number.abs() < MOST).then_some(number.trunc() as i128)
}
