//! Servers that end TLS without a word.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};

use super::*;
use crate::probe::trust::provider;

/// A server of one connection that sends this in two records, but for the last bytes, and closes the connection.
fn serve_cut(answer: [&'static [u8]; 2], cut: usize) -> String {
    let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![signed.cert.der().clone()], key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut session = ServerConnection::new(Arc::new(config)).unwrap();
        let mut request = [0; 4096];
        while session.reader().read(&mut request).is_err() {
            session.complete_io(&mut stream).unwrap();
        }
        let mut records = Vec::new();
        for part in answer {
            session.writer().write_all(part).unwrap();
            session.write_tls(&mut records).unwrap();
        }
        stream.write_all(&records[..records.len() - cut]).unwrap();
    });
    format!("https://{address}/")
}

#[tokio::test]
async fn a_body_may_end_with_the_connection_between_two_records_and_not_within_one() {
    let module =
        HttpModule { tls: TlsModule { insecure_skip_verify: true, ..TlsModule::default() }, ..HttpModule::default() };
    let open: &[u8] = b"HTTP/1.1 200 OK\r\n\r\nhello ";
    let whole = probe(module.clone(), &serve_cut([open, b"world"], 0)).await;
    assert_eq!((reason(&whole), whole.metrics.get("probe_http_uncompressed_body_length")), ("", Some(11.0)));
    assert_eq!(whole.metrics.get("probe_http_ssl"), Some(1.0));
    let within = probe(module.clone(), &serve_cut([open, b"world"], 3)).await;
    assert!(reason(&within).contains("without the end of TLS"), "{}", reason(&within));
    let promised: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello ";
    let short = probe(module, &serve_cut([promised, b"world"], 0)).await;
    assert!(reason(&short).contains("before the end of the body"), "{}", reason(&short));
}
