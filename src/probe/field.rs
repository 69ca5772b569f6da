//! Fields of a probe that may arrive as another type of scalar than they are: `${port}` keeps a variable's type.
//!
//! An error names the field and never shows the value, which may be a password.

use std::path::PathBuf;

use rustls::pki_types::CertificateDer;

use super::tls::Tls;
use super::trust;
use crate::value::{Object, Value, show};

/// Text, or a scalar that reads as text.
pub(super) fn text(name: &str, value: Option<Value>) -> Result<Option<String>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(_) | Value::Object(_)) => Err(format!("{name}: is not text")),
        Some(scalar) => Ok(Some(show(&scalar))),
    }
}

/// True or false, also as Ansible's words; absent is false.
pub(super) fn truth(name: &str, value: Option<Value>) -> Result<bool, String> {
    let word = text(name, value)?.unwrap_or_default().to_lowercase();
    match word.as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "" | "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(format!("{name}: is neither true nor false")),
    }
}

/// A natural number.
pub(super) fn natural(name: &str, value: Option<Value>) -> Result<Option<usize>, String> {
    let Some(digits) = text(name, value)? else { return Ok(None) };
    digits.parse().ok().filter(|number| *number > 0).map(Some).ok_or_else(|| format!("{name}: is not a natural number"))
}

/// The fields of `tls_config`.
pub(super) fn tls(fields: Option<Object>) -> Result<Tls, String> {
    let mut tls = Tls::default();
    for (name, value) in fields.unwrap_or_default() {
        let place = format!("tls_config.{name}");
        match name.as_str() {
            "insecure_skip_verify" => tls.insecure = truth(&place, Some(value))?,
            "ca_file" => tls.ca_file = text(&place, Some(value))?.map(PathBuf::from),
            "ca" => tls.ca = authorities(&place, value)?,
            "server_name" => tls.server_name = text(&place, Some(value))?,
            _ => return Err(format!("{place}: unknown; known are insecure_skip_verify, ca, ca_file and server_name")),
        }
    }
    if !tls.ca.is_empty() && tls.ca_file.is_some() {
        return Err("tls_config.ca: goes without ca_file; keep one".to_owned());
    }
    Ok(tls)
}

/// CA certificates from their PEM text.
fn authorities(name: &str, value: Value) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = text(name, Some(value))?.unwrap_or_default();
    trust::certificates(pem.as_bytes())
        .map_err(|why| format!("{name}: {why}; write PEM, from -----BEGIN CERTIFICATE-----"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_are_read_as_what_they_mean() {
        assert_eq!(text("user", Some(json!(42))), Ok(Some("42".into())));
        assert_eq!(truth("x", Some(json!("True"))), Ok(true));
        assert_eq!(truth("x", Some(json!(false))), Ok(false));
        assert_eq!(natural("x", Some(json!("65536"))), Ok(Some(65536)));
    }

    #[test]
    fn an_error_names_the_field_and_not_the_value() {
        assert_eq!(text("password", Some(json!(["s3cret"]))), Err("password: is not text".into()));
        assert_eq!(
            truth("follow_redirects", Some(json!("s3cret"))),
            Err("follow_redirects: is neither true nor false".into())
        );
        assert_eq!(natural("body_size_limit", Some(json!(-1))), Err("body_size_limit: is not a natural number".into()));
        let unknown = tls(json!({"min_version": "TLS12"}).as_object().cloned()).unwrap_err();
        assert!(unknown.starts_with("tls_config.min_version: unknown"), "{unknown}");
    }
}
