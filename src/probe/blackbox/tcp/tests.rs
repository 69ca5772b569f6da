use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use crate::probe::blackbox::{Module, Pattern, Probed, Prober, Source, Step, TcpModule, TlsModule};
use crate::probe::trust;
use crate::value::Secret;

use super::*;

/// Time enough for what comes, and soon over for what does not.
const SHORT: Duration = Duration::from_millis(300);

fn expect(pattern: &str) -> Step {
    Step { expect: Some(Pattern::new(pattern).unwrap()), ..Step::default() }
}

fn send(text: &str) -> Step {
    Step { send: text.into(), ..Step::default() }
}

fn steps(query_response: Vec<Step>) -> TcpModule {
    TcpModule { query_response, ..TcpModule::default() }
}

async fn asked(module: TcpModule, target: &str) -> Probed {
    let module = Module { name: "tested".into(), timeout: None, prober: Prober::Tcp(module) };
    module.probe(target, None, SHORT).await
}

/// Probes a server that treats its one connection like this.
async fn against<F: Future<Output = ()> + Send>(
    module: TcpModule,
    serve: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> Probed {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { serve(listener.accept().await.unwrap().0).await });
    asked(module, &format!("localhost:{port}")).await
}

/// Probes a server that says this and then waits for the end.
async fn told(module: TcpModule, words: impl AsRef<[u8]> + Send + 'static) -> Probed {
    let serve = async move |mut stream: TcpStream| {
        stream.write_all(words.as_ref()).await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    };
    against(module, serve).await
}

/// Probes a server that says this and closes.
async fn last(module: TcpModule, words: impl AsRef<[u8]> + Send + 'static) -> Probed {
    let serve = async move |mut stream: TcpStream| stream.write_all(words.as_ref()).await.unwrap();
    against(module, serve).await
}

fn reason(probed: &Probed) -> &str {
    probed.failure.as_ref().map(|failure| failure.reason.as_str()).unwrap_or_default()
}

fn gauge(probed: &Probed, name: &str) -> Option<f64> {
    probed.metrics.get(name)
}

#[tokio::test]
async fn a_connection_is_enough_where_nothing_else_is_wanted() {
    let probed = last(TcpModule::default(), "").await;
    assert_eq!(reason(&probed), "");
    assert_eq!(gauge(&probed, "probe_success"), Some(1.0));
    assert_eq!(gauge(&probed, "probe_failed_due_to_regex"), Some(0.0));
    assert_eq!(gauge(&probed, "probe_ip_protocol"), Some(4.0));
}

#[tokio::test]
async fn what_was_never_connected_has_no_gauges_of_a_conversation() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let probed = asked(TcpModule::default(), &address.to_string()).await;
    assert_eq!(reason(&probed), format!("connection refused by {address}"));
    assert_eq!(gauge(&probed, "probe_failed_due_to_regex"), None);
    let probed = asked(TcpModule::default(), "tcp://127.0.0.1:80").await;
    assert!(reason(&probed).contains("has too many colons"));
    assert_eq!(gauge(&probed, "probe_ip_protocol"), None);
}

#[tokio::test]
async fn lines_that_do_not_match_are_passed_over() {
    let words = ":a NOTICE * :*** Looking up\r\n:a 001 me :Welcome\r\n";
    let probed = told(steps(vec![expect("^:[^ ]+ 001 me :Welcome$")]), words).await;
    assert_eq!(reason(&probed), "");
    let probed = last(steps(vec![expect("^:[^ ]+ 001")]), ":a NOTICE\r\nERROR :no\r\n").await;
    assert!(
        reason(&probed).ends_with("matches `^:[^ ]+ 001` and closed the connection; its last line was `ERROR :no`")
    );
    assert_eq!(gauge(&probed, "probe_failed_due_to_regex"), Some(1.0));
}

#[tokio::test]
async fn the_last_line_needs_no_end_but_a_prompt_needs_one() {
    assert_eq!(reason(&last(steps(vec![expect("^ready$")]), "ready").await), "");
    let probed = told(steps(vec![expect("login:")]), "login: ").await;
    assert!(reason(&probed).ends_with("within 300 ms; it last sent `login: ` without an end of line"));
    assert_eq!(gauge(&probed, "probe_failed_due_to_regex"), Some(0.0));
    assert!(probed.took < SHORT + Duration::from_millis(50), "{:?}", probed.took);
}

