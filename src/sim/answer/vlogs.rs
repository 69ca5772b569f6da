//! VictoriaLogs: the journals and the access logs of every node, and what was written to it.

use std::time::{Duration, SystemTime};

use hyper::{Method, StatusCode};
use serde_json::json;

use super::logsql::Filter;
use super::victoria::{Product, UPTIME, disk, hosted, refused, retention, shared};
use super::{Answer, Question, json, refused_method, text, typed};
use crate::sim::fault::{Component, Word};
use crate::sim::layout::{Here, Node};
use crate::sim::memory::{Line, remember};
use crate::value::{Value, show};

/// Lines of every log, and the seconds between two of them.
const LINES: [u64; 3] = [20, 80, 140];

pub(super) fn answer(here: &Here, question: &Question) -> Answer {
    match question.path() {
        "/select/logsql/hits" | "/select/logsql/query" if here.is(Word::QueryFailed) => {
            refused(StatusCode::SERVICE_UNAVAILABLE, "cannot read the index: input/output error")
        }
        "/select/logsql/hits" => asked(here, question, hits),
        "/select/logsql/query" => asked(here, question, lines),
        "/insert/jsonline" => insert(here, question),
        "/insert/ready" => hosted(json(StatusCode::OK, &json!({"status": "ok"}))),
        _ => shared(here, question, &product(here)),
    }
}

fn product(here: &Here) -> Product {
    let path = "/infra/logs";
    Product {
        title: "Single-node VictoriaLogs",
        version: "victoria-logs-20260708-tags-v1.52.0",
        uptime: UPTIME,
        flags: vec![
            ("httpListenAddr", format!(":{}", here.node().address("vlogs_port").port())),
            ("insert.maxLineSizeBytes", "1MB".to_owned()),
            ("retention.maxDiskSpaceUsageBytes", "50GiB".to_owned()),
            ("retentionPeriod", retention(here)),
            // Durations of Go's own are told in Go's own way.
            ("search.maxQueryDuration", "2m0s".to_owned()),
            ("storageDataPath", path.to_owned()),
        ],
        metrics: format!("vl_max_disk_space_usage_bytes{{path=\"{path}\"}} 53687091200\n{}", disk(here, "vl", path)),
    }
}

fn asked(here: &Here, question: &Question, show: fn(&[Line]) -> Answer) -> Answer {
    let Some(query) = question.parameter("query") else {
        return refused(StatusCode::BAD_REQUEST, "missing `query` arg");
    };
    let Some(filter) = Filter::read(&query) else {
        return refused(StatusCode::BAD_REQUEST, &format!("cannot parse query [{query}]: more than a filter"));
    };
    let found: Vec<_> = stored(here).into_iter().filter(|line| filter.matches(line)).collect();
    hosted(show(&found))
}

fn hits(lines: &[Line]) -> Answer {
    let Some(newest) = lines.iter().map(|line| line.time.clone()).max() else {
        return json(StatusCode::OK, &json!({"hits": []}));
    };
    let total = lines.len();
    let hit = json!({"fields": {}, "timestamps": [newest], "values": [total], "total": total});
    json(StatusCode::OK, &json!({"hits": [hit]}))
}

fn lines(lines: &[Line]) -> Answer {
    let show = |line: &Line| {
        let labels: Vec<_> = line.stream.iter().map(|(label, value)| format!("{label}={value:?}")).collect();
        let mut shown = json!({
            "_time": line.time, "_stream_id": "0", "_stream": format!("{{{}}}", labels.join(",")), "_msg": line.message,
        });
        for (label, value) in &line.stream {
            shown[label] = json!(value);
        }
        format!("{shown}\n")
    };
    typed(StatusCode::OK, "application/stream+json", lines.iter().map(show).collect::<String>())
}

/// What is missing never arrived, from any node.
fn stored(here: &Here) -> Vec<Line> {
    let missing = |line: &Line| {
        let job = |job: &str| line.stream.contains(&("job".to_owned(), job.to_owned()));
        (here.is(Word::NoLogs) && job("nginx")) || (here.is(Word::NoSyslog) && job("syslog"))
    };
    let written = here.node().memory.open().lines.clone();
    // A dead node has died of late, and what it shipped before is still here.
    let shipped = here.nodes.iter().flat_map(shipped);
    shipped.chain(written).filter(|line| !missing(line)).collect()
}

/// What the Vector of a node has shipped of late.
fn shipped(node: &Node) -> Vec<Line> {
    let nginx = !node.has(Component::Nginx, Word::Absent);
    let journal = ("syslog", format!("infra-{}", node.seq), "nodes", "systemd[1]: Started a job.");
    let access = ("nginx", format!("nginx-{}", node.seq), "nginx", "127.0.0.1 \"GET /nginx HTTP/1.1\" 200");
    let logs = std::iter::once(journal).chain(nginx.then_some(access));
    logs.flat_map(|(job, ins, class, message)| {
        let stream = [("job", job.to_owned()), ("ins", ins), ("ip", node.ip.to_string()), ("cls", class.to_owned())];
        let stream: Vec<_> = stream.map(|(label, value)| (label.to_owned(), value)).into();
        LINES.map(|age| Line { stream: stream.clone(), message: message.to_owned(), time: ago(age) })
    })
    .collect()
}

fn ago(seconds: u64) -> String {
    humantime::format_rfc3339_millis(SystemTime::now() - Duration::from_secs(seconds)).to_string()
}

/// Stores lines of JSON, with the fields that the question names as their stream, message and time.
fn insert(here: &Here, question: &Question) -> Answer {
    if question.method != Method::POST {
        return refused_method();
    }
    if here.is(Word::Readonly) {
        return refused(StatusCode::TOO_MANY_REQUESTS, "cannot add rows into storage in read-only mode");
    }
    let field = |name: &str, usual: &str| question.parameter(name).unwrap_or_else(|| usual.to_owned());
    let (message, time) = (field("_msg_field", "_msg"), field("_time_field", "_time"));
    let labels = field("_stream_fields", "");
    let body = String::from_utf8_lossy(&question.body);
    let mut written = here.node().memory.open();
    for line in body.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let label = |label: &str| Some((label.to_owned(), show(line.get(label)?)));
        let text = |field: &str| line.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let stream = labels.split(',').filter_map(label).collect();
        remember(&mut written.lines, Line { stream, message: text(&message), time: text(&time) });
    }
    hosted(text(StatusCode::OK, ""))
}
