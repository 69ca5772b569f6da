//! URLs as the exporter reads them: nothing is normalised, so that what is asked is what was written.
//!
//! Hosts that a browser would mend (`127.1`, backslashes, blanks) stay as they are and fail where they are resolved. Only
//! what a request needs is kept; fragments are dropped.

use std::net::{IpAddr, Ipv6Addr};

/// An absolute URL, or a reference to be joined to one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Url {
    /// In lower case; empty in a reference without one.
    pub(super) scheme: String,
    /// Name and password, if there is an `@`.
    pub(super) user: Option<(String, String)>,
    /// Host and port as written, brackets included.
    pub(super) host: String,
    /// With its escapes; empty or absolute where there is a host.
    pub(super) path: String,
    /// Without its `?`.
    pub(super) query: Option<String>,
}

impl Url {
    /// Reads a URL or a reference; the error completes "`text` …" and repeats none of it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            return Err("has a control character");
        }
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        decode(fragment)?;
        let (scheme, rest) = scheme(text)?;
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query.to_owned())),
            None => (rest, None),
        };
        let mut url = Self { scheme: scheme.to_ascii_lowercase(), query, ..Self::default() };
        if !rest.starts_with('/') && !scheme.is_empty() {
            return Err("names no host");
        }
        if !rest.starts_with('/') && rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return Err("has a colon where there is no scheme");
        }
        let path = match rest.strip_prefix("//").filter(|_| !scheme.is_empty() || !rest.starts_with("///")) {
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (url.user, url.host) = read_authority(authority)?;
                path
            }
            None => rest,
        };
        url.path = escaped(path)?;
        Ok(url)
    }

    /// Where a reference leads from here.
    pub(super) fn join(&self, reference: &str) -> Result<Self, &'static str> {
        let next = Self::parse(reference)?;
        if !next.scheme.is_empty() || !next.host.is_empty() || next.user.is_some() {
            let scheme = if next.scheme.is_empty() { self.scheme.clone() } else { next.scheme };
            return Ok(Self { scheme, path: resolved("", &next.path), ..next });
        }
        let query = if next.path.is_empty() { next.query.or_else(|| self.query.clone()) } else { next.query };
        Ok(Self { path: resolved(&self.path, &next.path), query, ..self.clone() })
    }

    /// The host without port and brackets.
    pub(super) fn name(&self) -> &str {
        let host = self.split().0;
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    /// The port as written.
    pub(super) fn port(&self) -> Option<&str> {
        self.split().1.filter(|port| !port.is_empty())
    }

    /// The port to connect to.
    pub(super) fn number(&self) -> Result<u16, &'static str> {
        match (self.port(), self.scheme.as_str()) {
            (Some(port), _) => port.parse().map_err(|_| "has a port beyond 65535"),
            (None, "http") => Ok(80),
            (None, "https") => Ok(443),
            (None, "socks5" | "socks5h") => Ok(1080),
            (None, _) => Err("names no port"),
        }
    }

    /// The same host and port with an address in place of the name.
    pub(super) fn at(&self, address: IpAddr) -> String {
        let brackets = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
        self.port().map_or_else(|| brackets.clone(), |port| format!("{brackets}:{port}"))
    }

    fn split(&self) -> (&str, Option<&str>) {
        match self.host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
            _ => (&self.host, None),
        }
    }

    /// What stands in a request's first line.
    pub(super) fn target(&self) -> String {
        let path = if self.path.is_empty() { "/" } else { &self.path };
        match &self.query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        }
    }
}

impl std::fmt::Display for Url {
    /// Without user and password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.host, self.path)?;
        self.query.as_ref().map_or(Ok(()), |query| write!(f, "?{query}"))
    }
}

/// The scheme, if there is one, and what follows it.
fn scheme(text: &str) -> Result<(&str, &str), &'static str> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c))).unwrap_or(text.len());
    match (&text[..end], &text[end..]) {
        ("", rest) if rest.starts_with(':') => Err("has no scheme before its colon"),
        (scheme, rest) if rest.starts_with(':') && scheme.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            Ok((scheme, &rest[1..]))
        }
        _ => Ok(("", text)),
    }
}

type User = Option<(String, String)>;

fn read_authority(authority: &str) -> Result<(User, String), &'static str> {
    let Some((user, host)) = authority.rsplit_once('@') else { return Ok((None, read_host(authority)?)) };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
    if !user.bytes().all(allowed) {
        return Err("has characters before its @ that must be escaped");
    }
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    Ok((Some((decode(name)?, decode(password)?)), read_host(host)?))
}

