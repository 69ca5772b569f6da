//! The promql probe: an instant query, answered by a VictoriaMetrics or Prometheus that testifies about its targets.
//!
//! The server is a witness: when it is silent or speaks something else, nothing is known about what was asked. It asks
//! for what is stored now, not for what a cache or the query latency offset holds back. A selector with a range, as in
//! `infra_up[90s]`, gives the series that have samples that young, each with its last value.

use std::time::Duration;

use reqwest::{Method, Url};
use serde::Deserialize;

use super::answer::Answer;
use super::http::{Http, url};
use super::{Facts, Kind, ProbeError, exposition, field};
use crate::value::{Object, Value};

pub(super) const KIND: Kind = Kind {
    name: "promql",
    fields: &["at", "query"],
    facts: &["count", "value", "values", "values[", "series", "series[", "samples", "samples[", "time"],
    default: &[],
};

/// How many series an answer may have: a hundred times what the infrastructure of a large deployment has.
const SERIES: usize = 100_000;

/// How many bytes an answer may have: room for that many series.
const BODY: usize = 64 * 1024 * 1024;

/// How much of a server's complaint is passed on, in characters.
const COMPLAINT: usize = 200;

/// A query to a server of the Prometheus HTTP API.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Promql {
    at: Url,
    query: String,
    http: Http,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    at: Value,
    query: Value,
}

impl TryFrom<Fields> for Promql {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let at = url("at", fields.at)?;
        if at.query().is_some() || at.fragment().is_some() {
            return Err("at: is the server's address, without a query".to_owned());
        }
        let query = field::text("query", Some(fields.query))?.unwrap_or_default();
        if query.trim().is_empty() {
            return Err("query: is empty".to_owned());
        }
        let mut asked = at.clone();
        asked.set_path(&format!("{}/api/v1/query", at.path().trim_end_matches('/')));
        asked.query_pairs_mut().extend_pairs([("query", query.as_str()), ("nocache", "1"), ("latency_offset", "1ms")]);
        Ok(Self { at, query, http: Http::get(Method::GET, asked).limit(BODY) })
    }
}

/// What the API answers, as far as it concerns an instant query.
#[derive(Deserialize)]
struct Reply {
    status: String,
    data: Option<Data>,
    error: Option<String>,
    #[serde(default, rename = "isPartial")]
    partial: bool,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    kind: String,
    result: Value,
}

/// A series with its value, or with the last of its values where a range was asked for.
struct Sample {
    metric: Object,
    value: (f64, String),
}

#[derive(Deserialize)]
struct Series {
    metric: Object,
    value: Option<(f64, String)>,
    #[serde(default)]
    values: Vec<(f64, String)>,
}

impl Series {
    fn sample(self) -> Option<Sample> {
        Some(Sample { metric: self.metric, value: self.value.or(self.values.into_iter().next_back())? })
    }
}

impl Promql {
    pub(super) fn asked(&self) -> String {
        format!("{} at {}", self.query, self.server())
    }

    fn server(&self) -> &str {
        self.at.as_str().trim_end_matches('/')
    }

    pub(super) async fn measure(&self, timeout: Duration) -> Result<Facts, ProbeError> {
        let answer = self.http.ask(timeout).await.map_err(|error| match error {
            ProbeError::Target { reason, .. } | ProbeError::Witness(reason) => self.mute(&reason),
            local @ ProbeError::Local(_) => local,
        })?;
        let samples = self.samples(&answer)?;
        let mut facts = self.facts(samples)?;
        facts.insert("time", answer.took.as_secs_f64());
        Ok(facts)
    }

    fn mute(&self, reason: &str) -> ProbeError {
        ProbeError::Witness(format!("VictoriaMetrics at {} could not testify: {reason}", self.server()))
    }

    fn samples(&self, answer: &Answer) -> Result<Vec<Sample>, ProbeError> {
        let Ok(reply) = serde_json::from_slice::<Reply>(&answer.body) else {
            return Err(self.mute(&format!("it answered {} and not as the Prometheus API does", answer.status)));
        };
        let complaint: String = reply.error.unwrap_or_default().chars().take(COMPLAINT).collect();
        match (answer.status, reply.status.as_str(), reply.data) {
            (200, "success", Some(_)) if reply.partial => Err(self.mute("it says that its answer is partial")),
            (200, "success", Some(data)) => self.vector(data),
            (400 | 422, ..) => Err(ProbeError::Local(format!(
                "VictoriaMetrics at {} rejects the query `{}`: {complaint}",
                self.server(),
                self.query
            ))),
            (status, ..) => Err(self.mute(&format!("it answered {status} {complaint}"))),
        }
    }

    fn vector(&self, data: Data) -> Result<Vec<Sample>, ProbeError> {
        let local = |what: &str| ProbeError::Local(format!("the query `{}` {what}", self.query));
        if !matches!(data.kind.as_str(), "vector" | "matrix" | "scalar") {
            return Err(local(&format!("gives a {}; ask for a vector", data.kind)));
        }
        if data.result.as_array().is_some_and(|series| series.len() > SERIES) {
            return Err(local(&format!("gives more than {SERIES} series; narrow its selector")));
        }
        let samples = if data.kind == "scalar" {
            serde_json::from_value(data.result).ok().map(|value| vec![Sample { metric: Object::new(), value }])
        } else {
            let series: Option<Vec<Series>> = serde_json::from_value(data.result).ok();
            series.and_then(|series| series.into_iter().map(Series::sample).collect())
        };
        samples.ok_or_else(|| self.mute("its answer has samples that are none"))
    }

    fn facts(&self, samples: Vec<Sample>) -> Result<Facts, ProbeError> {
        let (mut series, mut values, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for Sample { metric: mut labels, value: (_, text) } in samples {
            let value =
                exposition::number(&text).ok_or_else(|| self.mute("its answer has a value that is no number"))?;
            labels.shift_remove("__name__");
            series.push(Value::Object(labels.clone()));
            labels.insert("value".to_owned(), value.clone());
            rows.push(Value::Object(labels));
            values.push(value);
        }
        let mut facts = Facts::default();
        facts.insert("count", series.len());
        if let [value] = values.as_slice() {
            facts.insert("value", value.clone());
        }
        facts.insert("values", values);
        facts.insert("series", series);
        facts.insert("samples", rows);
        Ok(facts)
    }
}
