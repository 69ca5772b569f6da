//! Which proxy a request passes, and how a tunnel through it is asked for.
//!
//! The environment is asked only where the module says so. The host that `no_proxy` is held against is the URL's, which
//! is an address where the prober resolved the name itself.

use std::net::IpAddr;

use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderName, HeaderValue, PROXY_AUTHORIZATION};
use hyper::{HeaderMap, Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;

use super::super::{Failed, HttpModule, Proxy};
use super::request::{self, Payload};
use super::url::Url;
use super::wire::Stream;

/// The proxies of one probe.
#[derive(Debug, Default)]
pub(super) struct Proxies {
    http: Option<Url>,
    https: Option<Url>,
    /// What passes none; nothing at all if not even this machine does.
    exempt: Option<Vec<Exempt>>,
    /// Whether the environment is that of a CGI program, whose `HTTP_PROXY` anybody may have set.
    cgi: bool,
}

/// An entry of `no_proxy`.
#[derive(Debug, PartialEq)]
enum Exempt {
    All,
    Network(ipnet::IpNet),
    Address(IpAddr, Option<String>),
    /// With its leading dot; whether the domain itself is meant too.
    Domain(String, bool, Option<String>),
}

impl Proxies {
    /// Reads a module's proxies; the environment is only asked for what the module wants of it.
    pub(super) fn new(proxy: &Proxy, environment: impl Fn(&str) -> Option<String>) -> Result<Self, Failed> {
        if proxy.proxy_from_environment {
            let any = |names: [&str; 2]| names.into_iter().filter_map(&environment).find(|value| !value.is_empty());
            let url = |names| any(names).and_then(|text| lenient(&text));
            return Ok(Self {
                http: url(["HTTP_PROXY", "http_proxy"]),
                https: url(["HTTPS_PROXY", "https_proxy"]),
                exempt: Some(exempt(&any(["NO_PROXY", "no_proxy"]).unwrap_or_default())),
                cgi: environment("REQUEST_METHOD").is_some_and(|method| !method.is_empty()),
            });
        }
        let Some(text) = proxy.proxy_url.as_ref().filter(|url| !url.expose().is_empty()) else {
            return Ok(Self::default());
        };
        let url = Url::parse(text.expose())
            .map_err(|why| Failed::target(format!("proxy_url {why}; write http://host:port")))?;
        let exempt = (!proxy.no_proxy.is_empty()).then(|| exempt(&proxy.no_proxy));
        Ok(Self { http: Some(url.clone()), https: Some(url), exempt, cgi: false })
    }

    /// The proxy that a request to this URL passes.
    pub(super) fn of(&self, url: &Url) -> Result<Option<&Url>, Failed> {
        let proxy = if url.scheme == "https" { &self.https } else { &self.http };
        let Some(proxy) = proxy else { return Ok(None) };
        if self.cgi && url.scheme == "http" {
            return Err(Failed::target("HTTP_PROXY is not believed where REQUEST_METHOD is set; unset that"));
        }
        let passes = |list: &Vec<Exempt>| !is_exempt(list, url);
        Ok(self.exempt.as_ref().is_none_or(passes).then_some(proxy))
    }
}

/// A proxy as the environment names it: with or without a scheme.
fn lenient(text: &str) -> Option<Url> {
    let whole = Url::parse(text).ok().filter(|url| !url.scheme.is_empty() && !url.host.is_empty());
    whole.or_else(|| Url::parse(&format!("http://{text}")).ok())
}

fn exempt(list: &str) -> Vec<Exempt> {
    let entries = list.split(',').map(|entry| entry.trim().to_lowercase()).filter(|entry| !entry.is_empty());
    entries.filter_map(|entry| entry_of(&entry)).collect()
}

fn entry_of(entry: &str) -> Option<Exempt> {
    if entry == "*" {
        return Some(Exempt::All);
    }
    if let Ok(network) = entry.parse() {
        return Some(Exempt::Network(network));
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port.to_owned())),
        _ => (entry, None),
    };
    let port = port.filter(|port| !port.is_empty());
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = host.parse() {
        return Some(Exempt::Address(address, port));
    }
    let host = host.strip_prefix('*').filter(|host| host.starts_with('.')).unwrap_or(host);
    match host.chars().next()? {
        '.' => Some(Exempt::Domain(host.to_owned(), false, port)),
        _ => Some(Exempt::Domain(format!(".{host}"), true, port)),
    }
}

