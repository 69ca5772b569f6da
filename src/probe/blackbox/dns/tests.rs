//! Little name servers on loopback, well and unwell, and what the prober makes of them.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::{SOA, TXT};
use hickory_proto::rr::{Name, RData, Record};
use tokio::net::UdpSocket;

use crate::probe::blackbox::{DnsModule, Module, Probed, Prober, RecordRules};
use crate::probe::dns::tests::{answer, framed, tcp, udp};

const PATIENT: Duration = Duration::from_secs(5);
const HASTY: Duration = Duration::from_millis(100);

/// How much later than its deadline a probe may end; the machine may be busy.
const LEEWAY: Duration = Duration::from_millis(500);

fn module() -> DnsModule {
    DnsModule { query_name: "i.pigsty".to_owned(), query_type: 1, ..DnsModule::default() }
}

fn over_tcp() -> DnsModule {
    DnsModule { transport_protocol: "tcp".to_owned(), ..module() }
}

async fn probe(module: DnsModule, target: &str, timeout: Duration) -> Probed {
    let module = Module { name: "dns".to_owned(), timeout: None, prober: Prober::Dns(module) };
    module.probe(target, None, timeout).await
}

async fn ask(module: DnsModule, server: SocketAddr) -> Probed {
    probe(module, &server.to_string(), PATIENT).await
}

fn succeeds(probed: &Probed) {
    assert_eq!(probed.failure, None);
    assert_eq!(probed.metrics.get("probe_success"), Some(1.0));
    assert_eq!(probed.metrics.get("probe_dns_query_succeeded"), Some(1.0));
}

fn fails(probed: &Probed, words: &str) {
    let failed = probed.failure.as_ref().expect("it succeeds");
    assert!(failed.reason.contains(words) && !failed.local, "{failed:?}");
    assert_eq!(probed.metrics.get("probe_success"), Some(0.0));
}

/// The phases, by name.
fn phases(probed: &Probed) -> Vec<(String, f64)> {
    let phases = probed.metrics.iter().filter(|metric| metric.name == "probe_dns_duration_seconds");
    phases.map(|metric| (metric.labels[0].1.clone(), metric.value)).collect()
}

#[tokio::test]
async fn an_answer_over_udp_and_tcp_is_counted_and_timed() {
    let servers = [
        (module(), udp(|query| vec![answer(query, |_| ())]).await),
        (over_tcp(), tcp(|query| vec![framed(&answer(query, |_| ()))]).await),
    ];
    for (module, server) in servers {
        let probed = ask(module, server).await;
        succeeds(&probed);
        let count = |name| probed.metrics.get(name);
        assert_eq!(count("probe_dns_answer_rrs"), Some(1.0));
        assert_eq!([count("probe_dns_authority_rrs"), count("probe_dns_additional_rrs")], [Some(0.0); 2]);
        assert_eq!(count("probe_ip_protocol"), Some(4.0));
        assert_eq!(count("probe_dns_serial"), None);
        let phases = phases(&probed);
        assert_eq!(phases.iter().map(|phase| phase.0.as_str()).collect::<Vec<_>>(), ["connect", "request", "resolve"]);
        assert!(phases.iter().all(|phase| phase.1 > 0.0 && phase.1 < 5.0), "{phases:?}");
    }
}

#[tokio::test]
async fn an_answer_in_pieces_is_one_answer() {
    let server = tcp(|query| framed(&answer(query, |_| ())).chunks(3).map(<[u8]>::to_vec).collect()).await;
    succeeds(&ask(over_tcp(), server).await);
}

#[tokio::test]
async fn a_wrong_id_is_passed_over_on_udp_and_ends_a_probe_over_tcp() {
    let wrong = |message: &mut Message| message.metadata.id ^= 1;
    let server = udp(move |query| vec![answer(query, wrong), answer(query, |_| ())]).await;
    succeeds(&ask(module(), server).await);
    let server = udp(move |query| vec![answer(query, wrong)]).await;
    let probed = probe(module(), &server.to_string(), HASTY).await;
    fails(&probed, "(udp) within 0.1 s, only a message with another id");
    let server = tcp(move |query| [answer(query, wrong), answer(query, |_| ())].map(|one| framed(&one)).to_vec()).await;
    fails(&ask(over_tcp(), server).await, "(tcp) sent a message with another id");
}

#[tokio::test]
async fn a_question_or_an_answer_to_another_question_passes_for_the_answer() {
    let question = |message: &mut Message| message.metadata.message_type = MessageType::Query;
    succeeds(&ask(module(), udp(move |query| vec![answer(query, question)]).await).await);
    let other = |message: &mut Message| message.queries.clear();
    succeeds(&ask(module(), udp(move |query| vec![answer(query, other)]).await).await);
}

