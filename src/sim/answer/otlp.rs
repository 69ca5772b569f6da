//! Spans in the protocol buffers of OpenTelemetry: as much of them as VictoriaTraces shows again.

use data_encoding::HEXLOWER;

use crate::sim::memory::Span;

/// A field's number and its bytes; a number of fixed size in the bytes that it has on the wire, any other in none.
type Field<'a> = (u64, &'a [u8]);

/// The spans of an `ExportTraceServiceRequest`; nothing of what is none.
pub(super) fn spans(request: &[u8]) -> Option<Vec<Span>> {
    let mut found = Vec::new();
    for resource_spans in all(&fields(request)?, 1) {
        let resource_spans = fields(resource_spans)?;
        let service = all(&resource_spans, 1).find_map(service).unwrap_or_default();
        for scope_spans in all(&resource_spans, 2) {
            for span in all(&fields(scope_spans)?, 2) {
                found.push(self::span(span, &service)?);
            }
        }
    }
    (!found.is_empty()).then_some(found)
}

/// The attribute `service.name` of a resource.
fn service(resource: &[u8]) -> Option<String> {
    all(&fields(resource)?, 1).find_map(|attribute| {
        let attribute = fields(attribute)?;
        let value = all(&attribute, 2).next()?;
        (all(&attribute, 1).next()? == b"service.name").then_some(())?;
        Some(String::from_utf8_lossy(all(&fields(value)?, 1).next()?).into_owned())
    })
}

fn span(span: &[u8], service: &str) -> Option<Span> {
    let span = fields(span)?;
    let first = |number| all(&span, number).next();
    Some(Span {
        trace: HEXLOWER.encode(first(1)?),
        id: HEXLOWER.encode(first(2)?),
        name: String::from_utf8_lossy(first(5)?).into_owned(),
        start: u64::from_le_bytes(first(7)?.try_into().ok()?),
        service: service.to_owned(),
    })
}

fn all<'a>(fields: &[Field<'a>], number: u64) -> impl Iterator<Item = &'a [u8]> {
    fields.iter().filter(move |(found, _)| *found == number).map(|(_, bytes)| *bytes)
}

fn fields(mut message: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let (key, rest) = varint(message)?;
        let (length, rest) = match key & 7 {
            0 => (0, varint(rest)?.1),
            1 => (8, rest),
            2 => varint(rest)?,
            5 => (4, rest),
            _ => return None,
        };
        let (bytes, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        fields.push((key >> 3, bytes));
        message = rest;
    }
    Some(fields)
}

/// A number of variable length, seven bits a byte from the lowest on, and what follows.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    let number = bytes[..=end].iter().rev().fold(0, |number: u64, byte| number << 7 | u64::from(byte & 0x7f));
    Some((number, &bytes[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field of bytes.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
    }

    #[test]
    fn a_span_reads_from_protocol_buffers() {
        let begin = [[7 << 3 | 1].as_slice(), &1_795_336_940_u64.to_le_bytes()].concat();
        let kind = [6 << 3, 0x83, 0x01];
        let span = [field(1, &[0xab; 16]), field(2, &[0x0c; 8]), kind.to_vec(), field(5, b"canary"), begin].concat();
        let service = [field(1, b"service.name"), field(2, &field(1, b"infra-verify"))].concat();
        let resource = [field(1, &field(1, &service)), field(2, &field(2, &span))].concat();
        let body = field(1, &resource);
        let found = spans(&body).unwrap();
        let Span { trace, id, service, name, start } = &found[0];
        assert_eq!((trace.as_str(), id.as_str()), ("abababababababababababababababab", "0c0c0c0c0c0c0c0c"));
        assert_eq!((service.as_str(), name.as_str(), *start), ("infra-verify", "canary", 1_795_336_940));
        assert!(spans(&body[..body.len() - 1]).is_none());
        assert!(spans(b"{}").is_none());
    }
}
