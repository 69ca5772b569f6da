//! The types of DNS records: their numbers, their names, and what their data consists of.
//!
//! The table is the exporter's: what it reads field by field is read so here, and what it takes as bytes stays bytes.

use super::field::Field::{
    self, Algorithm, Bare, Base32, Base64, Certificate, Eui, Hex, HexLines, HexUpper, Host, Ip4, Ip6, Ipsec, Location,
    Locator, Name, Node, NodeUpper, Nothing, Octets, Options, Parameters, Prefixes, Raw, Relay, Salt, SaltAndMore,
    Sized, SizedAndMore, SizedUpperAndMore, Text, Texts, Time, Type, Types, U8, U16, U32,
};

/// A type's number, its name, and the fields of its data if they are known.
pub(super) type Kind = (u16, &'static str, Option<&'static [Field]>);

/// What a record of EDNS is, which is no record but says more about the message.
pub(super) const OPT: u16 = 41;
/// The start of a zone.
pub(super) const SOA: u16 = 6;
/// What has no text form, and is a comment with its bytes.
pub(super) const NULL: u16 = 10;
/// The exchange of a key.
pub(super) const TKEY: u16 = 249;
/// The signature of a message.
pub(super) const TSIG: u16 = 250;

const NAME: &[Field] = &[Name];
const PREFERRED: &[Field] = &[U16, Name];
const SIGNATURE: &[Field] = &[Type, U8, U8, U32, Time(4), Time(4), U16, Name, Base64];
const KEY: &[Field] = &[U16, U8, U8, Base64];
const DIGEST: &[Field] = &[U16, U8, U8, HexUpper];

/// The type of a number, if it has a name.
pub(super) fn of(number: u16) -> Option<&'static Kind> {
    KINDS.binary_search_by_key(&number, |kind| kind.0).ok().map(|at| &KINDS[at])
}

/// Every type that has a name, by number.
pub(super) const KINDS: &[Kind] = &[
    (0, "None", None),
    (1, "A", Some(&[Ip4])),
    (2, "NS", Some(NAME)),
    (3, "MD", Some(NAME)),
    (4, "MF", Some(NAME)),
    (5, "CNAME", Some(NAME)),
    (6, "SOA", Some(&[Name, Name, U32, U32, U32, U32, U32])),
    (7, "MB", Some(NAME)),
    (8, "MG", Some(NAME)),
    (9, "MR", Some(NAME)),
    (10, "NULL", Some(&[Raw])),
    (12, "PTR", Some(NAME)),
    (13, "HINFO", Some(&[Text, Text])),
    (14, "MINFO", Some(&[Name, Name])),
    (15, "MX", Some(PREFERRED)),
    (16, "TXT", Some(&[Texts])),
    (17, "RP", Some(&[Name, Name])),
    (18, "AFSDB", Some(PREFERRED)),
    (19, "X25", Some(&[Bare])),
    (20, "ISDN", Some(&[Text, Text])),
    (21, "RT", Some(PREFERRED)),
    (23, "NSAP-PTR", Some(NAME)),
    (24, "SIG", Some(SIGNATURE)),
    (25, "KEY", Some(KEY)),
    (26, "PX", Some(&[U16, Name, Name])),
    (27, "GPOS", Some(&[Bare, Bare, Bare])),
    (28, "AAAA", Some(&[Ip6])),
    (29, "LOC", Some(&[Location])),
    (30, "NXT", Some(&[Name, Types])),
    (31, "EID", Some(&[HexUpper])),
    (32, "NIMLOC", Some(&[HexUpper])),
    (33, "SRV", Some(&[U16, U16, U16, Name])),
    (34, "ATMA", None),
    (35, "NAPTR", Some(&[U16, U16, Text, Text, Text, Name])),
    (36, "KX", Some(PREFERRED)),
    (37, "CERT", Some(&[Certificate, U16, Algorithm, Base64])),
    (39, "DNAME", Some(NAME)),
    (41, "OPT", Some(&[Options])),
    (42, "APL", Some(&[Prefixes])),
    (43, "DS", Some(DIGEST)),
    (44, "SSHFP", Some(&[U8, U8, HexUpper])),
    (45, "IPSECKEY", Some(&[Ipsec])),
    (46, "RRSIG", Some(SIGNATURE)),
    (47, "NSEC", Some(&[Name, Types])),
    (48, "DNSKEY", Some(KEY)),
    (49, "DHCID", Some(&[Base64])),
    (50, "NSEC3", Some(&[U8, U8, U16, SaltAndMore, Base32, Types])),
    (51, "NSEC3PARAM", Some(&[U8, U8, U16, Salt])),
    (52, "TLSA", Some(&[U8, U8, U8, Hex])),
    (53, "SMIMEA", Some(&[U8, U8, U8, HexLines])),
    (55, "HIP", Some(&[Host])),
    (56, "NINFO", Some(&[Texts])),
    (57, "RKEY", Some(KEY)),
    (58, "TALINK", Some(&[Name, Name])),
    (59, "CDS", Some(DIGEST)),
    (60, "CDNSKEY", Some(KEY)),
    (61, "OPENPGPKEY", Some(&[Base64])),
    (62, "CSYNC", Some(&[U32, U16, Types])),
    (63, "ZONEMD", Some(&[U32, U8, U8, Hex])),
    (64, "SVCB", Some(&[U16, Name, Parameters])),
    (65, "HTTPS", Some(&[U16, Name, Parameters])),
    (99, "SPF", Some(&[Texts])),
    (100, "UINFO", Some(&[Text])),
    (101, "UID", Some(&[U32])),
    (102, "GID", Some(&[U32])),
    (103, "UNSPEC", None),
    (104, "NID", Some(&[U16, Node])),
    (105, "L32", Some(&[U16, Locator])),
    (106, "L64", Some(&[U16, NodeUpper])),
    (107, "LP", Some(PREFERRED)),
    (108, "EUI48", Some(&[Eui(6)])),
    (109, "EUI64", Some(&[Eui(8)])),
    (128, "NXNAME", Some(&[])),
    (249, "TKEY", Some(&[Nothing, Name, Time(4), Time(4), U16, U16, SizedAndMore, Sized])),
    (250, "TSIG", Some(&[Nothing, Name, Time(6), U16, SizedUpperAndMore, U16, U16, Sized])),
    (251, "IXFR", None),
    (252, "AXFR", None),
    (253, "MAILB", None),
    (254, "MAILA", None),
    (255, "ANY", Some(&[])),
    (256, "URI", Some(&[U16, U16, Octets])),
    (257, "CAA", Some(&[U8, Bare, Octets])),
    (258, "AVC", Some(&[Texts])),
    (260, "AMTRELAY", Some(&[Relay])),
    (261, "RESINFO", Some(&[Texts])),
    (32768, "TA", Some(DIGEST)),
    (32769, "DLV", Some(DIGEST)),
    (65535, "Reserved", None),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_searched() {
        assert!(KINDS.is_sorted_by_key(|kind| kind.0));
        assert!(KINDS.iter().all(|kind| of(kind.0) == Some(kind)));
    }
}
