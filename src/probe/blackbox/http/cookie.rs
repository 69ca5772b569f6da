//! The cookies of one probe: kept from hop to hop by the host that was asked for, and forgotten with it.
//!
//! There is no list of public suffixes: a cookie for a domain of one label is refused, one for `co.uk` is not.

use std::net::IpAddr;
use std::time::SystemTime;

use hyper::HeaderMap;
use hyper::header::SET_COOKIE;

use super::url::Url;

/// Every cookie that was set so far, in the order in which they were.
#[derive(Debug, Default)]
pub(super) struct Jar(Vec<Cookie>);

/// One cookie with where it goes.
#[derive(Clone, Debug, Default, PartialEq)]
struct Cookie {
    name: String,
    value: String,
    domain: String,
    /// Whether it goes to the very host alone.
    host_only: bool,
    path: String,
    secure: bool,
    /// Whether it takes an earlier one away.
    gone: bool,
}

/// The host of `host[:port]` as cookies know it.
fn canonical(host: &str) -> String {
    let url = Url { host: host.to_owned(), ..Url::default() };
    url.name().trim_end_matches('.').to_ascii_lowercase()
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

impl Cookie {
    /// Reads a header that was sent by this host in answer to a request of this path.
    fn read(line: &str, host: &str, path: &str) -> Option<Self> {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        let folder = path.rsplit_once('/').map(|(folder, _)| folder).filter(|folder| folder.starts_with('/'));
        let mut cookie = Self {
            name: (!name.is_empty()).then(|| name.to_owned())?,
            value: valid(value).then(|| value.to_owned())?,
            domain: host.to_owned(),
            host_only: true,
            path: folder.unwrap_or("/").to_owned(),
            ..Self::default()
        };
        let (mut age, mut expires) = (None, None);
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key.to_ascii_lowercase().as_str() {
                "secure" => cookie.secure = true,
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "domain" if !value.is_empty() => cookie.set_domain(value, host)?,
                "max-age" => age = value.parse::<i64>().ok().or(age),
                "expires" => expires = httpdate::parse_http_date(&value.replace('-', " ")).ok(),
                _ => {}
            }
        }
        cookie.gone = age.map_or_else(|| expires.is_some_and(|at| at <= SystemTime::now()), |age| age <= 0);
        Some(cookie)
    }

    /// Widens it to a domain, if its host may speak for that.
    fn set_domain(&mut self, domain: &str, host: &str) -> Option<()> {
        if host.parse::<IpAddr>().is_ok() {
            return (domain == host).then_some(());
        }
        let domain = domain.strip_prefix('.').unwrap_or(domain).to_ascii_lowercase();
        if !domain.contains('.') {
            return (domain == host).then_some(());
        }
        let may = !domain.starts_with('.') && !domain.ends_with('.') && (host == domain || is_below(host, &domain));
        self.host_only = false;
        self.domain = may.then_some(domain)?;
        Some(())
    }

    fn goes_to(&self, host: &str, url: &Url) -> bool {
        let path = if url.path.is_empty() { "/" } else { &url.path };
        let below = |rest: &str| self.path.ends_with('/') || rest.is_empty() || rest.starts_with('/');
        let near = self.domain == "localhost" || self.domain.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        (self.domain == host || !self.host_only && is_below(host, &self.domain))
            && path.strip_prefix(self.path.as_str()).is_some_and(below)
            && (!self.secure || url.scheme == "https" || near)
    }
}

/// Whether a cookie's value may be sent back.
fn valid(value: &str) -> bool {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    inner.bytes().all(|byte| (0x20..0x7f).contains(&byte) && !b"\";\\".contains(&byte))
}

/// The names of the cookies that an answer sets.
pub(super) fn names(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    lines.filter_map(|line| line.split(';').next()?.split_once('=')).map(|(name, _)| name.trim())
}

impl Jar {
    /// Keeps what an answer sets; the host is the one that was asked for, with its port if it was written.
    pub(super) fn keep(&mut self, headers: &HeaderMap, host: &str, url: &Url) {
        let host = canonical(host);
        for line in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let Some(cookie) = Cookie::read(line, &host, &url.path) else { continue };
            let same =
                |old: &Cookie| (&old.name, &old.domain, &old.path) == (&cookie.name, &cookie.domain, &cookie.path);
            match self.0.iter().position(same) {
                Some(at) if cookie.gone => drop(self.0.remove(at)),
                Some(at) => self.0[at] = cookie,
                None if cookie.gone => {}
                None => self.0.push(cookie),
            }
        }
    }

    /// What a request to this host and URL sends, the longest path first.
    pub(super) fn header(&self, host: &str, url: &Url) -> Option<String> {
        let host = canonical(host);
        let mut cookies: Vec<_> = self.0.iter().filter(|cookie| cookie.goes_to(&host, url)).collect();
        cookies.sort_by(|a, b| b.path.cmp(&a.path));
        let pairs: Vec<_> = cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jar(host: &str, path: &str, lines: &[&str]) -> Jar {
        let mut jar = Jar::default();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(SET_COOKIE, line.parse().unwrap());
        }
        jar.keep(&headers, host, &Url::parse(&format!("http://{host}{path}")).unwrap());
        jar
    }

    fn sent(jar: &Jar, url: &str) -> Option<String> {
        let url = Url::parse(url).unwrap();
        jar.header(&url.host, &url)
    }

    #[test]
    fn a_cookie_goes_back_to_its_host_and_path_alone() {
        let jar = jar("h.example:80", "/a/b", &["x=1", "y=2; Path=/", "z=3; Secure; path=/"]);
        assert_eq!(sent(&jar, "http://H.example/a/c").as_deref(), Some("x=1; y=2"));
        assert_eq!(sent(&jar, "http://h.example/ab").as_deref(), Some("y=2"));
        assert_eq!(sent(&jar, "https://h.example/").as_deref(), Some("y=2; z=3"));
        assert_eq!(sent(&jar, "http://o.h.example/a/c"), None);
    }

    #[test]
    fn a_domain_is_believed_from_those_below_it() {
        let jar = jar("a.h.example", "/", &["x=1; Domain=.h.example", "y=2; Domain=example", "z=3; Domain=o.example"]);
        assert_eq!(sent(&jar, "http://b.h.example/").as_deref(), Some("x=1"));
        assert_eq!(sent(&jar, "http://o.example/"), None);
    }

    #[test]
    fn a_later_cookie_replaces_or_takes_away() {
        let past = "y=; Expires=Thu, 01-Jan-1970 00:00:00 GMT";
        let jar = jar("127.0.0.1", "/", &["x=1", "x=2", "y=1", past, "z=1", "z=; Max-Age=0", "bad", "q=\"a b\""]);
        assert_eq!(sent(&jar, "http://127.0.0.1:9/").as_deref(), Some("x=2; q=\"a b\""));
    }
}
