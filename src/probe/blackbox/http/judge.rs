//! The verdict on an answer, rule after rule in the exporter's order.
//!
//! A rule that fails ends nothing: the body is read to its end all the same, and what failed first is told.

use hyper::body::Incoming;
use hyper::header::LAST_MODIFIED;
use hyper::{HeaderMap, Response, Version};
use tokio::time::Instant;

use super::super::{Failed, HttpModule, Metrics};
use super::body::Content;
use super::hop::Client;
use super::rule;
use super::trip::{Arrival, Trip};

type Verdict = Result<(), Failed>;

/// Holds an answer against its module.
pub(super) async fn judge(client: &Client<'_>, arrival: Arrival, trip: &mut Trip, metrics: &mut Metrics) -> Verdict {
    let module = client.module;
    let Arrival { reply, length, empty, refused } = arrival;
    let (response, shown, peer, _driver) = reply.open();
    let version = response.version();
    let mut verdict = head(module, &response, length, metrics);
    let (head, mut body) = response.into_parts();
    let content =
        if refused { Content::refused(empty, client.task, peer) } else { Content::plain(&mut body, client.task, peer) };
    let (content, decoded) = content.decode(&module.compression).await;
    let mut content = content.limited(module.body_size_limit);
    verdict = read(client, verdict.and(decoded), &mut content, metrics).await;
    if !refused {
        verdict = verdict.and(content.drain().await);
        metrics.set("probe_http_uncompressed_body_length", number(content.read));
    }
    if let Some(trace) = trip.traces.last_mut() {
        trace.end = Some(Instant::now());
    }
    last_modified(&head.headers, metrics);
    metrics.set("probe_http_version", numbered(version));
    verdict = verdict.and(rule::version(module, version));
    match shown {
        Some(shown) => {
            metrics.set("probe_http_ssl", 1.0);
            shown.metrics(true, metrics);
            verdict.and(rule::not_tls(module))
        }
        None => verdict.and(rule::tls(module)),
    }
}

/// The status and the headers.
fn head(module: &HttpModule, response: &Response<Incoming>, length: i64, metrics: &mut Metrics) -> Verdict {
    metrics.set("probe_http_status_code", f64::from(response.status().as_u16()));
    metrics.set("probe_http_content_length", if length.is_negative() { -1.0 } else { number(length.unsigned_abs()) });
    rule::status(module, response.status())?;
    if module.fail_if_header_matches.is_empty() && module.fail_if_header_not_matches.is_empty() {
        return Ok(());
    }
    let verdict = rule::headers(module, response.headers());
    blame("probe_failed_due_to_regex", &verdict, metrics);
    verdict
}

/// The rules for the body; the second kind finds nothing left where the first has read it.
async fn read(client: &Client<'_>, so_far: Verdict, content: &mut Content<'_>, metrics: &mut Metrics) -> Verdict {
    let (module, task) = (client.module, client.task);
    so_far?;
    if rule::wants_text(module) {
        let verdict = match content.rest().await {
            Ok(body) => rule::text(module, task, body).await,
            Err(failed) => Err(failed),
        };
        blame("probe_failed_due_to_regex", &verdict, metrics);
        verdict?;
    }
    if rule::wants_json(module) {
        let verdict = match content.rest().await {
            Ok(body) => rule::json(module, task, body).await,
            Err(failed) => Err(failed),
        };
        blame("probe_failed_due_to_cel", &verdict, metrics);
        verdict?;
    }
    Ok(())
}

fn blame(gauge: &'static str, verdict: &Verdict, metrics: &mut Metrics) {
    metrics.set(gauge, f64::from(u8::from(verdict.is_err())));
}

fn last_modified(headers: &HeaderMap, metrics: &mut Metrics) {
    let date = headers.get(LAST_MODIFIED).and_then(|value| value.to_str().ok());
    let time = date.and_then(|date| httpdate::parse_http_date(date).ok()?.duration_since(std::time::UNIX_EPOCH).ok());
    if let Some(time) = time {
        metrics.set("probe_http_last_modified_timestamp_seconds", number(time.as_secs()));
    }
}

fn numbered(version: Version) -> f64 {
    match version {
        Version::HTTP_09 => 0.9,
        Version::HTTP_10 => 1.0,
        Version::HTTP_2 => 2.0,
        Version::HTTP_3 => 3.0,
        _ => 1.1,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a double")]
fn number(count: u64) -> f64 {
    count as f64
}
