//! The prober against servers that answer what they are told, byte by byte.

use std::io::Write;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::super::{Body, Family, HeaderRule, Module, Pattern, Probed, Prober};
use super::*;
use crate::value::Secret;

mod tls;

/// A server that hands each connection's request to a script and sends what it says.
async fn serve(script: impl Fn(&str) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = request(&mut stream).await;
            let _ = stream.write_all(&script(&request)).await;
            let _ = stream.shutdown().await;
        }
    });
    address
}

/// A request with its body, if its headers say how long that is.
async fn request(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let so_far = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = so_far.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok());
            let chunked = head.contains("Transfer-Encoding: chunked");
            if body.len() >= length.unwrap_or(0) && (!chunked || body.ends_with("0\r\n\r\n")) {
                return so_far;
            }
        }
        match stream.read(&mut piece).await {
            Ok(read) if read > 0 => text.extend_from_slice(&piece[..read]),
            _ => return so_far,
        }
    }
}

async fn probe(module: HttpModule, target: &str) -> Probed {
    let module = Module { name: "test".to_owned(), timeout: None, prober: Prober::Http(module) };
    module.probe(target, None, Duration::from_secs(5)).await
}

fn reason(probed: &Probed) -> &str {
    probed.failure.as_ref().map_or("", |failed| failed.reason.as_str())
}

fn answer(head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut answer = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    answer.extend_from_slice(body);
    answer
}

fn pattern(text: &str) -> Pattern {
    Pattern::new(text).unwrap()
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn an_answer_of_2xx_is_a_success_and_measured() {
    let server = serve(|_| answer("200 OK\r\nLast-Modified: Thu, 01 Jan 1970 00:01:00 GMT", "hello world")).await;
    let probed = probe(HttpModule::default(), &server).await;
    assert_eq!(probed.failure, None);
    for (name, value) in [
        ("probe_success", 1.0),
        ("probe_http_status_code", 200.0),
        ("probe_http_content_length", 11.0),
        ("probe_http_uncompressed_body_length", 11.0),
        ("probe_http_version", 1.1),
        ("probe_http_redirects", 0.0),
        ("probe_http_ssl", 0.0),
        ("probe_failed_due_to_regex", 0.0),
        ("probe_http_last_modified_timestamp_seconds", 60.0),
        ("probe_ip_protocol", 4.0),
    ] {
        assert_eq!(probed.metrics.get(name), Some(value), "{name}");
    }
    let phases = probed.metrics.iter().filter(|metric| metric.name == "probe_http_duration_seconds");
    let phases: Vec<_> = phases.map(|metric| metric.labels[0].1.clone()).collect();
    assert_eq!(phases, ["connect", "processing", "resolve", "tls", "transfer"]);
}

#[tokio::test]
async fn a_request_is_what_the_module_says() {
    let server = serve(|request| answer("200 OK", request)).await;
    let all = [
        "^PUT /a%20b\\?c HTTP/1.1\r\n",
        "\r\nHost: other:1\r\n",
        "\r\nConnection: close\r\n",
        "\r\nX-One: 1\r\n",
        "\r\nX-Two: 2\r\nX-Two: 3\r\n",
        "\r\nAuthorization: Basic dTpw\r\n",
        "\r\nUser-Agent: Blackbox-Exporter/",
        "\r\n\r\ntext$",
    ];
    let module = HttpModule {
        method: "PUT".to_owned(),
        headers: vec![("host".into(), "other:1".into()), ("x-one".into(), "1".into())],
        http_headers: vec![super::super::HeaderValues {
            name: "X-Two".to_owned(),
            values: vec!["2".into(), "3".into()],
            files: Vec::new(),
        }],
        login: Some(super::super::Login::Basic {
            username: Some(super::super::Source::Text("u".into())),
            password: Some(super::super::Source::Text("p".into())),
        }),
        body: Some(Body::Text(b"text".to_vec())),
        fail_if_body_not_matches_regexp: all.map(pattern).to_vec(),
        ..HttpModule::default()
    };
    assert_eq!(reason(&probe(module, &format!("http://{server}/a b?c")).await), "");
}

#[tokio::test]
async fn a_file_is_sent_in_chunks_and_an_empty_agent_is_none() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"text").unwrap();
    let server = serve(|request| answer("200 OK", request)).await;
    let module = HttpModule {
        method: "POST".to_owned(),
        headers: vec![("User-Agent".into(), "".into())],
        body: Some(Body::File(file.path().to_owned())),
        fail_if_body_matches_regexp: vec![pattern("User-Agent")],
        fail_if_body_not_matches_regexp: vec![pattern("Transfer-Encoding: chunked\r\n\r\n4\r\ntext\r\n0\r\n")],
        ..HttpModule::default()
    };
    assert_eq!(reason(&probe(module.clone(), &server).await), "");
    file.close().unwrap();
    let failed = probe(module, &server).await.failure.unwrap();
    assert!(!failed.local && failed.reason.starts_with("body_file: "), "{failed:?}");
}

