//! HTTPS, with certificates as they should be and as they are.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use infra_verify::probe::{Facts, Failure, ProbeError};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::server::{LONG, ask, blamed, head, ok, serve};

/// A CA and the file that holds its certificate.
pub(crate) struct Ca {
    pub(crate) issuer: Issuer<'static, KeyPair>,
    file: tempfile::NamedTempFile,
}

impl Ca {
    pub(crate) fn new() -> Self {
        Self::valid(1975, 4096)
    }

    /// A CA that is valid from the first day of a year to the first of another.
    pub(crate) fn valid(from: i32, to: i32) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "pigsty-ca");
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
        let certificate = params.self_signed(&key).unwrap();
        Self { file: file(&certificate.pem()), issuer: Issuer::new(params, key) }
    }

    /// A certificate that is signed by this CA.
    pub(crate) fn sign(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { chain: vec![certificate.der().clone()], key: key.serialize_der() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.file.path().to_owned()
    }
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

pub(crate) struct Identity {
    /// The certificate, and those that are shown beside it.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: Vec<u8>,
}

pub(crate) fn names(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "pigsty");
    params.not_after = date_time_ymd(2100, 1, 1);
    params
}

/// Shows one certificate to everybody, whether it fits or not.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

fn settings(identity: &Identity, versions: &[&'static rustls::SupportedProtocolVersion]) -> ServerConfig {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key.clone()));
    let key = ring::sign::any_supported_type(&key).unwrap();
    let shown = Shown(Arc::new(CertifiedKey::new(identity.chain.clone(), key)));
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown))
}

/// An HTTPS server that answers `200 well`, and tells by which name it was asked for.
pub(crate) fn https(
    identity: &Identity,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> (SocketAddr, Receiver<Option<String>>) {
    let config = Arc::new(settings(identity, versions));
    let (sender, receiver) = channel();
    let sender = Mutex::new(sender);
    let address = serve(move |stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
        if head(&mut stream).is_empty() {
            return;
        }
        sender.lock().unwrap().send(stream.conn.server_name().map(str::to_owned)).ok();
        stream.write_all(ok("well").as_bytes()).ok();
        stream.conn.send_close_notify();
        stream.flush().ok();
    });
    (address, receiver)
}

/// Asks for a name at an address, with these TLS settings.
pub(crate) async fn get(name: &str, address: SocketAddr, settings: Value) -> Result<Facts, ProbeError> {
    ask(json!({"get": format!("https://{name}/"), "address": address.to_string(), "tls_config": settings}), LONG).await
}

#[tokio::test]
async fn a_certificate_of_a_known_ca_is_verified_and_recorded() {
    let ca = Ca::new();
    let identity = ca.sign(&names(&["i.pigsty", "*.pigsty", "127.0.0.1"]));
    for (version, text) in [(&rustls::version::TLS13, "1.3"), (&rustls::version::TLS12, "1.2")] {
        let (address, asked) = https(&identity, &[version]);
        let facts = get("i.pigsty", address, json!({"ca_file": ca.path()})).await.unwrap().0;
        assert_eq!((&facts["status"], &facts["body"]), (&json!(200), &json!("well")));
        assert_eq!((&facts["tls.version"], &facts["tls.verified"]), (&json!(text), &json!(true)));
        assert_eq!(facts["tls.names"], json!(["i.pigsty", "*.pigsty", "127.0.0.1"]));
        assert_eq!((&facts["tls.subject"], &facts["tls.issuer"]), (&json!("CN=pigsty"), &json!("CN=pigsty-ca")));
        assert_eq!(facts["tls.not_before"], "1975-01-01T00:00:00Z");
        assert_eq!(facts["tls.not_after"], "2100-01-01T00:00:00Z");
        assert!(facts["tls.expires_in"].as_i64().unwrap() > 0);
        assert!(!facts.contains_key("tls.problem"));
        assert_eq!(asked.recv().unwrap().as_deref(), Some("i.pigsty"));
    }
}

#[tokio::test]
async fn the_name_that_is_verified_is_the_urls_or_the_given_one() {
    let ca = Ca::new();
    let (address, asked) = https(&ca.sign(&names(&["i.pigsty", "10.10.10.10"])), rustls::ALL_VERSIONS);
    let by_address = get("10.10.10.10", address, json!({"ca_file": ca.path()})).await.unwrap().0;
    assert_eq!(by_address["tls.verified"], true);
    assert_eq!(asked.recv().unwrap(), None);
    let url = format!("https://{address}/");
    let fields = json!({"get": url, "tls_config": {"ca_file": ca.path(), "server_name": "i.pigsty"}});
    assert_eq!(ask(fields, LONG).await.unwrap().0["tls.verified"], true);
    assert_eq!(asked.recv().unwrap().as_deref(), Some("i.pigsty"));
    let (kind, reason) = blamed(get("p.pigsty", address, json!({"ca_file": ca.path()})).await);
    assert_eq!(kind, Failure::Protocol);
    let expected =
        format!("the certificate of {address} is for another name: p.pigsty is not among i.pigsty, 10.10.10.10");
    assert_eq!(reason, expected);
}

