//! dnsmasq with the records of the estate, over UDP and TCP.

use std::io;
use std::net::Ipv4Addr;

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fault::Word;
use super::layout::Here;

/// The names that the estate's inventory gives to its admin node.
pub(super) const NAMES: [&str; 8] =
    ["i.pigsty", "g.pigsty", "p.pigsty", "a.pigsty", "f.pigsty", "app.pigsty", "m.pigsty", "api.pigsty"];

/// An address that is not in the estate: where records point that are wrong.
pub(super) const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 99);

/// The reply to a query; none to what is no query.
pub(super) fn reply(here: &Here, query: &[u8]) -> Option<Vec<u8>> {
    let query = Message::from_vec(query).ok()?;
    let question = query.queries.first()?;
    let name = question.name().to_ascii().trim_end_matches('.').to_ascii_lowercase();
    let known = NAMES.contains(&name.as_str()) && question.query_type() == RecordType::A;
    let mut reply = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
    reply.metadata.recursion_desired = query.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    reply.metadata.response_code = code(here, known);
    reply.add_query(question.clone());
    if known && reply.metadata.response_code == ResponseCode::NoError {
        reply.metadata.authoritative = !here.is(Word::Forwarded);
        for address in addresses(here) {
            reply.add_answer(Record::from_rdata(question.name().clone(), 0, RData::A(A(address))));
        }
    }
    reply.to_vec().ok()
}

/// What is not known here is refused, as there is no server behind this one to ask.
fn code(here: &Here, known: bool) -> ResponseCode {
    match known {
        _ if here.is(Word::Wrong) => ResponseCode::Refused,
        true if here.is(Word::Nxdomain) => ResponseCode::NXDomain,
        true => ResponseCode::NoError,
        false => ResponseCode::Refused,
    }
}

fn addresses(here: &Here) -> Vec<Ipv4Addr> {
    match here.node().first(here.component, &[Word::Record, Word::StaleRecord]) {
        Some(Word::Record) => vec![ELSEWHERE],
        Some(_) => vec![here.admin().ip, ELSEWHERE],
        None => vec![here.admin().ip],
    }
}

/// Answers queries on a connection until it ends.
pub(super) async fn converse(mut stream: TcpStream, here: &Here) -> io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut query = vec![0; length.into()];
        stream.read_exact(&mut query).await?;
        let Some(reply) = reply(here, &query) else { return Ok(()) };
        let length = u16::try_from(reply.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes(), reply.as_slice()].concat()).await?;
    }
}
