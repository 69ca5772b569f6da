//! The verifier of a handshake: it writes down what the server shows, then judges it.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::chain::{Doubt, Roots};
use super::{chain, provider, signature};
use crate::probe::certificate;

/// A moment in seconds since 1970.
pub(super) fn seconds(now: UnixTime) -> i64 {
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

/// What a server has shown so far.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) presented: Vec<CertificateDer<'static>>,
    pub(super) until: Option<i64>,
    pub(super) doubt: Option<(Doubt, String)>,
}

/// Writes down what the server shows, then judges it.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) record: Arc<Mutex<Record>>,
    pub(super) name: String,
    pub(super) roots: Arc<Roots>,
    pub(super) insecure: bool,
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
            Some(true) => return Ok(HandshakeSignatureValid::assertion()),
            None if self.insecure => return Ok(HandshakeSignatureValid::assertion()),
            None => {
                let words = format!("has a key that is not read here: {}", signature::READ);
                let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
                record.doubt = Some((Doubt::Unread(words.clone()), words));
            }
            Some(false) => {}
        }
        Err(Error::InvalidCertificate(CertificateError::BadSignature))
    }
}

/// Why a certificate is not believed; completes "the certificate of 10.10.10.10:443 …".
pub(super) fn words(doubt: &Doubt, presented: &[CertificateDer<'_>], name: &str, now: UnixTime) -> String {
    match doubt {
        Doubt::Told(words) | Doubt::Unread(words) => words.clone(),
        // A library's name cannot hold every text that a module may give.
        Doubt::Known(CertificateError::NotValidForName) if ServerName::try_from(name).is_err() => {
            format!("is not for `{name}`, which is no host's name: set server_name")
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