/// What is said of a certificate with a valid name, strictly and where it is accepted nevertheless.
async fn problem(identity: &Identity, ca_file: Option<PathBuf>) -> String {
    let (address, _asked) = https(identity, rustls::ALL_VERSIONS);
    let (kind, strict) = blamed(get("i.pigsty", address, json!({"ca_file": ca_file})).await);
    assert_eq!(kind, Failure::Protocol);
    let lax = get("i.pigsty", address, json!({"ca_file": ca_file, "insecure_skip_verify": "true"})).await.unwrap().0;
    assert_eq!((&lax["status"], &lax["tls.verified"]), (&json!(200), &json!(false)));
    let problem = lax["tls.problem"].as_str().unwrap().to_owned();
    assert_eq!(strict, format!("the certificate of {address} {problem}"));
    problem
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_said_with_what_to_do() {
    let ca = Ca::new();
    let good = names(&["i.pigsty"]);
    let mut expired = good.clone();
    expired.not_after = date_time_ymd(2020, 2, 3);
    let mut early = good.clone();
    early.not_before = date_time_ymd(2099, 2, 3);
    let mut client = good.clone();
    client.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    for (params, expected) in [
        (&expired, "expired on 2020-02-03T00:00:00Z"),
        (&early, "is not yet valid: it begins on 2099-02-03T00:00:00Z"),
        (&names(&[]), "names no host (it has no subjectAltName), so it is not for i.pigsty"),
        (&client, "is not meant for servers (no serverAuth among its extended key usages)"),
    ] {
        assert_eq!(problem(&ca.sign(params), Some(ca.path())).await, expected);
    }
    let stranger = problem(&ca.sign(&good), None).await;
    assert_eq!(stranger, "is signed by unknown CA 'pigsty-ca': give the CA's certificate as ca_file");
    let impostor = problem(&ca.sign(&good), Some(Ca::new().path())).await;
    assert_eq!(impostor, "is not really signed by 'pigsty-ca'");
}

pub(crate) fn self_signed(is_ca: IsCa, year: i32) -> (Identity, tempfile::NamedTempFile) {
    let key = KeyPair::generate().unwrap();
    let mut params = names(&["i.pigsty"]);
    (params.is_ca, params.not_after) = (is_ca, date_time_ymd(year, 1, 1));
    let certificate = params.self_signed(&key).unwrap();
    (Identity { chain: vec![certificate.der().clone()], key: key.serialize_der() }, file(&certificate.pem()))
}

#[tokio::test]
async fn a_self_signed_certificate_is_good_exactly_where_it_is_trusted() {
    for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let (identity, file) = self_signed(is_ca, 2100);
        let expected = "is self-signed and not trusted: give it as ca_file";
        assert_eq!(problem(&identity, None).await, expected);
        let (address, _asked) = https(&identity, rustls::ALL_VERSIONS);
        let facts = get("i.pigsty", address, json!({"ca_file": file.path()})).await.unwrap().0;
        assert_eq!(facts["tls.verified"], true);
        let (_, reason) = blamed(get("p.pigsty", address, json!({"ca_file": file.path()})).await);
        assert!(reason.contains("p.pigsty is not among i.pigsty"), "{reason}");
        let (expired, file) = self_signed(is_ca, 2020);
        assert_eq!(problem(&expired, Some(file.path().into())).await, "expired on 2020-01-01T00:00:00Z");
    }
}

#[tokio::test]
async fn a_certificate_of_version_1_is_named_as_such() {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("v1.pem")).unwrap();
    let key = KeyPair::generate().unwrap().serialize_der();
    let problem = problem(&Identity { chain: vec![certificate], key }, None).await;
    assert_eq!(problem, "is of X.509 version 1, which TLS clients refuse: issue it again as version 3");
}

#[tokio::test]
async fn a_certificate_without_its_key_is_never_accepted() {
    let ca = Ca::new();
    let other = KeyPair::generate().unwrap().serialize_der();
    let identity = Identity { key: other, ..ca.sign(&names(&["i.pigsty"])) };
    let (address, _asked) = https(&identity, rustls::ALL_VERSIONS);
    for insecure in [false, true] {
        let settings = json!({"ca_file": ca.path(), "insecure_skip_verify": insecure});
        let (kind, reason) = blamed(get("i.pigsty", address, settings).await);
        assert_eq!(kind, Failure::Protocol);
        assert!(reason.contains("certificate and key do not belong together"), "{reason}");
    }
}

