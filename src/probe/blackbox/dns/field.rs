//! The fields that the data of records consists of: how each is read and written.
//!
//! Data may end before any of them: the exporter takes what is missing for zero or nothing, and so it is written.

use std::net::{Ipv4Addr, Ipv6Addr};

use data_encoding::{BASE32HEX_NOPAD, BASE64, HEXLOWER, HEXUPPER};

use super::text::{self, put};
use super::wire::{Bad, SHORT, Wire};
use super::{name, option, service, special};

/// A field of a record's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// No field: there is but the blank that follows one.
    Nothing,
    U8,
    U16,
    U32,
    /// A name, with its dot.
    Name,
    /// A string in quotes.
    Text,
    /// A string without them.
    Bare,
    /// All strings to the end, each in quotes.
    Texts,
    /// All bytes to the end, in quotes.
    Octets,
    /// All bytes to the end, as they are.
    Raw,
    Ip4,
    Ip6,
    /// An IPv4 address that leaves no blank when it is missing.
    Locator,
    Hex,
    HexUpper,
    /// With a blank behind every 1024 digits.
    HexLines,
    Base64,
    /// Behind their count in one byte.
    Base32,
    /// Bytes behind their count in one byte.
    Salt,
    /// The same where more has to follow.
    SaltAndMore,
    /// Bytes behind their count in two bytes, written with it.
    Sized,
    /// The same where more has to follow.
    SizedAndMore,
    /// The same, in capitals.
    SizedUpperAndMore,
    /// Seconds since 1970 in so many bytes.
    Time(usize),
    /// A type by its name.
    Type,
    /// A set of types, each behind a blank.
    Types,
    /// The kind of a certificate.
    Certificate,
    /// An algorithm of DNSSEC by its name.
    Algorithm,
    /// Eight bytes in four groups.
    Node,
    NodeUpper,
    /// So many bytes with dashes between them.
    Eui(usize),
    /// Parameters of a service.
    Parameters,
    /// Options of EDNS.
    Options,
    /// Prefixes of networks.
    Prefixes,
    /// A place on earth.
    Location,
    /// An identity of a host, its key and its rendezvous servers.
    Host,
    /// A gateway of IPsec and its key.
    Ipsec,
    /// A relay of multicast.
    Relay,
}

/// Reads the data of a record by its fields, to its very end, and writes them with a blank between them.
pub(super) fn write(fields: &[Field], wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), Bad> {
    for (at, field) in fields.iter().enumerate() {
        if at > 0 && !field.brings_its_blank() {
            out.push(b' ');
        }
        field.write(wire, out)?;
    }
    if wire.is_empty() { Ok(()) } else { Err("the data of a record in it is longer than its type allows") }
}

impl Field {
    fn brings_its_blank(self) -> bool {
        matches!(self, Self::Types | Self::Parameters | Self::Locator)
    }

    #[expect(clippy::cast_possible_truncation, reason = "what was read from so few bytes fits")]
    fn write(self, wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), Bad> {
        match self {
            Self::Name | Self::Ip4 | Self::Ip6 | Self::Locator if wire.is_empty() => {}
            Self::Nothing => {}
            Self::U8 => put(out, format_args!("{}", number(wire, 1)?)),
            Self::U16 => put(out, format_args!("{}", number(wire, 2)?)),
            Self::U32 => put(out, format_args!("{}", number(wire, 4)?)),
            Self::Name => out.extend(wire.name()?),
            Self::Text => text::quoted(string(wire)?, out),
            Self::Bare => text::bare(string(wire)?, out),
            Self::Texts => texts(wire, out)?,
            Self::Octets => text::octets(wire.rest(), out),
            Self::Raw => out.extend(wire.rest()),
            Self::Ip4 => put(out, format_args!("{}", ip4(wire)?)),
            Self::Ip6 => put(out, format_args!("{}", ip6(wire)?)),
            Self::Locator => put(out, format_args!(" {}", ip4(wire)?)),
            Self::Hex => out.extend(HEXLOWER.encode(wire.rest()).bytes()),
            Self::HexUpper => out.extend(HEXUPPER.encode(wire.rest()).bytes()),
            Self::HexLines => lines(&HEXLOWER.encode(wire.rest()), out),
            Self::Base64 => out.extend(BASE64.encode(wire.rest()).bytes()),
            Self::Base32 => out.extend(BASE32HEX_NOPAD.encode(behind(wire, 1, false)?.1).bytes()),
            Self::Salt => salt(wire, out, false)?,
            Self::SaltAndMore => salt(wire, out, true)?,
            Self::Sized => out.extend(sized(wire, false)?.bytes()),
            Self::SizedAndMore => out.extend(sized(wire, true)?.bytes()),
            Self::SizedUpperAndMore => out.extend(sized(wire, true)?.to_uppercase().bytes()),
            Self::Time(bytes) => text::date(number(wire, bytes)?, out),
            Self::Type => out.extend(name::type_name(number(wire, 2)? as u16).bytes()),
            Self::Types => types(wire, out)?,
            Self::Certificate => special::certificate(number(wire, 2)?, out),
            Self::Algorithm => special::algorithm(number(wire, 1)? as u8, out),
            Self::Node => node(&format!("{:016x}", number(wire, 8)?), out),
            Self::NodeUpper => node(&format!("{:016X}", number(wire, 8)?), out),
            Self::Eui(bytes) => eui(number(wire, bytes)?, bytes, out),
            Self::Parameters => service::parameters(wire, out)?,
            Self::Options => option::options(wire, out)?,
            Self::Prefixes => special::prefixes(wire, out)?,
            Self::Location => special::location(wire, out)?,
            Self::Host => special::host(wire, out)?,
            Self::Ipsec => special::ipsec(wire, out)?,
            Self::Relay => special::relay(wire, out)?,
        }
        Ok(())
    }
}

