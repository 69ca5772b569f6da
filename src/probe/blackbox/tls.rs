//! TLS for the probers: who is asked for, who is believed, and what the handshake showed as metrics.
//!
//! A certificate is judged by Go's rules (`chain`) and every handshake is a full one. TLS below 1.2 is not spoken: where a
//! module allows it, 1.2 is the least that is offered, and where it demands it, the probe fails and says so.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use data_encoding::HEXLOWER;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use rustls::{
    CertificateError, CipherSuite, ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme,
    SupportedProtocolVersion,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::prelude::GeneralName;

use self::chain::{Doubt, Roots};
use super::{Failed, Metrics, TlsModule, TlsVersion};
use crate::probe::blame::blame;
use crate::probe::request::tls_words;
use crate::probe::{Facts, certificate, trust};

mod chain;
mod constraint;
mod host;
mod identity;
mod name;
mod signature;
#[cfg(test)]
mod tests;

/// What the exporter gives for the end of a chain that was not verified: the year 1, from which Go counts.
const NEVER: f64 = -62_135_596_800.0;

/// The cipher suites in the order in which Go offers them, so that a server that lets us choose chooses the same.
const SUITES: [CipherSuite; 9] = [
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    CipherSuite::TLS13_AES_256_GCM_SHA384,
    CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// How to speak TLS with a target, read and checked.
#[derive(Clone, Debug)]
pub(in crate::probe) struct Setup {
    name: String,
    roots: Arc<Roots>,
    insecure: bool,
    versions: Vec<&'static SupportedProtocolVersion>,
    /// Whether the module allows versions that are not spoken here.
    older: bool,
    identity: Option<Arc<SingleCertAndKey>>,
    alpn: Vec<Vec<u8>>,
}

impl Setup {
    /// Reads what the module names; `name` is asked for and verified where the module has no `server_name`.
    pub(super) fn new(module: &TlsModule, name: &str, alpn: &[&[u8]]) -> Result<Self, Failed> {
        let versions = versions(module)?;
        let roots = identity::roots(module)?;
        let identity = identity::client(module)?;
        let name = if module.server_name.is_empty() { name } else { &module.server_name };
        if name.is_empty() && !module.insecure_skip_verify {
            return Err(Failed::target("tls_config: there is no name to verify; set server_name"));
        }
        Ok(Self {
            name: name.to_owned(),
            roots,
            insecure: module.insecure_skip_verify,
            versions,
            older: module.min_version.is_some_and(|least| least < TlsVersion::Tls12),
            identity,
            alpn: alpn.iter().map(|protocol| protocol.to_vec()).collect(),
        })
    }

    /// Makes the handshake over a connection; when it is to end is the caller's.
    pub(super) async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        peer: SocketAddr,
    ) -> Result<(TlsStream<S>, Shown), Failed> {
        let record = Arc::new(Mutex::new(Record::default()));
        let connector = TlsConnector::from(Arc::new(self.config(record.clone())?));
        // What cannot be asked for is not asked for; the verifier goes by the text.
        let bare = self.name.split('%').next().unwrap_or_default();
        let name = host::address(bare).is_none().then(|| ServerName::try_from(self.name.clone()).ok()).flatten();
        let name = name.unwrap_or_else(|| ServerName::IpAddress(peer.ip().into()));
        let outcome = connector.connect(name, stream).await;
        let record = std::mem::take(&mut *record.lock().unwrap_or_else(PoisonError::into_inner));
        let stream = outcome.map_err(|error| self.explain(&error, record.doubt.as_ref(), peer))?;
        let session = stream.get_ref().1;
        let shown = Shown {
            alpn: session.alpn_protocol().map(<[u8]>::to_vec),
            presented: record.presented,
            until: record.until,
            version: session.protocol_version(),
            cipher: session.negotiated_cipher_suite().map(|suite| suite.suite()),
            name: self.name.clone(),
            roots: self.roots.clone(),
        };
        Ok((stream, shown))
    }

    fn config(&self, record: Arc<Mutex<Record>>) -> Result<ClientConfig, Failed> {
        let verifier = Verifier { record, name: self.name.clone(), roots: self.roots.clone(), insecure: self.insecure };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&self.versions)
            .map_err(|error| Failed::local(format!("TLS cannot be set up: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.identity {
            Some(identity) => builder.with_client_cert_resolver(identity.clone()),
            None => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::disabled();
        config.alpn_protocols.clone_from(&self.alpn);
        Ok(config)
    }

    /// Why there was no handshake.
    fn explain(&self, error: &io::Error, doubt: Option<&(Doubt, String)>, peer: SocketAddr) -> Failed {
        if let Some((doubt, words)) = doubt {
            let reason = format!("the certificate of {peer} {words}");
            return Failed { reason, local: matches!(doubt, Doubt::Unread(_)) };
        }
        if let Some(error) = error.get_ref().and_then(|error| error.downcast_ref::<Error>()) {
            let reason = format!("{peer} {}", tls_words(error));
            let alert = rustls::AlertDescription::ProtocolVersion;
            let incompatible = matches!(error, Error::PeerIncompatible(_)) || *error == Error::AlertReceived(alert);
            if self.older && incompatible {
                return Failed::local(format!(
                    "{reason}; TLS 1.0 and 1.1, which the module allows, are not spoken here"
                ));
            }
            return Failed::target(reason);
        }
        if error.raw_os_error().is_some() {
            return blame(error, peer).into();
        }
        Failed::target(format!("{peer} closed the connection during the TLS handshake"))
    }
}

/// The versions that a module leaves to us.
fn versions(module: &TlsModule) -> Result<Vec<&'static SupportedProtocolVersion>, Failed> {
    let least = module.min_version.unwrap_or(TlsVersion::Tls12);
    let most = module.max_version.unwrap_or(TlsVersion::Tls13);
    if least > most {
        return Err(Failed::target(format!(
            "tls_config: min_version {} is above max_version {}; swap them or drop one",
            word(least),
            word(most)
        )));
    }
    if most < TlsVersion::Tls12 {
        return Err(Failed::local(format!(
            "tls_config: max_version {} asks for what is not spoken here; TLS 1.2 and 1.3 are",
            word(most)
        )));
    }
    let spoken = [(TlsVersion::Tls12, &TLS12), (TlsVersion::Tls13, &TLS13)];
    Ok(spoken.into_iter().filter(|(version, _)| (least..=most).contains(version)).map(|(_, one)| one).collect())
}

fn word(version: TlsVersion) -> &'static str {
    match version {
        TlsVersion::Tls10 => "TLS10",
        TlsVersion::Tls11 => "TLS11",
        TlsVersion::Tls12 => "TLS12",
        TlsVersion::Tls13 => "TLS13",
    }
}

