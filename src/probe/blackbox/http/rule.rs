//! The rules of a module for the answer: its status, headers, body, version and TLS.
//!
//! Each says in words what it found; which comes when is decided by the prober.

use hyper::header::HeaderName;
use hyper::{HeaderMap, StatusCode, Version};

use super::super::{Failed, HeaderRule, HttpModule, Pattern, Task};
use super::cel;
use super::late;

/// The status: one of the list, or any of 2xx where there is none.
pub(super) fn status(module: &HttpModule, status: StatusCode) -> Result<(), Failed> {
    let code = i64::from(status.as_u16());
    let wanted = match module.valid_status_codes.as_slice() {
        [] if status.is_success() => return Ok(()),
        [] => "2xx".to_owned(),
        codes if codes.contains(&code) => return Ok(()),
        codes => codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    Err(Failed::target(format!("the status is {status}, not {wanted}")))
}

/// Every rule for headers, the ones that must not match first.
pub(super) fn headers(module: &HttpModule, headers: &HeaderMap) -> Result<(), Failed> {
    for rule in &module.fail_if_header_matches {
        if matches(rule, headers)? == Some(true) {
            let text = rule.regexp.text();
            return Err(Failed::target(format!(
                "the header {} matches `{text}` (fail_if_header_matches)",
                rule.header
            )));
        }
    }
    for rule in &module.fail_if_header_not_matches {
        if matches(rule, headers)? == Some(false) {
            let text = rule.regexp.text();
            return Err(Failed::target(format!(
                "the header {} does not match `{text}` (fail_if_header_not_matches)",
                rule.header
            )));
        }
    }
    Ok(())
}

/// Whether any value of the header matches; nothing if it may be missing and is.
fn matches(rule: &HeaderRule, headers: &HeaderMap) -> Result<Option<bool>, Failed> {
    let name = HeaderName::from_bytes(rule.header.as_bytes()).ok();
    let values: Vec<_> = name.map(|name| headers.get_all(name).iter().collect()).unwrap_or_default();
    match values[..] {
        [] if rule.allow_missing => Ok(None),
        [] => Err(Failed::target(format!("the header {} is missing, and its rule does not allow that", rule.header))),
        _ => Ok(Some(values.iter().any(|value| rule.regexp.regex().is_match(value.as_bytes())))),
    }
}

/// Whether there is a rule of a regular expression for the body.
pub(super) fn wants_text(module: &HttpModule) -> bool {
    !module.fail_if_body_matches_regexp.is_empty() || !module.fail_if_body_not_matches_regexp.is_empty()
}

/// Whether there is a rule for the body as JSON.
pub(super) fn wants_json(module: &HttpModule) -> bool {
    module.fail_if_body_json_matches_cel.is_some() || module.fail_if_body_json_not_matches_cel.is_some()
}

/// Every rule of a regular expression for the body, away from the threads that others wait on.
pub(super) async fn text(module: &HttpModule, task: Task<'_>, body: Vec<u8>) -> Result<(), Failed> {
    let (refused, wanted) =
        (module.fail_if_body_matches_regexp.clone(), module.fail_if_body_not_matches_regexp.clone());
    apart(task, "the rules for the body", move || hold(&refused, &wanted, &body)).await
}

fn hold(refused: &[Pattern], wanted: &[Pattern], body: &[u8]) -> Result<(), Failed> {
    if let Some(rule) = refused.iter().find(|rule| rule.regex().is_match(body)) {
        return Err(Failed::target(format!("the body matches `{}` (fail_if_body_matches_regexp)", rule.text())));
    }
    if let Some(rule) = wanted.iter().find(|rule| !rule.regex().is_match(body)) {
        let text = rule.text();
        return Err(Failed::target(format!("the body does not match `{text}` (fail_if_body_not_matches_regexp)")));
    }
    Ok(())
}

/// Both rules for the body as JSON.
pub(super) async fn json(module: &HttpModule, task: Task<'_>, body: Vec<u8>) -> Result<(), Failed> {
    let refused = module.fail_if_body_json_matches_cel.clone();
    let wanted = module.fail_if_body_json_not_matches_cel.clone();
    let judge = move || cel::hold(refused.as_deref(), wanted.as_deref(), &body);
    apart(task, "the expressions for the body", judge).await
}

/// Does what may take long where nobody waits for it beyond the deadline.
async fn apart(
    task: Task<'_>,
    what: &str,
    judge: impl FnOnce() -> Result<(), Failed> + Send + 'static,
) -> Result<(), Failed> {
    let judged = late(task, || format!("{what} did not come to an end"), tokio::task::spawn_blocking(judge)).await?;
    judged.unwrap_or_else(|_| Err(Failed::local(format!("{what} could not be held against it"))))
}

/// The version as the rules spell it.
pub(super) fn spelled(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_3 => "HTTP/3.0",
        _ => "HTTP/1.1",
    }
}

/// The version: one of the list, letter by letter, if there is one.
pub(super) fn version(module: &HttpModule, version: Version) -> Result<(), Failed> {
    let (spelled, list) = (spelled(version), &module.valid_http_versions);
    if list.is_empty() || list.iter().any(|valid| valid == spelled) {
        return Ok(());
    }
    Err(Failed::target(format!("the answer is {spelled}, and valid_http_versions has {} alone", list.join(", "))))
}

/// That the answer came over TLS, if it must.
pub(super) fn tls(module: &HttpModule) -> Result<(), Failed> {
    let wrong = || Failed::target("the answer did not come over TLS (fail_if_not_ssl)");
    if module.fail_if_not_ssl { Err(wrong()) } else { Ok(()) }
}

/// That the answer came without TLS, if it must.
pub(super) fn not_tls(module: &HttpModule) -> Result<(), Failed> {
    let wrong = || Failed::target("the answer came over TLS (fail_if_ssl)");
    if module.fail_if_ssl { Err(wrong()) } else { Ok(()) }
}
