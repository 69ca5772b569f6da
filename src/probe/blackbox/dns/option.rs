//! The record of EDNS, which is written as a section of its own over several lines.
//!
//! Its class is a size and its time to live holds flags; its options are read one by one, and a broken one breaks all.

use std::net::Ipv4Addr;

use data_encoding::{HEXLOWER, HEXUPPER};

use super::field::{ip4, ip6};
use super::special::{algorithm, hash};
use super::text::put;
use super::wire::{Bad, Wire};

/// The errors of RFC 8914, by their codes.
const ERRORS: &[&str] = &[
    "Other",
    "Unsupported DNSKEY Algorithm",
    "Unsupported DS Digest Type",
    "Stale Answer",
    "Forged Answer",
    "DNSSEC Indeterminate",
    "DNSSEC Bogus",
    "Signature Expired",
    "Signature Not Yet Valid",
    "DNSKEY Missing",
    "RRSIGs Missing",
    "No Zone Key Bit Set",
    "NSEC Missing",
    "Cached Error",
    "Not Ready",
    "Blocked",
    "Censored",
    "Filtered",
    "Prohibited",
    "Stale NXDOMAIN Answer",
    "Not Authoritative",
    "Not Supported",
    "No Reachable Authority",
    "Network Error",
    "Invalid Data",
    "Signature Expired Before Valid",
    "Too Early",
    "Unsupported NSEC3 Iterations Value",
    "Unable To Conform To Policy",
    "Synthesized",
    "Invalid Query Type",
];

const BROKEN: Bad = "an option of EDNS in it is broken";

/// What stands in the place of a record's owner, time to live, class and type.
pub(super) fn head(size: u16, ttl: u32, out: &mut Vec<u8>) {
    const DNSSEC: u32 = 1 << 15;
    const COMPACT: u32 = 1 << 14;
    let [_, version, ..] = ttl.to_be_bytes();
    let flags = match (ttl & DNSSEC, ttl & COMPACT) {
        (0, _) => "",
        (_, 0) => " do",
        _ => " do, co",
    };
    put(out, format_args!("\n;; OPT PSEUDOSECTION:\n; EDNS: version {version}; flags:{flags}; "));
    let zeros = ttl & (DNSSEC - 1);
    if zeros != 0 {
        put(out, format_args!("MBZ: 0x{zeros:04x}, "));
    }
    put(out, format_args!("udp: {size}"));
}

/// Every option on a line of its own.
pub(super) fn options(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), Bad> {
    while !wire.is_empty() {
        let (code, length) = (wire.u16()?, wire.u16()?);
        let data = wire.take(length.into())?;
        option(code, data, out)?;
    }
    Ok(())
}

fn option(code: u16, data: &[u8], out: &mut Vec<u8>) -> Result<(), Bad> {
    put(out, format_args!("\n; {}: ", label(code)));
    match code {
        1 => queries(&mut Wire::new(data), out)?,
        2 => lease(data, out)?,
        3 => identifier(data, out),
        4 => out.extend(data),
        5 => understood(data, algorithm, out),
        6 | 7 => understood(data, hash, out),
        8 => subnet(&mut Wire::new(data), out)?,
        9 if data.is_empty() => {}
        9 => put(out, format_args!("{}", Wire::new(data).number(4)?)),
        10 => out.extend(HEXLOWER.encode(data).bytes()),
        11 => alive(data, out)?,
        12 => out.extend(HEXUPPER.encode(data).bytes()),
        15 => error(&mut Wire::new(data), out)?,
        _ => put(out, format_args!("{code}:0x{}", HEXLOWER.encode(data))),
    }
    Ok(())
}

fn label(code: u16) -> &'static str {
    match code {
        1 => "LONG LIVED QUERIES",
        2 => "UPDATE LEASE",
        3 => "NSID",
        4 => "ESU",
        5 => "DNSSEC ALGORITHM UNDERSTOOD",
        6 => "DS HASH UNDERSTOOD",
        7 => "NSEC3 HASH UNDERSTOOD",
        8 => "SUBNET",
        9 => "EXPIRE",
        10 => "COOKIE",
        11 => "KEEPALIVE",
        12 => "PADDING",
        15 => "EDE",
        _ => "LOCAL OPT",
    }
}

/// Version, operation, error, identity, lease; more bytes are ignored.
fn queries(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), Bad> {
    let numbers = [wire.number(2)?, wire.number(2)?, wire.number(2)?, wire.number(8)?, wire.number(4)?];
    out.extend(numbers.map(|number| number.to_string()).join(" ").bytes());
    Ok(())
}

fn lease(data: &[u8], out: &mut Vec<u8>) -> Result<(), Bad> {
    let wire = &mut Wire::new(data);
    let (lease, key) = match data.len() {
        4 => (wire.number(4)?, 0),
        8 => (wire.number(4)?, wire.number(4)?),
        _ => return Err(BROKEN),
    };
    put(out, format_args!("{lease} {key}"));
    Ok(())
}

/// In hexadecimal digits, and once more as characters.
fn identifier(data: &[u8], out: &mut Vec<u8>) {
    put(out, format_args!("{}  ", HEXLOWER.encode(data)));
    for &byte in data {
        put(out, format_args!("({})", char::from(byte)));
    }
}

/// A blank stands before every one.
fn understood(data: &[u8], write: fn(u8, &mut Vec<u8>), out: &mut Vec<u8>) {
    for &number in data {
        out.push(b' ');
        write(number, out);
    }
}

/// RFC 7871; what is missing of the address is zero, and what is too much is ignored.
fn subnet(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), Bad> {
    let (family, source, scope) = (wire.u16()?, wire.u8()?, wire.u8()?);
    let longest = source.max(scope);
    let mut address = wire.rest().to_vec();
    address.resize(16, 0);
    let address = &mut Wire::new(&address);
    match family {
        0 if source == 0 => put(out, format_args!("{}", Ipv4Addr::UNSPECIFIED)),
        1 if longest <= 32 => put(out, format_args!("{}", ip4(address)?)),
        2 if longest <= 128 => match ip6(address)? {
            mapped if mapped.to_ipv4_mapped().is_some() => put(out, format_args!("{}", mapped.to_canonical())),
            plain => put(out, format_args!("[{plain}]")),
        },
        _ => return Err(BROKEN),
    }
    put(out, format_args!("/{source}/{scope}"));
    Ok(())
}

/// RFC 7828, in tenths of a second; the exporter counts milliseconds in 16 bits, so that they start anew above 65535.
fn alive(data: &[u8], out: &mut Vec<u8>) -> Result<(), Bad> {
    let timeout = match *data {
        [] => 0,
        [high, low] => u16::from_be_bytes([high, low]),
        _ => return Err(BROKEN),
    };
    out.extend(b"use tcp keep-alive, timeout ");
    match timeout {
        0 => out.extend(b"omitted"),
        timeout => put(out, format_args!("{}ms", timeout.wrapping_mul(100))),
    }
    Ok(())
}

fn error(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), Bad> {
    let code = wire.u16()?;
    put(out, format_args!("{code}"));
    if let Some(known) = ERRORS.get(usize::from(code)) {
        put(out, format_args!(" ({known})"));
    }
    out.extend(b": (");
    out.extend(wire.rest());
    out.push(b')');
    Ok(())
}
