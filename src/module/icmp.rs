//! The section `icmp`.

use super::field::Fields;
use super::{ModuleError, Notes};
use crate::probe::blackbox::IcmpModule;

/// The keys of the section.
const KEYS: [&str; 6] =
    ["preferred_ip_protocol", "ip_protocol_fallback", "source_ip_address", "payload_size", "dont_fragment", "ttl"];

/// The section, or its defaults.
pub(super) fn read(outer: &Fields<'_>, notes: &mut Notes) -> Result<IcmpModule, ModuleError> {
    let default = IcmpModule::default();
    let Some(fields) = outer.section("icmp", &KEYS)? else { return Ok(default) };
    let ttl = fields.integer("ttl", default.ttl.into())?;
    let payload = fields.integer("payload_size", 0)?;
    if payload < 0 {
        notes.refuse(fields.refuse("payload_size", "must not be less than 0: the exporter itself breaks down at that"));
    }
    Ok(IcmpModule {
        family: fields.family()?,
        source_ip_address: fields.text("source_ip_address")?,
        payload_size: usize::try_from(payload).unwrap_or_default(),
        dont_fragment: fields.flag("dont_fragment", false)?,
        ttl: u8::try_from(ttl).map_err(|_| fields.refuse("ttl", &format!("must be from 0 to 255, and is {ttl}")))?,
    })
}
