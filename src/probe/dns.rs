//! The dns probe: one query to one server, over UDP or TCP, and what the answer says in every part.
//!
//! It is no resolver: it follows no alias, asks no second server, keeps nothing, and does not turn to TCP when an
//! answer is truncated. Only an answer to this very question counts, with its id, name, type and class.

use std::io;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, Record, RecordType};
use serde::de::{Deserialize, Deserializer, Error};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::socket::{self, Reading};
use super::{Facts, Kind, ProbeError, record};

pub(super) const KIND: Kind = Kind {
    name: "dns",
    fields: &["server", "query_name", "query_type", "query_class", "transport_protocol", "recursion_desired"],
    facts: &[
        "rcode",
        "answers",
        "records",
        "authority",
        "additional",
        "authoritative",
        "truncated",
        "recursion_available",
        "time",
    ],
    default: &[("rcode", "NOERROR")],
};

/// The types that may be asked for: each answer to them can be written as an inventory would.
const TYPES: &[RecordType] = &[
    RecordType::A,
    RecordType::AAAA,
    RecordType::CNAME,
    RecordType::SOA,
    RecordType::NS,
    RecordType::MX,
    RecordType::TXT,
    RecordType::SRV,
    RecordType::PTR,
    RecordType::ANY,
];

/// More records than any name of an inventory has; a message of 64 KiB can hold six times as many.
const RECORDS: usize = 1000;

/// A question to a name server.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    #[serde(deserialize_with = "socket::server::<_, 53>")]
    server: SocketAddr,
    #[serde(deserialize_with = "name")]
    query_name: Name,
    #[serde(deserialize_with = "kind", default = "any_address")]
    query_type: RecordType,
    #[serde(deserialize_with = "class", default = "internet")]
    query_class: DNSClass,
    #[serde(default)]
    transport_protocol: Transport,
    #[serde(default = "yes")]
    recursion_desired: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Transport {
    #[default]
    Udp,
    Tcp,
}

impl Dns {
    /// Whether the question travels in a datagram, which may get lost.
    pub(super) fn is_datagram(&self) -> bool {
        self.transport_protocol == Transport::Udp
    }

    pub(super) fn asked(&self) -> String {
        let mut line = format!("dig @{}", self.server.ip());
        let mut add = |wanted: bool, word: String| line.push_str(if wanted { &word } else { "" });
        add(self.server.port() != 53, format!(" -p {}", self.server.port()));
        add(self.query_class != DNSClass::IN, format!(" -c {}", self.query_class));
        add(true, format!(" {} {}", typed(&record::undotted(&self.query_name)), self.query_type));
        add(self.transport_protocol == Transport::Tcp, " +tcp".to_owned());
        add(!self.recursion_desired, " +norec".to_owned());
        line
    }

    pub(super) async fn measure(&self, timeout: Duration) -> Result<Facts, ProbeError> {
        let id = socket::random().to_be_bytes();
        let id = u16::from_be_bytes([id[0], id[1]]);
        let question = self.question(id).map_err(ProbeError::Local)?;
        let read = |answer: &[u8]| self.read(id, answer);
        match self.transport_protocol {
            Transport::Udp => {
                let reply = socket::ask(self.server, &question, timeout, read).await?;
                Ok(self.facts(&reply.answer, reply.took))
            }
            Transport::Tcp => {
                let start = Instant::now();
                let answer = self.over_tcp(&question, timeout, read).await?;
                Ok(self.facts(&answer, start.elapsed()))
            }
        }
    }

    fn question(&self, id: u16) -> Result<Vec<u8>, String> {
        let mut query = Query::query(self.query_name.clone(), self.query_type);
        query.set_query_class(self.query_class);
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = self.recursion_desired;
        message.add_query(query);
        message.to_vec().map_err(|error| format!("{} cannot be asked for: {error}", self.query_name))
    }

