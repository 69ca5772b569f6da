//! The fields of a conversation and of TLS as a suite has them, by the names of blackbox_exporter's modules.

use std::path::PathBuf;

use crate::probe::blackbox::{Pattern, Source, Step, TlsModule, TlsVersion};
use crate::probe::field::{text, truth};
use crate::value::{Object, Secret, Value};

/// The steps of `query_response`.
pub(super) fn steps(value: Option<Value>) -> Result<Vec<Step>, String> {
    let steps = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(steps)) => steps,
        Some(_) => return Err("query_response: is not a list of steps".to_owned()),
    };
    steps.into_iter().enumerate().map(|(at, value)| step(&format!("query_response[{at}]"), value)).collect()
}

fn step(place: &str, value: Value) -> Result<Step, String> {
    let Value::Object(fields) = value else { return Err(format!("{place}: is not a step, such as expect: ^220")) };
    let mut step = Step::default();
    for (name, value) in fields {
        let place = format!("{place}.{name}");
        let bytes = |value| text(&place, Some(value)).map(|text| text.unwrap_or_default().into_bytes());
        match name.as_str() {
            "expect" => {
                let pattern = |text: String| Pattern::new(&text).map_err(|why| format!("{place}: {why}"));
                step.expect = text(&place, Some(value))?.map(pattern).transpose()?;
            }
            "labels" => step.labels = labels(&place, value)?,
            "expect_bytes" => step.expect_bytes = bytes(value)?,
            "send" => step.send = bytes(value)?,
            "starttls" => step.starttls = truth(&place, Some(value))?,
            _ => return Err(format!("{place}: unknown; known are expect, labels, expect_bytes, send and starttls")),
        }
    }
    if step.expect.is_some() && !step.expect_bytes.is_empty() {
        return Err(format!("{place}: expect goes without expect_bytes; make it two steps"));
    }
    Ok(step)
}

fn labels(place: &str, value: Value) -> Result<Vec<(String, String)>, String> {
    let wrong = || format!("{place}: is not a list of labels, such as {{ name: version, value: ${{1}} }}");
    let Value::Array(labels) = value else { return Err(wrong()) };
    let label = |label: Value| {
        let Value::Object(mut label) = label else { return Err(wrong()) };
        let (name, value) = (label.shift_remove("name"), label.shift_remove("value"));
        let name = text(place, name)?.filter(|name| !name.is_empty() && label.is_empty()).ok_or_else(wrong)?;
        Ok((name, text(place, value)?.unwrap_or_default()))
    };
    labels.into_iter().map(label).collect()
}

/// The fields of `tls_config`.
pub(in crate::probe) fn tls(fields: Option<Object>) -> Result<TlsModule, String> {
    let mut tls = TlsModule::default();
    for (name, value) in fields.unwrap_or_default() {
        let place = format!("tls_config.{name}");
        let (name, file) = name.strip_suffix("_file").map_or((name.as_str(), false), |name| (name, true));
        let source = match name {
            "insecure_skip_verify" if !file => {
                tls.insecure_skip_verify = truth(&place, Some(value))?;
                continue;
            }
            "ca" => &mut tls.ca,
            "cert" => &mut tls.cert,
            "key" => &mut tls.key,
            _ => {
                let value = text(&place, Some(value))?.unwrap_or_default();
                match name {
                    "server_name" if !file => tls.server_name = value,
                    "min_version" if !file => tls.min_version = Some(version(&place, &value)?),
                    "max_version" if !file => tls.max_version = Some(version(&place, &value)?),
                    _ => return Err(format!("{place}: unknown")),
                }
                continue;
            }
        };
        if source.is_some() {
            return Err(format!("{place}: is given as text and as a file; keep one"));
        }
        let value = text(&place, Some(value))?;
        let kept = |text: String| {
            if file { Source::File(PathBuf::from(text)) } else { Source::Text(Secret::from(text.as_str())) }
        };
        *source = value.map(kept);
    }
    if tls.cert.is_some() != tls.key.is_some() {
        return Err("tls_config: cert and key go together".to_owned());
    }
    Ok(tls)
}

fn version(place: &str, text: &str) -> Result<TlsVersion, String> {
    match text {
        "TLS10" => Ok(TlsVersion::Tls10),
        "TLS11" => Ok(TlsVersion::Tls11),
        "TLS12" => Ok(TlsVersion::Tls12),
        "TLS13" => Ok(TlsVersion::Tls13),
        _ => Err(format!("{place}: is none of TLS10, TLS11, TLS12 and TLS13")),
    }
}
