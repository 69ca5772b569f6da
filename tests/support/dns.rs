//! A DNS server over UDP, TCP and TLS that says what its script says, whatever it is asked.

use std::io;
use std::str::FromStr;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::NULL;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_proto::serialize::txt::Parser;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;

use super::tcp::bytes;
use super::{Stream, drain};

/// The longest message there is.
const MESSAGE: usize = 1 << 16;

/// The bit of a header's third byte that says that something was left out.
const TRUNCATED: u8 = 2;

/// The bit that says that it is an answer.
const ANSWER: u8 = 0x80;

/// How every query is answered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a way to go wrong, alone or beside others")]
pub(super) struct Dns {
    /// Records as a zone file has them: `example.com. 300 IN A 192.0.2.1`.
    answer: Vec<String>,
    authority: Vec<String>,
    additional: Vec<String>,
    /// By its number; one above 15 needs `edns`.
    rcode: u16,
    /// Whether the reply has an OPT record.
    edns: bool,
    /// Whether a query that wants no recursion is refused.
    recursion: bool,
    /// Whether the question is repeated.
    question: bool,
    /// Whether the header says that something was left out.
    truncated: bool,
    /// Whether the header says that it is a query.
    query: bool,
    /// What is sent behind each other, each with the right id or a wrong one.
    ids: Vec<Id>,
    /// How many bytes of the message are sent.
    cut: Option<usize>,
    /// Instead of all this, bytes in hexadecimal behind the id.
    raw: Option<String>,
    /// Whether nothing is ever answered.
    silent: bool,
    /// Over what it is reachable: udp, tcp, or both.
    over: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Id {
    Right,
    Wrong,
}

impl Default for Dns {
    fn default() -> Self {
        Self {
            answer: Vec::new(),
            authority: Vec::new(),
            additional: Vec::new(),
            rcode: 0,
            edns: false,
            recursion: false,
            question: true,
            truncated: false,
            query: false,
            ids: vec![Id::Right],
            cut: None,
            raw: None,
            silent: false,
            over: vec!["udp".to_owned(), "tcp".to_owned()],
        }
    }
}

/// Answers datagrams for ever.
pub(super) async fn datagrams(socket: UdpSocket, dns: Dns) {
    let mut buffer = vec![0; MESSAGE];
    loop {
        // An answer that came to nobody is reported here; there is more to come.
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else { continue };
        for reply in dns.replies(&buffer[..length]).unwrap_or_default() {
            drop::<io::Result<usize>>(socket.send_to(&reply, client).await);
        }
    }
}

/// Answers the queries of a connection.
pub(super) async fn stream(mut stream: Stream, dns: &Dns) -> io::Result<()> {
    if dns.silent {
        return drain(&mut stream).await;
    }
    loop {
        let length = stream.read_u16().await?;
        let mut query = vec![0; length.into()];
        stream.read_exact(&mut query).await?;
        for reply in dns.replies(&query)? {
            let length = u16::try_from(reply.len()).map_err(io::Error::other)?;
            stream.write_all(&[&length.to_be_bytes(), reply.as_slice()].concat()).await?;
        }
        stream.flush().await?;
    }
}

impl Dns {
    pub(super) fn is_over(&self, transport: &str) -> bool {
        self.over.iter().any(|one| one == transport)
    }

    /// Why its records cannot be sent, if they cannot.
    pub(super) fn check(&self) -> io::Result<()> {
        let mut query = Message::new(1, MessageType::Query, OpCode::Query);
        query.metadata.recursion_desired = true;
        self.replies(&query.to_vec().map_err(io::Error::other)?).map(drop)
    }

    fn replies(&self, query: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        if self.silent {
            return Ok(Vec::new());
        }
        let &[high, low, ..] = query else { return Err(io::ErrorKind::InvalidData.into()) };
        let right = u16::from_be_bytes([high, low]);
        let reply = match &self.raw {
            Some(raw) => [right.to_be_bytes().to_vec(), bytes(raw)?].concat(),
            None => self.reply(&Message::from_vec(query).map_err(io::Error::other)?)?,
        };
        let reply = &reply[..self.cut.unwrap_or(reply.len()).min(reply.len())];
        let with = |id: &Id| {
            let id = if matches!(id, Id::Right) { right } else { !right };
            [&id.to_be_bytes(), reply.get(2..).unwrap_or_default()].concat()
        };
        Ok(self.ids.iter().map(with).collect())
    }

    fn reply(&self, query: &Message) -> io::Result<Vec<u8>> {
        let mut reply = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
        reply.metadata.recursion_desired = query.metadata.recursion_desired;
        if self.question {
            reply.add_queries(query.queries.clone());
        }
        let refused = self.recursion && !query.metadata.recursion_desired;
        if refused {
            reply.metadata.response_code = ResponseCode::Refused;
        } else {
            reply.add_answers(records(&self.answer)?);
            reply.add_authorities(records(&self.authority)?);
            reply.add_additionals(records(&self.additional)?);
            reply.metadata.response_code = self.rcode.into();
            if self.edns {
                reply.set_edns(Edns::new());
            }
        }
        let mut bytes = reply.to_vec().map_err(io::Error::other)?;
        if self.truncated {
            bytes[2] |= TRUNCATED;
        }
        if self.query {
            bytes[2] &= !ANSWER;
        }
        Ok(bytes)
    }
}

fn records(texts: &[String]) -> io::Result<Vec<Record>> {
    texts.iter().map(|text| record(text).map_err(|error| io::Error::other(format!("{text}: {error}")))).collect()
}

/// One record of a zone file; of an unknown type it is `name ttl class TYPE999 \# hexadecimal`.
fn record(text: &str) -> Result<Record, String> {
    if let Some((head, data)) = text.split_once("\\#") {
        return unknown(head, data).ok_or_else(|| "name ttl class TYPEn \\# hexadecimal".to_owned());
    }
    let parser = Parser::new(format!("{text}\n"), None, Some(Name::root()));
    let (_, sets) = parser.parse().map_err(|error| error.to_string())?;
    let mut records = sets.values().flat_map(|set| set.records_without_rrsigs().cloned());
    records.next().ok_or_else(|| "is no record".to_owned())
}

fn unknown(head: &str, data: &str) -> Option<Record> {
    let words = head.split_whitespace().collect::<Vec<_>>();
    let &[name, ttl, class, kind] = words.as_slice() else { return None };
    let code = RecordType::Unknown(kind.strip_prefix("TYPE")?.parse().ok()?);
    let rdata = RData::Unknown { code, rdata: NULL::with(bytes(data).ok()?) };
    let mut record = Record::from_rdata(Name::from_ascii(name).ok()?, ttl.parse().ok()?, rdata);
    record.dns_class = class
        .strip_prefix("CLASS")
        .map_or_else(|| DNSClass::from_str(class).ok(), |number| number.parse::<u16>().ok().map(DNSClass::from))?;
    Some(record)
}
