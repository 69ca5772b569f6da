//! The Prometheus text format, as a `/metrics` page has it, read into facts.
//!
//! It is strict: a line that is neither a comment nor a sample makes the whole text no exposition, so that an HTML page or
//! a plain sentence never yields a metric. Types, help, timestamps and exemplars are passed over.

use std::borrow::Cow;

use serde_json::Number;

use crate::value::{Object, Value};

/// The most samples that are read from one page: ten times the largest page of a component.
const SAMPLES: usize = 100_000;

/// One line: a name, labels and a value.
#[derive(Debug, PartialEq)]
struct Sample<'a> {
    name: Cow<'a, str>,
    labels: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    value: Value,
}

/// The facts `metric` and `label` of a text: by name a value, or the values of all series in order.
pub(super) fn read(text: &str) -> Option<(Object, Object)> {
    let mut samples = 0;
    let mut metrics: indexmap::IndexMap<Cow<'_, str>, Vec<Sample<'_>>> = indexmap::IndexMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let sample = sample(line)?;
        metrics.entry(sample.name.clone()).or_default().push(sample);
        samples += 1;
        if samples > SAMPLES {
            return None;
        }
    }
    let labels = metrics.iter().map(|(name, series)| (name.to_string(), Value::Object(labels(series)))).collect();
    let value = |series: Vec<Sample<'_>>| one_or_all(series.into_iter().map(|sample| sample.value).collect());
    let values = metrics.into_iter().map(|(name, series)| (name.into_owned(), value(series))).collect();
    (samples > 0).then_some((values, labels))
}

/// The labels of a metric's series; a label that a series lacks is empty there, as Prometheus has it.
fn labels(series: &[Sample<'_>]) -> Object {
    let mut labels = indexmap::IndexMap::<&str, Vec<Value>>::new();
    for (index, sample) in series.iter().enumerate() {
        for (label, value) in &sample.labels {
            let values = labels.entry(label).or_insert_with(|| vec![Value::from(""); series.len()]);
            values[index] = Value::from(value.as_ref());
        }
    }
    labels.into_iter().map(|(label, values)| (label.to_owned(), one_or_all(values))).collect()
}

fn one_or_all(mut values: Vec<Value>) -> Value {
    if values.len() == 1 { values.remove(0) } else { Value::Array(values) }
}

/// A sample's value: a number, or the text `NaN`, `+Inf` or `-Inf`, which JSON has no numbers for.
pub(super) fn number(text: &str) -> Option<Value> {
    match text {
        "NaN" | "nan" => return Some("NaN".into()),
        "Inf" | "+Inf" | "inf" | "+inf" => return Some("+Inf".into()),
        "-Inf" | "-inf" => return Some("-Inf".into()),
        _ => {}
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    let decimal = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    Number::from_f64(text.parse().ok().filter(|_| decimal)?).map(Value::Number)
}

fn sample(line: &str) -> Option<Sample<'_>> {
    let end = line.find(|char: char| !is_name(char)).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    if name.starts_with(|char: char| char.is_ascii_digit()) {
        return None;
    }
    let mut sample = Sample { name: name.into(), labels: Vec::new(), value: Value::Null };
    let mut rest = rest.trim_start();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = set(inner, &mut sample)?;
    } else if end == line.len() || !line[end..].starts_with([' ', '\t']) {
        return None;
    }
    sample.value = value(rest)?;
    (!sample.name.is_empty()).then_some(sample)
}

fn is_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_' || char == ':'
}

/// Reads `label="value", …}` into the sample and returns what follows.
fn set<'a>(mut rest: &'a str, sample: &mut Sample<'a>) -> Option<&'a str> {
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('}') {
            return Some(after);
        }
        let label;
        (label, rest) = match rest.strip_prefix('"') {
            Some(quoted) => text(quoted)?,
            None => bare(rest)?,
        };
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('=') {
            let value;
            (value, rest) = text(after.trim_start().strip_prefix('"')?)?;
            sample.labels.push((label, value));
        } else if sample.name.is_empty() {
            // A name beyond ASCII stands quoted inside the braces.
            sample.name = label;
        } else {
            return None;
        }
        rest = rest.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.starts_with('}') => {}
            None => return None,
        }
    }
}

