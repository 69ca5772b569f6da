//! The fields that are like no other: places on earth, prefixes, gateways, certificates.

use data_encoding::{BASE64, HEXLOWER};

use super::field::{ip4, ip6, number};
use super::text::put;
use super::wire::{Bad, Wire};

/// The algorithms of DNSSEC that have a name.
const ALGORITHMS: &[(u8, &str)] = &[
    (1, "RSAMD5"),
    (2, "DH"),
    (3, "DSA"),
    (5, "RSASHA1"),
    (6, "DSA-NSEC3-SHA1"),
    (7, "RSASHA1-NSEC3-SHA1"),
    (8, "RSASHA256"),
    (10, "RSASHA512"),
    (12, "ECC-GOST"),
    (13, "ECDSAP256SHA256"),
    (14, "ECDSAP384SHA384"),
    (15, "ED25519"),
    (16, "ED448"),
    (252, "INDIRECT"),
    (253, "PRIVATEDNS"),
    (254, "PRIVATEOID"),
];

/// The hashes of DNSSEC that have a name.
const HASHES: &[(u8, &str)] = &[(1, "SHA1"), (2, "SHA256"), (3, "GOST94"), (4, "SHA384"), (5, "SHA512")];

const CERTIFICATES: &[&str] = &["PKIX", "SPKI", "PGP", "IPIX", "ISPKI", "IPGP", "ACPKIX", "IACPKIX"];

pub(super) fn algorithm(number: u8, out: &mut Vec<u8>) {
    named(ALGORITHMS, number, out);
}

pub(super) fn hash(number: u8, out: &mut Vec<u8>) {
    named(HASHES, number, out);
}

fn named(table: &[(u8, &str)], number: u8, out: &mut Vec<u8>) {
    match table.iter().find(|row| row.0 == number) {
        Some((_, name)) => out.extend(name.bytes()),
        None => put(out, format_args!("{number}")),
    }
}

pub(super) fn certificate(number: u64, out: &mut Vec<u8>) {
    match number {
        1..=8 => out.extend(CERTIFICATES.iter().zip(1..).filter(|row| row.1 == number).flat_map(|row| row.0.bytes())),
        253 => out.extend(b"URI"),
        254 => out.extend(b"OID"),
        _ => put(out, format_args!("{number}")),
    }
}

/// RFC 3123: `1:10.0.0.0/8`, `!2:fd00::/8`, with a blank between them.
pub(super) fn prefixes(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), Bad> {
    let mut blank = "";
    while !wire.is_empty() {
        let (family, bits, length) = (wire.u16()?, wire.u8()?, wire.u8()?);
        let size = match family {
            1 => 4,
            2 => 16,
            _ => return Err("a prefix in it is of no known address family"),
        };
        let given = usize::from(length & 0x7F);
        if usize::from(bits) > 8 * size || given > size {
            return Err("a prefix in it is longer than an address");
        }
        let mut address = wire.take(given)?.to_vec();
        if address.last() == Some(&0) {
            return Err("a prefix in it ends in zeros");
        }
        address.resize(size, 0);
        let address = &mut Wire::new(&address);
        let negated = if length & 0x80 == 0 { "" } else { "!" };
        put(out, format_args!("{blank}{negated}{family}:"));
        match family {
            1 => put(out, format_args!("{}/{bits}", ip4(address)?)),
            _ => put(out, format_args!("{}/{bits}", ip6(address)?)),
        }
        blank = " ";
    }
    Ok(())
}

/// RFC 1876: `52 22 23.000 N 4 53 32.000 E -2m 0.00m 10000m 10m`, with two digits for degrees and minutes.
pub(super) fn location(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), Bad> {
    let _version = number(wire, 1)?;
    let sizes = [number(wire, 1)?, number(wire, 1)?, number(wire, 1)?];
    let [latitude, longitude, altitude] = [number(wire, 4)?, number(wire, 4)?, number(wire, 4)?];
    angle(latitude, ["N", "S"], out);
    angle(longitude, ["E", "W"], out);
    height(altitude, out);
    for size in sizes {
        out.push(b' ');
        precision(size, out);
    }
    Ok(())
}

