//! Alerts and silences: what was sent to an Alertmanager, for as long as it lasts.

use std::time::SystemTime;

use hyper::{Method, StatusCode};
use serde_json::json;

use super::series::equals;
use super::{Answer, Question, json, missing, refused_method, text, with};
use crate::sim::layout::Here;
use crate::sim::memory::remember;
use crate::value::Value;

/// Where a silence is asked for by its name.
const SILENCE: &str = "/api/v2/silence/";

/// Answers below /api/v2/.
pub(super) fn answer(here: &Here, question: &Question) -> Answer {
    let path = question.path();
    let answer = match (&question.method, path.strip_prefix(SILENCE)) {
        (&Method::DELETE, Some(id)) => expire(here, id),
        (&Method::POST, None) if path == "/api/v2/alerts" => receive(here, question),
        (&Method::POST, None) if path == "/api/v2/silences" => silence(here, question),
        _ if !question.is_read() => refused_method(),
        (_, None) if path == "/api/v2/alerts" => alerts(here, question),
        (_, None) if path == "/api/v2/silences" => {
            let silences: Vec<_> = here.node().memory.open().silences.iter().map(shown).collect();
            json(StatusCode::OK, &json!(silences))
        }
        _ => missing(),
    };
    with(answer, "cache-control", "no-store")
}

/// Takes alerts; one that is known already is replaced, and with a past end resolved.
fn receive(here: &Here, question: &Question) -> Answer {
    let sent = serde_json::from_slice::<Vec<Value>>(&question.body);
    let Ok(sent) = sent else { return refused("parsing alerts body failed") };
    if sent.iter().any(|alert| !alert["labels"].is_object()) {
        return refused("labels in body is required");
    }
    let mut written = here.node().memory.open();
    for alert in sent {
        written.alerts.retain(|known| known["labels"] != alert["labels"]);
        remember(&mut written.alerts, alert);
    }
    text(StatusCode::OK, "")
}

fn silence(here: &Here, question: &Question) -> Answer {
    let Ok(silence) = serde_json::from_slice::<Value>(&question.body) else {
        return refused("parsing silence body failed");
    };
    if silence["matchers"].as_array().is_none_or(Vec::is_empty) {
        return refused("matchers in body is required");
    }
    let mut written = here.node().memory.open();
    let id = format!("5aa1eb4f-7a8f-4d8c-9d2a-{:012}", written.silences.len() + 1);
    remember(&mut written.silences, (id.clone(), silence));
    json(StatusCode::OK, &json!({"silenceID": id}))
}

fn expire(here: &Here, id: &str) -> Answer {
    let mut written = here.node().memory.open();
    let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    match written.silences.iter_mut().find(|(own, _)| own == id) {
        Some((_, silence)) => {
            silence["endsAt"] = json!(now);
            text(StatusCode::OK, "")
        }
        None => json(StatusCode::NOT_FOUND, &json!(format!("silence {id} not found"))),
    }
}

/// The alerts that last, and that every filter lets pass.
fn alerts(here: &Here, question: &Question) -> Answer {
    let filters = question.url.query_pairs().filter(|(name, _)| name == "filter");
    let filters: Option<Vec<_>> = filters.map(|(_, filter)| equals(filter.trim_matches(['{', '}']))).collect();
    let Some(filters) = filters else { return refused("bad matcher format") };
    let asks_for = |state: &str| question.parameter(state).is_none_or(|wanted| wanted != "false");
    let (active, silenced) = (asks_for("active"), asks_for("silenced"));
    let written = here.node().memory.open();
    let mut found = Vec::new();
    for alert in written.alerts.iter().filter(|alert| !is_past(&alert["endsAt"])) {
        let wanted = filters.iter().flatten().all(|(label, value)| alert["labels"][label] == **value);
        let by: Vec<_> =
            written.silences.iter().filter(|(_, silence)| quiets(silence, alert)).map(|(id, _)| id).collect();
        if wanted && (if by.is_empty() { active } else { silenced }) {
            let state = if by.is_empty() { "active" } else { "suppressed" };
            let mut shown = alert.clone();
            shown["receivers"] = json!([{"name": "default"}]);
            shown["status"] = json!({"state": state, "silencedBy": by, "inhibitedBy": [], "mutedBy": []});
            found.push(shown);
        }
    }
    json(StatusCode::OK, &json!(found))
}

/// Whether a silence that still lasts is for this alert.
fn quiets(silence: &Value, alert: &Value) -> bool {
    let matchers = silence["matchers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_for = |matcher: &Value| {
        let name = matcher["name"].as_str().unwrap_or_default();
        (alert["labels"][name] == matcher["value"]) == (matcher["isEqual"] != false)
    };
    !is_past(&silence["endsAt"]) && matchers.iter().all(is_for)
}

fn shown((id, silence): &(String, Value)) -> Value {
    let mut shown = silence.clone();
    shown["id"] = json!(id);
    shown["status"] = json!({"state": if is_past(&silence["endsAt"]) { "expired" } else { "active" }});
    shown
}

/// Whether a time is over; what has none lasts.
fn is_past(time: &Value) -> bool {
    let time = time.as_str().and_then(|time| humantime::parse_rfc3339(time).ok());
    time.is_some_and(|time| time <= SystemTime::now())
}

fn refused(why: &str) -> Answer {
    json(StatusCode::BAD_REQUEST, &json!({"code": 400, "message": why}))
}
