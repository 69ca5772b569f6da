//! The rules of a module for the answer: its status, headers, body, version and TLS.
//!
//! Each says in words what it found; which comes when is decided by the prober.

use hyper::header::HeaderName;
use hyper::{HeaderMap, StatusCode, Version};

use super::super::{Failed, HeaderRule, HttpModule, Task};
use super::cel;

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
        _ => Ok(Some(values.iter().any(|value| rule.regexp.is_match(value.as_bytes())))),
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

/// Every rule of a regular expression for the body.
pub(super) fn text(module: &HttpModule, body: &[u8]) -> Result<(), Failed> {
    if let Some(rule) = module.fail_if_body_matches_regexp.iter().find(|rule| rule.is_match(body)) {
        return Err(Failed::target(format!("the body matches `{}` (fail_if_body_matches_regexp)", rule.text())));
    }
    if let Some(rule) = module.fail_if_body_not_matches_regexp.iter().find(|rule| !rule.is_match(body)) {
        let text = rule.text();
        return Err(Failed::target(format!("the body does not match `{text}` (fail_if_body_not_matches_regexp)")));
    }
    Ok(())
}

/// Both rules for the body as JSON, until the probe is over.
pub(super) fn json(module: &HttpModule, task: Task<'_>, body: &[u8]) -> Result<(), Failed> {
    let (refused, wanted) = (&module.fail_if_body_json_matches_cel, &module.fail_if_body_json_not_matches_cel);
    cel::hold(refused.as_deref(), wanted.as_deref(), body, task)
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