/// Thousandths of a second from the equator or Greenwich, which are in the middle of the numbers.
fn angle(number: u64, [above, below]: [&str; 2], out: &mut Vec<u8>) {
    const MIDDLE: u64 = 1 << 31;
    let side = if number > MIDDLE { above } else { below };
    let thousandths = number.abs_diff(MIDDLE);
    let (degrees, minutes) = (thousandths / 3_600_000, thousandths / 60_000 % 60);
    let (seconds, rest) = (thousandths % 60_000 / 1000, thousandths % 1000);
    put(out, format_args!("{degrees:02} {minutes:02} {seconds}.{rest:03} {side} "));
}

/// Centimetres above a point that lies 100 km below the sea's level.
fn height(centimetres: u64, out: &mut Vec<u8>) {
    const SEA: u64 = 10_000_000;
    let sign = if centimetres < SEA { "-" } else { "" };
    let distance = centimetres.abs_diff(SEA);
    match distance % 100 {
        0 => put(out, format_args!("{sign}{}m", distance / 100)),
        rest => put(out, format_args!("{sign}{}.{rest:02}m", distance / 100)),
    }
}

/// Centimetres as a digit and a power of ten; both may be up to 15.
fn precision(size: u64, out: &mut Vec<u8>) {
    let (digit, power) = (size >> 4, size & 0xF);
    match power {
        0 => put(out, format_args!("0.{digit:02}m")),
        1 => put(out, format_args!("0.{:02}m", digit * 10)),
        _ => {
            put(out, format_args!("{digit}"));
            out.extend((2..power).map(|_| b'0'));
            out.push(b'm');
        }
    }
}

/// RFC 8005: the algorithm, the identity, the key and the servers, whose lengths stand in front of them.
pub(super) fn host(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), Bad> {
    let (identity, algorithm, key) = (number(wire, 1)?, number(wire, 1)?, number(wire, 2)?);
    let (mut host, mut shown) = (&[][..], &[][..]);
    if !wire.is_empty() {
        (host, shown) = (wire.counted(identity)?, wire.counted(key)?);
    }
    put(out, format_args!("{algorithm} {} {}", HEXLOWER.encode(host), BASE64.encode(shown)));
    while !wire.is_empty() {
        out.push(b' ');
        out.extend(wire.name()?);
    }
    Ok(())
}

/// RFC 4025: precedence, kind of gateway, algorithm, gateway, key.
pub(super) fn ipsec(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), Bad> {
    let (precedence, kind, algorithm) = (number(wire, 1)?, number(wire, 1)?, number(wire, 1)?);
    put(out, format_args!("{precedence} {kind} {algorithm} "));
    gateway(wire, kind, out)?;
    put(out, format_args!(" {}", BASE64.encode(wire.rest())));
    Ok(())
}

/// RFC 8777: precedence, whether it is to be discovered, kind of relay, relay.
pub(super) fn relay(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), Bad> {
    let (precedence, kind) = (number(wire, 1)?, number(wire, 1)?);
    put(out, format_args!("{precedence} {} {} ", kind >> 7, kind & 0x7F));
    if kind >> 7 == 0 {
        return gateway(wire, kind, out);
    }
    // The exporter does not look behind the bit, so that it finds no gateway there and refuses any.
    gateway(&mut Wire::new(&[]), kind & 0x7F, out)
}

/// What is missing is written as the exporter's language writes nothing.
fn gateway(wire: &mut Wire<'_>, kind: u64, out: &mut Vec<u8>) -> Result<(), Bad> {
    match kind {
        1 | 2 if wire.is_empty() => out.extend(b"<nil>"),
        1 => put(out, format_args!("{}", ip4(wire)?)),
        2 => put(out, format_args!("{}", ip6(wire)?.to_canonical())),
        3 if wire.is_empty() => {}
        3 => out.extend(wire.name()?),
        _ => out.push(b'.'),
    }
    Ok(())
}
