//! Plain HTTP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::channel;
use std::sync::{Mutex, atomic::AtomicUsize, atomic::Ordering};
use std::time::{Duration, Instant};

use infra_verify::probe::{Failure, ProbeError};
use serde_json::json;

use crate::server::{LONG, answering, ask, blamed, get, head, listening, ok, probe, serve};

const SHORT: Duration = Duration::from_millis(300);

/// How late a timeout may be where other tests use the processor too; alone it is a few milliseconds.
const LATE: Duration = Duration::from_millis(700);

#[tokio::test]
async fn an_answer_is_measured() {
    let address = answering(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{\"database\":\"ok\"}",
    );
    let facts = get(address).await.unwrap().0;
    assert_eq!(facts["status"], 200);
    assert_eq!(facts["version"], "1.1");
    assert_eq!(facts["size"], 17);
    assert_eq!(facts["redirects"], 0);
    assert_eq!(facts["url"], format!("http://{address}/"));
    assert_eq!(facts["header"]["content-type"], "application/json");
    assert_eq!(facts["json"]["database"], "ok");
    assert!(facts["time"].as_f64().unwrap() > 0.0);
    assert!(!facts.contains_key("tls.version"));
}

#[tokio::test]
async fn nothing_is_asked_for_that_would_disguise_the_answer() {
    let (address, asked) = listening(|_| ok(""));
    get(address).await.unwrap();
    let asked = asked.recv().unwrap().to_lowercase();
    assert!(asked.starts_with("get / http/1.1\r\n"), "{asked}");
    assert!(asked.contains(&format!("\r\nhost: {address}\r\n")), "{asked}");
    assert!(asked.contains("\r\nconnection: close\r\n"), "{asked}");
    assert!(asked.contains("\r\nuser-agent: infra-verify/"), "{asked}");
    assert!(!asked.contains("accept-encoding") && !asked.contains("cookie"), "{asked}");
}

#[tokio::test]
async fn another_address_leaves_the_host_to_the_url() {
    let (address, asked) = listening(|_| ok(""));
    for (url, host) in [
        ("http://i.pigsty/", "i.pigsty".to_owned()),
        ("http://i.pigsty:8080/", "i.pigsty:8080".to_owned()),
        (&format!("http://g.pigsty:{}/", address.port()), format!("g.pigsty:{}", address.port())),
        ("http://10.99.99.99:9999/", "10.99.99.99:9999".to_owned()),
    ] {
        let facts = ask(json!({"get": url, "address": address.to_string()}), LONG).await.unwrap();
        assert_eq!(facts.0["url"], url);
        let asked = asked.recv().unwrap();
        assert!(asked.contains(&format!("\r\nhost: {host}\r\n")), "{asked}");
    }
}

#[tokio::test]
async fn a_host_header_means_what_an_address_means() {
    let (address, asked) = listening(|_| ok(""));
    let fields = json!({"get": format!("http://{address}/x"), "headers": {"Host": "i.pigsty", "X-Number": 5}});
    assert_eq!(probe("http", &fields).unwrap().asked(), format!("GET http://i.pigsty/x at {address}"));
    ask(fields, LONG).await.unwrap();
    let asked = asked.recv().unwrap();
    assert!(asked.contains("\r\nhost: i.pigsty\r\n") && asked.contains("\r\nx-number: 5\r\n"), "{asked}");
}

#[tokio::test]
async fn a_login_reaches_the_server_and_nothing_else() {
    let (address, asked) = listening(|_| "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_owned());
    let fields = json!({"post": format!("http://{address}/"), "user": "admin", "password": "pigsty", "body": "a=1"});
    let probe = probe("http", &fields).unwrap();
    assert_eq!(probe.asked(), format!("POST http://{address}/ as admin"));
    assert!(!format!("{probe:?}").contains("pigsty"), "{probe:?}");
    let facts = probe.measure(LONG).await.unwrap();
    assert_eq!(facts.0["status"], 401);
    assert!(asked.recv().unwrap().contains("\r\nauthorization: Basic YWRtaW46cGlnc3R5\r\n"));
}

#[tokio::test]
async fn head_and_204_have_no_body() {
    let address = answering("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    let facts = ask(json!({"head": format!("http://{address}/")}), LONG).await.unwrap();
    assert_eq!((&facts.0["size"], &facts.0["body"]), (&json!(0), &json!("")));
    let facts = get(answering("HTTP/1.1 204 No Content\r\n\r\n")).await.unwrap();
    assert_eq!((&facts.0["status"], &facts.0["size"]), (&json!(204), &json!(0)));
}

#[tokio::test]
async fn bodies_are_read_chunked_and_up_to_the_end_of_the_connection() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    assert_eq!(get(answering(chunked)).await.unwrap().0["body"], "abcde");
    let facts = get(answering("HTTP/1.0 200 OK\r\n\r\nto the end")).await.unwrap();
    assert_eq!((&facts.0["body"], &facts.0["version"]), (&json!("to the end"), &json!("1.0")));
}

#[tokio::test]
async fn a_binary_body_is_counted() {
    let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    answer.extend((0..=255).cycle().take(5000));
    let facts = get(answering(answer)).await.unwrap();
    assert_eq!(facts.0["size"], 5000);
    assert!(!facts.0.contains_key("json") && !facts.0.contains_key("metric"));
}

#[tokio::test]
async fn a_refused_connection_names_the_port() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(blamed(get(address).await), (Failure::Refused, format!("connection refused by {address}")));
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_our_trouble() {
    // No label may have 64 letters, so the resolver says no without asking anybody.
    let host = format!("{}.invalid", "a".repeat(64));
    let error = ask(json!({"get": format!("http://{host}/")}), LONG).await.unwrap_err();
    assert!(matches!(&error, ProbeError::Local(reason) if reason.starts_with(&host)), "{error:?}");
}

/// Asks a server that never comes to an end, and returns the sentence.
async fn out_of_time(address: SocketAddr) -> String {
    let started = Instant::now();
    let (kind, reason) = blamed(ask(json!({"get": format!("http://{address}/")}), SHORT).await);
    assert!(started.elapsed() < SHORT + LATE, "{:?}", started.elapsed());
    assert_eq!(kind, Failure::Silent, "{reason}");
    reason
}

#[tokio::test]
async fn silence_after_the_connection_says_that_it_was_accepted() {
    let address = serve(|mut stream| {
        head(&mut stream);
        head(&mut stream);
    });
    let expected = format!("{address} accepted the connection but did not answer within 300 ms");
    assert_eq!(out_of_time(address).await, expected);
}

#[tokio::test]
async fn no_connection_within_the_time_is_silence() {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let mut held = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
        held.push(stream);
    }
    assert_eq!(out_of_time(address).await, format!("no answer from {address} within 300 ms"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dripping_body_ends_with_the_time_and_so_does_the_connection() {
    let (sender, closed) = channel();
    let sender = Mutex::new(sender);
    let address = serve(move |mut stream| {
        head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").unwrap();
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
        sender.lock().unwrap().send(()).ok();
    });
    let expected = format!("{address} began to answer but did not finish within 300 ms");
    assert_eq!(out_of_time(address).await, expected);
    closed.recv_timeout(LONG).unwrap();
}

#[tokio::test]
async fn dripping_headers_end_with_the_time() {
    let address = serve(|mut stream| {
        head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nX-Drip: ").ok();
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    assert!(out_of_time(address).await.contains("accepted the connection but did not answer"));
}

#[tokio::test]
async fn endless_headers_are_refused() {
    let address = serve(|mut stream| {
        head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\n").ok();
        while stream.write_all(b"X-Endless: and so on, and so on\r\n").is_ok() {}
    });
    let expected = format!("{address} sent more headers than anyone can mean");
    assert_eq!(blamed(get(address).await), (Failure::Protocol, expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_body_is_refused_at_the_limit() {
    static SENT: AtomicUsize = AtomicUsize::new(0);
    let (sender, closed) = channel();
    let sender = Mutex::new(sender);
    let address = serve(move |mut stream| {
        head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok();
        while stream.write_all(&[b'x'; 4096]).is_ok() {
            SENT.fetch_add(4096, Ordering::Relaxed);
        }
        sender.lock().unwrap().send(()).ok();
    });
    let fields = json!({"get": format!("http://{address}/"), "body_size_limit": 100_000});
    let expected = format!("{address} sent a body of more than 100000 bytes, the limit");
    assert_eq!(blamed(ask(fields, LONG).await), (Failure::Protocol, expected));
    closed.recv_timeout(LONG).unwrap();
    assert!(SENT.load(Ordering::Relaxed) < 64 * 1024 * 1024);
}

#[tokio::test]
async fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
    for (limit, passes) in [(5, true), (4, false)] {
        let by_length =
            ask(json!({"get": format!("http://{}/", answering(ok("12345"))), "body_size_limit": limit}), LONG);
        assert_eq!(by_length.await.is_ok(), passes);
        let chunked = answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n");
        let by_chunk = ask(json!({"get": format!("http://{chunked}/"), "body_size_limit": limit.to_string()}), LONG);
        assert_eq!(by_chunk.await.is_ok(), passes);
    }
}

#[tokio::test]
async fn a_length_beyond_the_limit_is_refused_before_the_body() {
    let address = serve(|mut stream| {
        head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n").ok();
        head(&mut stream);
    });
    assert!(blamed(get(address).await).1.contains("the limit"));
}

#[tokio::test]
async fn what_is_not_http_says_so_without_jargon() {
    for (answer, reason) in [
        ("", "closed the connection before it answered"),
        ("HTTP/1.1 200 OK\r\nContent-Le", "closed the connection before it answered"),
        ("SSH-2.0-OpenSSH_9.6\r\n", "did not answer in HTTP"),
        ("garbage\r\n\r\n", "did not answer in HTTP"),
        ("HTTP/1.1 banana\r\n\r\n", "did not answer in HTTP"),
        ("HTTP/1.1 200 OK\r\n: no name\r\n\r\n", "did not answer in HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "content-length"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "closed the connection before the end of the body"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "sent a broken chunked body"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            "closed the connection before the end of the body",
        ),
    ] {
        let address = answering(answer);
        let (kind, said) = blamed(get(address).await);
        assert_eq!(kind, Failure::Protocol, "{answer:?}: {said}");
        assert!(said.starts_with(&format!("{address} ")) && said.contains(reason), "{answer:?}: {said}");
        assert!(!said.contains("error sending request") && !said.contains("http://"), "{said}");
    }
}

#[tokio::test]
async fn a_reset_is_the_targets() {
    let address = serve(|stream| {
        // Closing with unread bytes and no linger resets the connection.
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        let mut byte = [0];
        stream.peek(&mut byte).ok();
    });
    assert_eq!(blamed(get(address).await), (Failure::Protocol, format!("{address} reset the connection")));
}

#[tokio::test]
async fn many_probes_at_once_do_not_disturb_each_other() {
    let (address, _asked) = listening(|asked| ok(asked.split(' ').nth(1).unwrap()));
    let mut probes = tokio::task::JoinSet::new();
    for number in 0..64 {
        probes.spawn(async move {
            let facts = ask(json!({"get": format!("http://{address}/{number}")}), LONG).await.unwrap();
            assert_eq!(facts.0["body"], format!("/{number}"));
        });
    }
    assert_eq!(probes.join_all().await.len(), 64);
}

#[tokio::test]
async fn a_protocol_that_is_accepted_is_an_answer() {
    let (sender, asked) = channel();
    let sender = Mutex::new(sender);
    let address = serve(move |mut stream| {
        sender.lock().unwrap().send(head(&mut stream)).unwrap();
        stream
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            .unwrap();
        // The other protocol has begun, and its server waits for what comes.
        stream.read_to_end(&mut Vec::new()).ok();
    });
    let headers = json!({
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "aW5mcmEtdmVyaWZ5LmlvCg==",
    });
    let facts = ask(json!({"get": format!("http://{address}/live"), "headers": headers}), LONG).await.unwrap().0;
    assert_eq!((&facts["status"], &facts["body"], &facts["size"]), (&json!(101), &json!(""), &json!(0)));
    assert_eq!(facts["header"]["upgrade"], "websocket");
    let asked = asked.recv().unwrap().to_lowercase();
    assert!(asked.contains("\r\nconnection: upgrade\r\n") && !asked.contains("close"), "{asked}");
}

#[tokio::test]
async fn a_refused_protocol_is_an_answer_too() {
    let (address, _asked) = listening(|_| ok("no websocket here"));
    let headers = json!({"Connection": "Upgrade", "Upgrade": "websocket"});
    let facts = ask(json!({"get": format!("http://{address}/"), "headers": headers}), LONG).await.unwrap().0;
    assert_eq!((&facts["status"], &facts["body"]), (&json!(200), &json!("no websocket here")));
}

#[tokio::test]
async fn a_thing_can_be_deleted() {
    let (address, asked) = listening(|_| ok(""));
    let facts = ask(json!({"delete": format!("http://{address}/silence/1")}), LONG).await.unwrap();
    assert_eq!(facts.0["status"], 200);
    assert!(asked.recv().unwrap().starts_with("DELETE /silence/1 HTTP/1.1\r\n"));
}

#[test]
fn a_question_that_cannot_be_meant_is_refused() {
    for (fields, reason) in [
        (json!({}), "exactly one of get, head, post and delete"),
        (json!({"get": "http://a/", "head": "http://a/"}), "exactly one of get, head, post and delete"),
        (json!({"get": "10.10.10.10:3000/x"}), "get: is not a URL"),
        (json!({"get": "localhost:3000/x"}), "get: `localhost` is neither http nor https"),
        (json!({"get": "ftp://a/"}), "get: `ftp` is neither http nor https"),
        (json!({"get": "http:///"}), "get: is not a URL"),
        (json!({"get": "http://a:99999/"}), "get: is not a URL"),
        (json!({"get": "http://u:s3cret@a/"}), "use the fields user and password"),
        (json!({"get": "http://u@a/"}), "use the fields user and password"),
        (json!({"get": ["s3cret"]}), "get: is not text"),
        (json!({"get": "http://a/", "password": "s3cret"}), "password: needs user"),
        (json!({"get": "http://a/", "user": "a", "password": {"x": "s3cret"}}), "password: is not text"),
        (json!({"get": "http://a/", "user": "a", "headers": {"authorization": "s3cret"}}), "keep one"),
        (json!({"get": "http://a/", "body": "x"}), "body: goes with post alone"),
        (json!({"get": "http://a/", "address": "http://b"}), "address: "),
        (json!({"get": "http://a/", "headers": {"a b": "x"}}), "headers.a b: "),
        (json!({"get": "http://a/", "headers": {"X": "s3cret\n"}}), "headers.X: "),
        (json!({"get": "http://a/", "headers": {"Host": "a/b"}}), "headers.Host: "),
        (json!({"get": "http://a/", "headers": {"Content-Length": 5}}), "headers.Content-Length: "),
        (json!({"get": "http://a/", "follow_redirects": "maybe"}), "follow_redirects: "),
        (json!({"get": "http://a/", "tls_config": {"min_version": "TLS13"}}), "tls_config.min_version: unknown"),
        (json!({"get": "http://a/", "body_size_limit": 0}), "body_size_limit: "),
        (json!({"get": "http://a/", "proxy_url": "http://b"}), "unknown field `proxy_url`"),
    ] {
        let error = probe("http", &fields).unwrap_err();
        assert!(error.contains(reason) && !error.contains("s3cret"), "{fields}: {error}");
    }
}
