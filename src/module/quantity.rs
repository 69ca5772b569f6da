//! Spans of time and numbers of bytes as Go writes them: `1m30s`, `1.5KB`, a number and a unit as often as one likes.

use std::time::Duration;

/// Units of time, in seconds.
const TIMES: [(&str, f64); 8] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("\u{b5}s", 1e-6),
    ("\u{3bc}s", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
];

/// The longest span that Go can hold, in seconds.
const LONGEST: f64 = 9_223_372_036.854_775;

/// The largest number of bytes that the exporter can hold.
const LARGEST: f64 = 9_223_372_036_854_775_807.0;

/// What a size is counted in.
const PREFIXES: &str = "KMGTPE";

/// A span of time; one that is negative says nothing, as to the exporter.
pub(super) fn time(text: &str) -> Option<Option<Duration>> {
    let unit = |name: &str| TIMES.iter().find(|(known, _)| *known == name).map(|(_, seconds)| *seconds);
    let seconds = total(text, unit).filter(|seconds| seconds.abs() <= LONGEST)?;
    Some(Duration::try_from_secs_f64(seconds).ok().filter(|span| !span.is_zero()))
}

/// A number of bytes, of which none and less than none are no limit.
pub(super) fn size(text: &str) -> Option<Option<u64>> {
    let bytes = total(text, |name| unit(name, "iB")).or_else(|| total(text, |name| unit(name, "B")));
    let bytes = bytes.filter(|bytes| bytes.abs() <= LARGEST)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is positive here, and cut as in Go"
    )]
    Some((bytes >= 1.0).then_some(bytes as u64))
}

/// How many bytes a unit is, which always grows by 1024; one family of suffixes holds for a whole text.
fn unit(name: &str, suffix: &str) -> Option<f64> {
    if name == "B" {
        return Some(1.0);
    }
    let prefix = name.strip_suffix(suffix).filter(|prefix| prefix.len() == 1)?;
    let power = PREFIXES.find(prefix)? + 1;
    Some(1024_f64.powi(i32::try_from(power).ok()?))
}

/// The sum of numbers with their units; `0` alone needs none.
fn total(text: &str, unit: impl Fn(&str) -> Option<f64>) -> Option<f64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0.0);
    }
    let is_number = |letter: char| letter.is_ascii_digit() || letter == '.';
    let mut sum = 0.0;
    loop {
        let (number, after) = rest.split_at(rest.find(|letter| !is_number(letter))?);
        let (name, after) = after.split_at(after.find(is_number).unwrap_or(after.len()));
        sum += number.parse::<f64>().ok()? * unit(name)?;
        rest = after;
        if rest.is_empty() {
            return Some(sign * sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_those_of_go() {
        let seconds = |text: &str| time(text).map(|span| span.map_or(0.0, |span| span.as_secs_f64()));
        for (text, value) in [
            ("5s", 5.0),
            ("1m30s", 90.0),
            ("1.5h", 5400.0),
            ("100ms", 0.1),
            (".5s", 0.5),
            ("5.s", 5.0),
            ("+5s", 5.0),
            ("-5s", 0.0),
            ("0", 0.0),
            ("-0", 0.0),
            ("0s", 0.0),
            ("7\u{b5}s", 7e-6),
            ("7\u{3bc}s7us", 14e-6),
            ("8ns", 8e-9),
        ] {
            assert_eq!(seconds(text), Some(value), "{text}");
        }
        for text in
            ["", "5", "1d", "1w", "s", "5 s", "1.2.3s", ".s", "-", "5S", "1e3s", "10000000000h", "5s ", "inf", "--5s"]
        {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_those_of_the_exporter() {
        for (text, value) in [
            ("0", None),
            ("0B", None),
            ("-1MB", None),
            ("10B", Some(10)),
            ("1KB", Some(1024)),
            ("1KiB", Some(1024)),
            ("1.5KB", Some(1536)),
            ("2MB1KB", Some(2 * 1024 * 1024 + 1024)),
            ("1GiB5B", Some(1024 * 1024 * 1024 + 5)),
            ("7EB", Some(7 << 60)),
        ] {
            assert_eq!(size(text), Some(value), "{text}");
        }
        for text in ["", "1024", "1kB", "1K", "1KB1KiB", "1mb", "KB", "1 KB", "9EB", "1ZB", "1b", "1iB"] {
            assert_eq!(size(text), None, "{text}");
        }
    }
}
