//! The parameters of SVCB and HTTPS records (RFC 9460): a key and a value in quotes, each behind a blank.

use data_encoding::BASE64;

use super::field::{ip4, ip6};
use super::text::{escape, put};
use super::wire::{Bad, Wire};

const KEYS: &[&str] =
    &["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath", "ohttp"];

/// The key that is none.
const RESERVED: u16 = 65_535;

const BROKEN: Bad = "a parameter of a service in it is broken";

/// Keys have to rise.
pub(super) fn parameters(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), Bad> {
    let mut last = None;
    while !wire.is_empty() {
        let (key, length) = (wire.u16()?, wire.u16()?);
        let data = wire.take(length.into())?;
        if key == RESERVED || last.is_some_and(|last| key <= last) {
            return Err(BROKEN);
        }
        last = Some(key);
        put(out, format_args!(" {}=\"", name(key)));
        value(key, data, out)?;
        out.push(b'"');
    }
    Ok(())
}

fn name(key: u16) -> String {
    match KEYS.get(usize::from(key)) {
        Some(name) => (*name).to_owned(),
        None if key == RESERVED => String::new(),
        None => format!("key{key}"),
    }
}

fn value(key: u16, data: &[u8], out: &mut Vec<u8>) -> Result<(), Bad> {
    let whole = |size: usize| !data.is_empty() && data.len().is_multiple_of(size);
    let wire = &mut Wire::new(data);
    match key {
        0 => list(wire, out, |wire, out| {
            out.extend(name(wire.u16()?).bytes());
            Ok(())
        })?,
        1 => list(wire, out, |wire, out| {
            protocol(wire.string()?, out);
            Ok(())
        })?,
        2 | 8 if data.is_empty() => {}
        3 if data.len() == 2 => put(out, format_args!("{}", wire.u16()?)),
        4 if whole(4) => list(wire, out, |wire, out| {
            put(out, format_args!("{}", ip4(wire)?));
            Ok(())
        })?,
        5 => out.extend(BASE64.encode(data).bytes()),
        6 if whole(16) => list(wire, out, |wire, out| {
            let hint = ip6(wire)?;
            put(out, format_args!("{hint}"));
            hint.to_ipv4_mapped().map_or(Ok(()), |_| Err(BROKEN))
        })?,
        2..=4 | 6 | 8 => return Err(BROKEN),
        _ => escape(data, b"\"; \\", out),
    }
    Ok(())
}

/// Items with commas between them.
fn list(
    wire: &mut Wire<'_>,
    out: &mut Vec<u8>,
    item: impl Fn(&mut Wire<'_>, &mut Vec<u8>) -> Result<(), Bad>,
) -> Result<(), Bad> {
    let mut comma = "";
    while !wire.is_empty() {
        out.extend(comma.bytes());
        item(wire, out)?;
        comma = ",";
    }
    Ok(())
}

/// The comma and the backslash are escaped twice, for they have a meaning in the list and in the text.
fn protocol(protocol: &[u8], out: &mut Vec<u8>) {
    for byte in protocol {
        match byte {
            b',' => out.extend(br"\\\044"),
            b'\\' => out.extend(br"\\\092"),
            byte => escape(&[*byte], b"\"; ", out),
        }
    }
}