#[tokio::test]
async fn bytes_that_are_no_message_end_the_probe_whatever_their_id() {
    let server = udp(|query| vec![b"\0\0 what?".to_vec(), answer(query, |_| ())]).await;
    fails(&ask(module(), server).await, "(udp) answered with what is no DNS message: it ends too early");
    let circle = b"\x81\x80\0\0\0\x01\0\0\0\0\xC0\x0C\0\x01\0\x01\0\0\0\0\0\0";
    let server = udp(|query| vec![[&query[..2], circle].concat()]).await;
    fails(&ask(module(), server).await, "a name in it points in a circle");
    let server = tcp(|_| vec![framed(b"")]).await;
    fails(&ask(over_tcp(), server).await, "(tcp) answered with what is no DNS message");
}

#[tokio::test]
async fn a_datagram_of_more_than_512_bytes_fails_with_the_way_out() {
    let long = |message: &mut Message| {
        let text = RData::TXT(TXT::new(vec!["x".repeat(250)]));
        message.add_answers((0..3).map(|_| Record::from_rdata(Name::root(), 0, text.clone())));
    };
    let server = udp(move |query| vec![answer(query, long)]).await;
    fails(&ask(module(), server).await, "more than the 512 bytes");
    let server = tcp(move |query| vec![framed(&answer(query, long))]).await;
    succeeds(&ask(over_tcp(), server).await);
}

#[tokio::test]
async fn a_connection_that_ends_or_lies_about_its_length_fails() {
    for answers in [vec![], vec![b"\0".to_vec()], vec![b"\0\x40 and then nothing".to_vec()]] {
        let server = tcp(move |_| answers.clone()).await;
        fails(&ask(over_tcp(), server).await, "(tcp) closed the connection before its answer was whole");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_fails_when_the_time_is_up() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let probed = probe(module(), &silent.local_addr().unwrap().to_string(), HASTY).await;
    fails(&probed, "no answer from 127.0.0.1:");
    assert!(probed.took >= HASTY && probed.took < HASTY + LEEWAY, "{:?}", probed.took);
    let waited = phases(&probed).into_iter().find(|phase| phase.0 == "request").unwrap().1;
    assert!(waited > 0.05, "{waited}");
    assert_eq!(probed.metrics.get("probe_dns_query_succeeded"), Some(0.0));
}

#[tokio::test]
async fn a_closed_port_fails_at_once() {
    // It hears only somebody else: the port is taken, and closed to us.
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect("127.0.0.1:1").await.unwrap();
    let probed = ask(module(), socket.local_addr().unwrap()).await;
    fails(&probed, "connection refused by 127.0.0.1:");
    assert!(probed.took < PATIENT, "{:?}", probed.took);
}

#[tokio::test]
async fn the_address_to_ask_from_is_the_modules() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let module = DnsModule { source_ip_address: "127.0.0.77".to_owned(), ..module() };
    let server = async {
        let mut query = [0; 512];
        let (length, peer) = socket.recv_from(&mut query).await.unwrap();
        socket.send_to(&answer(&query[..length], |_| ()), peer).await.unwrap();
        peer.ip()
    };
    let (probed, peer) = tokio::join!(ask(module, address), server);
    succeeds(&probed);
    assert_eq!(peer.to_string(), "127.0.0.77");
}

#[tokio::test]
async fn a_module_that_asks_for_what_cannot_be_fails_with_all_its_gauges() {
    let quic = DnsModule { transport_protocol: "quic".to_owned(), ..module() };
    let over_udp = DnsModule { dns_over_tls: true, ..module() };
    let here = DnsModule { source_ip_address: "here".to_owned(), ..module() };
    let other = DnsModule { source_ip_address: "::1".to_owned(), ..module() };
    let broken = DnsModule { query_name: "a..b".to_owned(), ..module() };
    for (module, words) in [
        (quic, "transport_protocol: `quic`"),
        (over_udp, "dns_over_tls: "),
        (here, "source_ip_address: `here`"),
        (other, "source_ip_address: ::1 cannot ask 127.0.0.1"),
        (broken, "query_name: `a..b` has an empty label"),
    ] {
        let looks_up = module.transport_protocol != "quic";
        let probed = probe(module, "127.0.0.1:53", PATIENT).await;
        fails(&probed, words);
        assert_eq!(phases(&probed).len(), 3);
        assert_eq!(probed.metrics.get("probe_dns_answer_rrs"), Some(0.0));
        assert_eq!(probed.metrics.get("probe_dns_lookup_time_seconds").is_some(), looks_up, "{words}");
    }
}

#[tokio::test]
async fn the_last_start_of_a_zone_gives_the_serial_number() {
    let start = |serial| {
        let name = || Name::from_labels([&b"a b"[..], b"pigsty"]).unwrap();
        Record::from_rdata(name(), 0, RData::SOA(SOA::new(name(), name(), serial, 1, 2, 3, 4)))
    };
    let both = move |message: &mut Message| _ = message.add_answers([start(7), start(u32::MAX)]);
    let soa = || DnsModule { query_type: 6, ..module() };
    let probed = ask(soa(), udp(move |query| vec![answer(query, both)]).await).await;
    assert_eq!(probed.metrics.get("probe_dns_serial"), Some(f64::from(u32::MAX)));
    let probed = ask(soa(), udp(|query| vec![answer(query, |_| ())]).await).await;
    assert_eq!(probed.metrics.get("probe_dns_serial"), Some(0.0));
}

