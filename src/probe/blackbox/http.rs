//! The http prober: one journey along the redirects, one answer, and the module's rules in the exporter's order.
//!
//! A rule that fails does not end the probe: the body is read to its end all the same, and the first failure is told.
//! HTTP/3 and OAuth 2 are not spoken; the reader of modules refuses them.

use std::future::Future;

use tokio::time::timeout_at;

use self::hop::Client;
use self::proxy::Proxies;
use self::request::Outgoing;
use self::trip::Trip;
use self::url::Url;
use super::{Failed, HttpModule, Metrics, Task, TlsModule, address};
use crate::probe::dial::span;

mod body;
mod cel;
mod cookie;
mod dial;
mod driver;
mod hop;
mod judge;
mod local;
mod proxy;
mod request;
mod rule;
mod socks;
#[cfg(test)]
mod tests;
mod trace;
mod trip;
mod url;
mod way;
mod wire;

pub use self::cel::check as is_cel;

pub(super) async fn probe(module: &HttpModule, task: Task<'_>, metrics: &mut Metrics) -> Result<(), Failed> {
    prepare(module, metrics);
    let url = target(task.target)?;
    let address = if resolves(module) {
        let chosen = address::choose(url.name(), module.family, task, metrics).await;
        trace::looked_up(metrics);
        Some(chosen?)
    } else {
        None
    };
    let mut first = Outgoing::new(request::method(module)?, url);
    let host = request::host(module, task);
    let name = host.clone().unwrap_or_else(|| first.url.name().to_owned());
    first.host = host.unwrap_or(first.host);
    if let Some(address) = address {
        first.url.host = first.url.at(address);
    }
    let proxies = Proxies::new(&module.proxy, |name| std::env::var(name).ok())?;
    let client = Client { module, task, proxies, first: (first.url.host.clone(), name) };
    check_tls(&client, &first.url)?;
    request::has_credentials(module)?;
    first.payload = request::payload(module)?;
    let mut trip = Trip::default();
    trace::record(&trip.traces, metrics);
    first.headers = request::headers(module)?;
    let outcome = match trip.travel(&client, first).await {
        Ok(arrival) => judge::judge(&client, arrival, &mut trip, metrics).await,
        Err(failed) => Err(failed),
    };
    trace::record(&trip.traces, metrics);
    metrics.set("probe_http_redirects", f64::from(u32::try_from(trip.redirects).unwrap_or(u32::MAX)));
    outcome
}

/// Sets the gauges that are there however a probe ends.
fn prepare(module: &HttpModule, metrics: &mut Metrics) {
    for name in [
        "probe_http_content_length",
        "probe_http_uncompressed_body_length",
        "probe_http_redirects",
        "probe_http_ssl",
        "probe_http_status_code",
        "probe_http_version",
        "probe_failed_due_to_regex",
    ] {
        metrics.set(name, 0.0);
    }
    if rule::wants_json(module) {
        metrics.set("probe_failed_due_to_cel", 0.0);
    }
}

/// The target as a URL; without a scheme it is one of http.
fn target(text: &str) -> Result<Url, Failed> {
    let whole = text.starts_with("http://") || text.starts_with("https://");
    let text = if whole { text.to_owned() } else { format!("http://{text}") };
    Url::parse(&text).map_err(|why| Failed::target(format!("the target {why}; write http://host:port/path")))
}

/// Whether the name is looked up here, and not left to a proxy.
fn resolves(module: &HttpModule) -> bool {
    let has_proxy = module.proxy.proxy_url.is_some() || module.proxy.proxy_from_environment;
    !(module.skip_resolve_phase_with_proxy && has_proxy)
}

/// Reads what TLS needs also where the first hop does not speak it, as the exporter does.
fn check_tls(client: &Client<'_>, url: &Url) -> Result<(), Failed> {
    let plain = url.scheme != "https" && client.module.tls == TlsModule::default();
    if plain { Ok(()) } else { client.setup(url, true).map(drop) }
}

/// Waits for something until the probe is over; the reason says what did not come to pass in that time.
async fn late<T>(
    task: Task<'_>,
    reason: impl FnOnce() -> String,
    future: impl Future<Output = T>,
) -> Result<T, Failed> {
    let waited = timeout_at(task.deadline, future).await;
    waited.map_err(|_| Failed::target(format!("{} within {}", reason(), span(task.timeout))))
}