fn read_host(host: &str) -> Result<String, &'static str> {
    let port = match host.strip_prefix('[') {
        Some(inner) => {
            let (address, port) = inner.rsplit_once(']').ok_or("has no closing bracket")?;
            let address = address.split_once("%25").map_or(address, |(address, _)| address);
            address.parse::<Ipv6Addr>().map_err(|_| "has brackets around what is no IPv6 address")?;
            port
        }
        None => host.rfind(':').map_or("", |at| &host[at..]),
    };
    let digits = port.strip_prefix(':').unwrap_or(port);
    if !(port.is_empty() || port.starts_with(':')) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("has a port that is no number");
    }
    // An escape stands for what is no ASCII, or for the percent before a zone.
    let is_odd = |escape: &str| !escape.starts_with("25") && escape.starts_with(|c: char| c.is_digit(8));
    if host.split('%').skip(1).any(is_odd) {
        return Err("has an escape in its host or port");
    }
    let allowed =
        |byte: u8| !byte.is_ascii() || byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:[]<>\"%".contains(&byte);
    if !host.bytes().all(allowed) {
        return Err("has a character that no host has");
    }
    // What is ASCII stands in a host as it is; only a percent sign, before a zone, must be escaped.
    let is_plain = |(at, _): (usize, &str)| {
        let escape = host.get(at + 1..at + 3).unwrap_or_default();
        escape != "25" && escape.starts_with(|digit: char| digit < '8')
    };
    if host.match_indices('%').any(is_plain) {
        return Err("has an escape in its host that must not be one");
    }
    decode(host)
}

/// What the escapes of a text stand for.
fn decode(text: &str) -> Result<String, &'static str> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else { return Err("has a % that escapes nothing") };
        decoded.extend(u8::try_from(high * 16 + low));
    }
    Ok(String::from_utf8_lossy(&decoded).into_owned())
}

/// A path as it is sent: as written where that is possible, else escaped anew.
fn escaped(path: &str) -> Result<String, &'static str> {
    let decoded = decode(path)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte);
    if path.bytes().all(|byte| plain(byte) || b"!'()*[]%".contains(&byte)) {
        return Ok(path.to_owned());
    }
    let escape = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    Ok(decoded.bytes().map(escape).collect())
}

/// A path that stands relative to another, without its dots.
fn resolved(base: &str, path: &str) -> String {
    let full = match path {
        "" => base.to_owned(),
        path if path.starts_with('/') => path.to_owned(),
        path => format!("{}{path}", base.rsplit_once('/').map_or("/".to_owned(), |(folder, _)| format!("{folder}/"))),
    };
    if full.is_empty() {
        return full;
    }
    let mut kept = Vec::new();
    let mut last = "";
    for segment in full.strip_prefix('/').unwrap_or(&full).split('/') {
        last = segment;
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    let end = if matches!(last, "." | "..") && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str) -> String {
        Url::parse(text).unwrap().target()
    }

    #[test]
    fn a_url_is_taken_apart_and_nothing_is_mended() {
        let url = Url::parse("HTTP://us%40er:p:w@[::1]:8080/a/../b?x=/#y").unwrap();
        assert_eq!((url.scheme.as_str(), url.name(), url.port()), ("http", "::1", Some("8080")));
        assert_eq!(url.user, Some(("us@er".into(), "p:w".into())));
        assert_eq!((url.host.as_str(), url.target().as_str()), ("[::1]:8080", "/a/../b?x=/"));
        assert_eq!(Url::parse("http://127.1").unwrap().name(), "127.1");
        assert_eq!(Url::parse("http://invalid://127.0.0.1:80/").unwrap().name(), "invalid");
        assert_eq!(Url::parse("http://::1/").unwrap().name(), ":");
        assert_eq!(Url::parse("http://h:80:80/").unwrap().name(), "h:80");
    }

    #[test]
    fn a_path_is_sent_as_written_unless_it_cannot_be() {
        assert_eq!(sent("http://h"), "/");
        assert_eq!(sent("http://h?"), "/?");
        assert_eq!(sent("http://h/a%2Fb;c=(d)"), "/a%2Fb;c=(d)");
        assert_eq!(sent("http://h/a b/ä?ä"), "/a%20b/%C3%A4?ä");
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for wrong in [
            "http://h/\n",
            "http://h:x/",
            "http://a b/",
            "http://h/%zz",
            "http://h%3A80",
            "http://h%3A80/",
            "http://[::1",
            "http://[h]/",
            ":x",
            "a:b",
            "1:b",
        ] {
            assert!(Url::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_reference_is_joined() {
        let base = Url::parse("http://u:p@h:1/a/b/c?q").unwrap();
        let to = |reference: &str| base.join(reference).unwrap().to_string();
        assert_eq!(to("/x"), "http://h:1/x");
        assert_eq!(to("x/./y"), "http://h:1/a/b/x/y");
        assert_eq!(to("../x?r#f"), "http://h:1/a/x?r");
        assert_eq!(to("../../../.."), "http://h:1/");
        assert_eq!(to("?r"), "http://h:1/a/b/c?r");
        assert_eq!(to("#f"), "http://h:1/a/b/c?q");
        assert_eq!(to("//o/x/."), "http://o/x/");
        assert_eq!(to("https://o"), "https://o");
        assert_eq!(base.join("/x").unwrap().user, base.user);
        assert_eq!(base.join("//o").unwrap().user, None);
    }
}