#[tokio::test]
async fn redirects_are_followed_up_to_the_tenth() {
    let server = serve(|request| {
        let at: usize = request.split(['/', ' ']).nth(2).and_then(|at| at.parse().ok()).unwrap_or_default();
        if at == 10 { answer("200 OK", "") } else { answer(&format!("302 Found\r\nLocation: /{}", at + 1), "x") }
    })
    .await;
    let probed = probe(HttpModule::default(), &server).await;
    assert_eq!((reason(&probed), probed.metrics.get("probe_http_redirects")), ("", Some(10.0)));
    let endless = serve(|_| answer("302 Found\r\nLocation: /", "")).await;
    let probed = probe(HttpModule::default(), &endless).await;
    assert_eq!(probed.metrics.get("probe_http_redirects"), Some(11.0));
    assert_eq!(reason(&probed), "the status is 302 Found, not 2xx");
    let module = HttpModule { valid_status_codes: vec![302], ..HttpModule::default() };
    assert_eq!(reason(&probe(module, &endless).await), "");
}

#[tokio::test]
async fn a_refused_redirect_is_judged_without_its_body() {
    let refusing = |rules: Vec<Pattern>| HttpModule {
        follow_redirects: false,
        valid_status_codes: vec![302],
        fail_if_body_matches_regexp: rules,
        ..HttpModule::default()
    };
    let full = serve(|_| answer("302 Found\r\nLocation: /", "text")).await;
    let bare = serve(|_| answer("302 Found\r\nLocation: /", "")).await;
    let probed = probe(refusing(Vec::new()), &full).await;
    assert_eq!((reason(&probed), probed.metrics.get("probe_http_redirects")), ("", Some(1.0)));
    let probed = probe(refusing(vec![pattern("other")]), &full).await;
    assert!(reason(&probed).starts_with("the redirect was not followed"), "{}", reason(&probed));
    assert_eq!(probed.metrics.get("probe_failed_due_to_regex"), Some(1.0));
    assert_eq!(reason(&probe(refusing(vec![pattern("other")]), &bare).await), "");
}

#[tokio::test]
async fn what_a_redirect_keeps_depends_on_its_status_and_its_host() {
    let last = serve(|request| answer("200 OK", request)).await;
    let first = serve(move |request| {
        let status = if request.starts_with("POST /keep ") { "307 X" } else { "302 X" };
        let last = if request.contains("localhost") { last.replace("127.0.0.1", "localhost") } else { last.clone() };
        answer(&format!("{status}\r\nSet-Cookie: a=1; Path=/\r\nLocation: http://{last}/last"), "")
    })
    .await;
    let module = |wanted: &[&str]| HttpModule {
        method: "POST".to_owned(),
        headers: vec![("Authorization".into(), "t".into()), ("X-One".into(), "1".into())],
        body: Some(Body::Text(b"text".to_vec())),
        fail_if_body_not_matches_regexp: wanted.iter().map(|text| pattern(text)).collect(),
        ..HttpModule::default()
    };
    // The host is the same: another port is no other host.
    let along =
        ["\r\nAuthorization: t\r\n", "\r\nX-One: 1\r\n", "\r\nCookie: a=1\r\n", "\r\nReferer: http://127.0.0.1:"];
    let kept = module(&[&along[..], &["^POST /last HTTP/1.1\r\n", "\r\n\r\ntext$"]].concat());
    assert_eq!(reason(&probe(kept, &format!("{first}/keep")).await), "");
    let dropped = module(&[&along[..], &["^GET /last HTTP/1.1\r\n", "\r\n\r\n$"]].concat());
    assert_eq!(reason(&probe(dropped, &first).await), "");
    let elsewhere = HttpModule {
        family: Family { v6: false, fallback: true },
        fail_if_body_matches_regexp: vec![pattern("Authorization")],
        ..module(&["X-One: 1", "Cookie: a=1"])
    };
    assert_eq!(reason(&probe(elsewhere, &first.replace("127.0.0.1", "localhost")).await), "");
}