#[tokio::test]
async fn a_ca_file_that_cannot_be_used_is_our_trouble() {
    let (identity, _) = self_signed(IsCa::NoCa, 2100);
    let (address, _asked) = https(&identity, rustls::ALL_VERSIONS);
    let text = file("no certificate at all");
    let broken = file("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n");
    for path in [PathBuf::from("/no/such/ca.crt"), text.path().into(), broken.path().into()] {
        let error = get("i.pigsty", address, json!({"ca_file": path})).await.unwrap_err();
        let begin = format!("{}: ", path.display());
        assert!(matches!(&error, ProbeError::Local(said) if said.starts_with(&begin)), "{error:?}");
    }
}

#[tokio::test]
async fn what_does_not_speak_our_tls_says_so() {
    let alert = |description: u8| [0x15, 3, 1, 0, 2, 2, description].to_vec();
    for (answer, reason) in [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "does not speak TLS"),
        (b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(), "does not speak TLS"),
        (alert(70), "offers no TLS 1.2 or 1.3"),
        (alert(40), "no version or cipher in common"),
        (alert(112), "has no certificate for this name"),
        (Vec::new(), "closed the connection during the TLS handshake"),
    ] {
        let address = serve(move |mut stream| {
            stream.read_exact(&mut [0; 64]).ok();
            stream.write_all(&answer).ok();
            stream.shutdown(std::net::Shutdown::Write).ok();
            stream.read_to_end(&mut Vec::new()).ok();
        });
        let (kind, said) = blamed(get("i.pigsty", address, json!({})).await);
        assert_eq!(kind, Failure::Protocol);
        assert!(said.starts_with(&format!("{address} ")) && said.contains(reason), "{said}");
    }
}

#[tokio::test]
async fn plain_http_to_a_tls_port_is_no_answer_in_http() {
    let (identity, _) = self_signed(IsCa::NoCa, 2100);
    let (address, _asked) = https(&identity, rustls::ALL_VERSIONS);
    let (kind, _) = blamed(crate::server::get(address).await);
    assert_eq!(kind, Failure::Protocol);
}

#[tokio::test]
async fn a_handshake_that_never_ends_says_that_the_connection_was_made() {
    let address = serve(|mut stream| {
        stream.read_to_end(&mut Vec::new()).ok();
    });
    let fields = json!({"get": "https://i.pigsty/", "address": address.to_string()});
    let (kind, reason) = blamed(ask(fields, Duration::from_millis(200)).await);
    assert_eq!(kind, Failure::Silent);
    let expected = format!("{address} accepted the connection but did not finish the TLS handshake within 200 ms");
    assert_eq!(reason, expected);
}

#[tokio::test]
async fn a_body_that_tls_does_not_end_may_be_cut_off() {
    let (identity, _) = self_signed(IsCa::NoCa, 2100);
    let config = Arc::new(settings(&identity, rustls::ALL_VERSIONS));
    let address = serve(move |stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
        head(&mut stream);
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nhalf of a bo").ok();
    });
    let (kind, reason) = blamed(get("i.pigsty", address, json!({"insecure_skip_verify": true})).await);
    let expected = format!("{address} closed the connection without the end of TLS, so that the body may be cut off");
    assert_eq!((kind, reason), (Failure::Protocol, expected));
}

#[tokio::test]
async fn http_2_is_spoken_where_the_server_offers_it() {
    let ca = Ca::new();
    let mut config = settings(&ca.sign(&names(&["127.0.0.1"])), rustls::ALL_VERSIONS);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let config = Arc::new(config);
    let address = serve(move |stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
        stream.read_exact(&mut [0; 24]).unwrap();
        stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).unwrap();
        let mut frame = [0; 9];
        // Frames up to the request's headers, which are of type 1 and on stream 1.
        while frame[3] != 1 && stream.read_exact(&mut frame).is_ok() {
            let length = u32::from_be_bytes([0, frame[0], frame[1], frame[2]]) as usize;
            stream.read_exact(&mut vec![0; length]).unwrap();
        }
        // Headers that end the stream, and one of them: `:status: 200`, number 8 of the static table.
        stream.write_all(&[0, 0, 1, 1, 5, 0, 0, 0, 1, 0x88]).unwrap();
        stream.read_to_end(&mut Vec::new()).ok();
    });
    let fields = json!({"get": format!("https://{address}/"), "tls_config": {"ca_file": ca.path()}});
    let facts = ask(fields, LONG).await.unwrap().0;
    assert_eq!((&facts["status"], &facts["version"]), (&json!(200), &json!("2")));
}