#[tokio::test]
async fn the_code_of_an_answer_is_judged_by_name() {
    let refused = |message: &mut Message| message.metadata.response_code = ResponseCode::Refused;
    let codes = |codes: &[&str]| Some(codes.iter().map(ToString::to_string).collect());
    for (valid, expected) in [
        (None, Some("answered REFUSED, and not NOERROR")),
        (codes(&["NXDOMAIN", "REFUSED"]), None),
        (codes(&["NXDOMAIN"]), Some("answered REFUSED, and valid_rcodes has only NXDOMAIN")),
        (codes(&["REFUSED", "refused"]), Some("`refused` in valid_rcodes is none of NOERROR, FORMERR")),
        (codes(&[]), Some("answered REFUSED, and no answer is right: valid_rcodes is empty")),
    ] {
        let server = udp(move |query| vec![answer(query, refused)]).await;
        let probed = ask(DnsModule { valid_rcodes: valid, ..module() }, server).await;
        expected.map_or_else(|| succeeds(&probed), |words| fails(&probed, words));
        assert_eq!(probed.metrics.get("probe_dns_query_succeeded"), Some(1.0));
    }
}

/// What the rules say to two records, 10.10.10.10 and 10.10.10.11, of which the answer may be truncated.
async fn judged(rules: RecordRules, truncated: bool) -> Option<String> {
    let second = move |message: &mut Message| {
        let record = Record::from_rdata(Name::root(), 1, RData::A("10.10.10.11".parse().unwrap()));
        message.add_answer(record);
        message.metadata.truncation = truncated;
    };
    let server = udp(move |query| vec![answer(query, second)]).await;
    let probed = ask(DnsModule { validate_answer_rrs: rules, ..module() }, server).await;
    probed.failure.map(|failed| failed.reason.split_once("(udp) ").unwrap().1.to_owned())
}

fn rules(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn every_rule_means_what_the_exporter_makes_of_it() {
    let forbidden = |texts: &[&str]| RecordRules { fail_if_matches_regexp: rules(texts), ..RecordRules::default() };
    assert_eq!(judged(forbidden(&["12$"]), false).await, None);
    assert_eq!(
        judged(forbidden(&["12$", r"^\.\t1\t"]), false).await.as_deref(),
        Some(
            r"sent the answer record `. 1 IN A 10.10.10.11`, which matches `^\.\t1\t`: fail_if_matches_regexp forbids"
        )
    );
    let every = |texts: &[&str]| RecordRules { fail_if_not_matches_regexp: rules(texts), ..RecordRules::default() };
    assert_eq!(judged(every(&["IN", "A"]), false).await, None);
    assert!(judged(every(&["IN", "10$"]), false).await.unwrap().contains("11`, which does not match `10$`"));
    let all = |texts: &[&str]| RecordRules { fail_if_all_match_regexp: rules(texts), ..RecordRules::default() };
    assert_eq!(judged(all(&["IN"]), false).await, None);
    assert!(judged(all(&["10$"]), false).await.unwrap().ends_with("wants of each, whatever its name says"));
    let some = |texts: &[&str]| RecordRules { fail_if_none_matches_regexp: rules(texts), ..RecordRules::default() };
    assert_eq!(judged(some(&["12$", "11$"]), false).await, None);
    assert!(judged(some(&["12$", "13$"]), false).await.unwrap().contains("of which none matches `12$`, `13$`"));
    assert!(judged(some(&["12$"]), true).await.unwrap().ends_with("ask with transport_protocol: tcp"));
    assert!(judged(some(&["11$", "("]), false).await.unwrap().starts_with("cannot be judged"));
}

#[tokio::test]
async fn a_section_without_records_lacks_what_is_wanted_and_compiles_nothing() {
    let module = |rules| DnsModule { validate_authority_rrs: rules, ..module() };
    let broken = RecordRules {
        fail_if_matches_regexp: rules(&["("]),
        fail_if_all_match_regexp: rules(&["("]),
        ..RecordRules::default()
    };
    succeeds(&ask(module(broken), udp(|query| vec![answer(query, |_| ())]).await).await);
    for wants in [
        RecordRules { fail_if_not_matches_regexp: rules(&["x"]), ..RecordRules::default() },
        RecordRules { fail_if_none_matches_regexp: rules(&["x"]), ..RecordRules::default() },
    ] {
        let probed = ask(module(wants), udp(|query| vec![answer(query, |_| ())]).await).await;
        fails(&probed, "(udp) sent no authority records");
    }
}
