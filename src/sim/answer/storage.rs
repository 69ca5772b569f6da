//! VictoriaLogs and VictoriaTraces: two storages that nobody has asked much of.

use hyper::StatusCode;
use serde_json::json;

use super::victoria::{UPTIME, hosted, metrics, refused, shared};
use super::{Answer, Question, json};
use crate::sim::fault::Word;
use crate::sim::layout::Here;

/// VictoriaLogs.
pub(super) fn logs(here: &Here, question: &Question) -> Answer {
    match question.path() {
        "/metrics" => metrics("victoria-logs-20260708-tags-v1.52.0", UPTIME, &state(here, "vl", "/infra/logs")),
        "/select/logsql/hits" if here.is(Word::QueryFailed) => broken(),
        "/select/logsql/hits" if question.parameter("query").is_none() => {
            refused(StatusCode::BAD_REQUEST, "missing `query` arg")
        }
        "/select/logsql/hits" => {
            let hit = json!({"fields": {}, "timestamps": ["2026-11-22T08:42:00Z"], "values": [17], "total": 17});
            hosted(json(StatusCode::OK, &json!({"hits": [hit]})))
        }
        _ => shared(here, question),
    }
}

/// VictoriaTraces, empty as it always is.
pub(super) fn traces(here: &Here, question: &Question) -> Answer {
    match question.path() {
        "/metrics" => metrics("victoria-traces-20260820-tags-v0.10.0", UPTIME, &state(here, "vt", "/infra/traces")),
        "/select/jaeger/api/services" if here.is(Word::QueryFailed) => broken(),
        "/select/jaeger/api/services" => {
            let none = json!({"data": [], "errors": null, "limit": 0, "offset": 0, "total": 0});
            hosted(json(StatusCode::OK, &none))
        }
        _ => shared(here, question),
    }
}

fn state(here: &Here, prefix: &str, path: &str) -> String {
    let full = here.is(Word::Readonly);
    let free = if full { "91553792" } else { "52428800000" };
    format!(
        "{prefix}_free_disk_space_bytes{{path=\"{path}\"}} {free}\n\
         {prefix}_storage_is_read_only{{path=\"{path}\"}} {}\n",
        u8::from(full)
    )
}

fn broken() -> Answer {
    refused(StatusCode::SERVICE_UNAVAILABLE, "cannot read the index: input/output error")
}
