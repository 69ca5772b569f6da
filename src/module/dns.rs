//! The section `dns`.

use super::field::Fields;
use super::{ModuleError, Notes, tls};
use crate::probe::blackbox::{DnsModule, RecordRules, class_number, type_number};

/// The keys of the section.
const KEYS: [&str; 14] = [
    "preferred_ip_protocol",
    "ip_protocol_fallback",
    "dns_over_tls",
    "tls_config",
    "source_ip_address",
    "transport_protocol",
    "query_class",
    "query_name",
    "query_type",
    "recursion_desired",
    "valid_rcodes",
    "validate_answer_rrs",
    "validate_authority_rrs",
    "validate_additional_rrs",
];

/// The keys of the rules for one part of an answer.
const RULES: [&str; 4] =
    ["fail_if_matches_regexp", "fail_if_all_match_regexp", "fail_if_not_matches_regexp", "fail_if_none_matches_regexp"];

/// The section, or its defaults, with which the root is asked for.
pub(super) fn read(outer: &Fields<'_>, notes: &mut Notes) -> Result<DnsModule, ModuleError> {
    let default = DnsModule::default();
    let Some(fields) = outer.section("dns", &KEYS)? else { return Ok(default) };
    let query_name = fields.text("query_name")?;
    if query_name.is_empty() {
        return Err(fields.refuse("query_name", "is missing: say which name is asked for"));
    }
    let transport = fields.text("transport_protocol")?;
    let rcodes = fields.get("valid_rcodes").map(|_| fields.texts("valid_rcodes")).transpose()?;
    Ok(DnsModule {
        family: fields.family()?,
        dns_over_tls: fields.flag("dns_over_tls", false)?,
        tls_config: tls::read(&fields, notes)?,
        source_ip_address: fields.text("source_ip_address")?,
        transport_protocol: if transport.is_empty() { default.transport_protocol } else { transport },
        query_class: number(&fields, "query_class", class_number, default.query_class)?,
        query_name,
        query_type: number(&fields, "query_type", type_number, default.query_type)?,
        recursion_desired: fields.flag("recursion_desired", true)?,
        valid_rcodes: rcodes,
        validate_answer_rrs: rules(&fields, "validate_answer_rrs")?,
        validate_authority_rrs: rules(&fields, "validate_authority_rrs")?,
        validate_additional_rrs: rules(&fields, "validate_additional_rrs")?,
    })
}

/// The number of a name, which is written in capitals.
fn number(
    fields: &Fields<'_>,
    key: &str,
    known: impl Fn(&str) -> Option<u16>,
    default: u16,
) -> Result<u16, ModuleError> {
    let text = fields.text(key)?;
    if text.is_empty() {
        return Ok(default);
    }
    let capitals = text.to_uppercase();
    let hint = known(&capitals).map(|_| format!(" (did you mean `{capitals}`?)")).unwrap_or_default();
    known(&text).ok_or_else(|| fields.refuse(key, &format!("cannot be `{text}`{hint}")))
}

fn rules(outer: &Fields<'_>, key: &str) -> Result<RecordRules, ModuleError> {
    let Some(fields) = outer.section(key, &RULES)? else { return Ok(RecordRules::default()) };
    Ok(RecordRules {
        fail_if_matches_regexp: fields.texts("fail_if_matches_regexp")?,
        fail_if_all_match_regexp: fields.texts("fail_if_all_match_regexp")?,
        fail_if_not_matches_regexp: fields.texts("fail_if_not_matches_regexp")?,
        fail_if_none_matches_regexp: fields.texts("fail_if_none_matches_regexp")?,
    })
}