/// The cryptography of all probes, with the suites in Go's order.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let build = || {
        let mut provider = CryptoProvider::clone(&trust::provider());
        let rank = |suite| SUITES.iter().position(|known| *known == suite).unwrap_or(SUITES.len());
        provider.cipher_suites.sort_by_key(|suite| rank(suite.suite()));
        Arc::new(provider)
    };
    PROVIDER.get_or_init(build).clone()
}

/// What a handshake showed.
#[derive(Clone, Debug)]
pub(in crate::probe) struct Shown {
    /// The protocol that was agreed upon.
    pub(super) alpn: Option<Vec<u8>>,
    presented: Vec<CertificateDer<'static>>,
    until: Option<i64>,
    version: Option<ProtocolVersion>,
    cipher: Option<CipherSuite>,
    name: String,
    roots: Arc<Roots>,
}

impl Shown {
    /// Sets `probe_ssl_*` and `probe_tls_version_info`, and `probe_tls_cipher_info` where the prober has it.
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a double, and seconds of any date fit")]
    pub(super) fn metrics(&self, cipher: bool, metrics: &mut Metrics) {
        let presented: Vec<_> = self.presented.iter().filter_map(chain::parse).collect();
        if let Some(earliest) = presented.iter().map(|one| one.validity().not_after.timestamp()).min() {
            metrics.set("probe_ssl_earliest_cert_expiry", earliest as f64);
        }
        let until = self.until.map_or(NEVER, |until| until as f64);
        metrics.set("probe_ssl_last_chain_expiry_timestamp_seconds", until);
        if let Some(leaf) = presented.first() {
            let hosts = host::names(leaf).iter().filter_map(|name| match name {
                GeneralName::DNSName(name) => Some(*name),
                _ => None,
            });
            let serial: Vec<_> = leaf.raw_serial().iter().copied().skip_while(|byte| *byte == 0).collect();
            let fingerprint = ring::digest::digest(&ring::digest::SHA256, leaf.as_raw());
            let labels = [
                ("fingerprint_sha256", HEXLOWER.encode(fingerprint.as_ref())),
                ("issuer", name::print(leaf.issuer())),
                ("serialnumber", HEXLOWER.encode(&serial)),
                ("subject", name::print(leaf.subject())),
                ("subjectalternative", hosts.collect::<Vec<_>>().join(",")),
            ];
            let labels = labels.each_ref().map(|(name, value)| (*name, value.as_str()));
            metrics.labelled("probe_ssl_last_chain_info", &labels, 1.0);
        }
        metrics.labelled("probe_tls_version_info", &[("version", self.version())], 1.0);
        if cipher {
            metrics.labelled("probe_tls_cipher_info", &[("cipher", &self.cipher())], 1.0);
        }
    }

