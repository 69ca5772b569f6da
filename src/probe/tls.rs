//! TLS settings, and a record of what a handshake showed, also of one that failed.
//!
//! The verifier first writes down the certificate, then verifies it against the system's roots and a CA file, and refuses
//! only if it is told to verify. No session is resumed, so that every handshake shows a certificate. TLS below 1.2 is not
//! spoken.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue, verify_server_name,
};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, NamedGroup, RootCertStore, SignatureScheme,
};

use super::trust::{Trust, provider};
use super::{Facts, ProbeError, certificate};

/// How to speak TLS with a target.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tls {
    /// Whether a certificate that cannot be verified is recorded and accepted.
    pub(super) insecure: bool,
    /// A file of CA certificates that are trusted besides the system's.
    pub(super) ca_file: Option<PathBuf>,
    /// CA certificates that are trusted besides the system's.
    pub(super) ca: Vec<CertificateDer<'static>>,
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
        let recorder = Recorder { handshake: handshake.clone(), trusts: self.trusts()?, name, insecure: self.insecure };
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

    /// What is trusted: the authority that was given, and the system's.
    fn trusts(&self) -> Result<Vec<Arc<Trust>>, ProbeError> {
        let mut trusts = Vec::new();
        if let Some(file) = &self.ca_file {
            trusts.push(Arc::new(Trust::read(file)?));
        }
        if !self.ca.is_empty() {
            trusts.push(Arc::new(Trust::new(self.ca.clone())));
        }
        trusts.push(Trust::native());
        Ok(trusts)
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

/// What a handshake showed so far.
#[derive(Debug, Default)]
pub(super) struct Handshake(Mutex<Record>);

#[derive(Debug, Default)]
struct Record {
    started: bool,
    version: Option<&'static str>,
    leaf: Option<CertificateDer<'static>>,
    problem: Option<String>,
    trusted: bool,
    named: bool,
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

    /// Records `tls.version`, `tls.verified`, `tls.trusted`, `tls.named`, `tls.problem` and the certificate's facts.
    pub(super) fn facts(&self, facts: &mut Facts) {
        let record = self.record();
        if let Some(version) = record.version {
            facts.insert("tls.version", version);
        }
        if let Some(leaf) = &record.leaf {
            facts.insert("tls.verified", record.problem.is_none());
            facts.insert("tls.trusted", record.trusted);
            facts.insert("tls.named", record.named);
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
        record.trusted = self.trusts.iter().any(|trust| trust.vouches(leaf, chain));
        record.named =
            ParsedCertificate::try_from(leaf).is_ok_and(|leaf| verify_server_name(&leaf, &self.name).is_ok());
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