#[tokio::test]
async fn an_empty_expression_takes_any_line_and_no_silence() {
    assert_eq!(reason(&told(steps(vec![expect("")]), "\n").await), "");
    let probed = last(steps(vec![expect("")]), "").await;
    assert!(reason(&probed).ends_with("sent no line that matches `` and closed the connection"));
    assert!(reason(&told(steps(vec![expect("")]), "").await).ends_with("within 300 ms"));
}

#[tokio::test]
async fn a_line_of_64_kib_is_too_long() {
    let line = |length: usize| format!("{}\n", "x".repeat(length));
    assert_eq!(reason(&told(steps(vec![expect("^x+$")]), line(65_535)).await), "");
    let probed = told(steps(vec![expect("^x+$")]), line(65_536)).await;
    assert!(reason(&probed).ends_with("sent a line of 64 KiB or more, the limit"));
    assert_eq!(gauge(&probed, "probe_failed_due_to_regex"), Some(0.0));
    let many = format!("{}end\n", line(40_000).repeat(5));
    assert_eq!(reason(&told(steps(vec![expect("^end$")]), many).await), "");
}

#[tokio::test]
async fn what_matched_is_sent_and_exported() {
    let labels = vec![("ssh_version".into(), "got ${1} here".into()), ("ssh_comments".into(), "$2".into())];
    let step = Step { send: "CONFIRM ${1}".into(), labels, ..expect(r"^SSH-2.0-([^ -]+)(?: (.*))?$") };
    let serve = async |stream: TcpStream| {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"SSH-2.0-OpenSSH_9.2 Debian\n").await.unwrap();
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        stream.write_all(format!("you said {line}").as_bytes()).await.unwrap();
    };
    let probed = against(steps(vec![step, expect("^you said CONFIRM OpenSSH_9.2$")]), serve).await;
    assert_eq!(reason(&probed), "");
    let text = probed.metrics.to_string();
    let labels = r#"probe_expect_info{ssh_comments="Debian",ssh_version="got OpenSSH_9.2 here"} 1"#;
    assert!(text.contains(labels), "{text}");
}

#[tokio::test]
async fn what_is_sent_without_an_expression_is_sent_as_it_is() {
    let echo = async |stream: TcpStream| {
        let (from, mut to) = stream.into_split();
        let mut line = String::new();
        BufReader::new(from).read_line(&mut line).await.unwrap();
        to.write_all(line.as_bytes()).await.unwrap();
    };
    assert_eq!(reason(&against(steps(vec![send("cost $1"), expect(r"^cost \$1$")]), echo).await), "");
}

#[tokio::test]
async fn bytes_are_those_of_one_read() {
    let bytes = |text: &str| steps(vec![Step { expect_bytes: text.into(), ..Step::default() }]);
    assert_eq!(reason(&told(bytes("not-a-line"), "not-a-line").await), "");
    let probed = told(bytes("not-a-line"), "something else").await;
    assert!(reason(&probed).ends_with("sent the bytes `something `, not `not-a-line`"), "{}", reason(&probed));
    assert_eq!(gauge(&probed, "probe_failed_due_to_bytes"), Some(1.0));
    let probed = told(bytes("abcdef"), "abc").await;
    assert!(reason(&probed).contains("sent `abc`, 3 of the 6 bytes that were expected at once"));
    assert_eq!(gauge(&probed, "probe_failed_due_to_bytes"), Some(0.0));
    assert!(reason(&last(bytes("abc"), "").await).ends_with("did not send the bytes `abc` and closed the connection"));
    assert!(reason(&told(bytes("abc"), "").await).ends_with("did not send the bytes `abc` within 300 ms"));
}

#[tokio::test]
async fn bytes_behind_a_line_are_swallowed_with_it() {
    let both = steps(vec![expect("^line$"), Step { expect_bytes: b"bytes".to_vec(), ..Step::default() }]);
    let probed = told(both, "line\nbytes").await;
    let words = "did not send the bytes `bytes` behind `bytes`, which came with the line before and was taken with it,";
    assert!(reason(&probed).contains(words), "{}", reason(&probed));
    assert_eq!(gauge(&probed, "probe_failed_due_to_bytes"), Some(0.0));
}

#[tokio::test]
async fn a_broken_connection_is_no_end_of_lines() {
    let serve = async |mut stream: TcpStream| {
        stream.write_all(b"half a line").await.unwrap();
        // Closing on what was not read breaks the connection.
        stream.readable().await.unwrap();
    };
    let probed = against(steps(vec![send("hello"), expect("half")]), serve).await;
    assert!(reason(&probed).contains("reset the connection"), "{}", reason(&probed));
    assert_eq!(gauge(&probed, "probe_failed_due_to_regex"), Some(0.0));
}

