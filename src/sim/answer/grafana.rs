//! Grafana, served below /ui/.

use hyper::StatusCode;
use hyper::header::AUTHORIZATION;
use serde_json::json;

use super::{Answer, Question, dashboard, datasource, json, live, metrics, text, typed, with};
use crate::sim::fault::Word;
use crate::sim::layout::Here;
use crate::value::Value;

/// `admin:Demo.Grafana`, the login that the inventory of the estate has, as HTTP's basic scheme writes it.
const ADMIN: &str = "Basic YWRtaW46RGVtby5HcmFmYW5h";

/// Below which it is served.
const PREFIX: &str = "/ui";

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Admin,
    /// Nobody in particular, who may read.
    Anonymous,
    Stranger,
}

/// What it is asked at its prefix it answers; from elsewhere it sends there.
pub(super) async fn answer(here: &Here, question: &Question) -> Answer {
    let path = question.path();
    if here.is(Word::NoSubpath) {
        return page(here, question, path).await;
    }
    match path.strip_prefix(PREFIX) {
        Some(rest) if rest.starts_with('/') => page(here, question, rest).await,
        // What is asked of its interface is answered without the prefix too.
        _ if path.starts_with("/api/") => page(here, question, path).await,
        _ => moved(StatusCode::MOVED_PERMANENTLY, if path == "/" { "/ui/" } else { path }),
    }
}

async fn page(here: &Here, question: &Question, path: &str) -> Answer {
    match path {
        "/healthz" => text(StatusCode::OK, "Ok"),
        "/metrics" if !here.is(Word::NoMetrics) => metrics(METRICS),
        "/" if reader(here, question) == Reader::Stranger => {
            with(moved(StatusCode::FOUND, "/login"), "cache-control", "no-cache")
        }
        "/" | "/login" => html(),
        _ if path.starts_with("/d/") => html(),
        _ => match path.strip_prefix("/api/") {
            Some("health") => health(here.is(Word::Database)),
            Some("user") => user(question, here),
            Some(_) if reader(here, question) == Reader::Stranger => unauthorized(question),
            Some(path) => asked(here, question, path).await,
            None => not_found(),
        },
    }
}

/// What somebody who may read asks; some of it is for the administrator only.
async fn asked(here: &Here, question: &Question, path: &str) -> Answer {
    let found = |value: &Value| json(StatusCode::OK, value);
    match path {
        "org" => found(&json!({"id": 1, "name": organisation(here), "address": {}})),
        "frontend/settings" => found(&datasource::settings(here)),
        "search" => found(&dashboard::search(here)),
        "dashboards/home" => found(&dashboard::home(here)),
        "live/ws" => live::greet(question),
        _ if !path.starts_with("datasources") => not_found(),
        _ if reader(here, question) != Reader::Admin => unauthorized(question),
        "datasources" => found(&datasource::list(here)),
        _ => match path.strip_prefix("datasources/uid/").and_then(|rest| rest.strip_suffix("/health")) {
            Some(uid) => datasource::health(here, uid).await,
            None => not_found(),
        },
    }
}

/// A wrong login is no login, and whoever has none is anonymous where that is allowed.
fn reader(here: &Here, question: &Question) -> Reader {
    let closed = here.node().first(here.component, &[Word::NoAnonymous, Word::NoOrganisation]).is_some();
    match question.header(AUTHORIZATION) {
        Some(ADMIN) if !here.is(Word::Password) => Reader::Admin,
        _ if closed => Reader::Stranger,
        _ => Reader::Anonymous,
    }
}

fn organisation(here: &Here) -> &'static str {
    if here.is(Word::NoOrganisation) { "Main Org." } else { "Pigsty" }
}

/// To a path below the prefix, or to the path itself where there is none.
fn moved(status: StatusCode, path: &str) -> Answer {
    let to = if path.starts_with("/ui/") { path.to_owned() } else { format!("{PREFIX}{path}") };
    let body = format!("<a href=\"{to}\">{}</a>.\n\n", status.canonical_reason().unwrap_or_default());
    let mut answer = typed(status, "text/html; charset=utf-8", body);
    if let Ok(to) = to.try_into() {
        answer.headers_mut().insert(hyper::header::LOCATION, to);
    }
    answer
}

fn html() -> Answer {
    let page =
        "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head>\n<title>Grafana</title>\n</head>\n<body></body>\n</html>\n";
    typed(StatusCode::OK, "text/html; charset=UTF-8", page)
}

fn not_found() -> Answer {
    json(StatusCode::NOT_FOUND, &json!({"message": "Not found"}))
}

fn health(failing: bool) -> Answer {
    let (status, database) =
        if failing { (StatusCode::SERVICE_UNAVAILABLE, "failing") } else { (StatusCode::OK, "ok") };
    let body =
        format!("{{\n  \"commit\": \"ec5c3bd\",\n  \"database\": \"{database}\",\n  \"version\": \"13.1.1\"\n}}");
    with(typed(status, "application/json; charset=UTF-8", body), "cache-control", "no-cache")
}

/// Whoever is not let in is told so, and anonymous readers are nobody here.
fn user(question: &Question, here: &Here) -> Answer {
    if reader(here, question) != Reader::Admin {
        return unauthorized(question);
    }
    let user = json!({"id": 1, "uid": "admin", "login": "admin", "orgId": 1, "isGrafanaAdmin": true});
    json(StatusCode::OK, &user)
}

fn unauthorized(question: &Question) -> Answer {
    let tried = question.header(AUTHORIZATION).is_some();
    let id = if tried { "password-auth.failed" } else { "auth.unauthorized" };
    let message = if tried { "Invalid username or password" } else { "Unauthorized" };
    let body = json!({"extra": null, "message": message, "messageId": id, "statusCode": 401, "traceID": ""});
    json(StatusCode::UNAUTHORIZED, &body)
}

const METRICS: &str = "# HELP grafana_build_info A metric with a constant '1' value labeled by version.\n\
    # TYPE grafana_build_info gauge\n\
    grafana_build_info{branch=\"HEAD\",edition=\"oss\",goversion=\"go1.26\",revision=\"ec5c3bd\",version=\"13.1.1\"} 1\n\
    # TYPE grafana_stat_totals_dashboard gauge\n\
    grafana_stat_totals_dashboard 67\n";
