//! Little name servers on loopback, well and unwell.

use hickory_proto::rr::RData;
use hickory_proto::rr::rdata::{A, CNAME};
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, UdpSocket};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::probe::{Failure, Probe, trust};

type Server = fn(&[u8]) -> Vec<u8>;

const PATIENT: Duration = Duration::from_secs(5);
const HASTY: Duration = Duration::from_millis(100);

fn probe(fields: &Value) -> Result<Probe, String> {
    Probe::new("dns", fields.as_object().unwrap().clone())
}

async fn dig(server: SocketAddr, transport: &str, timeout: Duration) -> Result<Facts, ProbeError> {
    let fields = json!({"server": server.to_string(), "query_name": "I.Pigsty", "transport_protocol": transport});
    probe(&fields).unwrap().measure(timeout).await
}

fn fails(result: &Result<Facts, ProbeError>, kind: Failure, reason: &str) {
    assert_eq!(result, &Err(ProbeError::Target { kind, reason: reason.to_owned() }));
}

/// A server that answers one query with these datagrams.
pub(in crate::probe) async fn udp(answer: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        let (length, peer) = socket.recv_from(&mut buffer).await.unwrap();
        for datagram in answer(&buffer[..length]) {
            socket.send_to(&datagram, peer).await.unwrap();
        }
        // The port stays open, so that silence stays silence.
        std::future::pending::<()>().await;
    });
    address
}

/// A server that answers one framed query with these pieces, and then closes its side.
pub(in crate::probe) async fn tcp(answer: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut query = vec![0; stream.read_u16().await.unwrap().into()];
        stream.read_exact(&mut query).await.unwrap();
        for piece in answer(&query) {
            stream.write_all(&piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        stream.shutdown().await.unwrap();
        let _ = stream.read_to_end(&mut query).await;
    });
    address
}

pub(in crate::probe) fn answer(query: &[u8], change: impl Fn(&mut Message)) -> Vec<u8> {
    let mut message = Message::from_vec(query).unwrap();
    message.metadata.message_type = MessageType::Response;
    let name = message.queries[0].name.clone();
    message.add_answer(Record::from_rdata(name, 0, RData::A(A::new(10, 10, 10, 10))));
    change(&mut message);
    message.to_vec().unwrap()
}