#[tokio::test]
async fn what_crashes_the_exporter_is_refused() {
    let labels = || Step { labels: vec![("a".into(), "b".into())], ..expect("") };
    let starttls = || Step { starttls: true, ..Step::default() };
    for (module, words) in [
        (steps(vec![labels(), labels()]), "two steps have labels"),
        (TcpModule { tls: true, ..steps(vec![starttls()]) }, "TLS begins twice"),
        (steps(vec![starttls(), starttls()]), "TLS begins twice"),
    ] {
        let probed = told(module, "\n\n").await;
        assert!(reason(&probed).contains(words), "{}", reason(&probed));
    }
}

#[tokio::test]
async fn the_source_address_is_one_of_this_machine() {
    let from = |source: &str| TcpModule { source_ip_address: source.into(), ..TcpModule::default() };
    let serve = async |mut stream: TcpStream| {
        let words = stream.peer_addr().unwrap().ip().to_string();
        stream.write_all(words.as_bytes()).await.unwrap();
    };
    let module = TcpModule { query_response: vec![expect("^127.0.0.9$")], ..from("127.0.0.9") };
    assert_eq!(reason(&against(module, serve).await), "");
    for (source, words) in [
        ("nonsense", "`nonsense` is not an ip address"),
        ("::1", "::1 is of another family than 127.0.0.1, the target"),
        ("192.0.2.1", "this machine cannot ask from 192.0.2.1"),
    ] {
        let probed = told(from(source), "").await;
        assert!(reason(&probed).contains(words), "{}", reason(&probed));
    }
}

/// A server's settings, and the module's for it.
fn secure() -> (TlsAcceptor, TlsModule) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let builder = ServerConfig::builder_with_provider(trust::provider()).with_safe_default_protocol_versions().unwrap();
    let secret = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], secret).unwrap();
    let ca = Some(Source::Text(Secret::from(certificate.pem().as_str())));
    (TlsAcceptor::from(Arc::new(config)), TlsModule { ca, ..TlsModule::default() })
}

#[tokio::test]
async fn a_conversation_goes_on_over_tls() {
    let (acceptor, tls_config) = secure();
    let serve = async move |mut stream: TcpStream| {
        stream.write_all(b"220 go\r\n220 this line is forgotten\r\n").await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        stream.write_all(b"250-AUTH\r\n").await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    };
    let upgrade = Step { starttls: true, ..expect("^220") };
    let module = TcpModule { tls_config, ..steps(vec![upgrade, expect("^250-AUTH$"), send("QUIT")]) };
    let probed = against(module, serve).await;
    assert_eq!(reason(&probed), "");
    assert!(gauge(&probed, "probe_ssl_last_chain_expiry_timestamp_seconds").unwrap() > 0.0);
    assert!(probed.metrics.to_string().contains("probe_tls_version_info{version=\"TLS 1.3\"} 1"));
    assert_eq!(gauge(&probed, "probe_tls_cipher_info"), None);
}

#[tokio::test]
async fn over_tls_one_record_is_read_at_a_time_and_an_abrupt_end_is_an_end() {
    let two = |tls_config, query_response| TcpModule { tls: true, tls_config, ..steps(query_response) };
    let bytes = |text: &str| Step { expect_bytes: text.into(), ..Step::default() };
    for (wanted, words) in [
        (vec![bytes("abc"), bytes("def")], ""),
        (vec![bytes("abcdef")], "sent `abc`, 3 of the 6 bytes"),
        (vec![expect("^abcdef$")], ""),
        (vec![expect("^ab$")], "and closed the connection; its last line was `abcdef`"),
    ] {
        let (acceptor, tls_config) = secure();
        let serve = async move |stream: TcpStream| {
            let mut stream = acceptor.accept(stream).await.unwrap();
            stream.write_all(b"abc").await.unwrap();
            stream.write_all(b"def").await.unwrap();
            stream.flush().await.unwrap();
        };
        let probed = against(two(tls_config, wanted), serve).await;
        assert!(
            reason(&probed).contains(words) && reason(&probed).is_empty() == words.is_empty(),
            "{}",
            reason(&probed)
        );
    }
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_over_in_time() {
    let begun = Instant::now();
    let module = TcpModule { tls: true, ..TcpModule::default() };
    let probed = told(module, "").await;
    assert!(reason(&probed).ends_with("accepted the connection but did not finish the TLS handshake within 300 ms"));
    assert!(begun.elapsed() < SHORT + Duration::from_millis(200));
    assert_eq!(gauge(&probed, "probe_failed_due_to_regex"), None);
}
