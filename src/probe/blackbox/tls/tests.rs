use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, CustomExtension, DnType, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, Issuer, KeyPair, NameConstraints,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::{CertificateError, ServerConfig};
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::TlsAcceptor;

use super::shown::NEVER;
use super::*;
use crate::probe::blackbox::{Metrics, Source};
use crate::value::Secret;

mod belief;

const PEER: &str = "127.0.0.1:443";

/// A certificate with its key; who signs with it is told by its parameters.
struct Signed {
    params: CertificateParams,
    key: KeyPair,
    certificate: rcgen::Certificate,
}

/// The parameters of a certificate that holds for some days, from yesterday on.
fn params(name: &str, days: i64) -> CertificateParams {
    let hosts = if name.contains(' ') { Vec::new() } else { vec![name.to_owned()] };
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = at(-1).into();
    params.not_after = at(days).into();
    params
}

fn with(mut params: CertificateParams, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    change(&mut params);
    params
}

fn at(days: i64) -> SystemTime {
    let span = Duration::from_secs(days.unsigned_abs() * 86_400);
    if days < 0 { SystemTime::now() - span } else { SystemTime::now() + span }
}

fn authority(name: &str, days: i64) -> CertificateParams {
    with(params(name, days), |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))
}

fn own(params: CertificateParams) -> Signed {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Signed { params, key, certificate }
}

impl Signed {
    fn sign(&self, params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &Issuer::from_params(&self.params, &self.key)).unwrap();
        Self { params, key, certificate }
    }

    fn der(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    /// As a gauge has it.
    fn end(&self) -> f64 {
        f64::from(u32::try_from(self.until()).unwrap())
    }

    fn until(&self) -> i64 {
        chain::parse(self.certificate.der()).unwrap().validity().not_after.timestamp()
    }
}

fn ca(signed: &Signed) -> TlsModule {
    TlsModule { ca: Some(Source::Text(Secret::from(signed.certificate.pem().as_str()))), ..TlsModule::default() }
}

fn server(chain: &[&Signed]) -> rustls::ServerConfig {
    let key = PrivateKeyDer::try_from(chain[0].key.serialize_der()).unwrap();
    let builder = ServerConfig::builder_with_provider(trust::provider()).with_safe_default_protocol_versions().unwrap();
    let chain = chain.iter().map(|one| one.der()).collect();
    builder.with_no_client_auth().with_single_cert(chain, key).unwrap()
}

async fn shaken(module: &TlsModule, name: &str, config: ServerConfig) -> Result<Shown, Failed> {
    let (ours, theirs) = duplex(1 << 16);
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = tokio::spawn(async move { acceptor.accept(theirs).await.map(drop) });
    let setup = Setup::new(module, name, &[b"h2", b"http/1.1"])?;
    let outcome = setup.handshake(ours, PEER.parse().unwrap()).await.map(|(_, shown)| shown);
    drop(server.await);
    outcome
}

async fn against(words: &[u8], module: &TlsModule) -> Failed {
    async fn say(mut stream: DuplexStream, words: Vec<u8>) {
        stream.write_all(&words).await.unwrap();
    }
    let (ours, theirs) = duplex(1 << 16);
    tokio::spawn(say(theirs, words.to_vec()));
    let setup = Setup::new(module, "i.pigsty", &[]).unwrap();
    setup.handshake(ours, PEER.parse().unwrap()).await.map(drop).unwrap_err()
}

#[tokio::test]
async fn a_handshake_gives_what_the_exporter_exports() {
    let root = own(authority("the root", 10));
    let mut params = params("i.pigsty", 5);
    params.serial_number = Some(rcgen::SerialNumber::from_slice(&[0x0b, 0xff]));
    let leaf = root.sign(params);
    let mut config = server(&[&leaf, &root]);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let shown = shaken(&ca(&root), "i.pigsty", config).await.unwrap();
    assert_eq!(shown.alpn.as_deref(), Some(b"h2".as_slice()));
    let mut metrics = Metrics::default();
    shown.metrics(true, &mut metrics);
    assert_eq!(metrics.get("probe_ssl_earliest_cert_expiry"), Some(leaf.end()));
    assert_eq!(metrics.get("probe_ssl_last_chain_expiry_timestamp_seconds"), Some(leaf.end()));
    let text = metrics.to_string();
    assert!(text.contains("issuer=\"CN=the root\",serialnumber=\"0bff\",subject=\"CN=i.pigsty\""), "{text}");
    assert!(text.contains("subjectalternative=\"i.pigsty\""), "{text}");
    assert!(text.contains("probe_tls_version_info{version=\"TLS 1.3\"} 1"), "{text}");
    assert!(text.contains("probe_tls_cipher_info{cipher=\"TLS_AES_"), "{text}");
}

#[tokio::test]
async fn nothing_is_verified_where_nothing_is_to_be() {
    let leaf = own(with(params("g.pigsty", -2), |params| params.not_before = at(-9).into()));
    let module = TlsModule { insecure_skip_verify: true, ..TlsModule::default() };
    let mut metrics = Metrics::default();
    shaken(&module, "i.pigsty:443", server(&[&leaf])).await.unwrap().metrics(false, &mut metrics);
    assert_eq!(metrics.get("probe_ssl_last_chain_expiry_timestamp_seconds"), Some(NEVER));
    assert_eq!(metrics.get("probe_ssl_earliest_cert_expiry"), Some(leaf.end()));
    assert_eq!(metrics.get("probe_tls_cipher_info"), None);
}