pub(in crate::probe) fn framed(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

#[tokio::test]
async fn an_answer_gives_every_fact_that_is_promised() {
    let server = udp(|query| vec![answer(query, |message| message.metadata.authoritative = true)]).await;
    let mut facts = dig(server, "udp", PATIENT).await.unwrap().0;
    let promised: std::collections::BTreeSet<_> = KIND.facts.iter().map(ToString::to_string).collect();
    assert_eq!(facts.keys().cloned().collect::<std::collections::BTreeSet<_>>(), promised);
    assert!(facts.remove("time").unwrap().as_f64().unwrap() > 0.0);
    let expected = json!({
        "rcode": "NOERROR", "answers": ["10.10.10.10"], "records": ["I.Pigsty.\t0\tIN\tA\t10.10.10.10"],
        "authority": [], "additional": [], "authoritative": true, "truncated": false, "recursion_available": false,
    });
    assert_eq!(serde_json::to_value(facts).unwrap(), expected);
}

#[tokio::test]
async fn the_query_keeps_its_case_and_wants_recursion_unless_told_otherwise() {
    let (tell, told) = std::sync::mpsc::channel();
    let server = udp(move |query| {
        tell.send(query.to_vec()).unwrap();
        vec![answer(query, |_| ())]
    })
    .await;
    dig(server, "udp", PATIENT).await.unwrap();
    let query = told.recv().unwrap();
    assert_eq!(query[2..], *b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01I\x06Pigsty\x00\x00\x01\x00\x01");
}

#[tokio::test]
async fn an_answer_in_another_case_is_the_answer() {
    let lower = |message: &mut Message| message.queries[0].name = Name::from_ascii("i.pigsty.").unwrap();
    let server = udp(move |query| vec![answer(query, lower)]).await;
    assert_eq!(dig(server, "udp", PATIENT).await.unwrap().0["answers"], json!(["10.10.10.10"]));
}

#[tokio::test]
async fn only_records_of_the_asked_type_are_answers() {
    let server = udp(|query| {
        let alias = RData::CNAME(CNAME(Name::from_ascii("H.Pigsty.").unwrap()));
        let alias = Record::from_rdata(Name::from_ascii("i.pigsty.").unwrap(), 60, alias);
        vec![answer(query, |message| message.answers.insert(0, alias.clone()))]
    })
    .await;
    let facts = dig(server, "udp", PATIENT).await.unwrap().0;
    assert_eq!(facts["answers"], json!(["10.10.10.10"]));
    assert_eq!(facts["records"][0], "i.pigsty.\t60\tIN\tCNAME\tH.Pigsty.");
}

#[tokio::test]
async fn a_refusal_without_the_question_is_an_answer_but_success_without_it_is_not() {
    for (code, name) in [(ResponseCode::Refused, "REFUSED"), (ResponseCode::NXDomain, "NXDOMAIN")] {
        let server = udp(move |query| {
            vec![answer(query, |message| {
                message.queries.clear();
                message.metadata.response_code = code;
            })]
        })
        .await;
        assert_eq!(dig(server, "udp", PATIENT).await.unwrap().0["rcode"], name);
    }
    let server = udp(|query| vec![answer(query, |message| message.queries.clear())]).await;
    let peer = format!("{server} (udp)");
    let reason = format!("no answer from {peer} within 0.1 s, only an answer to another question");
    fails(&dig(server, "udp", HASTY).await, Failure::Protocol, &reason);
}

#[tokio::test]
async fn what_is_not_the_answer_is_ignored_until_the_answer_comes() {
    let server = udp(|query| {
        let other = |message: &mut Message| message.queries[0].name = Name::from_ascii("other.pigsty.").unwrap();
        let id = |message: &mut Message| message.metadata.id ^= 1;
        let garbage = b"hello, hello, hello".to_vec();
        vec![garbage, query.to_vec(), answer(query, other), answer(query, id), answer(query, |_| ())]
    })
    .await;
    assert_eq!(dig(server, "udp", PATIENT).await.unwrap().0["rcode"], "NOERROR");
}

#[tokio::test]
async fn what_came_instead_of_the_answer_is_named() {
    let servers: [(Server, &str); 4] = [
        (|query| answer(query, |message| message.metadata.id ^= 1), "a message with another id"),
        (
            |query| answer(query, |message| _ = message.queries[0].set_query_type(RecordType::AAAA)),
            "an answer to another question",
        ),
        (<[u8]>::to_vec, "a question with the same id"),
        (|_| b"SSH-2.0-OpenSSH_9.2".to_vec(), "bytes that are no DNS message"),
    ];
    for (server, what) in servers {
        let server = udp(move |query| vec![server(query)]).await;
        let reason = format!("no answer from {server} (udp) within 0.1 s, only {what}");
        fails(&dig(server, "udp", HASTY).await, Failure::Protocol, &reason);
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_nonsense() {
    let server = udp(|query| vec![answer(query, |_| ())[..30].to_vec()]).await;
    let error = dig(server, "udp", PATIENT).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("{server} (udp) answered with what is no DNS message: ")), "{error}");
    let server = udp(|_| vec![vec![7]]).await;
    let reason = format!("{server} (udp) answered with less than a DNS message");
    fails(&dig(server, "udp", PATIENT).await, Failure::Protocol, &reason);
}

#[tokio::test]
async fn truncation_is_a_fact_and_no_reason_to_ask_again() {
    let server = udp(|query| vec![answer(query, |message| message.metadata.truncation = true)]).await;
    assert_eq!(dig(server, "udp", PATIENT).await.unwrap().0["truncated"], true);
}

#[tokio::test]
async fn more_records_than_any_name_has_are_nonsense() {
    let server = udp(|query| {
        vec![answer(query, |message| {
            let record = message.answers[0].clone();
            message.answers.resize(RECORDS + 1, record);
        })]
    })
    .await;
    let reason = format!("{server} (udp) answered with 1001 records, more than 1000");
    fails(&dig(server, "udp", PATIENT).await, Failure::Protocol, &reason);
}

#[tokio::test]
async fn silence_and_a_closed_port_are_told_apart() {
    let server = udp(|_| vec![]).await;
    fails(&dig(server, "udp", HASTY).await, Failure::Silent, &format!("no answer from {server} (udp) within 0.1 s"));
    // A socket that hears only somebody else, and one that does not listen: both ports are taken, and closed to us.
    let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    closed.connect("127.0.0.1:1").await.unwrap();
    let server = closed.local_addr().unwrap();
    fails(&dig(server, "udp", PATIENT).await, Failure::Refused, &format!("connection refused by {server} (udp)"));
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let server = closed.local_addr().unwrap();
    fails(&dig(server, "tcp", PATIENT).await, Failure::Refused, &format!("connection refused by {server} (tcp)"));
}

#[tokio::test]
async fn an_answer_over_tcp_may_come_in_pieces() {
    let server = tcp(|query| framed(&answer(query, |_| ())).chunks(3).map(<[u8]>::to_vec).collect()).await;
    assert_eq!(dig(server, "tcp", PATIENT).await.unwrap().0["answers"], json!(["10.10.10.10"]));
}

#[tokio::test]
async fn a_connection_that_ends_too_soon_or_carries_another_answer_is_nonsense() {
    let cut = "closed the connection before its answer was whole";
    let servers: [(Server, &str); 4] = [
        (|_| vec![], cut),
        (|query| framed(&answer(query, |_| ()))[..40].to_vec(), cut),
        (|query| framed(&answer(query, |message| message.metadata.id ^= 1)), "sent a message with another id"),
        (framed, "sent a question with the same id"),
    ];
    for (server, what) in servers {
        let server = tcp(move |query| vec![server(query)]).await;
        fails(&dig(server, "tcp", PATIENT).await, Failure::Protocol, &format!("{server} (tcp) {what}"));
    }
}

#[tokio::test]
async fn a_connection_without_an_answer_is_silence() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    let reason = format!("no answer over a connection to {server} (tcp) within 0.1 s");
    fails(&dig(server, "tcp", HASTY).await, Failure::Silent, &reason);
}

/// A server that answers over TLS, and its certificate, which is for `i.pigsty`.
async fn tls() -> (SocketAddr, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["i.pigsty".to_owned()]).unwrap().self_signed(&key).unwrap();
    let secret = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(trust::provider()).with_safe_default_protocol_versions();
    let config = config.unwrap().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate.der().clone()], secret).unwrap();
    let acceptor = TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let Ok(mut stream) = acceptor.accept(listener.accept().await.unwrap().0).await else { return };
        let mut query = vec![0; stream.read_u16().await.unwrap().into()];
        stream.read_exact(&mut query).await.unwrap();
        stream.write_all(&framed(&answer(&query, |_| ()))).await.unwrap();
        stream.flush().await.unwrap();
        let _ = stream.read_to_end(&mut query).await;
    });
    (address, certificate.pem())
}

