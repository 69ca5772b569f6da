//! The section `http`.

use super::field::Fields;
use super::{ModuleError, Notes, header, login, proxy, quantity, tls};
use crate::probe::blackbox::{Body, HttpModule, is_cel};

/// The keys of the section, besides those of logins and proxies.
const KEYS: [&str; 25] = [
    "valid_status_codes",
    "valid_http_versions",
    "preferred_ip_protocol",
    "ip_protocol_fallback",
    "skip_resolve_phase_with_proxy",
    "no_follow_redirects",
    "fail_if_ssl",
    "fail_if_not_ssl",
    "method",
    "headers",
    "fail_if_body_matches_regexp",
    "fail_if_body_not_matches_regexp",
    "fail_if_body_json_matches_cel",
    "fail_if_body_json_not_matches_cel",
    "fail_if_header_matches",
    "fail_if_header_not_matches",
    "body",
    "body_file",
    "compression",
    "body_size_limit",
    "enable_http3",
    "enable_http2",
    "follow_redirects",
    "tls_config",
    "http_headers",
];

/// The section, or its defaults.
pub(super) fn read(outer: &Fields<'_>, notes: &mut Notes) -> Result<HttpModule, ModuleError> {
    let default = HttpModule::default();
    let keys: Vec<_> = KEYS.into_iter().chain(login::KEYS).chain(proxy::KEYS).collect();
    let Some(fields) = outer.section("http", &keys)? else { return Ok(default) };
    let (method, compression) = (fields.text("method")?, fields.text("compression")?);
    let limit = fields.scalar("body_size_limit", "a number with its unit, such as 1MB", |scalar| {
        quantity::size(std::str::from_utf8(&scalar.bytes()).ok()?)
    })?;
    let module = HttpModule {
        family: fields.family()?,
        skip_resolve_phase_with_proxy: fields.flag("skip_resolve_phase_with_proxy", false)?,
        valid_status_codes: fields.integers("valid_status_codes")?,
        valid_http_versions: fields.texts("valid_http_versions")?,
        follow_redirects: follows(&fields)?,
        fail_if_ssl: fields.flag("fail_if_ssl", false)?,
        fail_if_not_ssl: fields.flag("fail_if_not_ssl", false)?,
        method: if method.is_empty() { default.method } else { method },
        headers: header::plain(&fields, &compression, notes)?,
        http_headers: header::injected(&fields, notes)?,
        fail_if_body_matches_regexp: fields.patterns("fail_if_body_matches_regexp")?,
        fail_if_body_not_matches_regexp: fields.patterns("fail_if_body_not_matches_regexp")?,
        fail_if_body_json_matches_cel: expression(&fields, "fail_if_body_json_matches_cel")?,
        fail_if_body_json_not_matches_cel: expression(&fields, "fail_if_body_json_not_matches_cel")?,
        fail_if_header_matches: header::rules(&fields, "fail_if_header_matches")?,
        fail_if_header_not_matches: header::rules(&fields, "fail_if_header_not_matches")?,
        body: body(&fields)?,
        compression,
        body_size_limit: limit.filter(|bytes| *bytes > 0),
        enable_http2: fields.flag("enable_http2", true)?,
        login: login::read(&fields, notes)?,
        tls: tls::read(&fields, notes)?,
        proxy: proxy::read(&fields, notes)?,
    };
    versions(&fields, &module, notes)?;
    Ok(module)
}

/// The older field overrides the newer one with its opposite.
fn follows(fields: &Fields<'_>) -> Result<bool, ModuleError> {
    let follows = fields.flag("follow_redirects", true)?;
    Ok(!fields.flag("no_follow_redirects", !follows)?)
}

fn body(fields: &Fields<'_>) -> Result<Option<Body>, ModuleError> {
    let text = fields.bytes("body")?;
    match (text.is_empty(), fields.path("body_file")?) {
        (true, file) => Ok(file.map(Body::File)),
        (false, None) => Ok(Some(Body::Text(text))),
        (false, Some(_)) => Err(fields.refuse("body_file", "cannot stand beside `body`")),
    }
}

/// An expression over the body as JSON.
fn expression(fields: &Fields<'_>, key: &str) -> Result<Option<String>, ModuleError> {
    if fields.get(key).is_none() {
        return Ok(None);
    }
    let text = fields.text(key)?;
    match is_cel(&text) {
        Ok(()) => Ok(Some(text)),
        Err(why) => Err(fields.refuse(key, &format!("is `{text}`, which {why}"))),
    }
}

/// HTTP/3 stands alone where it is turned on, and is not spoken here.
fn versions(fields: &Fields<'_>, module: &HttpModule, notes: &mut Notes) -> Result<(), ModuleError> {
    let has = |version: &str| module.valid_http_versions.iter().any(|one| one == version);
    if !fields.flag("enable_http3", false)? {
        if has("HTTP/3.0") {
            return Err(fields.refuse("valid_http_versions", "cannot have HTTP/3.0 without `enable_http3: true`"));
        }
        return Ok(());
    }
    if has("HTTP/1.1") || has("HTTP/2.0") {
        return Err(fields.refuse("valid_http_versions", "cannot have more than HTTP/3.0 beside `enable_http3: true`"));
    }
    if module.enable_http2 {
        return Err(fields.refuse("enable_http3", "needs `enable_http2: false` beside it"));
    }
    notes.refuse(fields.refuse("enable_http3", "is not supported here: HTTP/3 is not spoken"));
    Ok(())
}
