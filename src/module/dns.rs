//! The section `dns`, with the types and classes of records by their names.

use super::field::Fields;
use super::{ModuleError, Notes, tls};
use crate::probe::blackbox::{DnsModule, RecordRules};
use crate::value::did_you_mean;

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

const CLASSES: [(&str, u16); 6] = [("IN", 1), ("CS", 2), ("CH", 3), ("HS", 4), ("NONE", 254), ("ANY", 255)];

/// As the exporter's own library spells them.
#[rustfmt::skip]
const TYPES: [(&str, u16); 88] = [
    ("None", 0), ("A", 1), ("NS", 2), ("MD", 3), ("MF", 4), ("CNAME", 5), ("SOA", 6), ("MB", 7), ("MG", 8),
    ("MR", 9), ("NULL", 10), ("PTR", 12), ("HINFO", 13), ("MINFO", 14), ("MX", 15), ("TXT", 16), ("RP", 17),
    ("AFSDB", 18), ("X25", 19), ("ISDN", 20), ("RT", 21), ("NSAP-PTR", 23), ("SIG", 24), ("KEY", 25), ("PX", 26), ("GPOS", 27), ("AAAA", 28), ("LOC", 29), ("NXT", 30), ("EID", 31), ("NIMLOC", 32), ("SRV", 33),
    ("ATMA", 34), ("NAPTR", 35), ("KX", 36), ("CERT", 37), ("DNAME", 39), ("OPT", 41), ("APL", 42), ("DS", 43),
    ("SSHFP", 44), ("IPSECKEY", 45), ("RRSIG", 46), ("NSEC", 47), ("DNSKEY", 48), ("DHCID", 49), ("NSEC3", 50),
    ("NSEC3PARAM", 51), ("TLSA", 52), ("SMIMEA", 53), ("HIP", 55), ("NINFO", 56), ("RKEY", 57), ("TALINK", 58),
    ("CDS", 59), ("CDNSKEY", 60), ("OPENPGPKEY", 61), ("CSYNC", 62), ("ZONEMD", 63), ("SVCB", 64), ("HTTPS", 65), ("SPF", 99), ("UINFO", 100), ("UID", 101), ("GID", 102), ("UNSPEC", 103), ("NID", 104), ("L32", 105),
    ("L64", 106), ("LP", 107), ("EUI48", 108), ("EUI64", 109), ("NXNAME", 128), ("TKEY", 249), ("TSIG", 250),
    ("IXFR", 251), ("AXFR", 252), ("MAILB", 253), ("MAILA", 254), ("ANY", 255), ("URI", 256), ("CAA", 257),
    ("AVC", 258), ("AMTRELAY", 260), ("RESINFO", 261), ("TA", 32768), ("DLV", 32769), ("Reserved", 65535),
];

/// The section, or its defaults, with which the root is asked for.
pub(super) fn read(outer: &Fields<'_>, notes: &mut Notes) -> Result<DnsModule, ModuleError> {
    let default = DnsModule::default();
    let Some(fields) = outer.section("dns", &KEYS)? else { return Ok(default) };
    let query_name = fields.text("query_name")?;
    if query_name.is_empty() {
        return Err(fields.refuse("query_name", "it has no `query_name`: say which name is asked for"));
    }
    let transport = fields.text("transport_protocol")?;
    let rcodes = fields.get("valid_rcodes").map(|_| fields.texts("valid_rcodes")).transpose()?;
    Ok(DnsModule {
        family: fields.family()?,
        dns_over_tls: fields.flag("dns_over_tls", false)?,
        tls_config: tls::read(&fields, notes)?,
        source_ip_address: fields.text("source_ip_address")?,
        transport_protocol: if transport.is_empty() { default.transport_protocol } else { transport },
        query_class: code(&fields, "query_class", &CLASSES, default.query_class)?,
        query_name,
        query_type: code(&fields, "query_type", &TYPES, default.query_type)?,
        recursion_desired: fields.flag("recursion_desired", true)?,
        valid_rcodes: rcodes,
        validate_answer_rrs: rules(&fields, "validate_answer_rrs")?,
        validate_authority_rrs: rules(&fields, "validate_authority_rrs")?,
        validate_additional_rrs: rules(&fields, "validate_additional_rrs")?,
    })
}

/// The number of a name, which is written in capitals.
fn code(fields: &Fields<'_>, key: &str, known: &[(&str, u16)], default: u16) -> Result<u16, ModuleError> {
    let text = fields.text(key)?;
    if text.is_empty() {
        return Ok(default);
    }
    let found = known.iter().find(|(name, _)| *name == text).map(|(_, number)| *number);
    found.ok_or_else(|| {
        let hint = did_you_mean(&text.to_uppercase(), known.iter().map(|(name, _)| *name));
        fields.refuse(key, &format!("there is no `{text}`{hint}"))
    })
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
