//! VictoriaMetrics: what it scrapes, and the series that come of it.

use std::time::SystemTime;

use hyper::StatusCode;
use serde_json::json;

use super::target::{self, Target};
use super::victoria::{UPTIME, hosted, metrics, refused, shared};
use super::{Answer, Question, json};
use crate::sim::fault::Word;
use crate::sim::layout::Here;
use crate::value::Value;

pub(super) fn answer(here: &Here, question: &Question) -> Answer {
    match question.path() {
        "/metrics" => metrics("victoria-metrics-20260801-tags-v1.148.0", uptime(here), &state(here)),
        "/api/v1/targets" => targets(here, question),
        "/api/v1/query" if here.is(Word::QueryFailed) => {
            let why = "couldn't start executing the request, since the concurrency limit is reached";
            refused(StatusCode::SERVICE_UNAVAILABLE, why)
        }
        "/api/v1/query" => query(here, question),
        _ => shared(here, question),
    }
}

fn uptime(here: &Here) -> u32 {
    if here.is(Word::Young) { 3 } else { UPTIME }
}

fn state(here: &Here) -> String {
    let full = here.is(Word::Readonly);
    let free = if full { "91553792" } else { "52428800000" };
    format!(
        "vm_promscrape_config_last_reload_successful {}\n\
         vm_free_disk_space_bytes{{path=\"/infra/metrics\"}} {free}\n\
         vm_storage_is_read_only{{path=\"/infra/metrics\"}} {}\n",
        u8::from(!here.is(Word::ReloadFailed)),
        u8::from(full)
    )
}

/// Everything that it scrapes, or one pool of it.
fn targets(here: &Here, question: &Question) -> Answer {
    let pool = question.parameter("scrapePool");
    let wanted = |target: &&Target| pool.as_ref().is_none_or(|pool| *pool == target.job);
    let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    let scraped = target::all(here);
    let active: Vec<_> = scraped.iter().filter(wanted).map(|target| target.describe(&now)).collect();
    let data = json!({"activeTargets": active, "droppedTargets": []});
    hosted(json(StatusCode::OK, &json!({"status": "success", "data": data})))
}

/// Answers a selector; more of the language it does not know, and says so.
fn query(here: &Here, question: &Question) -> Answer {
    let Some(query) = question.parameter("query") else {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "missing `query` arg");
    };
    let Some((name, wanted)) = selector(&query) else {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, &format!("cannot parse {query:?}: not a selector"));
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |age| age.as_secs());
    let series = if name == "up" { series(here) } else { Vec::new() };
    let found = series.into_iter().filter(|(labels, _)| wanted.iter().all(|(key, value)| labels[key] == *value));
    let result: Vec<_> = found.map(|(labels, up)| json!({"metric": labels, "value": [now, up]})).collect();
    let stats = json!({"seriesFetched": result.len().to_string(), "executionTimeMsec": 0});
    let data = json!({"resultType": "vector", "result": result});
    hosted(json(StatusCode::OK, &json!({"status": "success", "data": data, "stats": stats})))
}

/// The state of every target as a series, and what others have written beside them.
fn series(here: &Here) -> Vec<(Value, &'static str)> {
    let mut series: Vec<_> = target::all(here).iter().map(|target| (target.series(), target.up())).collect();
    if here.is(Word::ForeignSeries) {
        let foreign = json!({
            "__name__": "up", "cls": "grafana", "ins": "grafana-1", "instance": "10.20.30.40:3000",
            "ip": "10.20.30.40", "job": "infra", "site": "elsewhere",
        });
        series.push((foreign, "1"));
    }
    series
}

/// Reads `name{label="value",…}`.
fn selector(query: &str) -> Option<(&str, Vec<(&str, &str)>)> {
    let (name, labels) = match query.split_once('{') {
        Some((name, rest)) => (name, rest.trim_end().strip_suffix('}')?),
        None => (query, ""),
    };
    let name = name.trim();
    let known = |character: char| character.is_ascii_alphanumeric() || character == '_';
    if name.is_empty() || !name.chars().all(known) {
        return None;
    }
    let pairs = labels.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let matched = pairs.map(|pair| {
        let (label, value) = pair.split_once('=')?;
        Some((label.trim(), value.trim().strip_prefix('"')?.strip_suffix('"')?))
    });
    Some((name, matched.collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_a_name_and_labels() {
        assert_eq!(selector("up"), Some(("up", vec![])));
        assert_eq!(selector("up{job=\"infra\", cls=\"a\"}"), Some(("up", vec![("job", "infra"), ("cls", "a")])));
        for query in ["", "sum(up)", "up{job=~\"infra\"}", "up{job=\"infra\"", "up == 1"] {
            assert_eq!(selector(query), None, "{query}");
        }
    }
}
