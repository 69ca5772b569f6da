//! The bytes of one question, with its name packed as the exporter packs it.
//!
//! The name is taken as it is written: a zone file's escapes count, its length as a whole is the server's to judge.

use super::super::DnsModule;
use super::text::unescape;

/// The longest label: two bits of its length say that it is one.
const LABEL: usize = 63;

/// One question, without EDNS; the error completes "`query_name` …".
pub(super) fn question(module: &DnsModule, id: u16) -> Result<Vec<u8>, String> {
    let recursion = u16::from(module.recursion_desired) << 8;
    let head = [id, recursion, 1, 0, 0, 0].map(u16::to_be_bytes);
    let tail = [module.query_type, module.query_class].map(u16::to_be_bytes);
    Ok([&head.concat()[..], &name(&module.query_name)?, &tail.concat()].concat())
}

fn name(text: &str) -> Result<Vec<u8>, String> {
    let mut text = text.to_owned();
    if !is_absolute(&text) {
        text.push('.');
    }
    if !is_absolute(&text) {
        return Err("ends in a backslash that escapes nothing".to_owned());
    }
    let mut packed = Vec::new();
    let mut label = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, length)) = unescape(rest) {
        let ends = rest.starts_with(b".");
        rest = &rest[length..];
        if !ends {
            label.push(byte);
        } else if !label.is_empty() {
            packed.push(
                u8::try_from(label.len())
                    .ok()
                    .filter(|_| label.len() <= LABEL)
                    .ok_or("has a label of more than 63 bytes")?,
            );
            packed.append(&mut label);
        } else if text != "." {
            return Err("has an empty label".to_owned());
        }
    }
    packed.push(0);
    Ok(packed)
}

/// Whether a name ends in a dot that is no part of a label.
fn is_absolute(name: &str) -> bool {
    name.strip_suffix('.').is_some_and(|name| name.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_packed_with_its_escapes() {
        for (text, expected) in [
            ("", &b"\0"[..]),
            (".", b"\0"),
            ("i.Pigsty", b"\x01i\x06Pigsty\0"),
            ("i.pigsty.", b"\x01i\x06pigsty\0"),
            (r"a\.b\065\\.", b"\x05a.bA\\\0"),
            (r"a\\.b", b"\x02a\\\x01b\0"),
            ("\u{e9}", b"\x02\xC3\xA9\0"),
        ] {
            assert_eq!(name(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_name_that_cannot_be_packed_is_refused() {
        for wrong in ["a..b", ".a", "..", r"a\", &"a".repeat(64)] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
        assert!(name(&"a".repeat(63)).is_ok());
        assert!(name(&"a.".repeat(200)).is_ok());
    }

    #[test]
    fn a_question_asks_for_one_thing_and_no_more() {
        let module = DnsModule { query_name: "i.pigsty".to_owned(), query_class: 3, ..DnsModule::default() };
        let asked = question(&module, 0x1234).unwrap();
        assert_eq!(asked, b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01i\x06pigsty\x00\x00\xFF\x00\x03");
        let module = DnsModule { recursion_desired: false, query_type: 6, ..DnsModule::default() };
        assert_eq!(
            question(&module, 0).unwrap()[2..],
            *b"\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x01"
        );
    }
}
