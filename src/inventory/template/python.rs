//! How Python writes values as text, and how it compares them.
//!
//! Everything here wants values that are resolved to the last item; what Python cannot order is refused, not guessed.

use std::cmp::Ordering;

use super::native::{Marker, Native, Number};

/// Python's `str`.
pub(super) fn text(value: &Native<'_>) -> String {
    match value {
        Native::Text(text) => text.to_string(),
        other => repr(other),
    }
}

/// Python's `repr`.
pub(super) fn repr(value: &Native<'_>) -> String {
    match value {
        Native::None => "None".to_owned(),
        Native::Bool(true) => "True".to_owned(),
        Native::Bool(false) => "False".to_owned(),
        Native::Int(whole) => whole.to_string(),
        Native::Float(number) => float(*number),
        Native::Text(text) => quoted(text),
        Native::List(items) => format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", ")),
        Native::Map(entries) => {
            let entry = |(key, value): (&std::rc::Rc<str>, &Native<'_>)| format!("{}: {}", quoted(key), repr(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Native::Marker(_) | Native::Omit | Native::Lazy(..) | Native::Hosts | Native::Host(_) => String::new(),
    }
}

/// Python's `repr` of a float: the shortest text that reads back, with an exponent where it is long.
pub(super) fn float(number: f64) -> String {
    if !number.is_finite() {
        return number.to_string().to_lowercase();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if number == 0.0 || (-4..16).contains(&exponent) {
        let plain = number.to_string();
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut shown = String::from(quote);
    for char in text.chars() {
        match char {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            '\\' => shown.push_str("\\\\"),
            char if char == quote => shown.extend(['\\', char]),
            char if char.is_control() => shown.extend([format!("\\x{:02x}", u32::from(char))]),
            char => shown.push(char),
        }
    }
    shown.push(quote);
    shown
}

/// Python's `==`.
pub(super) fn equal(left: &Native<'_>, right: &Native<'_>) -> bool {
    match (left, right) {
        (Native::None, Native::None) => true,
        (Native::Text(left), Native::Text(right)) => left == right,
        (Native::List(left), Native::List(right)) => {
            left.len() == right.len() && left.iter().zip(right.iter()).all(|(left, right)| equal(left, right))
        }
        (Native::Map(left), Native::Map(right)) => {
            let same = |(key, value)| right.get(key).is_some_and(|other| equal(value, other));
            left.len() == right.len() && left.iter().all(same)
        }
        _ => match (left.number(), right.number()) {
            (Some(left), Some(right)) => compare(left, right) == Some(Ordering::Equal),
            _ => false,
        },
    }
}

/// Python's `<` and `>`; numbers, texts and lists have an order among themselves only.
pub(super) fn order(left: &Native<'_>, right: &Native<'_>) -> Result<Ordering, Marker> {
    let unordered = || Marker::broken(format!("{} and {} cannot be compared", left.kind(), right.kind()));
    match (left, right) {
        (Native::Text(left), Native::Text(right)) => Ok(left.cmp(right)),
        (Native::List(left), Native::List(right)) => {
            for (left, right) in left.iter().zip(right.iter()) {
                if !equal(left, right) {
                    return order(left, right);
                }
            }
            Ok(left.len().cmp(&right.len()))
        }
        _ => {
            let (left, right) = left.number().zip(right.number()).ok_or_else(unordered)?;
            compare(left, right).ok_or_else(unordered)
        }
    }
}

fn compare(left: Number, right: Number) -> Option<Ordering> {
    match (left, right) {
        (Number::Int(left), Number::Int(right)) => Some(left.cmp(&right)),
        _ => left.float().partial_cmp(&right.float()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_python_writes_them() {
        for (number, shown) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (1.5e300, "1.5e+300"),
        ] {
            assert_eq!(float(number), shown);
        }
    }

    #[test]
    fn texts_within_lists_are_quoted_as_python_quotes_them() {
        assert_eq!(quoted("it's"), "\"it's\"");
        assert_eq!(quoted("it's \"x\""), "'it\\'s \"x\"'");
        assert_eq!(quoted("a\n\\\u{1}é"), "'a\\n\\\\\\x01é'");
    }
}
