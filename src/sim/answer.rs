//! What the components answer over HTTP: small, and in the shapes and headers of the real ones.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use reqwest::Url;

use super::fault::{Component, Word};
use super::layout::Here;
use crate::value::Value;

mod alertmanager;
mod blackbox;
mod grafana;
mod nginx;
mod storage;
mod target;
mod victoria;
mod vmalert;
mod vmetrics;

/// An answer on the wire.
pub(super) type Answer = Response<Full<Bytes>>;

/// What was asked for, as far as an answer depends on it.
struct Question {
    url: Url,
    authorization: Option<String>,
}

impl Question {
    fn path(&self) -> &str {
        self.url.path()
    }

    /// A parameter of the query.
    fn parameter(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// Answers for a component, or for the one that stands in its place.
pub(super) fn answer<B>(here: &Here, request: &Request<B>) -> Answer {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n");
    }
    // The host is of no account: every component here answers whatever name it is called by.
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let Ok(url) = Url::parse(&format!("http://here{target}")) else {
        return text(StatusCode::BAD_REQUEST, "Bad Request\n");
    };
    let authorization = request.headers().get(hyper::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let question = Question { url, authorization: authorization.map(str::to_owned) };
    let speaker = if here.is(Word::Wrong) { stranger(here.component) } else { here.component };
    match speaker {
        Component::Nginx => nginx::page(here, &question),
        Component::NginxExporter => nginx::exporter(here, &question),
        Component::Grafana => grafana::answer(here, &question),
        Component::Vmetrics => vmetrics::answer(here, &question),
        Component::Vlogs => storage::logs(here, &question),
        Component::Vtraces => storage::traces(here, &question),
        Component::Vmalert => vmalert::answer(here, &question),
        Component::Alertmanager => alertmanager::answer(here, &question),
        Component::Blackbox => blackbox::answer(here, &question),
        Component::Node | Component::Dnsmasq | Component::Chronyd => missing(),
    }
}

/// Who answers in the place of a component: what a mistaken port or a second installation would put there.
fn stranger(component: Component) -> Component {
    match component {
        Component::Nginx => Component::Grafana,
        Component::Grafana => Component::Nginx,
        Component::Vmetrics => Component::Vlogs,
        Component::Vlogs | Component::Vmalert => Component::Vmetrics,
        Component::Vtraces => Component::Vmalert,
        Component::Blackbox => Component::Alertmanager,
        _ => Component::Blackbox,
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    typed(status, "text/plain; charset=utf-8", body)
}

fn json(status: StatusCode, body: &Value) -> Answer {
    typed(status, "application/json", body.to_string())
}

/// Metrics as the exporters of the Prometheus family write them.
fn metrics(body: impl Into<Bytes>) -> Answer {
    typed(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", body)
}

/// What Go's servers say of a path that they do not know.
fn missing() -> Answer {
    with(text(StatusCode::NOT_FOUND, "404 page not found\n"), "x-content-type-options", "nosniff")
}

fn typed(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

fn with(mut answer: Answer, name: &'static str, value: &'static str) -> Answer {
    answer.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    answer
}
