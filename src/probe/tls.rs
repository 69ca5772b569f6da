//! TLS settings, and a record of what a handshake showed, also of one that failed.
//!
//! The verifier first writes down the certificate, then verifies it against the system's roots and a CA file, and refuses
//! only if it is told to verify. No session is resumed, so that every handshake shows a certificate. TLS below 1.2 is not
//! spoken.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue, WebPkiServerVerifier,
};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, NamedGroup, RootCertStore, SignatureScheme,
};

use super::{Facts, ProbeError, certificate};

/// How to speak TLS with a target.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tls {
    /// Whether a certificate that cannot be verified is recorded and accepted.
    pub(super) insecure: bool,
    /// A file of CA certificates that are trusted besides the system's.
    pub(super) ca_file: Option<PathBuf>,
    /// The name to ask for and to verify, if it is not the URL's.
    pub(super) server_name: Option<String>,
}

impl Tls {
    /// Settings for one handshake, whose course is written into `handshake`.
    pub(super) fn config(
        &self,
        host: &str,
        http2: bool,
        handshake: &Arc<Handshake>,
    ) -> Result<ClientConfig, ProbeError> {
        let host = self.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
        let name = name.map_err(|_| ProbeError::Local(format!("{host}: not a name that TLS can ask for")))?;
        let mut trusts =
            self.ca_file.as_deref().map(Trust::read).transpose()?.map(Arc::new).into_iter().collect::<Vec<_>>();
        trusts.push(Trust::native());
        let recorder = Recorder { handshake: handshake.clone(), trusts, name, insecure: self.insecure };
        let versions = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let mut config = versions
            .map_err(|error| ProbeError::Local(format!("TLS cannot be set up: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(recorder))
            .with_no_client_auth();
        config.resumption = Resumption::store(handshake.clone());
        config.alpn_protocols =
            if http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
        Ok(config)
    }
}

/// Settings for a client that will speak no TLS but is built faster when it need not think up its own.
pub(super) fn unused() -> Result<ClientConfig, ProbeError> {
    static UNUSED: OnceLock<Option<ClientConfig>> = OnceLock::new();
    let build = || {
        let versions = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().ok()?;
        Some(versions.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
    };
    UNUSED.get_or_init(build).clone().ok_or_else(|| ProbeError::Local("TLS cannot be set up".to_owned()))
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(ring::default_provider())).clone()
}

/// What a handshake showed so far.
#[derive(Debug, Default)]
pub(super) struct Handshake(Mutex<Record>);

#[derive(Debug, Default)]
struct Record {
    started: bool,
    version: Option<&'static str>,
    leaf: Option<CertificateDer<'static>>,
    problem: Option<String>,
}

impl Handshake {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the TCP connection was made and the handshake begun.
    pub(super) fn started(&self) -> bool {
        self.record().started
    }

    /// What is wrong with the certificate, if it was shown and something is.
    pub(super) fn problem(&self) -> Option<String> {
        self.record().problem.clone()
    }

    /// Records `tls.version`, `tls.verified`, `tls.problem` and the certificate's facts.
    pub(super) fn facts(&self, facts: &mut Facts) {
        let record = self.record();
        if let Some(version) = record.version {
            facts.insert("tls.version", version);
        }
        if let Some(leaf) = &record.leaf {
            facts.insert("tls.verified", record.problem.is_none());
            certificate::facts(leaf, facts);
        }
        if let Some(problem) = &record.problem {
            facts.insert("tls.problem", problem.as_str());
        }
    }
}

/// Remembers nothing; that it is asked shows that the connection stands and the handshake begins.
impl ClientSessionStore for Handshake {
    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        self.record().started = true;
        None
    }
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}
    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}
    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }
    fn remove_tls12_session(&self, _: &ServerName<'static>) {}
    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {}
    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}

/// Certificates that are trusted, from one source.
#[derive(Debug)]
struct Trust {
    verifier: Option<Arc<WebPkiServerVerifier>>,
    anchors: Vec<CertificateDer<'static>>,
}

impl Trust {
    fn new(anchors: Vec<CertificateDer<'static>>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(anchors.iter().cloned());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build().ok();
        Self { verifier, anchors }
    }

    /// The system's roots, loaded once: that takes milliseconds.
    fn native() -> Arc<Self> {
        static NATIVE: OnceLock<Arc<Trust>> = OnceLock::new();
        NATIVE.get_or_init(|| Arc::new(Self::new(rustls_native_certs::load_native_certs().certs))).clone()
    }

    fn read(path: &Path) -> Result<Self, ProbeError> {
        let local = |what: String| {
            ProbeError::Local(format!("{}: {what}; give a file of CA certificates as ca_file", path.display()))
        };
        let pem = std::fs::read(path).map_err(|error| local(format!("cannot be read: {}", error.kind())))?;
        let anchors: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let trust = Self::new(anchors.map_err(|_| local("is not PEM".to_owned()))?);
        if trust.verifier.is_none() { Err(local("holds no CA certificate".to_owned())) } else { Ok(trust) }
    }

    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        if self.anchors.iter().any(|anchor| anchor == leaf) {
            // A server that shows a trusted certificate itself, as `openssl req -x509` makes it: there is no chain to build.
            certificate::validity(leaf, now)?;
            return rustls::client::verify_server_name(&ParsedCertificate::try_from(leaf)?, name);
        }
        let unknown = || Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let verifier = self.verifier.as_ref().ok_or_else(unknown)?;
        verifier.verify_server_cert(leaf, chain, name, &[], now).map(drop)
    }
}

/// Writes down what the server shows, then verifies it.
#[derive(Debug)]
struct Recorder {
    handshake: Arc<Handshake>,
    trusts: Vec<Arc<Trust>>,
    name: ServerName<'static>,
    insecure: bool,
}

impl Recorder {
    /// Whether any source of trust vouches for the certificate; else the first error that tells more than that nobody does.
    fn verify(&self, leaf: &CertificateDer<'_>, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Error> {
        let stranger = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let mut telling = None;
        for trust in &self.trusts {
            match trust.verify(leaf, chain, &self.name, now) {
                Ok(()) => return Ok(()),
                Err(error) if error != stranger => telling = telling.or(Some(error)),
                Err(_) => {}
            }
        }
        Err(telling.unwrap_or(stranger))
    }

    /// What a signature's verification means: a certificate that cannot be read is no excuse for a wrong signature.
    fn signed(
        &self,
        version: &'static str,
        result: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        let mut record = self.handshake.record();
        record.version = Some(version);
        match result {
            Err(error) if self.insecure && error != Error::InvalidCertificate(CertificateError::BadSignature) => {
                record.problem.get_or_insert_with(|| format!("cannot be used: {error}"));
                Ok(HandshakeSignatureValid::assertion())
            }
            other => other,
        }
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.verify(leaf, chain, now);
        let problem = verified.as_ref().err().map(|error| certificate::problem(error, leaf, chain, &self.name, now));
        let mut record = self.handshake.record();
        record.leaf = Some(leaf.clone().into_owned());
        record.problem = problem;
        if self.insecure {
            Ok(ServerCertVerified::assertion())
        } else {
            verified.map(|()| ServerCertVerified::assertion())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &provider().signature_verification_algorithms;
        self.signed("1.2", verify_tls12_signature(message, leaf, signature, algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &provider().signature_verification_algorithms;
        self.signed("1.3", verify_tls13_signature(message, leaf, signature, algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