    /// Sends the question behind its length, as RFC 1035 frames it, and reads one framed answer.
    async fn over_tcp(
        &self,
        question: &[u8],
        timeout: Duration,
        read: impl Fn(&[u8]) -> Reading<Message>,
    ) -> Result<Message, ProbeError> {
        let peer = format!("{} (tcp)", self.server);
        let length =
            u16::try_from(question.len()).map_err(|_| ProbeError::Local("the question is too long".to_owned()))?;
        let framed = [&length.to_be_bytes(), question].concat();
        let mut connected = false;
        let exchange = async {
            let mut stream = TcpStream::connect(self.server).await?;
            connected = true;
            stream.write_all(&framed).await?;
            let mut answer = vec![0; stream.read_u16().await?.into()];
            stream.read_exact(&mut answer).await?;
            Ok::<_, io::Error>(answer)
        };
        let answer = match tokio::time::timeout(timeout, exchange).await {
            Err(_) if connected => {
                return Err(socket::silence(&format!("answer over a connection to {peer}"), timeout, None));
            }
            Err(_) => return Err(socket::silence(&format!("connection to {peer}"), timeout, None)),
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(socket::protocol(format!("{peer} closed the connection before its answer was whole")));
            }
            Ok(result) => result.map_err(|error| socket::failure(&error, &peer))?,
        };
        match read(&answer) {
            Reading::Answer(message) => Ok(message),
            Reading::Stray(what) => Err(socket::protocol(format!("{peer} sent {what}"))),
            Reading::Nonsense(why) => Err(socket::protocol(format!("{peer} {why}"))),
        }
    }

    /// Takes bytes for the answer only if they carry the question's id, its question, and say that they are an answer.
    fn read(&self, id: u16, bytes: &[u8]) -> Reading<Message> {
        let Some(&[first, second]) = bytes.get(..2) else {
            return Reading::Nonsense("answered with less than a DNS message".to_owned());
        };
        if u16::from_be_bytes([first, second]) != id {
            let what =
                Message::from_vec(bytes).map_or("bytes that are no DNS message", |_| "a message with another id");
            return Reading::Stray(what.to_owned());
        }
        let message = match Message::from_vec(bytes) {
            Ok(message) => message,
            Err(error) => return Reading::Nonsense(format!("answered with what is no DNS message: {error}")),
        };
        if message.metadata.message_type != MessageType::Response {
            return Reading::Stray("a question with the same id".to_owned());
        }
        if !self.answers(&message) {
            return Reading::Stray("an answer to another question".to_owned());
        }
        let records = message.all_sections().count();
        if records > RECORDS {
            return Reading::Nonsense(format!("answered with {records} records, more than {RECORDS}"));
        }
        Reading::Answer(message)
    }

    /// Whether the question is repeated as it was; servers that could not read it may leave it out.
    fn answers(&self, message: &Message) -> bool {
        match message.queries.as_slice() {
            [] => message.metadata.response_code != ResponseCode::NoError,
            [query] => {
                query.name.eq_ignore_root(&self.query_name)
                    && query.query_type == self.query_type
                    && query.query_class == self.query_class
            }
            _ => false,
        }
    }

    fn facts(&self, message: &Message, took: Duration) -> Facts {
        let lines = |records: &[Record]| records.iter().map(record::line).collect::<Vec<_>>();
        let asked = |record: &&Record| self.query_type.is_any() || record.record_type() == self.query_type;
        let mut facts = Facts::default();
        facts.insert("rcode", rcode(message.metadata.response_code));
        facts.insert("answers", message.answers.iter().filter(asked).map(record::text).collect::<Vec<_>>());
        facts.insert("records", lines(&message.answers));
        facts.insert("authority", lines(&message.authorities));
        facts.insert("additional", lines(&message.additionals));
        facts.insert("authoritative", message.metadata.authoritative);
        facts.insert("truncated", message.metadata.truncation);
        facts.insert("recursion_available", message.metadata.recursion_available);
        facts.insert("time", took.as_secs_f64());
        facts
    }
}

/// The names of dig; hickory knows only sentences.
fn rcode(code: ResponseCode) -> String {
    match code {
        ResponseCode::NoError => "NOERROR".to_owned(),
        ResponseCode::Unknown(number) => format!("RCODE{number}"),
        // The variants are spelled as the registry spells them.
        named => format!("{named:?}").to_uppercase(),
    }
}

/// A name that a shell leaves as it is, or one in quotes.
fn typed(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.chars().all(plain) { name.to_owned() } else { format!("'{}'", name.replace('\'', r"'\''")) }
}

fn name<'de, D: Deserializer<'de>>(field: D) -> Result<Name, D::Error> {
    let text = String::deserialize(field)?;
    let mut name =
        Name::from_ascii(&text).map_err(|error| D::Error::custom(format!("`{text}` is no name: {error}")))?;
    if text.is_empty() {
        return Err(D::Error::custom("an empty text is no name; the root is `.`"));
    }
    name.set_fqdn(true);
    Ok(name)
}

fn kind<'de, D: Deserializer<'de>>(field: D) -> Result<RecordType, D::Error> {
    let text = String::deserialize(field)?;
    RecordType::from_str(&text).ok().filter(|kind| TYPES.contains(kind)).ok_or_else(|| {
        let known = TYPES.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        D::Error::custom(format!("`{text}` is none of {known}"))
    })
}

fn class<'de, D: Deserializer<'de>>(field: D) -> Result<DNSClass, D::Error> {
    let text = String::deserialize(field)?;
    DNSClass::from_str(&text).map_err(|_| D::Error::custom(format!("`{text}` is none of IN, CH, HS, NONE, ANY")))
}

fn any_address() -> RecordType {
    RecordType::A
}

