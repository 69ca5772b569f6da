//! How bytes of a DNS record are written: escapes, quotes, dates.
//!
//! The result is what rules are held against, byte for byte, and need not be UTF-8.

use std::io::Write;

/// Appends formatted text; a vector takes everything.
pub(super) fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

/// A label of a name and its dot.
pub(super) fn label(label: &[u8], out: &mut Vec<u8>) {
    escape(label, b". '@;()\"\\", out);
    out.push(b'.');
}

/// A string without quotes around it.
pub(super) fn bare(string: &[u8], out: &mut Vec<u8>) {
    escape(string, b"\"\\", out);
}

/// A string in quotes.
pub(super) fn quoted(string: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    bare(string, out);
    out.push(b'"');
}

/// A backslash before what is special, three digits for what has no shape.
pub(super) fn escape(bytes: &[u8], special: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        match byte {
            _ if special.contains(&byte) => out.extend([b'\\', byte]),
            b' '..=b'~' => out.push(byte),
            _ => put(out, format_args!("\\{byte:03}")),
        }
    }
}

/// Bytes in quotes that are taken for escaped already, as the exporter takes the data of CAA and URI.
pub(super) fn octets(mut bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    while !bytes.is_empty() {
        if bytes.starts_with(b"\\.") {
            out.extend(b"\\.");
            bytes = &bytes[2..];
            continue;
        }
        let Some((byte, length)) = unescape(bytes) else { break };
        bare(&[byte], out);
        bytes = &bytes[length..];
    }
    out.push(b'"');
}

/// The first byte that an escaped text stands for, and how many of its bytes say so; none for a lone backslash.
pub(super) fn unescape(text: &[u8]) -> Option<(u8, usize)> {
    match *text {
        [b'\\', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', ..] => {
            let [a, b, c] = [a, b, c].map(|digit| digit - b'0');
            Some((a.wrapping_mul(100).wrapping_add(b * 10).wrapping_add(c), 4))
        }
        [b'\\', byte, ..] => Some((byte, 2)),
        [b'\\'] | [] => None,
        [byte, ..] => Some((byte, 1)),
    }
}

/// Seconds since 1970 as a date and a time of day, without anything between them.
pub(super) fn date(seconds: u64, out: &mut Vec<u8>) {
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    // The year is counted from the first of March, so that a leap day is its last.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    put(out, format_args!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_string_escapes_its_quotes_and_what_has_no_shape() {
        assert_eq!(written(|out| quoted(b"a \"b\" \\ \x00\xE9.", out)), r#""a \"b\" \\ \000\233.""#);
    }

    #[test]
    fn octets_are_taken_for_escaped_already() {
        assert_eq!(written(|out| octets(br#"a\065\.\"\999\"#, out)), r#""aA\.\"\231""#);
        assert_eq!(written(|out| octets(b"", out)), r#""""#);
    }

    #[test]
    fn dates_know_leap_years_and_centuries() {
        for (seconds, expected) in [
            (0, "19700101000000"),
            (951_782_400, "20000229000000"),
            (4_107_542_399, "21000228235959"),
            (u64::from(u32::MAX), "21060207062815"),
            (253_402_300_800, "100000101000000"),
        ] {
            assert_eq!(written(|out| date(seconds, out)), expected, "{seconds}");
        }
    }
}
