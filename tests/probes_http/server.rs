//! Servers on loopback, one thread per connection, and the probes that ask them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use infra_verify::probe::{Facts, Failure, Probe, ProbeError};
use serde_json::Value;

/// Long enough for any answer that comes at all.
pub(crate) const LONG: Duration = Duration::from_secs(10);

/// Serves every connection with `handle`.
pub(crate) fn serve(handle: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    serve_at("127.0.0.1", handle)
}

/// The same at another loopback address.
pub(crate) fn serve_at(ip: &str, handle: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind((ip, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let handle = Arc::new(handle);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let handle = handle.clone();
            std::thread::spawn(move || handle(stream));
        }
    });
    address
}

/// Reads a request up to the end of its headers.
pub(crate) fn head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// Answers every request with these bytes and closes.
pub(crate) fn answering(answer: impl AsRef<[u8]> + Send + Sync + 'static) -> SocketAddr {
    serve(move |mut stream| {
        head(&mut stream);
        stream.write_all(answer.as_ref()).ok();
    })
}

/// The same, and tells what was asked.
pub(crate) fn listening(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> (SocketAddr, Receiver<String>) {
    let (sender, receiver) = channel();
    let sender = Mutex::new(sender);
    let address = serve(move |mut stream| {
        let asked = head(&mut stream);
        let answer = answer(&asked);
        sender.lock().unwrap().send(asked).ok();
        stream.write_all(answer.as_bytes()).ok();
    });
    (address, receiver)
}

/// An ordinary answer.
pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// A probe of a kind, refused or not.
pub(crate) fn probe(kind: &str, fields: &Value) -> Result<Probe, String> {
    Probe::new(kind, fields.as_object().unwrap().clone())
}

/// Asks once.
pub(crate) async fn ask(fields: Value, timeout: Duration) -> Result<Facts, ProbeError> {
    probe("http", &fields).unwrap().measure(timeout).await
}

/// Asks for `/` at an address.
pub(crate) async fn get(address: SocketAddr) -> Result<Facts, ProbeError> {
    ask(serde_json::json!({ "get": format!("http://{address}/") }), LONG).await
}

/// What a failed target is blamed for.
pub(crate) fn blamed(answer: Result<Facts, ProbeError>) -> (Failure, String) {
    match answer {
        Err(ProbeError::Target { kind, reason }) => (kind, reason),
        other => panic!("the target is not blamed: {other:?}"),
    }
}
