//! Whom a certificate is believed from: the system's roots, or an authority that was given.
//!
//! It looks at chains, names and dates, each together or apart; it reads no socket and asks no revocation list.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};

use super::{ProbeError, certificate};

/// Certificates that are trusted, from one source.
#[derive(Debug)]
pub(super) struct Trust {
    verifier: Option<Arc<WebPkiServerVerifier>>,
    anchors: Vec<CertificateDer<'static>>,
}

impl Trust {
    pub(super) fn new(anchors: Vec<CertificateDer<'static>>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(anchors.iter().cloned());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build().ok();
        Self { verifier, anchors }
    }

    /// The system's roots, loaded once: that takes milliseconds.
    pub(super) fn native() -> Arc<Self> {
        static NATIVE: OnceLock<Arc<Trust>> = OnceLock::new();
        NATIVE.get_or_init(|| Arc::new(Self::new(rustls_native_certs::load_native_certs().certs))).clone()
    }

    /// The certificates themselves.
    pub(super) fn anchors(&self) -> &[CertificateDer<'static>] {
        &self.anchors
    }

    pub(super) fn read(path: &Path) -> Result<Self, ProbeError> {
        let local = |what: String| {
            ProbeError::Local(format!("{}: {what}; give a file of CA certificates as ca_file", path.display()))
        };
        let pem = std::fs::read(path).map_err(|error| local(format!("cannot be read: {}", error.kind())))?;
        certificates(&pem).map(Self::new).map_err(|why| local(why.to_owned()))
    }

    /// Whether the certificate is for this name, within its dates, and signed by what is trusted.
    pub(super) fn verify(
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
    /// Whether the chain leads to what is trusted, whatever the certificate's name and dates say.
    pub(super) fn vouches(&self, leaf: &CertificateDer<'_>, chain: &[CertificateDer<'_>]) -> bool {
        let signers = certificate::issuers(leaf, chain);
        let signs = |anchor: &&CertificateDer<'_>| certificate::is_one_of(anchor, &signers);
        self.anchors.contains(leaf) || self.anchors.iter().filter(signs).any(|anchor| signed(leaf, chain, anchor))
    }
}

/// Whether the chain leads to this authority at a moment at which it and the certificate are valid both.
fn signed(leaf: &CertificateDer<'_>, chain: &[CertificateDer<'_>], anchor: &CertificateDer<'_>) -> bool {
    let mut roots = RootCertStore::empty();
    let Ok(()) = roots.add(anchor.clone().into_owned()) else { return false };
    let Ok(leaf_of_chain) = ParsedCertificate::try_from(leaf) else { return false };
    let algorithms = provider().signature_verification_algorithms.all;
    certificate::common_moments(leaf, anchor, chain).into_iter().any(|moment| {
        verify_server_cert_signed_by_trust_anchor(&leaf_of_chain, &roots, chain, moment, algorithms).is_ok()
    })
}

/// Whether a text is an authority that a certificate can be held against; the error completes "ca.crt …".
pub fn is_authority(pem: &str) -> Result<(), &'static str> {
    certificates(pem.as_bytes()).map(drop)
}

/// The CA certificates of a PEM text, at least one; the error completes "ca …".
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| "is not PEM")?;
    let usable = |certificate: &CertificateDer<'static>| RootCertStore::empty().add(certificate.clone()).is_ok();
    if all.iter().any(usable) { Ok(all) } else { Err("holds no CA certificate") }
}

/// The cryptography of all handshakes, set up once.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(ring::default_provider())).clone()
}
