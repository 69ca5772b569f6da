//! VictoriaTraces: empty, but for what was written to it.

use std::collections::BTreeSet;

use hyper::header::CONTENT_TYPE;
use hyper::{Method, StatusCode};
use serde_json::json;

use super::victoria::{Product, UPTIME, disk, hosted, refused, retention, shared};
use super::{Answer, Question, json, otlp, refused_method, text};
use crate::sim::fault::Word;
use crate::sim::layout::Here;
use crate::sim::memory::{Span, remember};
use crate::value::Value;

pub(super) fn answer(here: &Here, question: &Question) -> Answer {
    let path = question.path();
    match path.strip_prefix("/select/jaeger/api/") {
        Some(_) if here.is(Word::QueryFailed) => {
            refused(StatusCode::SERVICE_UNAVAILABLE, "cannot read the index: input/output error")
        }
        Some("services") => services(here),
        Some(rest) if rest.starts_with("traces/") => trace(here, &rest["traces/".len()..]),
        _ if path == "/insert/opentelemetry/v1/traces" => insert(here, question),
        _ if path == "/insert/ready" => hosted(json(StatusCode::OK, &json!({"status": "ok"}))),
        _ => shared(here, question, &product(here)),
    }
}

fn product(here: &Here) -> Product {
    let path = "/infra/traces";
    Product {
        title: "Single-node VictoriaTraces",
        version: "victoria-traces-20260820-tags-v0.10.0",
        uptime: UPTIME,
        flags: vec![
            ("httpListenAddr", format!(":{}", here.node().address("vtraces_port").port())),
            ("retention.maxDiskSpaceUsageBytes", "50GiB".to_owned()),
            ("retentionPeriod", retention(here)),
            ("storageDataPath", path.to_owned()),
        ],
        metrics: format!("vt_max_disk_space_usage_bytes{{path=\"{path}\"}} 53687091200\n{}", disk(here, "vt", path)),
    }
}

fn services(here: &Here) -> Answer {
    let services: BTreeSet<_> = here.node().memory.open().spans.iter().map(|span| span.service.clone()).collect();
    let total = services.len();
    listed(&json!(services), total)
}

/// A trace as Jaeger's interface shows it; one that is not known is an empty list.
fn trace(here: &Here, id: &str) -> Answer {
    let written = here.node().memory.open();
    let spans: Vec<_> = written.spans.iter().filter(|span| span.trace == id).collect();
    let Some(first) = spans.first() else { return listed(&json!([]), 0) };
    let shown: Vec<_> = spans.iter().map(|span| shown(span)).collect();
    let process = json!({"p1": {"serviceName": first.service, "tags": []}});
    listed(&json!([{"traceID": id, "spans": shown, "processes": process, "warnings": null}]), 1)
}

fn shown(span: &Span) -> Value {
    json!({
        "traceID": span.trace, "spanID": span.id, "operationName": span.name, "references": [],
        "startTime": span.start / 1000, "processID": "p1", "tags": [], "logs": [],
    })
}

fn listed(data: &Value, total: usize) -> Answer {
    let list = json!({"data": data, "errors": null, "limit": 0, "offset": 0, "total": total});
    hosted(json(StatusCode::OK, &list))
}

/// Stores spans in OpenTelemetry's protocol buffers, the form that every version takes.
fn insert(here: &Here, question: &Question) -> Answer {
    if question.method != Method::POST {
        return refused_method();
    }
    if here.is(Word::Readonly) {
        return refused(StatusCode::TOO_MANY_REQUESTS, "cannot add rows into storage in read-only mode");
    }
    let is_protobuf = question.header(CONTENT_TYPE) == Some("application/x-protobuf");
    let Some(spans) = otlp::spans(&question.body).filter(|_| is_protobuf) else {
        return refused(StatusCode::BAD_REQUEST, "cannot unmarshal request: it is no ExportTraceServiceRequest");
    };
    let mut written = here.node().memory.open();
    for span in spans {
        remember(&mut written.spans, span);
    }
    hosted(text(StatusCode::OK, ""))
}
