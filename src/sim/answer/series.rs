//! The series of a VictoriaMetrics: what its scrapes and its vmalert store, and what was written to it.

use std::time::{Duration, SystemTime};

use hyper::{Method, StatusCode};
use serde_json::json;

use super::victoria::{hosted, refused};
use super::{Answer, Question, json, refused_method, target, text, typed};
use crate::sim::fault::{Component, Word};
use crate::sim::layout::Here;
use crate::sim::memory::{Sample, remember};
use crate::value::{Object, Value};

/// Milliseconds between two scrapes.
const INTERVAL: i64 = 10_000;

/// How long a series without a new sample is still shown, in milliseconds.
const LOOKBACK: i64 = 300_000;

/// How old the newest result of a rule is, in milliseconds: vmalert looks 30 s back, and takes its turn.
const RULE_AGE: i64 = 35_000;

/// The labels of a series, and its samples, newest first.
struct Series {
    labels: Value,
    samples: Vec<(i64, f64)>,
}

/// What a query may be: a name, labels that must be so, and how far back, in milliseconds.
#[derive(Debug, PartialEq)]
struct Selector {
    name: String,
    labels: Vec<(String, String)>,
    range: Option<i64>,
}

/// Answers a selector; more of the language it does not know, and says so.
pub(super) fn query(here: &Here, question: &Question) -> Answer {
    let selector = match wanted(question, "query") {
        Ok(selector) => selector,
        Err(refusal) => return *refusal,
    };
    let (now, range) = (now(), selector.range.unwrap_or(LOOKBACK));
    let kind = if selector.range.is_some() { "matrix" } else { "vector" };
    let mut result = Vec::new();
    for series in found(here, &selector) {
        let recent = series.samples.iter().filter(|(time, _)| now - time <= range && *time <= now);
        let recent: Vec<_> = recent.map(|(time, value)| json!([seconds(*time), value.to_string()])).collect();
        match recent.first() {
            None => {}
            Some(_) if kind == "matrix" => {
                let oldest_first: Vec<_> = recent.into_iter().rev().collect();
                result.push(json!({"metric": series.labels, "values": oldest_first}));
            }
            Some(newest) => result.push(json!({"metric": series.labels, "value": [seconds(now), newest[1]]})),
        }
    }
    let stats = json!({"seriesFetched": result.len().to_string(), "executionTimeMsec": 0});
    let data = json!({"resultType": kind, "result": result});
    hosted(json(StatusCode::OK, &json!({"status": "success", "data": data, "stats": stats})))
}

/// Everything that it stored of some series, a line for each.
pub(super) fn export(here: &Here, question: &Question) -> Answer {
    let selector = match wanted(question, "match[]") {
        Ok(selector) => selector,
        Err(refusal) => return *refusal,
    };
    let line = |series: Series| {
        let (timestamps, values): (Vec<_>, Vec<_>) =
            series.samples.into_iter().rev().map(|(time, value)| (time, number(value))).unzip();
        format!("{}\n", json!({"metric": series.labels, "values": values, "timestamps": timestamps}))
    };
    let lines: String = found(here, &selector).into_iter().map(line).collect();
    hosted(typed(StatusCode::OK, "application/stream+json", lines))
}

/// Stores samples in the text format.
pub(super) fn import(here: &Here, question: &Question) -> Answer {
    if question.method != Method::POST {
        return refused_method();
    }
    if here.is(Word::Readonly) {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "cannot add rows: the storage is in read-only mode");
    }
    let time = question.parameter("timestamp").and_then(|time| time.parse().ok()).unwrap_or_else(now);
    let body = String::from_utf8_lossy(&question.body);
    let mut written = here.node().memory.open();
    for sample in body.lines().filter_map(|line| sample(line, time)) {
        remember(&mut written.samples, sample);
    }
    hosted(text(StatusCode::NO_CONTENT, ""))
}

/// Forgets what was written; what was scraped comes again.
pub(super) fn delete(here: &Here, question: &Question) -> Answer {
    if question.method != Method::POST {
        return refused_method();
    }
    match wanted(question, "match[]") {
        Ok(selector) => {
            here.node().memory.open().samples.retain(|sample| !selector.matches(&sample.labels));
            hosted(text(StatusCode::NO_CONTENT, ""))
        }
        Err(refusal) => *refusal,
    }
}

fn wanted(question: &Question, parameter: &str) -> Result<Selector, Box<Answer>> {
    let refuse = |why: &str| Box::new(refused(StatusCode::UNPROCESSABLE_ENTITY, why));
    let query = question.parameter(parameter).ok_or_else(|| refuse(&format!("missing `{parameter}` arg")))?;
    selector(&query).ok_or_else(|| refuse(&format!("cannot parse {query:?}: not a selector")))
}

