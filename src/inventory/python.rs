//! JSON as Python's `json.dumps` writes it for `ansible-inventory`: sorted keys, four blanks, its own way with floats.
//!
//! Text is written as it is but for quotes, backslashes and control characters.

use std::fmt::Write;

use crate::value::{Object, Value};

/// The JSON of a value, without a line end behind it.
pub(super) fn json(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, 0, value);
    text
}

fn write(text: &mut String, depth: usize, value: &Value) {
    match value {
        Value::Array(items) => {
            block(text, depth, ['[', ']'], items.iter(), |text, item| write(text, depth + 1, item));
        }
        Value::Object(entries) => {
            block(text, depth, ['{', '}'], sorted(entries).into_iter(), |text, (name, value)| {
                quote(text, name);
                text.push_str(": ");
                write(text, depth + 1, value);
            });
        }
        Value::String(own) => quote(text, own),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(number) => text.push_str(&float(number)),
            None => text.push_str(&number.to_string()),
        },
        Value::Null | Value::Bool(_) => text.push_str(&value.to_string()),
    }
}

/// The entries by name; by code point, as Python sorts.
fn sorted(entries: &Object) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|(name, _)| *name);
    entries
}

/// Items between brackets, each on a line of its own; nothing between them if there is none.
fn block<T>(
    text: &mut String,
    depth: usize,
    [open, close]: [char; 2],
    items: impl Iterator<Item = T>,
    mut item: impl FnMut(&mut String, T),
) {
    let start = text.len();
    for entry in items {
        text.push(if text.len() == start { open } else { ',' });
        line(text, depth + 1);
        item(text, entry);
    }
    if text.len() == start {
        text.push(open);
    } else {
        line(text, depth);
    }
    text.push(close);
}

fn line(text: &mut String, depth: usize) {
    // Writing to a String cannot fail.
    let _ = write!(text, "\n{:1$}", "", depth * 4);
}

fn quote(text: &mut String, own: &str) {
    text.push('"');
    for char in own.chars() {
        match char {
            '"' | '\\' => text.extend(['\\', char]),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '\0'..='\x1f' => _ = write!(text, "\\u{:04x}", u32::from(char)),
            other => text.push(other),
        }
    }
    text.push('"');
}

/// The shortest text that reads back the same; with an exponent of two digits below 0.0001 and from 10^16.
pub(super) fn float(number: f64) -> String {
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..16).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => format!("{number:?}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn mappings_are_sorted_and_indented() {
        let value = json!({"b": [1, [], {}], "a": {"z": null, "Z": true, "_": "x"}});
        let expected = r#"{
    "a": {
        "Z": true,
        "_": "x",
        "z": null
    },
    "b": [
        1,
        [],
        {}
    ]
}"#;
        assert_eq!(super::json(&value), expected);
    }

    #[test]
    fn text_is_escaped_as_little_as_can_be() {
        let shown = super::json(&json!("\u{e9}\u{2028}\u{1f600}\x7f\x01\"/\\\n\t\r\x08\x0c"));
        assert_eq!(shown, "\"\u{e9}\u{2028}\u{1f600}\x7f\\u0001\\\"/\\\\\\n\\t\\r\\b\\f\"");
    }

    #[test]
    fn floats_are_those_of_python() {
        for (number, expected) in [
            (1e20, "1e+20"),
            (1e16, "1e+16"),
            (123_456_789_012_345.6, "123456789012345.6"),
            (1e15, "1000000000000000.0"),
            (1.5, "1.5"),
            (-0.0, "-0.0"),
            (0.0001, "0.0001"),
            (0.000_012_5, "1.25e-05"),
            (-1e-7, "-1e-07"),
            (2.5e-300, "2.5e-300"),
        ] {
            assert_eq!(super::json(&json!(number)), expected);
        }
        assert_eq!(
            super::json(&json!([18_446_744_073_709_551_615_u64, -1])),
            "[\n    18446744073709551615,\n    -1\n]"
        );
    }
}