#[tokio::test]
async fn a_redirect_that_cannot_be_followed_is_told() {
    for (location, expected) in [
        ("http://[::1", "redirects to what is no URL: its Location has no closing bracket"),
        ("ftp://127.0.0.1/", "a redirect leads to ftp://127.0.0.1/, which is neither http nor https"),
        ("http://127.0.0.1:99999/", "http://127.0.0.1:99999/ has a port beyond 65535"),
    ] {
        let server = serve(move |_| answer(&format!("302 Found\r\nLocation: {location}"), "")).await;
        let probed = probe(HttpModule::default(), &server).await;
        assert!(reason(&probed).contains(expected), "{}", reason(&probed));
        assert_eq!(probed.metrics.get("probe_http_status_code"), Some(0.0));
    }
    let nowhere = serve(|_| answer("302 Found", "")).await;
    assert_eq!(reason(&probe(HttpModule::default(), &nowhere).await), "the status is 302 Found, not 2xx");
}

#[tokio::test]
async fn header_rules_hold_for_each_value() {
    let server = serve(|_| answer("200 OK\r\nSet-Cookie: a\r\nSet-Cookie: b", "")).await;
    let rule = |header: &str, text: &str, allow_missing| {
        vec![HeaderRule { header: header.to_owned(), regexp: pattern(text), allow_missing }]
    };
    let refused = |rules| HttpModule { fail_if_header_matches: rules, ..HttpModule::default() };
    let wanted = |rules| HttpModule { fail_if_header_not_matches: rules, ..HttpModule::default() };
    assert_eq!(reason(&probe(refused(rule("set-cookie", "c", false)), &server).await), "");
    assert_eq!(reason(&probe(wanted(rule("Set-Cookie", "b", false)), &server).await), "");
    assert_eq!(reason(&probe(refused(rule("X", "", true)), &server).await), "");
    assert_eq!(
        reason(&probe(refused(rule("Set-Cookie", "^b$", false)), &server).await),
        "the header Set-Cookie matches `^b$` (fail_if_header_matches)"
    );
    let missing = probe(wanted(rule("X", "", false)), &server).await;
    assert_eq!(reason(&missing), "the header X is missing, and its rule does not allow that");
    assert_eq!(missing.metrics.get("probe_failed_due_to_regex"), Some(1.0));
}

#[tokio::test]
async fn a_compressed_body_is_held_against_the_rules_and_the_limit_as_it_was_before() {
    let body = b"hello world".repeat(10);
    let sent = gzip(&body);
    let server = serve(move |_| answer("200 OK", &sent)).await;
    let module = |limit| HttpModule {
        compression: "GZIP".to_owned(),
        body_size_limit: Some(limit),
        fail_if_body_not_matches_regexp: vec![pattern("^(hello world){10}$")],
        ..HttpModule::default()
    };
    let probed = probe(module(110), &server).await;
    assert_eq!((reason(&probed), probed.metrics.get("probe_http_uncompressed_body_length")), ("", Some(110.0)));
    let probed = probe(module(109), &server).await;
    assert!(reason(&probed).ends_with("has more than 109 bytes, its body_size_limit"), "{}", reason(&probed));
    assert_eq!(probed.metrics.get("probe_http_uncompressed_body_length"), Some(109.0));
    for (compression, expected) in [
        ("zstd", "compression `zstd` is unknown; there are identity, gzip, br and deflate"),
        ("br", "cannot be decoded as compression says"),
        ("deflate", "cannot be decoded as compression says"),
    ] {
        let probed = probe(HttpModule { compression: compression.to_owned(), ..HttpModule::default() }, &server).await;
        assert!(reason(&probed).contains(expected), "{compression}: {}", reason(&probed));
    }
}

#[tokio::test]
async fn a_body_that_is_no_gzip_fails_at_once() {
    let module = HttpModule { compression: "gzip".to_owned(), ..HttpModule::default() };
    for (body, expected) in [("", "it is empty"), ("hello", "it begins otherwise")] {
        let server = serve(move |_| answer("200 OK", body)).await;
        let probed = probe(module.clone(), &server).await;
        assert!(reason(&probed).ends_with(expected), "{}", reason(&probed));
    }
    let sent = gzip(b"hello world");
    let server = serve(move |_| answer("200 OK", &sent[..sent.len() - 9])).await;
    assert!(reason(&probe(module, &server).await).contains("cannot be decoded"));
}

