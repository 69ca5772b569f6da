//! Whether Go takes a text for a URL, which it nearly always does; what it means is the affair of who uses it.

/// Refuses what Go refuses; the error completes "`url` …".
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err("has a control character");
    }
    escapes(fragment)?;
    let (scheme, rest) = scheme(text)?;
    let rest = rest.split('?').next().unwrap_or_default();
    if !rest.starts_with('/') {
        if scheme {
            return Ok(());
        }
        if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return Err("has a colon in its first part: write http:// before the host");
        }
    }
    let path = match rest.strip_prefix("//").filter(|rest| scheme || !rest.starts_with('/')) {
        None => rest,
        Some(after) => {
            let (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
            check_authority(authority)?;
            path
        }
    };
    escapes(path)
}

/// Whether there is a scheme, and what follows it.
fn scheme(text: &str) -> Result<(bool, &str), &'static str> {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && !"+-.".contains(letter));
    let Some((name, rest)) = end.and_then(|end| Some((&text[..end], text[end..].strip_prefix(':')?))) else {
        return Ok((false, text));
    };
    match name.chars().next() {
        None => Err("has no scheme before its colon"),
        Some(first) if first.is_ascii_alphabetic() => Ok((true, rest)),
        Some(_) => Ok((false, text)),
    }
}

fn check_authority(text: &str) -> Result<(), &'static str> {
    let (user, host) = text.rsplit_once('@').unwrap_or(("", text));
    if !user.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(letter)) {
        return Err("has a user or password that needs percent-encoding");
    }
    escapes(user)?;
    let (name, port) = match (host.rfind('['), host.rsplit_once(']')) {
        (None, _) => host.split_at(host.rfind(':').unwrap_or(host.len())),
        (Some(0), Some((address, port))) => {
            let address = address[1..].split("%25").next().unwrap_or_default();
            address.parse::<std::net::Ipv6Addr>().map_err(|_| "has no IPv6 address in its brackets")?;
            ("", port)
        }
        (Some(0), None) => return Err("has a bracket that is not closed"),
        (Some(_), _) => return Err("has a bracket where none belongs"),
    };
    let digits = if port.is_empty() { Some("") } else { port.strip_prefix(':') };
    if !digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err("has a port that is no number");
    }
    let plain = |letter: char| {
        !letter.is_ascii() || letter.is_ascii_alphanumeric() || "-_.~!$&'()*+,;=:]<>\"%".contains(letter)
    };
    if !name.chars().all(plain) {
        return Err("has a host with a character that no host has");
    }
    let ascii = |after: &str| after.starts_with(|digit: char| ('0'..='7').contains(&digit)) && !after.starts_with("25");
    if name.split('%').skip(1).any(ascii) {
        return Err("has a host with an encoded character that needs no encoding");
    }
    escapes(name)
}

/// Every `%` is followed by two hexadecimal digits.
fn escapes(text: &str) -> Result<(), &'static str> {
    let encoded = |after: &str| after.len() >= 2 && after.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    if text.split('%').skip(1).all(encoded) { Ok(()) } else { Err("has a `%` without two hexadecimal digits") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_takes_is_taken() {
        for text in [
            "",
            "*",
            "/",
            "http://proxy:3128",
            "http://u:p%40@[::1]:3128/",
            "localhost:3128",
            "proxy.example.org:3128",
            "a/b:c",
            "//h/x",
            "http://",
            "http:///x",
            "http://h:",
            "?a%b",
            "http://h/?%zz",
            "socks5://h",
            "http://\u{e4}/",
            "///a%20",
            "http://h%25x/",
            "http://%e4/",
            "+a",
            "mailto:%zz",
            "http://[fe80::1%25eth0]/",
            "http://::1/",
            "http://h:80:80/",
            "http://h]",
            "#\n",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in [
            ":foo",
            "127.0.0.1:3128",
            "1a:b",
            "http://h\n",
            "http://h:x",
            "http://[::1",
            "http://[h]/",
            "http://a b/",
            "http://h/%zz",
            "#%",
            "http://h%41/",
            "http://u ser@h/",
            "http://u%@h",
            "http://h%zz",
            "http://a[::1]",
            "http://{h}/",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
