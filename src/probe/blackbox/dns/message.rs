//! An answer as the exporter reads it: its code, and the text of every record in its three sections.
//!
//! Counts may promise more than there is, and bytes behind the last record are ignored; all else that is broken breaks
//! the whole. It does not ask whether the message is an answer, nor to which question.

use super::field;
use super::kind::{self, NULL, OPT, SOA, TKEY, TSIG};
use super::text::put;
use super::wire::{Bad, SHORT, Wire};
use super::{name, option};

/// A message with what rules are held against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) id: u16,
    /// With the upper bits of EDNS.
    pub(super) rcode: u16,
    pub(super) truncated: bool,
    pub(super) answer: Vec<Record>,
    pub(super) authority: Vec<Record>,
    pub(super) additional: Vec<Record>,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    kind: u16,
    ttl: u32,
    pub(super) text: Vec<u8>,
}

impl Message {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Bad> {
        let wire = &mut Wire::new(bytes);
        let (id, bits) = (wire.u16()?, wire.u16()?);
        let counts = [wire.u16()?, wire.u16()?, wire.u16()?, wire.u16()?];
        let mut message = Self { id, rcode: bits & 0xF, truncated: bits & 1 << 9 != 0, ..Self::default() };
        if wire.is_empty() {
            return Ok(message);
        }
        for _ in 0..counts[0] {
            question(wire)?;
        }
        message.answer = section(wire, counts[1])?;
        message.authority = section(wire, counts[2])?;
        message.additional = section(wire, counts[3])?;
        message.extend()
    }

    /// Takes in what stands in the additional section and is about the message itself.
    fn extend(mut self) -> Result<Self, Bad> {
        if self.additional.last().is_some_and(|last| last.kind == TSIG) {
            return Err("it is signed, and a probe has no key");
        }
        if let Some(edns) = self.additional.iter().rev().find(|record| record.kind == OPT) {
            let [upper, ..] = edns.ttl.to_be_bytes();
            self.rcode |= u16::from(upper) << 4;
        }
        Ok(self)
    }

    /// The serial number of the last start of a zone among the answers.
    pub(super) fn serial(&self) -> Option<f64> {
        let soa = self.answer.iter().rev().find(|record| record.kind == SOA)?;
        // Four numbers follow it, and a name may hold a blank.
        let serial = soa.text.rsplit(|&byte| byte == b' ').nth(4)?;
        str::from_utf8(serial).ok()?.parse().ok()
    }
}

/// Reads over a question, which may lack its end.
fn question(wire: &mut Wire<'_>) -> Result<(), Bad> {
    wire.name()?;
    for _ in 0..2 {
        field::number(wire, 2)?;
    }
    Ok(())
}

fn section(wire: &mut Wire<'_>, count: u16) -> Result<Vec<Record>, Bad> {
    let mut records = Vec::new();
    for _ in 0..count {
        if wire.is_empty() {
            break;
        }
        records.push(record(wire)?);
    }
    Ok(records)
}

fn record(wire: &mut Wire<'_>) -> Result<Record, Bad> {
    let owner = wire.name()?;
    let (kind, class, ttl) = (wire.u16()?, wire.u16()?, u32::try_from(wire.number(4)?).map_err(|_| SHORT)?);
    let length = wire.u16()?;
    let data = &mut wire.part(length.into())?;
    let mut text = before(kind).to_vec();
    match kind::of(kind).and_then(|kind| kind.2) {
        Some(fields) if kind == OPT => {
            option::head(class, ttl, &mut text);
            field::write(fields, data, &mut text)?;
        }
        Some(fields) => {
            text.extend(owner);
            put(&mut text, format_args!("\t{ttl}\t{}\t{}\t", name::class_name(class), name::type_name(kind)));
            field::write(fields, data, &mut text)?;
        }
        None => {
            text.extend(owner);
            let data = data.rest();
            put(&mut text, format_args!("\t{ttl}\tCLASS{class}\tTYPE{kind}\t\\# {} ", data.len()));
            text.extend(data_encoding::HEXLOWER.encode(data).bytes());
        }
    }
    Ok(Record { kind, ttl, text })
}

/// What marks a record that has no form of its own as a comment.
fn before(kind: u16) -> &'static [u8] {
    match kind {
        NULL | TKEY => b";",
        TSIG => b"\n;; TSIG PSEUDOSECTION:\n; ",
        _ => b"",
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    use super::*;

    /// Messages with what miekg/dns 1.1.68 makes of them: `bad`, or id, answer code and serial number, then every record
    /// behind the number of its section.
    const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/blackbox/dns/messages.tsv");

    fn read(bytes: &[u8]) -> String {
        let Ok(message) = Message::read(bytes) else { return "bad".to_owned() };
        let mut line = format!("{} {} {}", message.id, message.rcode, message.serial().unwrap_or_default());
        for (section, records) in [&message.answer, &message.authority, &message.additional].into_iter().enumerate() {
            for record in records {
                write!(line, "\t{section} {}", record.text.escape_ascii()).unwrap();
            }
        }
        line
    }

    #[test]
    fn every_message_is_read_and_written_as_the_exporter_does() {
        let golden = std::fs::read_to_string(GOLDEN).unwrap();
        let mut wrong = Vec::new();
        for line in golden.lines() {
            let (bytes, expected) = line.split_once('\t').unwrap();
            let found = read(&HEXLOWER.decode(bytes.as_bytes()).unwrap());
            if found != expected {
                wrong.push(format!("{bytes}\nexpected {expected}\nfound    {found}"));
            }
        }
        let (lines, count) = (golden.lines().count(), wrong.len());
        assert!(lines > 500, "the table has but {lines} messages");
        wrong.truncate(20);
        assert!(wrong.is_empty(), "{count} of {lines} differ, such as\n{}", wrong.join("\n\n"));
    }

    proptest! {
        #[test]
        fn no_bytes_give_more_records_than_they_can_hold(
            sections in prop::array::uniform4(0..4u8),
            kind in prop::sample::select(kind::KINDS),
            data in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            const SMALLEST: usize = 11;
            let [questions, answers, authorities, additionals] = sections;
            let head = [0, 0, 0, 0, 0, questions, 0, answers, 0, authorities, 0, additionals, 0];
            let bytes = [&head[..], &kind.0.to_be_bytes(), &data].concat();
            if let Ok(message) = Message::read(&bytes) {
                let records = message.answer.len() + message.authority.len() + message.additional.len();
                prop_assert!(records * SMALLEST <= bytes.len() - 12);
                prop_assert!(message.answer.iter().all(|record| record.text.len() > SMALLEST));
            }
        }
    }
}