fn is_exempt(list: &[Exempt], url: &Url) -> bool {
    let host = url.name().to_lowercase();
    let address = host.parse::<IpAddr>().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    let number = url.number().map(|port| port.to_string()).unwrap_or_default();
    let same = |port: &Option<String>| port.as_ref().is_none_or(|port| *port == number);
    list.iter().any(|entry| match entry {
        Exempt::All => true,
        Exempt::Network(network) => address.is_some_and(|address| network.contains(&address)),
        Exempt::Address(exempt, port) => address == Some(*exempt) && same(port),
        Exempt::Domain(domain, itself, port) => {
            address.is_none() && (host.ends_with(domain) || *itself && host == domain[1..]) && same(port)
        }
    })
}

/// What a proxy wants to know of who asks.
pub(super) fn login(proxy: &Url) -> Result<Option<(HeaderName, HeaderValue)>, Failed> {
    let Some((user, password)) = &proxy.user else { return Ok(None) };
    request::header("proxy_url", PROXY_AUTHORIZATION.as_str(), &request::basic(user, password)).map(Some)
}

/// Asks a proxy for a tunnel to `authority`.
pub(super) async fn tunnel(
    module: &HttpModule,
    proxy: &Url,
    authority: &str,
    stream: Box<dyn Stream>,
) -> Result<Box<dyn Stream>, Failed> {
    let wrong = |what: String| Failed::target(format!("the proxy {proxy} gave no way to {authority}: {what}"));
    let mut headers = HeaderMap::new();
    request::add("proxy_connect_header", &module.proxy.proxy_connect_header, &mut headers).await?;
    headers.extend(login(proxy)?);
    let value = HeaderValue::from_str(authority).map_err(|_| wrong("that is no host".to_owned()))?;
    headers.insert(HOST, value);
    let mut request = Request::new(Payload::default());
    *request.method_mut() = Method::CONNECT;
    *request.uri_mut() = Uri::try_from(authority).map_err(|_| wrong("that is no host".to_owned()))?;
    *request.headers_mut() = headers;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| wrong(error.to_string()))?;
    let driver = super::Driver::new(connection.with_upgrades());
    let response = sender.send_request(request).await.map_err(|error| wrong(error.to_string()))?;
    if response.status() != StatusCode::OK {
        return Err(wrong(format!("it answered {}", response.status())));
    }
    let upgraded = hyper::upgrade::on(response).await.map_err(|error| wrong(error.to_string()))?;
    drop(driver);
    Ok(Box::new(TokioIo::new(upgraded)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Secret;

    fn passes(proxies: &Proxies, url: &str) -> bool {
        proxies.of(&Url::parse(url).unwrap()).unwrap().is_some()
    }

    fn fixed(no_proxy: &str) -> Proxies {
        let proxy = Proxy {
            proxy_url: Some(Secret::from("http://u:p@127.0.0.1:3128")),
            no_proxy: no_proxy.to_owned(),
            ..Proxy::default()
        };
        Proxies::new(&proxy, |_| None).unwrap()
    }

    #[test]
    fn a_fixed_proxy_is_passed_by_everything_that_is_not_exempt() {
        assert!(passes(&fixed(""), "http://127.0.0.1/"));
        let some = fixed("10.0.0.0/8, example.com:80,.o.example,[::2]:81,192.0.2.1");
        for exempt in [
            "http://localhost/",
            "http://127.1.1.1/",
            "http://[::1]/",
            "https://10.1.2.3/",
            "http://a.example.com/",
            "http://example.com/",
            "http://x.o.example/",
            "http://[::2]:81/",
            "http://192.0.2.1:9/",
        ] {
            assert!(!passes(&some, exempt), "{exempt}");
        }
        for other in
            ["https://example.com/", "http://o.example/", "http://11.0.0.1/", "http://[::2]/", "http://xexample.com"]
        {
            assert!(passes(&some, other), "{other}");
        }
        assert!(!passes(&fixed("*"), "http://192.0.2.1/"));
    }

    #[test]
    fn the_environment_is_asked_where_the_module_says_so() {
        let variables = |name: &str| {
            let known =
                [("HTTP_PROXY", "192.0.2.9:3128"), ("https_proxy", "http://192.0.2.8:1"), ("no_proxy", "a.example")];
            known.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let proxy = Proxy { proxy_from_environment: true, ..Proxy::default() };
        let proxies = Proxies::new(&proxy, variables).unwrap();
        assert_eq!(proxies.http.as_ref().unwrap().to_string(), "http://192.0.2.9:3128");
        assert!(passes(&proxies, "http://b.example/") && passes(&proxies, "https://b.example/"));
        assert!(!passes(&proxies, "http://a.example/"));
        assert!(!passes(&Proxies::new(&Proxy::default(), variables).unwrap(), "http://b.example/"));
        let cgi =
            Proxies::new(&proxy, |name| if name == "REQUEST_METHOD" { Some("GET".into()) } else { variables(name) });
        assert!(cgi.unwrap().of(&Url::parse("http://b.example/").unwrap()).is_err());
    }
}
