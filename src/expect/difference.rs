//! How two lists differ, judged as sets: what is missing, what is unexpected, and what is there but wrong.

use super::matcher::same;
use super::quote;
use crate::value::{Object, Value, show};

/// How many elements a message names before it only counts; the report files have them all.
const NAMED: usize = 6;

/// What one list has and the other has not.
pub(super) struct Difference<'a> {
    pub(super) missing: Vec<&'a Value>,
    pub(super) unexpected: Vec<&'a Value>,
}

pub(super) fn same_elements(expected: &[Value], actual: &[Value]) -> bool {
    let difference = split(expected, actual);
    difference.missing.is_empty() && difference.unexpected.is_empty()
}

/// Pairs equal elements; what is left over on either side is the difference.
pub(super) fn split<'a>(expected: &'a [Value], actual: &'a [Value]) -> Difference<'a> {
    let mut unexpected: Vec<_> = actual.iter().collect();
    let mut missing = Vec::new();
    for one in expected {
        match unexpected.iter().position(|other| same(one, other)) {
            Some(at) => drop(unexpected.remove(at)),
            None => missing.push(one),
        }
    }
    Difference { missing, unexpected }
}

impl Difference<'_> {
    /// The difference as a sentence; `exact` says whether elements beyond the expected ones matter.
    pub(super) fn say(mut self, exact: bool) -> String {
        let wrong = if exact { self.pair() } else { Vec::new() };
        let mut parts = Vec::new();
        if !wrong.is_empty() {
            parts.push(format!("wrong: {}", list(&wrong)));
        }
        let named = |values: &[&Value]| list(&values.iter().map(|value| name(value)).collect::<Vec<_>>());
        if !self.missing.is_empty() {
            parts.push(format!("missing: {}", named(&self.missing)));
        }
        if exact && !self.unexpected.is_empty() {
            parts.push(format!("unexpected: {}", named(&self.unexpected)));
        }
        parts.join("; ")
    }

    /// Takes out the pairs that agree in more than half of their keys: the same thing, wrongly labelled.
    fn pair(&mut self) -> Vec<String> {
        let mut wrong = Vec::new();
        self.missing.retain(|expected| {
            let Some(expected) = expected.as_object() else { return true };
            let best = self.unexpected.iter().enumerate().filter_map(|(at, actual)| {
                let agree = agreement(expected, actual.as_object()?);
                (agree * 2 > expected.len()).then_some((agree, at))
            });
            let Some((_, at)) = best.max_by_key(|(agree, at)| (*agree, std::cmp::Reverse(*at))) else { return true };
            let actual = self.unexpected.remove(at).as_object().cloned().unwrap_or_default();
            wrong.push(misnamed(expected, &actual));
            false
        });
        wrong
    }
}

fn agreement(expected: &Object, actual: &Object) -> usize {
    expected.iter().filter(|(key, value)| actual.get(*key).is_some_and(|other| same(value, other))).count()
}

/// `{instance="10.10.10.10:9113", …}: ins is nginx-1, not nginx-3`.
fn misnamed(expected: &Object, actual: &Object) -> String {
    let agreed: Object = actual.iter().filter(|(key, value)| expected.get(*key) == Some(value)).map(own).collect();
    let keys = expected.keys().chain(actual.keys().filter(|key| !expected.contains_key(*key)));
    let wrong = keys.filter(|key| expected.get(*key) != actual.get(*key)).map(|key| {
        match (expected.get(key), actual.get(key)) {
            (Some(should), Some(is)) => format!("{key} is {}, not {}", quote(is), quote(should)),
            (Some(should), None) => format!("{key} is absent, not {}", quote(should)),
            (None, is) => format!("{key} is {}, and should not be there", is.map(quote).unwrap_or_default()),
        }
    });
    let wrong = wrong.collect::<Vec<_>>().join(", ");
    format!("{}: {wrong}", name(&Value::Object(agreed)))
}

fn own((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

/// An element in a sentence; a mapping as Prometheus writes label sets.
fn name(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut labels: Vec<_> = map.iter().map(|(key, value)| format!("{key}={:?}", show(value))).collect();
            labels.sort();
            format!("{{{}}}", labels.join(","))
        }
        other => quote(other),
    }
}

/// The first few of many, and how many more there are.
pub(super) fn list(all: &[String]) -> String {
    let shown = all.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Matcher;
    use super::*;

    fn difference(expected: &Value, actual: &Value) -> String {
        Matcher::read(expected).unwrap().difference(actual).unwrap()
    }

    #[test]
    fn missing_unexpected_and_wrong_are_told_apart() {
        let target =
            |cls: &str, n: u8, ip: &str| json!({"cls": cls, "ins": format!("{cls}-{n}"), "ip": ip, "job": "infra"});
        let expected = json!([target("nginx", 3, "10.10.10.10"), target("grafana", 3, "10.10.10.10")]);
        let actual = json!([target("nginx", 1, "10.10.10.10"), target("vlogs", 9, "10.10.10.19")]);
        assert_eq!(
            difference(&expected, &actual),
            "wrong: {cls=\"nginx\",ip=\"10.10.10.10\",job=\"infra\"}: ins is nginx-1, not nginx-3; \
             missing: {cls=\"grafana\",ins=\"grafana-3\",ip=\"10.10.10.10\",job=\"infra\"}; \
             unexpected: {cls=\"vlogs\",ins=\"vlogs-9\",ip=\"10.10.10.19\",job=\"infra\"}"
        );
    }

    #[test]
    fn a_duplicate_is_unexpected() {
        assert_eq!(difference(&json!(["a"]), &json!(["a", "a"])), "unexpected: a");
    }

    #[test]
    fn an_inclusion_names_only_what_is_missing() {
        assert_eq!(difference(&json!({"includes": ["a", "b"]}), &json!(["b", "c"])), "missing: a");
    }

    #[test]
    fn long_lists_are_counted() {
        let all: Vec<_> = (0..9).map(|n| n.to_string()).collect();
        assert_eq!(list(&all), "0, 1, 2, 3, 4, 5 and 3 more");
    }
}