    /// Records `tls.*` as the http probe of suites has it, also of a certificate that was not to be verified.
    pub(in crate::probe) fn facts(&self, facts: &mut Facts) {
        let Some((leaf, chain)) = self.presented.split_first() else { return };
        let now = UnixTime::now();
        let verdict = chain::verify(&self.presented, &self.roots, &self.name, seconds(now));
        facts.insert("tls.version", self.version().trim_start_matches("TLS "));
        facts.insert("tls.verified", verdict.is_ok());
        facts.insert("tls.trusted", self.roots.trust().vouches(leaf, chain));
        facts.insert("tls.named", chain::parse(leaf).is_some_and(|leaf| host::verify(&leaf, &self.name).is_ok()));
        if let Err(doubt) = verdict {
            facts.insert("tls.problem", words(&doubt, &self.presented, &self.name, now));
        }
        certificate::facts(leaf, facts);
    }

    fn version(&self) -> &'static str {
        match self.version {
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
            _ => "unknown",
        }
    }

    /// By the name of its registration, which says nothing of the version.
    fn cipher(&self) -> String {
        let name = self.cipher.and_then(|suite| suite.as_str()).unwrap_or("unknown");
        name.replace("TLS13_", "TLS_")
    }
}

fn seconds(now: UnixTime) -> i64 {
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

/// What a server has shown so far.
#[derive(Debug, Default)]
struct Record {
    presented: Vec<CertificateDer<'static>>,
    until: Option<i64>,
    doubt: Option<(Doubt, String)>,
}

/// Writes down what the server shows, then judges it.
#[derive(Debug)]
struct Verifier {
    record: Arc<Mutex<Record>>,
    name: String,
    roots: Arc<Roots>,
    insecure: bool,
}

impl Verifier {
    fn signed(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verdict = chain::parse(leaf).and_then(|leaf| signature::of_handshake(&leaf, message, signature));
        match verdict {
            Some(true) => Ok(HandshakeSignatureValid::assertion()),
            None if self.insecure => Ok(HandshakeSignatureValid::assertion()),
            _ => Err(Error::InvalidCertificate(CertificateError::BadSignature)),
        }
    }
}

/// Why a certificate is not believed; completes "the certificate of 10.10.10.10:443 …".
fn words(doubt: &Doubt, presented: &[CertificateDer<'_>], name: &str, now: UnixTime) -> String {
    match doubt {
        Doubt::Told(words) | Doubt::Unread(words) => words.clone(),
        // A library's name cannot hold every text that a module may give.
        Doubt::Known(CertificateError::NotValidForName) if ServerName::try_from(name).is_err() => {
            format!("is not for `{}`, which is no host's name: set server_name", name)
        }
        Doubt::Known(error) => match (presented.split_first(), ServerName::try_from(name)) {
            (Some((leaf, chain)), Ok(name)) => {
                certificate::problem(&Error::InvalidCertificate(error.clone()), leaf, chain, &name, now)
            }
            _ => format!("is refused: {error}"),
        },
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let presented: Vec<_> = std::iter::once(leaf).chain(chain).map(|one| one.clone().into_owned()).collect();
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        record.presented.clone_from(&presented);
        if presented.iter().any(|one| chain::parse(one).is_none()) {
            let doubt = Doubt::Known(CertificateError::BadEncoding);
            record.doubt = Some((doubt, "cannot be read: issue it again".to_owned()));
            return Err(Error::InvalidCertificate(CertificateError::BadEncoding));
        }
        if self.insecure {
            return Ok(ServerCertVerified::assertion());
        }
        match chain::verify(&presented, &self.roots, &self.name, seconds(now)) {
            Ok(until) => {
                record.until = Some(until);
                Ok(ServerCertVerified::assertion())
            }
            Err(doubt) => {
                let words = words(&doubt, &presented, &self.name, now);
                record.doubt = Some((doubt, words));
                Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
