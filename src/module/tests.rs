//! What a modules file says, what is refused and where, and that nothing written in one breaks the reader.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::probe::blackbox::{Body, Family, HttpModule, Login, Source, TlsVersion};

fn read(text: &str) -> Modules {
    Modules::parse("m.yml", text).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(text: &str) -> String {
    Modules::parse("m.yml", text).map(|_| ()).expect_err(text).to_string()
}

fn http(section: &str) -> HttpModule {
    let modules = read(&format!("modules:\n  x:\n    prober: http\n    http:\n{section}"));
    match modules.get("x").unwrap().prober.clone() {
        Prober::Http(module) => module,
        other => panic!("{other:?}"),
    }
}

#[test]
fn pigsty_has_five_modules() {
    let modules = Modules::pigsty().unwrap();
    let names: Vec<_> = modules.names().collect();
    assert_eq!(names, ["icmp", "icmp_ttl5", "http_2xx", "http_post_2xx", "tcp_connect"]);
    let [icmp, five, get, post, tcp] =
        ["icmp", "icmp_ttl5", "http_2xx", "http_post_2xx", "tcp_connect"].map(|name| modules.get(name).unwrap());
    assert!(matches!(&icmp.prober, Prober::Icmp(module) if module.ttl == 64) && icmp.timeout.is_none());
    assert!(matches!(&five.prober, Prober::Icmp(module) if module.ttl == 5));
    assert_eq!(five.timeout, Some(Duration::from_secs(5)));
    assert!(matches!(&get.prober, Prober::Http(module) if module.method == "GET" && module.follow_redirects));
    assert!(matches!(&post.prober, Prober::Http(module) if module.method == "POST"));
    assert!(matches!(&tcp.prober, Prober::Tcp(module) if module.query_response.is_empty() && !module.tls));
}

#[test]
fn a_module_says_what_stands_in_it() {
    let module = http(concat!(
        "      valid_status_codes: [200, 404.0]\n",
        "      preferred_ip_protocol: ip4\n",
        "      ip_protocol_fallback: no\n",
        "      no_follow_redirects: true\n",
        "      follow_redirects: true\n",
        "      method: \n",
        "      headers: {X-Number: 010, X-Nothing: }\n",
        "      http_headers: {X-A: {values: [a], secrets: [b-secret], files: [/c]}}\n",
        "      fail_if_body_matches_regexp: ['\\d', ~, '']\n",
        "      fail_if_header_matches: [{header: a, regexp: b, allow_missing: on}]\n",
        "      body: !!binary /wA=\n",
        "      body_size_limit: 1.5KB\n",
        "      basic_auth: {username: u, password_file: p}\n",
        "      tls_config: {ca_file: ca.pem, min_version: TLS11, server_name: 5}\n",
        "      proxy_url: http://u:hunter-3@p:3128\n",
    ));
    assert_eq!(module.valid_status_codes, [200, 404]);
    assert_eq!(module.family, Family { v6: false, fallback: false });
    assert_eq!((module.follow_redirects, module.method.as_str()), (false, "GET"));
    let headers: Vec<_> = module.headers.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    assert_eq!(headers, [("X-Number", "010"), ("X-Nothing", "")]);
    assert_eq!(module.http_headers[0].values, ["a", "b-secret"].map(Secret::from));
    assert_eq!(module.http_headers[0].files, [Path::new("/c")]);
    let patterns: Vec<_> = module.fail_if_body_matches_regexp.iter().map(|pattern| pattern.text().to_owned()).collect();
    assert_eq!(patterns, ["\\d", ""], "a null is passed over, an empty text is not");
    assert!(module.fail_if_header_matches[0].allow_missing);
    assert_eq!(module.body, Some(Body::Text(vec![0xff, 0])));
    assert_eq!(module.body_size_limit, Some(1536));
    let basic = Login::Basic { username: Some(Source::Text("u".into())), password: Some(Source::File("p".into())) };
    assert_eq!(module.login, Some(basic));
    assert_eq!((module.tls.min_version, module.tls.max_version), (Some(TlsVersion::Tls11), None));
    assert_eq!((module.tls.ca, module.tls.server_name.as_str()), (Some(Source::File("ca.pem".into())), "5"));
    assert_eq!(module.proxy.proxy_url.unwrap().expose(), "http://u:hunter-3@p:3128");
}

#[test]
fn the_other_sections_say_what_stands_in_them_too() {
    let modules = read(concat!(
        "modules:\n",
        "  talk: {prober: tcp, timeout: 1m30s, tcp: {tls: yes, query_response: [\n",
        "    {expect: '^(?P<v>\\d)', send: $v, labels: [{name: version, value: $v}]}, {expect_bytes: !!binary /w==}]}}\n",
        "  ask: {prober: dns, timeout: -5s, dns: {query_name: x., query_type: NSAP-PTR, query_class: CH, valid_rcodes: []}}\n",
        "  root: {prober: dns, dns: }\n",
        "  ping: {prober: icmp, icmp: {payload_size: 1e2, dont_fragment: true, ttl: 0}}\n",
    ));
    let talk = modules.get("talk").unwrap();
    assert_eq!(talk.timeout, Some(Duration::from_secs(90)));
    let Prober::Tcp(tcp) = &talk.prober else { panic!("{talk:?}") };
    assert!(tcp.tls && tcp.query_response[1].expect.is_none());
    assert_eq!(tcp.query_response[0].labels, [("version".to_owned(), "$v".to_owned())]);
    assert_eq!((&*tcp.query_response[0].send, &*tcp.query_response[1].expect_bytes), (&b"$v"[..], &b"\xff"[..]));
    let Prober::Dns(dns) = &modules.get("ask").unwrap().prober else { panic!() };
    assert_eq!((dns.query_type, dns.query_class, dns.valid_rcodes.as_deref()), (23, 3, Some(&[][..])));
    assert_eq!(modules.get("ask").unwrap().timeout, None, "less than nothing says nothing");
    let Prober::Dns(root) = &modules.get("root").unwrap().prober else { panic!() };
    assert_eq!((root.query_name.as_str(), root.query_type, &root.valid_rcodes), ("", 255, &None));
    let Prober::Icmp(ping) = &modules.get("ping").unwrap().prober else { panic!() };
    assert_eq!((ping.payload_size, ping.ttl, ping.dont_fragment), (100, 0, true));
}

#[test]
fn a_refusal_has_its_line_its_field_and_its_reason() {
    for (text, said) in [
        ("", "m.yml: is empty: it needs `modules:`"),
        (
            "modules:\n  a:\n    probre: tcp\n",
            "m.yml:3: module `a` has the unknown key `probre` (did you mean `prober`?)",
        ),
        (
            "modules:\n  a: {prober: tcp}\n  a: {prober: tcp}\n",
            "m.yml:3: the key `a` is written twice, first at m.yml:2",
        ),
        (
            "modules:\n  a:\n    prober: htpp\n",
            "m.yml:3: `prober` of module `a` cannot be `htpp` (did you mean `http`?)",
        ),
        (
            "modules:\n  a:\n    timeout: 5\n",
            "m.yml:3: `timeout` of module `a` must be a time with its unit, such as 5s, and is a number",
        ),
        (
            "modules:\n  a:\n    prober: http\n    http:\n      fail_if_body_matches_regexp:\n      - a**\n",
            "m.yml:6: `fail_if_body_matches_regexp` of `http` of module `a`: `a**` is no regular expression for Go: `*` repeats a repetition",
        ),
        (
            "modules:\n  a:\n    prober: dns\n    dns: {query_name: x, query_type: aaaa}\n",
            "m.yml:4: `query_type` of `dns` of module `a` cannot be `aaaa` (did you mean `AAAA`?)",
        ),
        (
            "modules:\n  a:\n    prober: tcp\n    tcp:\n      tls_config:\n        ca: x\n        ca_file: y\n",
            "m.yml:7: `ca_file` of `tls_config` of `tcp` of module `a` cannot stand beside `ca`",
        ),
        ("modules: [a]\n", "m.yml:1: `modules` of the file must be a mapping, and is a list"),
    ] {
        assert_eq!(refused(text), said);
    }
}

#[test]
fn what_is_not_supported_leaves_the_other_modules_alone() {
    let modules = read(concat!(
        "modules:\n",
        "  good: {prober: tcp, grpc: {service: unused}, unix: , websocket: {http_config: {whatever: 1}}}\n",
        "  grpc: {prober: grpc}\n",
        "  token: {prober: http, http: {oauth2: {client_id: a, token_url: b}}}\n",
        "  unused: {prober: tcp, http: {oauth2: {client_id: a, token_url: b}}}\n",
        "  three: {prober: http, http: {enable_http3: true, enable_http2: false}}\n",
        "  twice: {prober: tcp, tcp: {query_response: [{expect: a, labels: [{name: a, value: b}]},",
        " {expect: a, labels: [{name: c, value: d}]}]}}\n",
        "  nothing:\n",
    ));
    for name in ["good", "unused"] {
        assert_eq!(modules.get(name).map(|module| module.name.as_str()), Ok(name));
    }
    for (name, said) in [
        ("grpc", "m.yml:3: `prober` of module `grpc` is grpc, which is not supported here"),
        ("token", "m.yml:4: `oauth2` of `http` of module `token` is not supported here: no token is fetched"),
        ("three", "m.yml:6: `enable_http3` of `http` of module `three` is not supported here: HTTP/3 is not spoken"),
        (
            "twice",
            "m.yml:7: `query_response` of `tcp` of module `twice` cannot have `labels` in two steps: the exporter itself breaks down at that",
        ),
        ("nothing", "m.yml:8: module `nothing` says nothing: it needs a `prober`"),
        ("goood", "m.yml: has no module `goood` (did you mean `good`?)"),
    ] {
        assert_eq!(modules.get(name).map(|_| ()).unwrap_err().to_string(), said);
    }
}

#[test]
fn secrets_are_known_and_shown_nowhere() {
    let text = concat!(
        "modules:\n",
        "  a: {prober: http, http: {basic_auth: {username: joe, password: hunter-1}, proxy_url: 'http://u:hunter-2@p',\n",
        "    headers: {Cookie: hunter-3, X-Api-Key: hunter-4, Accept: text/html},\n",
        "    http_headers: {X: {values: [plain-value], secrets: [hunter-5]}}, tls_config: {cert: c, key: hunter-6}}}\n",
        "  b: {prober: http, http: {authorization: {type: Token, credentials: hunter-7}}}\n",
        "  c: {prober: http, http: {headers: {Authorization: Basic aHVudGVyLTg=}}}\n",
        "  d: {prober: http, http: {oauth2: {client_id: a, client_secret: hunter-9, token_url: b}}}\n",
    );
    let modules = read(text);
    let secrets = modules.secrets();
    let shown = secrets.scrub(&format!("{text} am9lOmh1bnRlci0x"));
    assert!(!shown.contains("hunter") && !shown.contains("aHVudGVyLTg=") && !shown.contains("am9l"), "{shown}");
    assert!(shown.contains("text/html") && shown.contains("plain-value"), "{shown}");
    let debug = format!("{modules:?}");
    assert!(!debug.contains("hunter"), "{debug}");
}

#[test]
fn merges_and_aliases_are_filled_in() {
    let modules = read(concat!(
        "modules:\n",
        "  base: &base {prober: http, timeout: 2s, http: &http {method: HEAD}}\n",
        "  slow: {<<: *base, timeout: 9s}\n",
        "  own: {prober: http, http: {<<: [{body: x}, *http], no_proxy: }}\n",
    ));
    let slow = modules.get("slow").unwrap();
    assert_eq!(slow.timeout, Some(Duration::from_secs(9)));
    assert!(matches!(&slow.prober, Prober::Http(module) if module.method == "HEAD"));
    let Prober::Http(own) = &modules.get("own").unwrap().prober else { panic!() };
    assert_eq!((own.method.as_str(), &own.body), ("HEAD", &Some(Body::Text(b"x".to_vec()))));
}

#[test]
fn bombs_and_bottomless_files_are_refused() {
    let mut laughs = "modules:\n  a0: &a0 {prober: tcp}\n".to_owned();
    for level in 1..30 {
        let before = level - 1;
        let _ = std::fmt::Write::write_fmt(
            &mut laughs,
            format_args!("  a{level}: &a{level} [*a{before}, *a{before}, *a{before}]\n"),
        );
    }
    assert!(refused(&laughs).contains("more than 500000 values"));
    assert!(refused(&("[".repeat(100) + &"]".repeat(100))).contains("nested deeper than 64 levels"));
    assert!(refused("modules: &a {b: *a}").contains("inside the value that it names"));
}

/// A file in which every kind of section stands.
const SAMPLE: &str = r#"modules:
  http: &http
    prober: http
    timeout: 5s
    http: {method: POST, headers: {Accept-Encoding: "gzip;q=0.5, *"}, compression: gzip, body_size_limit: 1MB, valid_status_codes: [200, 0x194]}
  tcp:
    prober: tcp
    tcp:
      query_response: [{expect: "^(?P<a>\\d+)[[:alpha:]]", send: "${a}\n", labels: [{name: a, value: $1}]}]
      tls_config: {ca: "x", min_version: TLS12}
  dns: {prober: dns, dns: {query_name: x, query_type: MX, validate_answer_rrs: {fail_if_matches_regexp: [a]}}}
  copy: {<<: *http, timeout: !!str 1m}
"#;

proptest! {
    #[test]
    fn no_text_breaks_the_reader(cuts in prop::collection::vec((0..1000_usize, 0..12_usize, "[ -~\n\u{e9}]{0,3}"), 1..4)) {
        let mut text: Vec<char> = SAMPLE.chars().collect();
        for (at, length, instead) in cuts {
            let start = at % text.len();
            let end = (start + length).min(text.len());
            text.splice(start..end, instead.chars());
            text.push('\n');
        }
        let text: String = text.into_iter().collect();
        if let Err(error) = Modules::parse("m.yml", &text) {
            prop_assert!(error.to_string().starts_with("m.yml"), "{error}");
        }
    }
}

#[test]
fn the_sample_itself_is_read() {
    assert_eq!(read(SAMPLE).names().count(), 4);
}
