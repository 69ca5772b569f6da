//! What a YAML 1.1 scalar means, exactly as PyYAML's safe loader decides it.
//!
//! `yes` is true and `y` is text, `0755` is 493 and `0o755` is text, `12:30` is 750, `1e3` is text.
//! Dates stay text, in the form in which `ansible-inventory` prints them. What JSON cannot hold (`.inf`, integers beyond
//! 64 bits) stays text as well, written as Jinja would write it. What PyYAML refuses is refused here.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Number;

use super::python;
use crate::value::{Value, show};

static FLOAT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
    )
});
static INTEGER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$",
    )
});
static TIMESTAMP: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]*))?(?:[ \t]*(Z|([-+])([0-9]{1,2})(?::([0-9]{2}))?))?)?$",
    )
});

#[expect(clippy::expect_used, reason = "the patterns are constants, and every one is compiled by a test")]
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

/// What PyYAML takes a scalar for.
enum Kind {
    Text,
    Null,
    Bool(bool),
    Integer,
    Float,
    Date,
    Sign,
}

/// The value of a scalar that is neither quoted nor tagged.
pub(super) fn plain(text: &str) -> Result<Value, String> {
    match kind(text) {
        Kind::Text => Ok(text.into()),
        Kind::Null => Ok(Value::Null),
        Kind::Bool(truth) => Ok(Value::Bool(truth)),
        Kind::Integer => integer(text),
        Kind::Float => float(text),
        Kind::Date => date(text),
        Kind::Sign => Err(format!("{text} has a meaning of its own in YAML; put it in quotes")),
    }
}

/// Whether a scalar that is neither quoted nor tagged is text, and nothing that only became text here.
pub(super) fn is_text(text: &str) -> bool {
    matches!(kind(text), Kind::Text)
}

/// A value as JSON writes it where it is the key of a mapping.
pub(super) fn key(text: &str, value: &Value) -> String {
    match value {
        Value::String(number) if matches!(kind(text), Kind::Float) => {
            number.replace("inf", "Infinity").replace("nan", "NaN")
        }
        Value::Number(number) if number.is_f64() => number.as_f64().map_or_else(String::new, python::float),
        other => show(other),
    }
}

fn kind(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "=" | "<<" | "!" | "&" | "*" => return Kind::Sign,
        _ => {}
    }
    if let Some(truth) = boolean(text) {
        return Kind::Bool(truth);
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) {
        return Kind::Text;
    }
    if FLOAT.is_match(text) {
        return Kind::Float;
    }
    if INTEGER.is_match(text) {
        return Kind::Integer;
    }
    match TIMESTAMP.captures(text) {
        // a date alone is recognised only in its full form
        Some(parts) if parts.get(4).is_some() || text.len() == "2024-01-02".len() => Kind::Date,
        _ => Kind::Text,
    }
}