/// A line of the text format: a selector, a value, and perhaps a time of its own.
fn sample(line: &str, time: i64) -> Option<Sample> {
    let end = line.rfind('}').map_or_else(|| line.find(' '), |end| Some(end + 1))?;
    let (series, rest) = line.split_at(end);
    let selector = selector(series)?;
    let mut rest = rest.split_whitespace();
    let value = rest.next()?.parse().ok()?;
    let time = rest.next().and_then(|own| own.parse().ok()).unwrap_or(time);
    let mut labels = Object::from_iter([("__name__".to_owned(), json!(selector.name))]);
    labels.extend(selector.labels.into_iter().map(|(label, value)| (label, json!(value))));
    Some(Sample { labels: Value::Object(labels), value, time })
}

fn found(here: &Here, selector: &Selector) -> Vec<Series> {
    stored(here).into_iter().filter(|series| selector.matches(&series.labels)).collect()
}

/// The state of every target, what rules made of it, what others have written beside it, and what was written to it.
fn stored(here: &Here) -> Vec<Series> {
    let scraped = target::all(here);
    let samples =
        |from: i64, up: f64| (0..LOOKBACK / INTERVAL).map(|turn| (now() - from - turn * INTERVAL, up)).collect();
    let mut series: Vec<_> = scraped
        .iter()
        .map(|target| Series { labels: target.series("up"), samples: samples(1000, target.up()) })
        .collect();
    if stores_rules(here) {
        let infra = scraped.iter().filter(|target| target.job == "infra");
        series.extend(
            infra.map(|target| Series { labels: target.series("infra_up"), samples: samples(RULE_AGE, target.up()) }),
        );
    }
    if here.is(Word::ForeignSeries) {
        let labels = json!({
            "__name__": "up", "cls": "grafana", "ins": "grafana-1", "instance": "10.20.30.40:3000",
            "ip": "10.20.30.40", "job": "infra", "site": "elsewhere",
        });
        series.push(Series { labels, samples: samples(1000, 1.0) });
    }
    for sample in &here.node().memory.open().samples {
        match series.iter_mut().find(|series| series.labels == sample.labels) {
            Some(series) => series.samples.insert(0, (sample.time, sample.value)),
            None => series.push(Series { labels: sample.labels.clone(), samples: vec![(sample.time, sample.value)] }),
        }
    }
    series
}

/// Whether the vmalert of the same node writes here what comes of the rules of INFRA, and may.
fn stores_rules(here: &Here) -> bool {
    let node = here.node();
    let silent = node.first(Component::Vmalert, &[Word::StaleOutput, Word::NoRules]).is_some();
    node.works(Component::Vmalert) && !silent && !here.is(Word::Readonly)
}

impl Selector {
    fn matches(&self, labels: &Value) -> bool {
        labels["__name__"] == *self.name && self.labels.iter().all(|(label, value)| labels[label] == **value)
    }
}

/// Reads `name{label="value",…}[range]`.
fn selector(query: &str) -> Option<Selector> {
    let (query, range) = match query.trim().strip_suffix(']') {
        Some(ranged) => {
            let (query, range) = ranged.rsplit_once('[')?;
            (query, Some(milliseconds(humantime::parse_duration(range).ok()?)))
        }
        None => (query.trim(), None),
    };
    let (name, labels) = match query.split_once('{') {
        Some((name, rest)) => (name, rest.trim_end().strip_suffix('}')?),
        None => (query, ""),
    };
    let name = name.trim();
    let known = |character: char| character.is_ascii_alphanumeric() || character == '_';
    if name.is_empty() || !name.chars().all(known) {
        return None;
    }
    Some(Selector { name: name.to_owned(), labels: equals(labels)?, range })
}

/// Reads `label="value",…`.
pub(super) fn equals(labels: &str) -> Option<Vec<(String, String)>> {
    let pairs = labels.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let matched = pairs.map(|pair| {
        let (label, value) = pair.split_once('=')?;
        Some((label.trim().to_owned(), value.trim().strip_prefix('"')?.strip_suffix('"')?.to_owned()))
    });
    matched.collect()
}

fn now() -> i64 {
    milliseconds(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A time as VictoriaMetrics writes it: whole seconds without a fraction.
fn seconds(time: i64) -> Value {
    if time % 1000 == 0 { json!(time / 1000) } else { json!(Duration::from_millis(time.unsigned_abs()).as_secs_f64()) }
}

/// A value as VictoriaMetrics writes it: whole ones without a fraction.
fn number(value: f64) -> Value {
    value.to_string().parse::<i64>().map_or_else(|_| json!(value), |whole| json!(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_a_name_and_labels_and_a_range() {
        let read = |query: &str| {
            let selector = selector(query)?;
            let labels: Vec<_> = selector.labels.iter().map(|(label, value)| format!("{label}={value}")).collect();
            Some((selector.name, labels.join(" "), selector.range))
        };
        assert_eq!(read("up"), Some(("up".into(), String::new(), None)));
        assert_eq!(read("up{job=\"infra\", cls=\"a\"}"), Some(("up".into(), "job=infra cls=a".into(), None)));
        assert_eq!(read("infra_up[90s]"), Some(("infra_up".into(), String::new(), Some(90_000))));
        for query in ["", "sum(up)", "up{job=~\"infra\"}", "up{job=\"infra\"", "up == 1", "up[x]", "up]"] {
            assert_eq!(read(query), None, "{query}");
        }
    }
}
