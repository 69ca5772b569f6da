//! Go's templates: `$name`, `${name}` and `$1` stand for groups, `$$` for a dollar.
//!
//! A name is as long as it can be, so that `$1x` is the group `1x`; what is no name stays as it is.

/// Fills a template in; `group` gives the text of a group by its number, 0 being the whole match.
pub(super) fn expand<'a>(
    template: &[u8],
    names: &[Option<String>],
    group: impl Fn(usize) -> Option<&'a [u8]>,
) -> Vec<u8> {
    let mut filled = Vec::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.iter().position(|byte| *byte == b'$') {
        filled.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(b"$") {
            filled.push(b'$');
            rest = after;
        } else if let Some((name, after)) = name(rest) {
            let text = match number(name) {
                Some(number) => group(number),
                None => named(name, names, &group),
            };
            filled.extend_from_slice(text.unwrap_or_default());
            rest = after;
        } else {
            filled.push(b'$');
        }
    }
    filled.extend_from_slice(rest);
    filled
}

/// The first group of that name that took part in the match.
fn named<'a>(name: &str, names: &[Option<String>], group: impl Fn(usize) -> Option<&'a [u8]>) -> Option<&'a [u8]> {
    let same = names.iter().enumerate().filter(|(_, other)| other.as_deref() == Some(name));
    same.map(|(at, _)| at + 1).find_map(group)
}

/// The name behind a dollar, and what follows it.
fn name(text: &[u8]) -> Option<(&str, &[u8])> {
    let (braced, text) = text.strip_prefix(b"{").map_or((false, text), |text| (true, text));
    let valid = text.utf8_chunks().next()?.valid();
    let is_name = |letter: char| letter == '_' || letter.is_alphabetic() || letter.is_numeric();
    let end = valid.find(|letter| !is_name(letter)).unwrap_or(valid.len());
    let (name, rest) = (&valid[..end], &text[end..]);
    let rest = if braced { rest.strip_prefix(b"}")? } else { rest };
    (!name.is_empty()).then_some((name, rest))
}

/// The number of a group, which has no zero in front.
fn number(name: &str) -> Option<usize> {
    let digits = name.bytes().all(|byte| byte.is_ascii_digit()) && (name.len() == 1 || !name.starts_with('0'));
    digits.then(|| name.parse().unwrap_or(usize::MAX))
}
