//! Writes values as YAML in the ways in which people write it.

use std::fmt::Write;

use infra_verify::value::Value;

/// How a value is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    /// Indented mappings and lists, texts in single quotes where they can be.
    Block,
    /// Everything within brackets, texts in double quotes.
    Flow,
    /// Indented, with every text of several lines as a block of its own.
    Literal,
}

pub(crate) const STYLES: [Style; 3] = [Style::Block, Style::Flow, Style::Literal];

/// The value as a document.
pub(crate) fn write(value: &Value, style: Style) -> String {
    let mut text = String::new();
    match style {
        Style::Flow => flow(value, &mut text),
        style => block(value, style, 0, &mut text),
    }
    text.push('\n');
    text
}

fn flow(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for item in items {
                flow(item, text);
                text.push_str(", ");
            }
            text.push(']');
        }
        Value::Object(entries) => {
            text.push('{');
            for (key, value) in entries {
                let _ = write!(text, "{}: ", quoted(key));
                flow(value, text);
                text.push_str(", ");
            }
            text.push('}');
        }
        scalar => text.push_str(&self::scalar(scalar)),
    }
}

/// What follows a key, a dash or nothing; a collection begins on a line of its own.
fn block(value: &Value, style: Style, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let _ = write!(text, "\n{indent}- ");
                block(item, style, depth + 1, text);
            }
        }
        Value::Object(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                let _ = write!(text, "\n{indent}{}: ", quoted(key));
                block(value, style, depth + 1, text);
            }
        }
        Value::String(lines) if matches!(style, Style::Literal) && depth > 0 && is_literal(lines) => {
            literal(lines, &indent, text);
        }
        Value::String(line) if is_printable(line) => {
            let _ = write!(text, "'{}'", line.replace('\'', "''"));
        }
        other => flow(other, text),
    }
}

fn literal(lines: &str, indent: &str, text: &mut String) {
    let chomp = if lines.ends_with('\n') { "+" } else { "-" };
    let _ = write!(text, "|2{chomp}");
    for line in lines.strip_suffix('\n').unwrap_or(lines).split('\n') {
        let _ = write!(text, "\n{indent}{line}");
    }
}

/// Whether a text can stand in a block at all, at a depth of one or more: no blanks alone on a line, nothing invisible.
fn is_literal(text: &str) -> bool {
    text.contains('\n') && text.split('\n').all(|line| is_printable(line) && !line.trim().is_empty())
}

fn is_printable(text: &str) -> bool {
    text.chars().all(|char| !char.is_control() && !('\u{2028}'..='\u{2029}').contains(&char) && char != '\u{feff}')
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        // YAML 1.1 wants a point before the exponent, and a sign behind it
        Value::Number(number) if number.is_f64() => {
            let text = format!("{:e}", number.as_f64().unwrap_or_default());
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let point = if digits.contains('.') { "" } else { ".0" };
            let sign = if exponent.starts_with('-') { "" } else { "+" };
            format!("{digits}{point}e{sign}{exponent}")
        }
        other => other.to_string(),
    }
}

/// In double quotes, with everything escaped that cannot be seen.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            char if is_printable(char.encode_utf8(&mut [0; 4])) => quoted.push(char),
            char => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(char));
            }
        }
    }
    quoted + "\""
}
