//! A target that is `host:port`, with an IPv6 address in brackets, and the port by number or by name.

use std::fs;

use super::Failed;

/// Names of tcp ports that Go knows without `/etc/services`.
const KNOWN: [(&str, u16); 14] = [
    ("ftp", 21),
    ("ftps", 990),
    ("gopher", 70),
    ("http", 80),
    ("https", 443),
    ("imap2", 143),
    ("imap3", 220),
    ("imaps", 993),
    ("pop3", 110),
    ("pop3s", 995),
    ("smtp", 25),
    ("submissions", 465),
    ("ssh", 22),
    ("telnet", 23),
];

/// The host without brackets, and the port as it is written.
pub(super) fn split(target: &str) -> Result<(&str, &str), Failed> {
    let wrong = |why: &str| Failed::target(format!("`{target}` {why}; write host:port, or [address]:port for IPv6"));
    let (host, port) = target.rsplit_once(':').ok_or_else(|| wrong("has no port"))?;
    let host = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, "")) => host,
            Some(_) if target.ends_with(']') => return Err(wrong("has no port")),
            _ => return Err(wrong("is no host and port")),
        },
        None if host.contains(':') => return Err(wrong("has too many colons")),
        None => host,
    };
    if host.contains(['[', ']']) || port.contains(['[', ']']) {
        return Err(wrong("has a bracket in the wrong place"));
    }
    Ok((host, port))
}

/// The number of a port of `tcp` or `udp`; none at all is port 0, as the exporter reads it.
pub(super) fn port(text: &str, protocol: &str) -> Result<u16, Failed> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = if text.is_empty() { Some(0) } else { text.parse().ok() };
        return number.ok_or_else(|| Failed::target(format!("`{text}` is not a port from 0 to 65535")));
    }
    let name = text.to_lowercase();
    let known = || match (protocol, name.as_str()) {
        ("udp", "domain") => Some(53),
        ("tcp", name) => KNOWN.iter().find(|(known, _)| *known == name).map(|(_, port)| *port),
        _ => None,
    };
    let services = fs::read_to_string("/etc/services").unwrap_or_default();
    listed(&services, &name, protocol)
        .or_else(known)
        .ok_or_else(|| Failed::target(format!("this machine knows no {protocol} port `{text}`: write its number")))
}

/// The port of a name or an alias in a list such as `/etc/services`.
fn listed(services: &str, name: &str, protocol: &str) -> Option<u16> {
    services.lines().rev().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let (first, (port, spoken)) = (words.next()?, words.next()?.split_once('/')?);
        (spoken == protocol && (first == name || words.any(|alias| alias == name))).then(|| port.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_its_port_are_told_apart_as_go_does_it() {
        assert_eq!(split("i.pigsty:443"), Ok(("i.pigsty", "443")));
        assert_eq!(split("[::1]:80"), Ok(("::1", "80")));
        assert_eq!(split("10.10.10.10:ssh"), Ok(("10.10.10.10", "ssh")));
        assert_eq!(split(":0"), Ok(("", "0")));
        assert_eq!(split("i.pigsty:"), Ok(("i.pigsty", "")));
        assert_eq!(split("[i.pigsty]:80"), Ok(("i.pigsty", "80")));
        for wrong in ["i.pigsty", "tcp://i.pigsty:80", "::1", "[::1]", "[::1]80", "[::1]:80:90", "a[b]:80", "[a:80", ""]
        {
            assert!(split(wrong).is_err_and(|error| error.reason.starts_with('`')), "{wrong}");
        }
    }

    #[test]
    fn a_port_is_a_number_or_a_name() {
        assert_eq!(["443", "+80", "080", ""].map(|text| port(text, "tcp")), [Ok(443), Ok(80), Ok(80), Ok(0)]);
        assert_eq!(["ssh", "HTTPS"].map(|text| port(text, "tcp")), [Ok(22), Ok(443)]);
        assert_eq!(port("domain", "udp"), Ok(53));
        for wrong in ["65536", "-1", "+", "no-such-service"] {
            assert!(port(wrong, "tcp").is_err(), "{wrong}");
        }
    }

    #[test]
    fn services_are_read_by_name_alias_and_protocol() {
        let list = "domain 53/udp\nwww 8080/udp\nhttp 80/tcp www # a comment\n# smtp 25/tcp\n";
        assert_eq!([listed(list, "http", "tcp"), listed(list, "www", "tcp")], [Some(80), Some(80)]);
        assert_eq!(listed(list, "www", "udp"), Some(8080));
        assert_eq!([listed(list, "domain", "tcp"), listed(list, "smtp", "tcp")], [None, None]);
    }
}
