//! Templates as Go's regexp expands them: `$name`, `${name}`, `$1`, `$$`; what is no reference stays as it is.

use regex::bytes::Captures;

/// The text with each reference replaced by what its group matched, or by nothing.
pub(super) fn expand(template: &[u8], groups: &Captures<'_>) -> Vec<u8> {
    let mut text = Vec::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.iter().position(|byte| *byte == b'$') {
        text.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(b"$") {
            text.push(b'$');
            rest = after;
        } else if let Some((name, after)) = reference(rest) {
            text.extend_from_slice(group(name, groups));
            rest = after;
        } else {
            text.push(b'$');
        }
    }
    text.extend_from_slice(rest);
    text
}

/// The name behind a dollar, and what follows it.
fn reference(rest: &[u8]) -> Option<(&str, &[u8])> {
    let inner = rest.strip_prefix(b"{");
    let start = inner.unwrap_or(rest);
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&start[..error.valid_up_to()]).ok()?,
    };
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len());
    let name = text.get(..end).filter(|name| !name.is_empty())?;
    let after = &start[end..];
    Some((name, if inner.is_some() { after.strip_prefix(b"}")? } else { after }))
}

fn group<'a>(name: &str, groups: &Captures<'a>) -> &'a [u8] {
    let digits = name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    let found = if digits { name.parse().ok().and_then(|at| groups.get(at)) } else { groups.name(name) };
    found.map(|found| found.as_bytes()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use regex::bytes::Regex;

    use super::*;

    fn expanded(template: &str) -> String {
        let regex = Regex::new(r"^SSH-2.0-(?P<soft>[^ -]+)(?: (.*))?( never)?$").unwrap();
        let groups = regex.captures(b"SSH-2.0-OpenSSH_9.2 Debian").unwrap();
        String::from_utf8(expand(template.as_bytes(), &groups)).unwrap()
    }

    #[test]
    fn references_are_replaced() {
        assert_eq!(expanded("CONFIRM ${1}"), "CONFIRM OpenSSH_9.2");
        assert_eq!(expanded("got $soft, ${soft} on $2."), "got OpenSSH_9.2, OpenSSH_9.2 on Debian.");
        assert_eq!(expanded("$0"), "SSH-2.0-OpenSSH_9.2 Debian");
    }

    #[test]
    fn a_name_is_as_long_as_it_can_be_and_an_unknown_one_is_empty() {
        assert_eq!(expanded("<$1x ${9} $3 $01 $none>"), "<    >");
    }

    #[test]
    fn what_is_no_reference_stays() {
        assert_eq!(expanded("$$1 cost 5$ ${ ${1 ${a-b} $-"), "$1 cost 5$ ${ ${1 ${a-b} $-");
    }
}
