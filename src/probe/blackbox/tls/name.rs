//! Names of certificates as Go prints them, since the exporter's labels hold them.
//!
//! The known attributes come in a fixed order and the others, undecoded, behind them; the order of the certificate is lost.

use data_encoding::HEXLOWER;
use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::x509::X509Name;

/// The attributes that are printed by name, in their order, and whether several values are kept.
const KNOWN: [(&str, &str, bool); 9] = [
    ("2.5.4.5", "SERIALNUMBER", false),
    ("2.5.4.3", "CN", false),
    ("2.5.4.11", "OU", true),
    ("2.5.4.10", "O", true),
    ("2.5.4.17", "POSTALCODE", true),
    ("2.5.4.9", "STREET", true),
    ("2.5.4.7", "L", true),
    ("2.5.4.8", "ST", true),
    ("2.5.4.6", "C", true),
];

/// `CN=infra.pigsty,O=Pigsty`.
pub(super) fn print(name: &X509Name<'_>) -> String {
    let all: Vec<_> = name.iter_attributes().map(|pair| (pair.attr_type().to_id_string(), pair.attr_value())).collect();
    let mut parts = Vec::new();
    for (oid, label, several) in KNOWN {
        let values = all.iter().filter(|(id, _)| id == oid).filter_map(|(_, value)| text(value));
        let mut values: Vec<_> = values.collect();
        if !several {
            values = values.pop().filter(|value| !value.is_empty()).into_iter().collect();
        }
        if !values.is_empty() {
            let values = values.iter().map(|value| format!("{label}={}", escaped(value)));
            parts.push(values.collect::<Vec<_>>().join("+"));
        }
    }
    let others = all.iter().rev().filter(|(id, _)| !KNOWN.iter().any(|(oid, ..)| id == oid));
    parts.extend(others.map(|(id, value)| format!("{id}=#{}", HEXLOWER.encode(&encoded(value)))));
    parts.join(",")
}

/// A value as text, if it is of a type of text.
fn text(value: &Any<'_>) -> Option<String> {
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            String::from_utf8(value.data.to_vec()).ok()
        }
        Tag::T61String => Some(value.data.iter().map(|byte| char::from(*byte)).collect()),
        Tag::BmpString => {
            let (pairs, _) = value.data.as_chunks();
            let units: Vec<_> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}

/// With a backslash before what has a meaning in such a name.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for (at, letter) in value.char_indices() {
        let special = match letter {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => true,
            ' ' => at == 0 || at == value.len() - 1,
            '#' => at == 0,
            _ => false,
        };
        if special {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}

/// A value encoded again as Go does it: text as PrintableString where it can be one, else as UTF8String.
fn encoded(value: &Any<'_>) -> Vec<u8> {
    let (tag, data) = match text(value) {
        Some(text) if text.bytes().all(is_printable) => (0x13, text.into_bytes()),
        Some(text) => (0x0c, text.into_bytes()),
        None => (u8::try_from(value.tag().0).unwrap_or_default(), value.data.to_vec()),
    };
    let mut der = vec![tag];
    let length = data.len().to_be_bytes();
    let length = length.iter().skip_while(|byte| **byte == 0).copied().collect::<Vec<_>>();
    if data.len() >= 0x80 {
        der.push(0x80 | u8::try_from(length.len()).unwrap_or_default());
    }
    der.extend(if data.is_empty() { vec![0] } else { length });
    der.extend(data);
    der
}

fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte)
}