/// A number of so many bytes, or zero where the data ends.
pub(super) fn number(wire: &mut Wire<'_>, bytes: usize) -> Result<u64, Bad> {
    if wire.is_empty() { Ok(0) } else { wire.number(bytes) }
}

/// A string, or an empty one where the data ends.
fn string<'a>(wire: &mut Wire<'a>) -> Result<&'a [u8], Bad> {
    if wire.is_empty() { Ok(&[]) } else { wire.string() }
}

pub(super) fn ip4(wire: &mut Wire<'_>) -> Result<Ipv4Addr, Bad> {
    let mut address = [0; 4];
    address.copy_from_slice(wire.take(4)?);
    Ok(address.into())
}

pub(super) fn ip6(wire: &mut Wire<'_>) -> Result<Ipv6Addr, Bad> {
    let mut address = [0; 16];
    address.copy_from_slice(wire.take(16)?);
    Ok(address.into())
}

fn texts(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), Bad> {
    let mut blank = "";
    while !wire.is_empty() {
        out.extend(blank.bytes());
        text::quoted(wire.string()?, out);
        blank = " ";
    }
    Ok(())
}

/// Ends in a blank where the last line is full, as the exporter's text does.
fn lines(digits: &str, out: &mut Vec<u8>) {
    const LINE: usize = 1024;
    for (at, digit) in digits.bytes().enumerate() {
        out.push(digit);
        if at % LINE == LINE - 1 {
            out.push(b' ');
        }
    }
}

fn salt(wire: &mut Wire<'_>, out: &mut Vec<u8>, more: bool) -> Result<(), Bad> {
    let (_, salt) = behind(wire, 1, more)?;
    if salt.is_empty() {
        out.push(b'-');
    }
    out.extend(HEXUPPER.encode(salt).bytes());
    Ok(())
}

fn sized(wire: &mut Wire<'_>, more: bool) -> Result<String, Bad> {
    let (length, bytes) = behind(wire, 2, more)?;
    Ok(format!("{length} {}", HEXLOWER.encode(bytes)))
}

/// Bytes behind their count. The count is a field of its own, behind which data may end; behind the bytes it may not if
/// more has to follow.
fn behind<'a>(wire: &mut Wire<'a>, width: usize, more: bool) -> Result<(u64, &'a [u8]), Bad> {
    let length = number(wire, width)?;
    if wire.is_empty() {
        return Ok((length, &[]));
    }
    let bytes = wire.counted(length)?;
    if more && wire.is_empty() { Err(SHORT) } else { Ok((length, bytes)) }
}

/// The set comes in windows of 256 types, each with as many bytes as it needs.
fn types(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), Bad> {
    let mut last = None;
    while !wire.is_empty() {
        let window = wire.u8()?;
        let bitmap = wire.string()?;
        if last.is_some_and(|last| window <= last) || bitmap.is_empty() || bitmap.len() > 32 {
            return Err("a record in it has a broken set of types");
        }
        last = Some(window);
        let bits = bitmap.iter().flat_map(|byte| (0..8).map(move |at| byte << at & 0x80 != 0));
        for (low, _) in (0..=u8::MAX).zip(bits).filter(|&(_, set)| set) {
            put(out, format_args!(" {}", name::type_name(u16::from_be_bytes([window, low]))));
        }
    }
    Ok(())
}

fn node(digits: &str, out: &mut Vec<u8>) {
    put(out, format_args!("{}:{}:{}:{}", &digits[..4], &digits[4..8], &digits[8..12], &digits[12..]));
}

fn eui(number: u64, bytes: usize, out: &mut Vec<u8>) {
    let bytes = &number.to_be_bytes()[8 - bytes..];
    out.extend(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join("-").bytes());
}
