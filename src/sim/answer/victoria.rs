//! What VictoriaMetrics, VictoriaLogs, VictoriaTraces and vmalert have in common.

use std::fmt::Write;

use hyper::StatusCode;
use serde_json::json;

use super::{Answer, Question, json, refused_method, text, typed, with};
use crate::sim::fault::Word;
use crate::sim::layout::Here;

/// What tells one of the four from the others.
pub(super) struct Product {
    pub(super) title: &'static str,
    pub(super) version: &'static str,
    /// How long it has run, in seconds.
    pub(super) uptime: u32,
    /// Its command line, as it tells it.
    pub(super) flags: Vec<(&'static str, String)>,
    /// Metrics that the others do not have.
    pub(super) metrics: String,
}

/// How long everything has run: a day, in seconds.
pub(super) const UPTIME: u32 = 86_400;

/// The paths that all of them know, and what is left: a path that this one does not know.
pub(super) fn shared(here: &Here, question: &Question, product: &Product) -> Answer {
    let answer = match question.path() {
        "/internal/force_flush" => text(StatusCode::OK, ""),
        _ if !question.is_read() => refused_method(),
        "/" => typed(StatusCode::OK, "text/html; charset=utf-8", format!("<h2>{}</h2></br>\n", product.title)),
        "/metrics" => metrics(product),
        "/flags" => text(StatusCode::OK, command_line(&product.flags)),
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

/// Metrics with the version, which is what tells the four apart.
fn metrics(product: &Product) -> Answer {
    let mut text = product.metrics.clone();
    let short = product.version.rsplit('-').next().unwrap_or_default();
    let _ = writeln!(text, "process_cpu_cores_available 2\nvm_app_uptime_seconds {}", product.uptime);
    let _ = writeln!(text, "vm_app_version{{version=\"{}\", short_version=\"{short}\"}} 1", product.version);
    for (name, value) in &product.flags {
        let _ = writeln!(text, "flag{{name=\"{name}\", value=\"{value}\", is_set=\"true\"}} 1");
    }
    typed(StatusCode::OK, "text/plain; charset=utf-8", text)
}

fn command_line(flags: &[(&str, String)]) -> String {
    let mut text = String::new();
    for (name, value) in flags {
        let _ = writeln!(text, "-{name}=\"{value}\"");
    }
    text
}

/// How long it keeps its data.
pub(super) fn retention(here: &Here) -> String {
    if here.is(Word::Retention) { "30d" } else { "15d" }.to_owned()
}

/// The disk below a storage.
pub(super) fn disk(here: &Here, prefix: &str, path: &str) -> String {
    let troubled = here.node().first(here.component, &[Word::Readonly, Word::Disk]);
    let free: u64 = match troubled {
        Some(Word::Readonly) => 91_553_792,
        Some(_) => 500_000_000,
        None => 52_428_800_000,
    };
    let full = u8::from(troubled == Some(Word::Readonly));
    format!(
        "{prefix}_free_disk_space_bytes{{path=\"{path}\"}} {free}\n\
         {prefix}_total_disk_space_bytes{{path=\"{path}\"}} 100000000000\n\
         {prefix}_storage_is_read_only{{path=\"{path}\"}} {full}\n"
    )
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