fn internet() -> DNSClass {
    DNSClass::IN
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::RData;
    use hickory_proto::rr::rdata::{A, CNAME};
    use serde_json::{Value, json};
    use tokio::net::{TcpListener, TcpSocket, UdpSocket};

    use super::*;
    use crate::probe::{Failure, Probe};

    const PATIENT: Duration = Duration::from_secs(5);
    const HASTY: Duration = Duration::from_millis(100);

    fn probe(fields: Value) -> Result<Probe, String> {
        Probe::new("dns", fields.as_object().unwrap().clone())
    }

    async fn dig(server: SocketAddr, transport: &str, timeout: Duration) -> Result<Facts, ProbeError> {
        let fields = json!({"server": server.to_string(), "query_name": "I.Pigsty", "transport_protocol": transport});
        probe(fields).unwrap().measure(timeout).await
    }

    fn fails(result: Result<Facts, ProbeError>, kind: Failure, reason: &str) {
        assert_eq!(result, Err(ProbeError::Target { kind, reason: reason.to_owned() }));
    }

    /// A server that answers one query with these datagrams.
    async fn udp(answer: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
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
    async fn tcp(answer: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
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

    fn answer(query: &[u8], change: impl Fn(&mut Message)) -> Vec<u8> {
        let mut message = Message::from_vec(query).unwrap();
        message.metadata.message_type = MessageType::Response;
        let name = message.queries[0].name.clone();
        message.add_answer(Record::from_rdata(name, 0, RData::A(A::new(10, 10, 10, 10))));
        change(&mut message);
        message.to_vec().unwrap()
    }

    fn framed(message: &[u8]) -> Vec<u8> {
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
        fails(dig(server, "udp", HASTY).await, Failure::Protocol, &reason);
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
        type Server = fn(&[u8]) -> Vec<u8>;
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
            fails(dig(server, "udp", HASTY).await, Failure::Protocol, &reason);
        }
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_nonsense() {
        let server = udp(|query| vec![answer(query, |_| ())[..30].to_vec()]).await;
        let error = dig(server, "udp", PATIENT).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("{server} (udp) answered with what is no DNS message: ")), "{error}");
        let server = udp(|_| vec![vec![7]]).await;
        let reason = format!("{server} (udp) answered with less than a DNS message");
        fails(dig(server, "udp", PATIENT).await, Failure::Protocol, &reason);
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
        fails(dig(server, "udp", PATIENT).await, Failure::Protocol, &reason);
    }

    #[tokio::test]
    async fn silence_and_a_closed_port_are_told_apart() {
        let server = udp(|_| vec![]).await;
        fails(dig(server, "udp", HASTY).await, Failure::Silent, &format!("no answer from {server} (udp) within 0.1 s"));
        // A socket that hears only somebody else, and one that does not listen: both ports are taken, and closed to us.
        let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        closed.connect("127.0.0.1:1").await.unwrap();
        let server = closed.local_addr().unwrap();
        fails(dig(server, "udp", PATIENT).await, Failure::Refused, &format!("connection refused by {server} (udp)"));
        let closed = TcpSocket::new_v4().unwrap();
        closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let server = closed.local_addr().unwrap();
        fails(dig(server, "tcp", PATIENT).await, Failure::Refused, &format!("connection refused by {server} (tcp)"));
    }

    #[tokio::test]
    async fn an_answer_over_tcp_may_come_in_pieces() {
        let server = tcp(|query| framed(&answer(query, |_| ())).chunks(3).map(<[u8]>::to_vec).collect()).await;
        assert_eq!(dig(server, "tcp", PATIENT).await.unwrap().0["answers"], json!(["10.10.10.10"]));
    }

    #[tokio::test]
    async fn a_connection_that_ends_too_soon_or_carries_another_answer_is_nonsense() {
        let cut = "closed the connection before its answer was whole";
        type Server = fn(&[u8]) -> Vec<u8>;
        let servers: [(Server, &str); 4] = [
            (|_| vec![], cut),
            (|query| framed(&answer(query, |_| ()))[..40].to_vec(), cut),
            (|query| framed(&answer(query, |message| message.metadata.id ^= 1)), "sent a message with another id"),
            (framed, "sent a question with the same id"),
        ];
        for (server, what) in servers {
            let server = tcp(move |query| vec![server(query)]).await;
            fails(dig(server, "tcp", PATIENT).await, Failure::Protocol, &format!("{server} (tcp) {what}"));
        }
    }

    #[tokio::test]
    async fn a_connection_without_an_answer_is_silence() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap();
        let reason = format!("no answer over a connection to {server} (tcp) within 0.1 s");
        fails(dig(server, "tcp", HASTY).await, Failure::Silent, &reason);
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
            (json!({"server": "10.10.10.10", "query_name": "*.pigsty"}), "dig @10.10.10.10 '*.pigsty' A"),
        ] {
            assert_eq!(probe(fields).unwrap().asked(), line);
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
            ("port", json!(53), "unknown field `port`, expected one of `server`, `query_name`"),
        ] {
            let mut fields = json!({"server": "10.10.10.10", "query_name": "i.pigsty"});
            fields[field] = value;
            let error = probe(fields).unwrap_err();
            assert!(error.starts_with(said), "{error}");
        }
        assert_eq!(probe(json!({"server": "10.10.10.10"})).unwrap_err(), "missing field `query_name`");
    }
}
