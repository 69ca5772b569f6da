//! What VictoriaMetrics, VictoriaLogs, VictoriaTraces and vmalert have in common.

use hyper::StatusCode;
use serde_json::json;

use super::{Answer, Question, json, text, typed, with};
use crate::sim::fault::Word;
use crate::sim::layout::Here;

/// The paths that all of them know, and what is left: a path that this one does not know.
pub(super) fn shared(here: &Here, question: &Question) -> Answer {
    let answer = match question.path() {
        "/health" if here.is(Word::ShuttingDown) => {
            let body = "The server is in delayed shutdown mode, which will end after 12.000s";
            text(StatusCode::SERVICE_UNAVAILABLE, body)
        }
        "/health" => text(StatusCode::OK, "OK"),
        "/-/healthy" => text(StatusCode::OK, "VictoriaMetrics is Healthy.\n"),
        "/-/ready" => text(StatusCode::OK, "VictoriaMetrics is Ready.\n"),
        "/ping" => text(StatusCode::NO_CONTENT, ""),
        path => text(StatusCode::BAD_REQUEST, format!("unsupported path requested: {path:?}\n")),
    };
    hosted(answer)
}

/// How long everything has run: a day, in seconds.
pub(super) const UPTIME: u32 = 86_400;

/// Metrics with the version, which is what tells the four apart.
pub(super) fn metrics(version: &str, uptime: u32, own: &str) -> Answer {
    let short = version.rsplit('-').next().unwrap_or_default();
    let common = format!("process_cpu_cores_available 2\nvm_app_uptime_seconds {uptime}\n");
    let app = format!("vm_app_version{{version=\"{version}\", short_version=\"{short}\"}} 1\n");
    hosted(typed(StatusCode::OK, "text/plain; charset=utf-8", format!("{own}{common}{app}")))
}

/// The error of a query that could not be answered.
pub(super) fn refused(status: StatusCode, why: &str) -> Answer {
    let kind = status.as_u16().to_string();
    hosted(json(status, &json!({"status": "error", "errorType": kind, "error": why})))
}

/// Every one of them says which machine it runs on.
pub(super) fn hosted(answer: Answer) -> Answer {
    with(answer, "x-server-hostname", "pigsty")
}
