//! The certificates of a PEM text, found as Go finds them: what is broken is passed over, and so is what joins two blocks.

use data_encoding::BASE64;
use rustls::pki_types::CertificateDer;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";

/// A block that could be read.
struct Block<'a> {
    kind: &'a [u8],
    /// Whether lines such as `Proc-Type: 4` stand before the data.
    headed: bool,
    data: Vec<u8>,
    rest: &'a [u8],
}

/// Every certificate; a root has no headers, and whatever else has them may be a certificate all the same.
pub(super) fn certificates(text: &[u8], headed: bool) -> Vec<CertificateDer<'static>> {
    let mut found = Vec::new();
    let mut rest = text.trim_ascii();
    while let Some(end) = find(rest, END) {
        let after = &rest[end + END.len()..];
        // Of several beginnings the last one has this end.
        let begin = rest[..end].windows(BEGIN.len()).rposition(|window| window == BEGIN);
        let begin = begin.filter(|at| *at == 0 || rest[at - 1] == b'\n');
        let Some(block) = begin.and_then(|at| block(&rest[at + BEGIN.len()..end], after)) else {
            rest = after;
            continue;
        };
        if block.kind == b"CERTIFICATE" && (headed || !block.headed) {
            found.push(CertificateDer::from(block.data));
        }
        rest = block.rest;
    }
    found
}

/// What stands between a beginning and an end, both of one kind.
fn block<'a>(inner: &'a [u8], end: &'a [u8]) -> Option<Block<'a>> {
    let (first, mut body) = line(inner);
    let kind = first.strip_suffix(DASHES)?;
    let mut headed = false;
    while line(body).0.contains(&b':') {
        headed = true;
        body = line(body).1;
    }
    let (last, rest) = line(end);
    let letters: Vec<_> = body.iter().copied().filter(|byte| !b" \t\r\n".contains(byte)).collect();
    let data = BASE64.decode(&letters).ok()?;
    (last.strip_suffix(DASHES) == Some(kind)).then_some(Block { kind, headed, data, rest })
}

/// The first line without its end, and what follows it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let (mut line, rest) = match text.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &text[text.len()..]),
    };
    line = line.strip_suffix(b"\r").unwrap_or(line);
    let end = line.iter().rposition(|byte| !b" \t".contains(byte)).map_or(0, |at| at + 1);
    (&line[..end], rest)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "-----BEGIN CERTIFICATE-----\nb25l\n-----END CERTIFICATE-----\n";
    const TWO: &str = "-----BEGIN CERTIFICATE-----\ndHdv\n-----END CERTIFICATE-----\n";

    fn found(text: &str) -> String {
        let all = certificates(text.as_bytes(), false);
        all.iter().map(|one| String::from_utf8_lossy(one).into_owned()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_between_and_around_blocks_does_not_matter() {
        assert_eq!(found(&format!("words: 1\n{ONE}more\n{TWO}")), "one two");
        assert_eq!(found(&format!("  {}", ONE.replace('\n', "\r\n"))), "one");
        assert_eq!(found(&ONE.replace("-----\n", "-----  \t\n").replace("b25l", " b2\n\t5l")), "one");
        assert_eq!(found(&ONE.replace("b25l\n", "")), "");
    }

    #[test]
    fn what_is_broken_is_passed_over() {
        assert_eq!(found(&format!("{}{TWO}", ONE.replace("b25l", "!!!!"))), "two");
        assert_eq!(found(&format!("-----BEGIN CERTIFICATE-----\nb25l\n{TWO}")), "two");
        assert_eq!(found(&format!("{}{TWO}", ONE.replace("END CERT", "END OTHER"))), "two");
        assert_eq!(found(&format!("{}{TWO}", ONE.replace("CERTIFICATE", "PRIVATE KEY"))), "two");
        assert_eq!(found(&ONE.replace('\n', "\r")), "");
        assert_eq!(found("\u{feff}"), "");
    }

    #[test]
    fn two_blocks_without_a_line_between_them_are_lost_both() {
        assert_eq!(found(&format!("{}{TWO}", ONE.trim_end())), "");
    }

    #[test]
    fn a_root_has_no_headers() {
        let headed = ONE.replace("-----\nb", "-----\nProc-Type: 4\n\nb");
        assert_eq!(found(&headed), "");
        assert_eq!(certificates(headed.as_bytes(), true).len(), 1);
    }
}