fn bare(rest: &str) -> Option<(Cow<'_, str>, &str)> {
    let end = rest.find(|char: char| !is_name(char))?;
    let (label, after) = rest.split_at(end);
    let wrong = label.is_empty() || label.starts_with(|char: char| char.is_ascii_digit());
    (!wrong).then_some((label.into(), after))
}

/// Reads up to the closing quote, with the escapes `\\`, `\"` and `\n`.
fn text(rest: &str) -> Option<(Cow<'_, str>, &str)> {
    let end = rest.find(['"', '\\'])?;
    if rest.as_bytes()[end] == b'"' {
        return Some((rest[..end].into(), &rest[end + 1..]));
    }
    let mut value = rest[..end].to_owned();
    let mut chars = rest[end..].char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value.into(), &rest[end + at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                same @ ('\\' | '"') => same,
                _ => return None,
            }),
            other => value.push(other),
        }
    }
    None
}

/// The value, after which only a timestamp and an exemplar may stand.
fn value(rest: &str) -> Option<Value> {
    let mut words = rest.split_ascii_whitespace();
    let value = number(words.next()?)?;
    match words.next() {
        None | Some("#") => Some(value),
        Some(time) if time.parse::<f64>().is_ok() => matches!(words.next(), None | Some("#")).then_some(value),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(text: &str) -> Option<(Value, Value)> {
        read(text).map(|(metrics, labels)| (metrics.into(), labels.into()))
    }

    #[test]
    fn one_series_is_a_number_and_many_are_a_list() {
        let (metrics, labels) = page(
            "# HELP up Whether.\n# TYPE up gauge\nnginx_up 1\nup{job=\"infra\",ins=\"a\"} 1\nup{job=\"infra\"} 0.5 1795336861000\n",
        )
        .unwrap();
        assert_eq!(metrics, json!({"nginx_up": 1, "up": [1, 0.5]}));
        assert_eq!(labels, json!({"nginx_up": {}, "up": {"job": ["infra", "infra"], "ins": ["a", ""]}}));
    }

    #[test]
    fn escapes_spaces_and_commas_are_read() {
        let (metrics, labels) = page("a { b = \"x\\\\y\\\"z\\n\" , c=\"{,}\", } 1\n\n  d 2  \n").unwrap();
        assert_eq!(metrics, json!({"a": 1, "d": 2}));
        assert_eq!(labels["a"], json!({"b": "x\\y\"z\n", "c": "{,}"}));
    }

    #[test]
    fn what_json_has_no_number_for_is_text() {
        let (metrics, _) = page("a NaN\nb +Inf\nc -Inf\nd 1e-9\ne 1.5E3\nf -0.5\n").unwrap();
        assert_eq!(metrics, json!({"a": "NaN", "b": "+Inf", "c": "-Inf", "d": 1e-9, "e": 1500.0, "f": -0.5}));
    }

    #[test]
    fn exemplars_and_quoted_names_are_read() {
        let (metrics, labels) =
            page("b_bucket{le=\"1\"} 2 # {trace_id=\"x\"} 0.5 1.5\n{\"my.metric\",k=\"v\"} 3 12\n# EOF\n").unwrap();
        assert_eq!(metrics, json!({"b_bucket": 2, "my.metric": 3}));
        assert_eq!(labels["my.metric"], json!({"k": "v"}));
    }

    #[test]
    fn a_page_with_one_wrong_line_is_no_exposition() {
        for wrong in [
            "",
            "OK",
            "OK\n",
            "# only a comment\n",
            "<html>",
            "Active connections: 1",
            "a",
            "a b",
            "a 1 2 3",
            "a{b=c} 1",
            "a{b=\"c} 1",
            "a{b=\"\\x\"} 1",
            "a{b=\"c\"",
            "1a 1",
            "a{1b=\"\"} 1",
            "a 0x10",
            "a 1_000",
            "{} 1",
            "a{b=\"c\"}",
            "a{b=\"c\" d=\"e\"} 1",
            "a,b 1",
            "a 1\nb",
            "a infinity",
            "{\"a\": 1}",
            "a 1e999",
        ] {
            assert_eq!(page(wrong), None, "{wrong:?}");
        }
    }
}
