//! How Nginx asks for somebody: it really connects, so that it finds what anybody would find there.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddrV4;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING, UPGRADE};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::nginx::error;
use super::{Answer, Question};

/// `proxy_connect_timeout` of Pigsty's entries.
const CONNECT: Duration = Duration::from_secs(5);

/// `proxy_read_timeout`, which Nginx sets where Pigsty does not: longer than anybody here waits.
const READ: Duration = Duration::from_mins(1);

/// The largest answer that is handed on: far more than any component of the estate says.
const LONGEST: usize = 16 << 20;

/// What concerns one connection only, and is not handed on.
const OWN: [HeaderName; 5] = [CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, UPGRADE];

/// Where a question is handed on to, and how.
pub(super) struct Way<'a> {
    pub(super) address: SocketAddrV4,
    /// The path and the query that are asked for there.
    pub(super) target: &'a str,
    /// Whether a wish for another protocol is handed on too.
    pub(super) upgrades: bool,
    pub(super) host: &'a str,
}

/// The answer of whoever is there, or Nginx's page that there is none.
pub(super) async fn hand_on(question: &Question, way: &Way<'_>) -> Answer {
    let mut headers = without_own(&question.headers);
    if let Ok(host) = HeaderValue::from_str(way.host) {
        headers.insert(HOST, host);
    }
    if way.upgrades && question.is_upgrade() {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    }
    match ask(way.address, &question.method, way.target, headers, question.body.clone()).await {
        Ok(answer) => answer,
        Err(why) if why.kind() == io::ErrorKind::TimedOut => error(StatusCode::GATEWAY_TIMEOUT),
        Err(_) => error(StatusCode::BAD_GATEWAY),
    }
}

/// Asks a component of the estate.
pub(super) async fn get(address: SocketAddrV4, target: &str) -> io::Result<Answer> {
    let host = HeaderValue::try_from(address.to_string()).map_err(io::Error::other)?;
    ask(address, &Method::GET, target, HeaderMap::from_iter([(HOST, host)]), Bytes::new()).await
}

async fn ask(
    address: SocketAddrV4,
    method: &Method,
    target: &str,
    headers: HeaderMap,
    body: Bytes,
) -> io::Result<Answer> {
    let stream = tokio::time::timeout(CONNECT, TcpStream::connect(address)).await??;
    let mut request = Request::builder().method(method).uri(target).body(Full::new(body)).map_err(io::Error::other)?;
    *request.headers_mut() = headers;
    tokio::time::timeout(READ, exchange(stream, request)).await?
}

async fn exchange(stream: TcpStream, request: Request<Full<Bytes>>) -> io::Result<Answer> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let answer = async {
        let (head, body) = sender.send_request(request).await.map_err(io::Error::other)?.into_parts();
        let body = Limited::new(body, LONGEST).collect().await.map_err(io::Error::other)?.to_bytes();
        let mut answer = Response::new(Full::new(body));
        *answer.status_mut() = head.status;
        *answer.headers_mut() = without_own(&head.headers);
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
            answer.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        }
        Ok(answer)
    };
    // The connection only carries the exchange; when it ends, the answer is there or is an error.
    let carry = async {
        let _ = connection.await;
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        answer = answer => answer,
        never = carry => match never {},
    }
}

fn without_own(headers: &HeaderMap) -> HeaderMap {
    let kept = headers.iter().filter(|(name, _)| !OWN.contains(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}
