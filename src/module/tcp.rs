//! The section `tcp`, and the conversation that it shares with `unix` and `websocket`.

use super::field::Fields;
use super::{ModuleError, Notes, tls};
use crate::probe::blackbox::{Step, TcpModule};

/// The keys of the section.
const KEYS: [&str; 6] =
    ["preferred_ip_protocol", "ip_protocol_fallback", "source_ip_address", "query_response", "tls", "tls_config"];

/// The keys of a step.
const STEP: [&str; 5] = ["expect", "expect_bytes", "labels", "send", "starttls"];

/// The section, or its defaults.
pub(super) fn read(outer: &Fields<'_>, notes: &mut Notes) -> Result<TcpModule, ModuleError> {
    let Some(fields) = outer.section("tcp", &KEYS)? else { return Ok(TcpModule::default()) };
    let module = TcpModule {
        family: fields.family()?,
        source_ip_address: fields.text("source_ip_address")?,
        query_response: conversation(&fields)?,
        tls: fields.flag("tls", false)?,
        tls_config: tls::read(&fields, notes)?,
    };
    let steps = &module.query_response;
    if steps.iter().filter(|step| !step.labels.is_empty()).count() > 1 {
        notes.refuse(
            fields
                .refuse("query_response", "cannot have `labels` in two steps: the exporter itself breaks down at that"),
        );
    }
    if module.tls && steps.iter().any(|step| step.starttls) {
        notes.refuse(
            fields.refuse("tls", "cannot stand beside a step with `starttls`: the exporter itself breaks down at that"),
        );
    }
    Ok(module)
}

/// The section `unix`, of which nothing is used.
pub(super) fn check_unix(outer: &Fields<'_>) -> Result<(), ModuleError> {
    let Some(fields) = outer.section("unix", &["query_response", "tls", "tls_config"])? else { return Ok(()) };
    conversation(&fields)?;
    fields.flag("tls", false)?;
    tls::read(&fields, &mut Notes::default()).map(drop)
}

/// The steps of `query_response`.
pub(super) fn conversation(fields: &Fields<'_>) -> Result<Vec<Step>, ModuleError> {
    fields.items("query_response")?.into_iter().map(|node| step(&Fields::read("a step", node, &STEP)?)).collect()
}

fn step(fields: &Fields<'_>) -> Result<Step, ModuleError> {
    let step = Step {
        expect: fields.pattern("expect")?,
        labels: fields
            .items("labels")?
            .into_iter()
            .map(|node| label(&Fields::read("a label", node, &["name", "value"])?))
            .collect::<Result<_, _>>()?,
        expect_bytes: fields.bytes("expect_bytes")?,
        send: fields.bytes("send")?,
        starttls: fields.flag("starttls", false)?,
    };
    if step.expect.is_some() && !step.expect_bytes.is_empty() {
        return Err(fields.refuse("expect_bytes", "cannot stand beside `expect`: make two steps"));
    }
    Ok(step)
}

fn label(fields: &Fields<'_>) -> Result<(String, String), ModuleError> {
    Ok((fields.text("name")?, fields.text("value")?))
}
