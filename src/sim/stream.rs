//! Servers over TCP: accepts connections and lets a component speak, stay silent or talk noise on them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::fault::Word;
use super::layout::Here;
use super::{answer, dns, noise};

/// How long `slow` takes: longer than anybody who asks is prepared to wait.
pub(super) const LATE: Duration = Duration::from_mins(1);

/// Connections that one server holds at a time, as many as Nginx does by default: a run asks 64 questions at a time, and
/// keeps connections open for every name that it asks by.
const CONNECTIONS: usize = 512;

/// What a server speaks.
#[derive(Clone)]
pub(super) enum Tongue {
    /// HTTP/1.1.
    Http,
    /// HTTP/1.1 over TLS.
    Https(TlsAcceptor),
    /// DNS with its two bytes of length.
    Dns,
}

/// Serves until it is dropped, and every connection with it.
pub(super) async fn serve(listener: TcpListener, tongue: Tongue, here: Here) {
    let here = Arc::new(here);
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS {
            connections.join_next().await;
        }
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(hold(stream, tongue.clone(), here.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Whatever goes wrong with a connection is its client's affair.
async fn hold(stream: TcpStream, tongue: Tongue, here: Arc<Here>) {
    let _ = match here.node().first(here.component, &[Word::Silence, Word::Garbage, Word::Slow]) {
        Some(Word::Silence) => stay_silent(stream).await,
        Some(Word::Garbage) => make_noise(stream).await,
        Some(_) => {
            tokio::time::sleep(LATE).await;
            speak(stream, tongue, here).await
        }
        None => speak(stream, tongue, here).await,
    };
}

async fn speak(stream: TcpStream, tongue: Tongue, here: Arc<Here>) -> io::Result<()> {
    match tongue {
        Tongue::Http => http(stream, here, false).await,
        Tongue::Https(acceptor) => http(acceptor.accept(stream).await?, here, true).await,
        Tongue::Dns => dns::converse(stream, &here).await,
    }
}

/// The longest body that is read: far more than anything that a run writes.
const LONGEST: usize = 1 << 20;

async fn http<S: AsyncRead + AsyncWrite + Unpin>(stream: S, here: Arc<Here>, secure: bool) -> io::Result<()> {
    let service = service_fn(|request: Request<Incoming>| {
        let here = here.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = Limited::new(body, LONGEST).collect().await.map_err(io::Error::other)?.to_bytes();
            Ok::<_, io::Error>(answer::answer(&here, secure, Request::from_parts(head, body)).await)
        }
    });
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.map_err(io::Error::other)
}

/// Reads until the other side gives up, so that it sees silence and not an end.
async fn stay_silent(mut stream: TcpStream) -> io::Result<()> {
    let mut heard = [0; 1024];
    while stream.read(&mut heard).await? > 0 {}
    Ok(())
}

async fn make_noise(mut stream: TcpStream) -> io::Result<()> {
    let mut heard = [0; 1024];
    if stream.read(&mut heard).await? > 0 {
        stream.write_all(&noise()).await?;
    }
    stream.shutdown().await
}