#[tokio::test]
async fn a_certificate_that_is_not_believed_is_named_with_its_reason() {
    let root = own(authority("the root", 10));
    let expired = root.sign(with(params("i.pigsty", -2), |params| params.not_before = at(-9).into()));
    let stranger = own(params("i.pigsty", 9));
    for (leaf, name, words) in [
        (&expired, "i.pigsty", "expired on "),
        (&stranger, "i.pigsty", "is self-signed and not trusted"),
        (&root.sign(params("g.pigsty", 9)), "i.pigsty", "is for another name: i.pigsty is not among g.pigsty"),
        (&root.sign(params("i.pigsty", 9)), "i.pigsty:443", "is not for `i.pigsty:443`, which is no host's name"),
    ] {
        let error = shaken(&ca(&root), name, server(&[leaf])).await.unwrap_err();
        assert!(error.reason.starts_with(&format!("the certificate of {PEER} {words}")), "{}", error.reason);
        assert!(!error.local);
    }
}

#[tokio::test]
async fn what_is_no_handshake_is_told_apart() {
    let plain = against(b"220 mail.pigsty ESMTP\r\n", &TlsModule::default()).await;
    assert_eq!(plain, Failed::target(format!("{PEER} does not speak TLS: it answered something else")));
    let closed = against(b"", &TlsModule::default()).await;
    assert_eq!(closed, Failed::target(format!("{PEER} closed the connection during the TLS handshake")));
    let alert = [0x15, 3, 1, 0, 2, 2, 70];
    let old = against(&alert, &TlsModule::default()).await;
    assert_eq!(old, Failed::target(format!("{PEER} offers no TLS 1.2 or 1.3 that we can use")));
    let allowed = TlsModule { min_version: Some(TlsVersion::Tls10), ..TlsModule::default() };
    let old = against(&alert, &allowed).await;
    assert!(old.local && old.reason.ends_with("TLS 1.0 and 1.1, which the module allows, are not spoken here"));
}

#[tokio::test]
async fn what_is_not_spoken_here_is_said_to_be_so() {
    let nothing = against(&[0x15, 3, 1, 0, 2, 2, 40], &TlsModule::default()).await;
    assert!(
        nothing.reason.ends_with("(here: ECDHE with AES-GCM or ChaCha20, over X25519, P-256 or P-384)"),
        "{nothing:?}"
    );
    let root = own(authority("the root", 10));
    let leaf = root.sign(params("i.pigsty", 9));
    let long = shaken(&ca(&root), "i.pigsty", server(&vec![&leaf; 300])).await.unwrap_err();
    assert!(long.local && long.reason.contains("more than 64 KiB of certificates"), "{long:?}");
}

#[tokio::test]
async fn versions_are_those_of_the_module() {
    let leaf = own(params("i.pigsty", 9));
    let limited = |min, max| TlsModule { min_version: min, max_version: max, ..ca(&leaf) };
    let old = shaken(&limited(None, Some(TlsVersion::Tls12)), "i.pigsty", server(&[&leaf])).await.unwrap();
    assert_eq!(old.version(), "TLS 1.2");
    assert_eq!(old.cipher(), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    for (min, max, words) in [
        (Some(TlsVersion::Tls13), Some(TlsVersion::Tls12), "min_version TLS13 is above max_version TLS12"),
        (None, Some(TlsVersion::Tls11), "min_version TLS12 is above max_version TLS11"),
        (Some(TlsVersion::Tls10), Some(TlsVersion::Tls11), "max_version TLS11 asks for what is not spoken here"),
    ] {
        let error = Setup::new(&limited(min, max), "i.pigsty", &[]).unwrap_err();
        assert!(error.reason.contains(words), "{}", error.reason);
    }
}

#[test]
fn sources_that_cannot_be_used_are_named() {
    let (one, other) = (own(params("i.pigsty", 9)), own(params("i.pigsty", 9)));
    let text = |text: String| Some(Source::Text(Secret::from(text.as_str())));
    let file = |path: &str| Some(Source::File(path.into()));
    let none = TlsModule::default;
    for (module, words) in [
        (TlsModule { ca: file("/nowhere/ca.crt"), ..none() }, "/nowhere/ca.crt: cannot be read: entity not found"),
        (TlsModule { ca: file("/dev/null"), ..none() }, "/dev/null: holds no certificate in PEM"),
        (TlsModule { ca: file("/dev/zero"), ..none() }, "/dev/zero: is longer than"),
        (TlsModule { ca: text("nonsense".into()), ..none() }, "tls_config.ca: holds no certificate in PEM"),
        (TlsModule { ca: Some(Source::Reference("vault/ca".into())), ..none() }, "`vault/ca` is of a secret manager"),
        (
            TlsModule { cert: text(one.certificate.pem()), key: text(other.key.serialize_pem()), ..none() },
            "tls_config.key: cannot be used with the cert",
        ),
        (
            TlsModule { cert: text(one.certificate.pem()), key: text("nonsense".into()), ..none() },
            "holds no private key",
        ),
        (
            TlsModule { cert: text(String::new()), key: text(one.key.serialize_pem()), ..none() },
            "tls_config.cert: holds no",
        ),
    ] {
        let error = Setup::new(&module, "i.pigsty", &[]).unwrap_err();
        assert!(error.reason.contains(words), "{}", error.reason);
    }
    assert!(Setup::new(&none(), "", &[]).is_err());
}