#[tokio::test]
async fn an_answer_over_tls_counts_if_its_server_is_known() {
    let ask = async |server: SocketAddr, config: Value| {
        let fields = json!({
            "server": server.to_string(), "query_name": "i.pigsty", "transport_protocol": "tcp",
            "dns_over_tls": true, "tls_config": config, "source_ip_address": "127.0.0.7",
        });
        probe(&fields).unwrap().measure(PATIENT).await
    };
    let (server, pem) = tls().await;
    let facts = ask(server, json!({ "ca": pem, "server_name": "i.pigsty" })).await.unwrap();
    assert_eq!(facts.0["answers"], json!(["10.10.10.10"]));
    let (server, pem) = tls().await;
    let error = ask(server, json!({ "ca": pem })).await.unwrap_err();
    assert!(error.to_string().contains("is for another name"), "{error}");
}

#[test]
fn what_is_asked_can_be_pasted() {
    for (fields, line) in [
        (json!({"server": "10.10.10.10", "query_name": "i.pigsty"}), "dig @10.10.10.10 i.pigsty A"),
        (
            json!({"server": "[::1]:5353", "query_name": "_a.b.", "query_type": "SRV", "transport_protocol": "tcp"}),
            "dig @::1 -p 5353 _a.b SRV +tcp",
        ),
        (
            json!({"server": "10.10.10.10", "query_name": "version.bind", "query_type": "TXT", "query_class": "CH", "recursion_desired": false}),
            "dig @10.10.10.10 -c CH version.bind TXT +norec",
        ),
        (
            json!({"server": "10.10.10.10", "query_name": "i.pigsty", "transport_protocol": "tcp", "dns_over_tls": true, "source_ip_address": "10.10.10.11"}),
            "dig @10.10.10.10 -b 10.10.10.11 i.pigsty A +tls",
        ),
        (json!({"server": "10.10.10.10", "query_name": "*.pigsty"}), "dig @10.10.10.10 '*.pigsty' A"),
    ] {
        assert_eq!(probe(&fields).unwrap().asked(), line);
    }
}

#[test]
fn a_mistake_names_its_field() {
    for (field, value, said) in [
        ("server", json!("infra-1"), "server: `infra-1` is not the ip address of a server"),
        ("server", json!(53), "server: invalid type: integer `53`, expected a string"),
        ("query_name", json!("a..b"), "query_name: `a..b` is no name"),
        ("query_name", json!(""), "query_name: an empty text is no name"),
        ("query_type", json!("AXFR"), "query_type: `AXFR` is none of A, AAAA, CNAME"),
        ("query_class", json!("in"), "query_class: `in` is none of IN"),
        ("transport_protocol", json!("tls"), "transport_protocol: unknown variant `tls`, expected `udp` or `tcp`"),
        ("recursion_desired", json!("yes"), "recursion_desired: invalid type: string \"yes\", expected a boolean"),
        ("dns_over_tls", json!(true), "dns_over_tls: set transport_protocol: tcp"),
        ("tls_config", json!({}), "tls_config: goes with dns_over_tls: true alone"),
        ("source_ip_address", json!("infra-1"), "source_ip_address: `infra-1` is not an ip address"),
        ("source_ip_address", json!("::1"), "source_ip_address: is of another address family than server"),
        ("port", json!(53), "unknown field `port`, expected one of `server`, `query_name`"),
    ] {
        let mut fields = json!({"server": "10.10.10.10", "query_name": "i.pigsty"});
        fields[field] = value;
        let error = probe(&fields).unwrap_err();
        assert!(error.starts_with(said), "{error}");
    }
    assert_eq!(probe(&json!({"server": "10.10.10.10"})).unwrap_err(), "missing field `query_name`");
}