/// The value of a scalar with one of YAML's own tags, such as the `int` of `!!int "5"`.
pub(super) fn tagged(tag: &str, text: &str) -> Result<Value, String> {
    match tag {
        "str" | "python/unicode" => Ok(text.into()),
        "null" => Ok(Value::Null),
        "bool" => boolean(&text.to_lowercase()).map(Value::Bool).ok_or_else(|| format!("\"{text}\" is not a boolean")),
        "int" => integer(text),
        "float" => float(text),
        "timestamp" => date(text),
        _ => Err(format!("the tag !!{tag} is not read here")),
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// Python's `int`, with the radix from the prefix and base 60 where there are colons.
fn integer(text: &str) -> Result<Value, String> {
    let refuse = || format!("\"{text}\" cannot be read as a number; put it in quotes if it is text");
    let digits = text.replace('_', "");
    let (negative, digits) = signed(digits.trim_end());
    let magnitude = if let Some(bits) = digits.strip_prefix("0b") {
        u128::from_str_radix(bits, 2)
    } else if let Some(hex) = digits.strip_prefix("0x") {
        u128::from_str_radix(hex, 16)
    } else if digits.starts_with('0') && digits != "0" {
        u128::from_str_radix(digits.strip_prefix("0o").unwrap_or(digits), 8)
    } else if digits.contains(':') {
        return sexagesimal(digits).map(|whole| whole_number(negative, whole)).ok_or_else(refuse);
    } else if digits.len() > u128::MAX.ilog10() as usize && digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(format!("{}{digits}", if negative { "-" } else { "" }).into());
    } else {
        digits.parse()
    };
    magnitude.map(|magnitude| whole_number(negative, magnitude)).map_err(|_| refuse())
}

fn sexagesimal(digits: &str) -> Option<u128> {
    digits.split(':').try_fold(0_u128, |sum, part| sum.checked_mul(60)?.checked_add(part.parse().ok()?))
}

/// An integer where one of ours holds it, else its digits as text.
pub(super) fn whole_number(negative: bool, magnitude: u128) -> Value {
    let signed = i128::try_from(magnitude).map(|magnitude| if negative { -magnitude } else { magnitude });
    match signed {
        Ok(number) => match (u64::try_from(number), i64::try_from(number)) {
            (Ok(number), _) => number.into(),
            (_, Ok(number)) => number.into(),
            _ => number.to_string().into(),
        },
        Err(_) => format!("{}{magnitude}", if negative { "-" } else { "" }).into(),
    }
}

/// Python's `float`, base 60 included.
fn float(text: &str) -> Result<Value, String> {
    let lower = text.replace('_', "").to_lowercase();
    let (negative, digits) = signed(lower.trim_end());
    let magnitude = match digits {
        ".inf" => Some(f64::INFINITY),
        ".nan" => Some(f64::NAN),
        _ => digits
            .split(':')
            .rev()
            .try_fold((0.0, 1.0), |(sum, base), part| Some((sum + part.parse::<f64>().ok()? * base, base * 60.0)))
            .map(|(sum, _)| sum)
            .filter(|_| digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')),
    };
    let magnitude = magnitude.ok_or_else(|| format!("\"{text}\" cannot be read as a number"))?;
    let number = if negative { -magnitude } else { magnitude };
    Ok(Number::from_f64(number).map_or_else(|| number.to_string().to_lowercase().into(), Value::Number))
}

fn signed(digits: &str) -> (bool, &str) {
    match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix('+').unwrap_or(digits)),
    }
}

fn date(text: &str) -> Result<Value, String> {
    let parts = TIMESTAMP.captures(text).ok_or_else(|| format!("\"{text}\" is not a date"))?;
    timestamp(&parts).map(Value::from)
}

