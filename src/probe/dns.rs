//! The dns probe: one query to one server, over UDP, TCP or TLS, and what the answer says in every part.
//!
//! It is no resolver: it follows no alias, asks no second server, keeps nothing, and does not turn to TCP when an
//! answer is truncated. Only an answer to this very question counts, with its id, name, type and class.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, Record, RecordType};
use serde::de::{Deserialize, Deserializer, Error};

use super::blackbox::TlsModule;
use super::blackbox::dns::exchange::{self, Call};
use super::socket::{self, DATAGRAM, Reading};
use super::tcp::field;
use super::{Facts, Kind, ProbeError, record};
use crate::value::Object;

pub(super) const KIND: Kind = Kind {
    name: "dns",
    fields: &[
        "server",
        "query_name",
        "query_type",
        "query_class",
        "transport_protocol",
        "recursion_desired",
        "dns_over_tls",
        "tls_config",
        "source_ip_address",
    ],
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
#[serde(try_from = "Fields")]
pub struct Dns {
    server: SocketAddr,
    query_name: Name,
    query_type: RecordType,
    query_class: DNSClass,
    transport_protocol: Transport,
    recursion_desired: bool,
    tls: Option<TlsModule>,
    source_ip_address: Option<IpAddr>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    /// With port 0 where none is named.
    #[serde(deserialize_with = "socket::server::<_, 0>")]
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
    #[serde(default)]
    dns_over_tls: bool,
    tls_config: Option<Object>,
    #[serde(deserialize_with = "source", default)]
    source_ip_address: Option<IpAddr>,
}

impl TryFrom<Fields> for Dns {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let Fields { mut server, query_name, query_type, query_class, transport_protocol, .. } = fields;
        if fields.dns_over_tls && transport_protocol == Transport::Udp {
            return Err("dns_over_tls: set transport_protocol: tcp, for there is no TLS over udp".to_owned());
        }
        if fields.tls_config.is_some() && !fields.dns_over_tls {
            return Err("tls_config: goes with dns_over_tls: true alone".to_owned());
        }
        if fields.source_ip_address.is_some_and(|source| source.is_ipv4() != server.is_ipv4()) {
            return Err("source_ip_address: is of another address family than server".to_owned());
        }
        if server.port() == 0 {
            server.set_port(if fields.dns_over_tls { 853 } else { 53 });
        }
        let tls = field::tls(fields.tls_config)?;
        Ok(Self {
            server,
            query_name,
            query_type,
            query_class,
            transport_protocol,
            recursion_desired: fields.recursion_desired,
            tls: fields.dns_over_tls.then_some(tls),
            source_ip_address: fields.source_ip_address,
        })
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Transport {
    #[default]
    Udp,
    Tcp,
}

impl Dns {
    /// Who is asked.
    pub(super) fn server(&self) -> IpAddr {
        self.server.ip()
    }

    /// Whether the question travels in a datagram, which may get lost.
    pub(super) fn is_datagram(&self) -> bool {
        self.transport_protocol == Transport::Udp
    }

    pub(super) fn asked(&self) -> String {
        let mut line = format!("dig @{}", self.server.ip());
        let mut add = |wanted: bool, word: String| line.push_str(if wanted { &word } else { "" });
        let standard = if self.tls.is_some() { 853 } else { 53 };
        add(self.server.port() != standard, format!(" -p {}", self.server.port()));
        add(
            self.source_ip_address.is_some(),
            self.source_ip_address.map_or_else(String::new, |ip| format!(" -b {ip}")),
        );
        add(self.query_class != DNSClass::IN, format!(" -c {}", self.query_class));
        add(true, format!(" {} {}", typed(&record::undotted(&self.query_name)), self.query_type));
        add(self.tls.is_some(), " +tls".to_owned());
        add(self.tls.is_none() && self.transport_protocol == Transport::Tcp, " +tcp".to_owned());
        add(!self.recursion_desired, " +norec".to_owned());
        line
    }

    pub(super) async fn measure(&self, timeout: Duration) -> Result<Facts, ProbeError> {
        let id = socket::random().to_be_bytes();
        let id = u16::from_be_bytes([id[0], id[1]]);
        let question = self.question(id).map_err(ProbeError::Local)?;
        let call = Call {
            server: self.server,
            source: self.source_ip_address,
            transport: self.transport()?,
            question: &question,
            datagram: DATAGRAM,
            patience: timeout,
            again: false,
            timeout,
        };
        let start = Instant::now();
        let answer = call.make(|bytes| self.read(id, bytes)).await.answer?;
        Ok(self.facts(&answer, start.elapsed()))
    }

    fn transport(&self) -> Result<exchange::Transport, ProbeError> {
        match (&self.tls, self.transport_protocol) {
            (Some(tls), _) => Ok(exchange::Transport::tls(tls, &self.server.ip().to_string())?),
            (None, Transport::Tcp) => Ok(exchange::Transport::Tcp),
            (None, Transport::Udp) => Ok(exchange::Transport::Udp),
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

fn source<'de, D: Deserializer<'de>>(field: D) -> Result<Option<IpAddr>, D::Error> {
    let text = String::deserialize(field)?;
    let source = text.parse::<IpAddr>().map(|source| source.to_canonical());
    source.map(Some).map_err(|_| D::Error::custom(format!("`{text}` is not an ip address")))
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
pub(super) mod tests;
