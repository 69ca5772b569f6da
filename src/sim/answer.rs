//! What the components answer over HTTP: small, and in the shapes and headers of the real ones.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, UPGRADE};
use hyper::{Method, Request, Response, StatusCode};
use reqwest::Url;

use super::fault::{Component, Word};
use super::layout::Here;
use crate::value::Value;

mod alert;
mod alertmanager;
mod blackbox;
mod dashboard;
mod datasource;
mod exporter;
mod grafana;
mod home;
mod live;
mod logsql;
mod nginx;
mod otlp;
mod proxy;
mod rule;
mod series;
mod target;
mod victoria;
mod vlogs;
mod vmalert;
mod vmetrics;
mod vtraces;
mod write;

/// An answer on the wire.
pub(super) type Answer = Response<Full<Bytes>>;

/// What was asked for, as far as an answer depends on it.
struct Question {
    method: Method,
    /// The path and the query as they came.
    target: String,
    /// Both as they are read, to which a form's fields are added; the host means nothing.
    url: Url,
    headers: HeaderMap,
    body: Bytes,
    /// Whether it was asked over TLS.
    secure: bool,
}

impl Question {
    fn new(secure: bool, request: Request<Bytes>) -> Option<Self> {
        let (head, body) = request.into_parts();
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let mut url = Url::parse(&format!("http://here{target}")).ok()?;
        let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("application/x-www-form-urlencoded") {
            let form = [url.query().unwrap_or_default(), std::str::from_utf8(&body).ok()?].join("&");
            url.set_query(Some(&form));
        }
        let target = target.to_owned();
        Some(Self { method: head.method, target, url, headers: head.headers, body, secure })
    }

    fn path(&self) -> &str {
        self.url.path()
    }

    /// Whether it asks for nothing to be changed.
    fn is_read(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }

    fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The name that it was asked by, without its port.
    fn name(&self) -> String {
        let host = self.header(HOST).unwrap_or_default();
        host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase()
    }

    /// Whether the client wants to speak WebSocket.
    fn is_upgrade(&self) -> bool {
        self.header(UPGRADE).is_some_and(|to| to.eq_ignore_ascii_case("websocket"))
    }

    /// A parameter of the query, or of the form.
    fn parameter(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// Answers for a component, or for the one that stands in its place.
pub(super) async fn answer(here: &Here, secure: bool, request: Request<Bytes>) -> Answer {
    let Some(question) = Question::new(secure, request) else {
        return text(StatusCode::BAD_REQUEST, "Bad Request\n");
    };
    if let Some(refusal) = write::refusal(here, &question) {
        return refusal;
    }
    let speaker = if here.is(Word::Wrong) { stranger(here.component) } else { here.component };
    match speaker {
        Component::Nginx => nginx::answer(here, &question).await,
        Component::Vmetrics => vmetrics::answer(here, &question),
        Component::Vlogs => vlogs::answer(here, &question),
        Component::Vtraces => vtraces::answer(here, &question),
        Component::Alertmanager => alertmanager::answer(here, &question),
        _ if !question.is_read() => refused_method(),
        Component::Grafana => grafana::answer(here, &question).await,
        Component::Vmalert => vmalert::answer(here, &question),
        Component::Blackbox => blackbox::answer(here, &question),
        Component::NginxExporter => exporter::answer(here, &question).await,
        Component::Node | Component::Dnsmasq | Component::Chronyd => missing(),
    }
}

fn refused_method() -> Answer {
    text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n")
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

/// Everything that a VictoriaMetrics scrapes of the components, with whether it says that it is up.
#[cfg(test)]
pub(super) fn scraped(here: &Here) -> Vec<(std::net::SocketAddrV4, bool)> {
    let infra = target::all(here).into_iter().filter(|target| target.job == "infra");
    infra.filter_map(|target| Some((target.instance.parse().ok()?, target.up() > 0.5))).collect()
}

#[cfg(test)]
mod tests;