/// The ISO form that Python gives a date.
fn timestamp(parts: &Captures) -> Result<String, String> {
    let number = |index: usize| parts.get(index).and_then(|part| part.as_str().parse::<u32>().ok()).unwrap_or_default();
    let (year, month, day) = (number(1), number(2), number(3));
    let (hour, minute, second) = (number(4), number(5), number(6));
    let (east, tz_hour, tz_minute) = (parts.get(9).map_or("+", |sign| sign.as_str()), number(10), number(11));
    let exists = year > 0 && (1..=12).contains(&month) && (1..=days(year, month)).contains(&day);
    if !exists || hour > 23 || minute > 59 || second > 59 || tz_hour * 60 + tz_minute >= 24 * 60 {
        return Err(format!("{} is not a date; put it in quotes if it is text", &parts[0]));
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if parts.get(4).is_none() {
        return Ok(date);
    }
    let fraction = parts.get(7).map_or("", |digits| digits.as_str());
    let fraction = format!("{:0<6}", fraction.get(..6).unwrap_or(fraction));
    let fraction = if fraction == "000000" { String::new() } else { format!(".{fraction}") };
    let offset = tz_hour * 60 + tz_minute;
    let east = if offset == 0 { "+" } else { east };
    let zone = parts.get(8).map(|_| format!("{east}{:02}:{:02}", offset / 60, offset % 60)).unwrap_or_default();
    Ok(format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"))
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reads(text: &str, value: impl Into<Value>) {
        assert_eq!(plain(text), Ok(value.into()), "{text}");
    }

    fn stays_text(text: &str) {
        reads(text, text);
    }

    #[test]
    fn the_six_words_are_booleans_and_their_initials_are_not() {
        for word in ["yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"] {
            reads(word, true);
        }
        for word in ["no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"] {
            reads(word, false);
        }
        for word in ["y", "n", "Y", "N", "yEs", "tRUE", "oN", "t", "f"] {
            stays_text(word);
        }
    }

    #[test]
    fn nothing_is_written_in_five_ways() {
        for word in ["", "~", "null", "Null", "NULL"] {
            reads(word, Value::Null);
        }
        stays_text("nULL");
        stays_text("None");
    }

    #[test]
    fn a_leading_zero_is_octal_and_the_modern_octal_is_text() {
        reads("0755", 493);
        reads("-0755", -493);
        reads("0", 0);
        reads("-0", 0);
        reads("00", 0);
        stays_text("0o755");
        stays_text("08");
        stays_text("0o7");
    }

    #[test]
    fn numbers_have_other_bases_and_underscores() {
        reads("0x1F", 31);
        reads("-0x10", -16);
        reads("0b1_0", 2);
        reads("1_000", 1000);
        reads("+12", 12);
        reads("12:30", 750);
        reads("190:20:30", 685_230);
        reads("-1:30", -90);
        stays_text("1:60");
        stays_text("0:30");
        stays_text("_1");
    }

    #[test]
    fn a_float_needs_its_point_and_its_exponent_a_sign() {
        reads("10.10", 10.1);
        reads("1.", 1.0);
        reads(".5", 0.5);
        reads("1.5e+3", 1500.0);
        reads("1_0.5", 10.5);
        reads("1:30.5", 90.5);
        stays_text("1e3");
        stays_text("1.5e3");
        stays_text("10.10.10.10");
        stays_text("10.10.10.10/24");
        stays_text(".");
        stays_text("-.5");
    }

    #[test]
    fn what_json_cannot_hold_is_text_as_jinja_writes_it() {
        reads(".inf", "inf");
        reads("-.INF", "-inf");
        reads(".NaN", "nan");
        reads("18446744073709551615", u64::MAX);
        reads("-9223372036854775808", i64::MIN);
        reads("123456789012345678901234567890", "123456789012345678901234567890");
        reads("0xffffffffffffffffff", "4722366482869645213695");
        let long = "9".repeat(60);
        reads(&format!("-{long}"), format!("-{long}"));
    }

    #[test]
    fn dates_are_text_in_the_form_of_ansible_inventory() {
        reads("2024-01-02", "2024-01-02");
        reads("2001-12-14t21:59:43.10-05:00", "2001-12-14T21:59:43.100000-05:00");
        reads("2001-12-14 21:59:43Z", "2001-12-14T21:59:43+00:00");
        reads("2001-12-14 1:59:43 -5", "2001-12-14T01:59:43-05:00");
        reads("2001-12-14 21:59:43.0", "2001-12-14T21:59:43");
        stays_text("2024-1-2");
        stays_text("v4.5.0");
        stays_text("397d");
    }

    #[test]
    fn what_pyyaml_refuses_is_refused() {
        for text in ["=", "<<", "0b_", "0x_", "2024-13-01", "2023-02-29", "2024-01-02 25:00:00"] {
            assert!(plain(text).is_err(), "{text}");
        }
        reads("2024-02-29", "2024-02-29");
    }

    #[test]
    fn tags_convert_what_quotes_protect() {
        assert_eq!(tagged("int", "5"), Ok(json!(5)));
        assert_eq!(tagged("str", "5"), Ok(json!("5")));
        assert_eq!(tagged("float", "3"), Ok(json!(3.0)));
        assert_eq!(tagged("bool", "yes"), Ok(json!(true)));
        assert_eq!(tagged("null", "x"), Ok(Value::Null));
        assert_eq!(tagged("timestamp", "2001-1-1"), Ok(json!("2001-01-01")));
        for (tag, text) in [("int", "abc"), ("bool", "1"), ("float", "inf"), ("timestamp", "now"), ("binary", "aGk=")] {
            assert!(tagged(tag, text).is_err(), "{tag} {text}");
        }
    }
}
