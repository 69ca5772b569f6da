//! Grafana, served below /ui/.

use hyper::StatusCode;
use serde_json::json;

use super::{Answer, Question, json, metrics, text, typed, with};
use crate::sim::fault::Word;
use crate::sim::layout::Here;

/// `admin:pigsty`, the login of Pigsty's role defaults, as HTTP's basic scheme writes it.
const ADMIN: &str = "Basic YWRtaW46cGlnc3R5";

pub(super) fn answer(here: &Here, question: &Question) -> Answer {
    match question.path() {
        "/metrics" => moved("/ui/metrics"),
        "/healthz" => moved("/ui/healthz"),
        "/ui/healthz" => text(StatusCode::OK, "Ok"),
        "/ui/metrics" if !here.is(Word::NoMetrics) => metrics(METRICS),
        "/ui/api/health" | "/api/health" => health(here.is(Word::Database)),
        "/ui/api/user" => user(question, here.is(Word::Password)),
        path if path.starts_with("/ui/") => json(StatusCode::NOT_FOUND, &json!({"message": "Not found"})),
        _ => moved("/ui/"),
    }
}

fn moved(to: &'static str) -> Answer {
    let body = format!("<a href=\"{to}\">Moved Permanently</a>.\n\n");
    with(typed(StatusCode::MOVED_PERMANENTLY, "text/html; charset=utf-8", body), "location", to)
}

fn health(failing: bool) -> Answer {
    let (status, database) =
        if failing { (StatusCode::SERVICE_UNAVAILABLE, "failing") } else { (StatusCode::OK, "ok") };
    let body =
        format!("{{\n  \"commit\": \"ec5c3bd\",\n  \"database\": \"{database}\",\n  \"version\": \"13.1.1\"\n}}");
    with(typed(status, "application/json; charset=UTF-8", body), "cache-control", "no-cache")
}

/// Whoever is not let in is told so, and anonymous readers are nobody here.
fn user(question: &Question, changed: bool) -> Answer {
    match question.authorization.as_deref() {
        Some(ADMIN) if !changed => {
            let user = json!({"id": 1, "uid": "admin", "login": "admin", "orgId": 1, "isGrafanaAdmin": true});
            json(StatusCode::OK, &user)
        }
        given => {
            let id = if given.is_some() { "password-auth.failed" } else { "auth.unauthorized" };
            let message = if given.is_some() { "Invalid username or password" } else { "Unauthorized" };
            let body = json!({"extra": null, "message": message, "messageId": id, "statusCode": 401, "traceID": ""});
            json(StatusCode::UNAUTHORIZED, &body)
        }
    }
}

const METRICS: &str = "# HELP grafana_build_info A metric with a constant '1' value labeled by version.\n\
    # TYPE grafana_build_info gauge\n\
    grafana_build_info{branch=\"HEAD\",edition=\"oss\",goversion=\"go1.26\",revision=\"ec5c3bd\",version=\"13.1.1\"} 1\n\
    # TYPE grafana_stat_totals_dashboard gauge\n\
    grafana_stat_totals_dashboard 67\n";