#[tokio::test]
async fn a_bomb_ends_with_its_limit_or_with_the_probe() {
    let bomb = gzip(&vec![0; 32 * 1024 * 1024]);
    let again = bomb.repeat(64);
    let server = serve(move |_| answer("200 OK", &bomb)).await;
    let module = HttpModule { compression: "gzip".to_owned(), ..HttpModule::default() };
    let limited = HttpModule { body_size_limit: Some(1024), ..module.clone() };
    assert!(reason(&probe(limited, &server).await).contains("more than 1024 bytes"));
    let endless = serve(move |_| answer("200 OK", &again)).await;
    let module = Module { name: "test".to_owned(), timeout: None, prober: Prober::Http(module) };
    let started = Instant::now();
    let probed = module.probe(&endless, None, Duration::from_millis(200)).await;
    assert!(reason(&probed).ends_with("did not finish the body within 200 ms"), "{}", reason(&probed));
    assert!(started.elapsed() < Duration::from_millis(400), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_rule_of_json_finds_nothing_where_one_of_text_has_read_the_body() {
    let server = serve(|_| answer("200 OK", r#"{"a": 1}"#)).await;
    let module =
        HttpModule { fail_if_body_json_not_matches_cel: Some("body.a == 1".to_owned()), ..HttpModule::default() };
    let probed = probe(module.clone(), &server).await;
    assert_eq!((reason(&probed), probed.metrics.get("probe_failed_due_to_cel")), ("", Some(0.0)));
    let both = HttpModule { fail_if_body_not_matches_regexp: vec![pattern("a")], ..module };
    let probed = probe(both, &server).await;
    assert!(reason(&probed).starts_with("the body is not JSON"), "{}", reason(&probed));
    assert_eq!(probed.metrics.get("probe_failed_due_to_cel"), Some(1.0));
}

#[tokio::test]
async fn what_is_no_answer_is_told_in_words() {
    for (sent, expected) in [
        ("", "closed the connection before it answered"),
        ("SSH-2.0-OpenSSH_9.6\r\n", "did not answer in HTTP"),
        ("\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "its answer begins with an empty line"),
        ("\x15\x03\x01\x00\x02\x02\x16", "speaks TLS where plain HTTP was asked for"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "a transfer coding that is not `chunked`",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "closed the connection before the end of the body"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", "before the end of the body"),
    ] {
        let server = serve(move |_| sent.as_bytes().to_vec()).await;
        let probed = probe(HttpModule::default(), &server).await;
        assert!(reason(&probed).contains(expected), "{sent:?}: {}", reason(&probed));
    }
}

#[tokio::test]
async fn a_server_may_answer_before_it_is_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(&answer("200 OK", "hello")).await;
            request(&mut stream).await;
        }
    });
    for _ in 0..50 {
        assert_eq!(reason(&probe(HttpModule::default(), &target).await), "");
    }
}

#[tokio::test]
async fn endless_headers_end_with_their_limit() {
    let server = serve(|_| format!("HTTP/1.1 200 OK\r\n{}", "X-Header: y\r\n".repeat(1024 * 1024)).into_bytes()).await;
    let probed = probe(HttpModule::default(), &server).await;
    assert!(reason(&probed).contains("sent more than 1000 headers, or 10 MiB of them"), "{}", reason(&probed));
}

#[tokio::test]
async fn silence_ends_with_the_probe() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let module = Module { name: "test".to_owned(), timeout: None, prober: Prober::Http(HttpModule::default()) };
    for (target, expected) in [
        (target.clone(), "accepted the connection but did not answer within 200 ms"),
        (format!("https://{target}"), "did not finish the TLS handshake within 200 ms"),
    ] {
        let started = Instant::now();
        let probed = module.probe(&target, None, Duration::from_millis(200)).await;
        assert!(reason(&probed).contains(expected), "{}", reason(&probed));
        assert!(started.elapsed() < Duration::from_millis(350), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_whole_url_or_for_a_tunnel() {
    let refused = "407 Proxy Authentication Required";
    let proxy =
        serve(move |request| answer(if request.starts_with("CONNECT ") { refused } else { "200 OK" }, request)).await;
    let module = HttpModule {
        skip_resolve_phase_with_proxy: true,
        proxy: super::super::Proxy {
            proxy_url: Some(Secret::from(format!("http://u:p@{proxy}").as_str())),
            ..super::super::Proxy::default()
        },
        fail_if_body_not_matches_regexp: vec![
            pattern("^GET http://name.example/x HTTP/1.1\r\n"),
            pattern("\r\nHost: name.example\r\n"),
            pattern("\r\nProxy-Authorization: Basic dTpw\r\n"),
        ],
        ..HttpModule::default()
    };
    let probed = probe(module.clone(), "name.example/x").await;
    assert_eq!((reason(&probed), probed.metrics.get("probe_ip_protocol")), ("", None));
    let probed = probe(module, "https://name.example/x").await;
    let expected = format!(
        "the proxy http://{proxy} gave no way to name.example:443: it answered 407 Proxy Authentication Required"
    );
    assert_eq!(reason(&probed), expected);
}
