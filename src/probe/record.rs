//! DNS records as `dig` writes them, and their data as an inventory writes it.
//!
//! hickory's own `Display` is neither: it turns names back from IDNA, quotes no text and has no form for an OPT record.

use std::fmt::Write;

use hickory_proto::rr::{Name, RData, Record, RecordType};

/// `i.pigsty.`, tab, time to live, tab, `IN`, tab, `A`, tab, `10.10.10.10`.
pub(super) fn line(record: &Record) -> String {
    let (name, kind) = (dotted(&record.name), kind(record.record_type()));
    format!("{name}\t{}\t{}\t{kind}\t{}", record.ttl, record.dns_class, data(&record.data, dotted, quoted))
}

/// The data alone: names without the dot at their end, text without quotes and in one piece.
pub(super) fn text(record: &Record) -> String {
    data(&record.data, undotted, |strings| strings.iter().map(|string| String::from_utf8_lossy(string)).collect())
}

/// `A`, `SRV`, or `TYPE1234` for a type that has no name here.
pub(super) fn kind(kind: RecordType) -> String {
    match kind {
        RecordType::Unknown(number) => format!("TYPE{number}"),
        known => known.to_string(),
    }
}

/// A name as it is typed, in the case it came in.
pub(super) fn undotted(name: &Name) -> String {
    match dotted(name) {
        root if root == "." => root,
        mut name => {
            name.pop();
            name
        }
    }
}

fn dotted(name: &Name) -> String {
    let mut text: String = name.iter().flat_map(|label| [escaped(label, b".;()@$\"\\ "), ".".to_owned()]).collect();
    if text.is_empty() {
        text.push('.');
    }
    text
}

fn quoted(strings: &[Box<[u8]>]) -> String {
    strings.iter().map(|string| format!("\"{}\"", escaped(string, b"\"\\"))).collect::<Vec<_>>().join(" ")
}

/// Bytes as a zone file writes them: a backslash before what has a meaning, three decimal digits for what has no shape.
fn escaped(bytes: &[u8], special: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            _ if special.contains(&byte) => text.extend(['\\', char::from(byte)]),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => _ = write!(text, "\\{byte:03}"),
        }
    }
    text
}

fn data(data: &RData, name: fn(&Name) -> String, strings: fn(&[Box<[u8]>]) -> String) -> String {
    match data {
        RData::CNAME(target) => name(&target.0),
        RData::NS(target) => name(&target.0),
        RData::PTR(target) => name(&target.0),
        RData::MX(mx) => format!("{} {}", mx.preference, name(&mx.exchange)),
        RData::SRV(srv) => format!("{} {} {} {}", srv.priority, srv.weight, srv.port, name(&srv.target)),
        RData::SOA(soa) => {
            let (primary, mail) = (name(&soa.mname), name(&soa.rname));
            let times = [soa.refresh, soa.retry, soa.expire].map(|time| time.cast_unsigned().to_string()).join(" ");
            format!("{primary} {mail} {} {times} {}", soa.serial, soa.minimum)
        }
        RData::TXT(txt) => strings(&txt.txt_data),
        RData::NULL(unknown) | RData::Unknown { rdata: unknown, .. } => generic(&unknown.anything),
        other => {
            let mut text = String::new();
            write!(text, "{other}").map_or_else(|_| String::new(), |()| text)
        }
    }
}

/// Data of a type that is not known here, as RFC 3597 writes it.
fn generic(bytes: &[u8]) -> String {
    let mut text = format!("\\# {}", bytes.len());
    for (index, byte) in bytes.iter().enumerate() {
        let _ = write!(text, "{}{byte:02X}", if index == 0 { " " } else { "" });
    }
    text
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use hickory_proto::rr::rdata::{A, AAAA, MX, NS, NULL, OPT, PTR, SOA, SRV, TXT};

    use super::*;

    fn name(text: &str) -> Name {
        let mut name = Name::from_ascii(text).unwrap();
        name.set_fqdn(true);
        name
    }

    fn written(data: RData) -> (String, String) {
        let record = Record::from_rdata(name("I.Pigsty"), 300, data);
        (line(&record), text(&record))
    }

    #[test]
    fn every_type_is_written_as_dig_does_and_as_an_inventory_does() {
        let soa = SOA::new(name("ns.pigsty"), name("root.pigsty"), 7, 1, 2, 3, 4);
        let unknown = RData::Unknown { code: RecordType::Unknown(65280), rdata: NULL::with(vec![10, 11, 255]) };
        for (data, kind, dig, plain) in [
            (RData::A(A(Ipv4Addr::LOCALHOST)), "A", "127.0.0.1", "127.0.0.1"),
            (RData::AAAA(AAAA(Ipv6Addr::LOCALHOST)), "AAAA", "::1", "::1"),
            (RData::NS(NS(name("Ns.Pigsty"))), "NS", "Ns.Pigsty.", "Ns.Pigsty"),
            (RData::PTR(PTR(name("."))), "PTR", ".", "."),
            (RData::MX(MX::new(10, name("m.pigsty"))), "MX", "10 m.pigsty.", "10 m.pigsty"),
            (RData::SRV(SRV::new(1, 2, 443, name("h.p"))), "SRV", "1 2 443 h.p.", "1 2 443 h.p"),
            (RData::SOA(soa), "SOA", "ns.pigsty. root.pigsty. 7 1 2 3 4", "ns.pigsty root.pigsty 7 1 2 3 4"),
            (unknown, "TYPE65280", "\\# 3 0A0BFF", "\\# 3 0A0BFF"),
        ] {
            assert_eq!(written(data), (format!("I.Pigsty.\t300\tIN\t{kind}\t{dig}"), plain.to_owned()));
        }
    }

    #[test]
    fn text_is_quoted_for_dig_and_joined_for_an_inventory() {
        let txt = TXT::from_bytes(vec![b"v=1 \"q\"", b"second\xff"]);
        let (dig, plain) = written(RData::TXT(txt));
        assert_eq!(dig, "I.Pigsty.\t300\tIN\tTXT\t\"v=1 \\\"q\\\"\" \"second\\255\"");
        assert_eq!(plain, "v=1 \"q\"second\u{fffd}");
    }

    #[test]
    fn a_name_shows_what_has_no_shape_and_what_has_a_meaning() {
        let odd = Name::from_labels(vec![b"a.b\x00".as_slice(), b"c d"]).unwrap();
        assert_eq!(dotted(&odd), "a\\.b\\000.c\\ d.");
        assert_eq!(undotted(&name(".")), ".");
    }

    #[test]
    fn a_record_without_a_written_form_is_empty_and_no_panic() {
        assert_eq!(written(RData::OPT(OPT::default())).1, "");
    }
}
