//! The certificate of the portal: one pair for all nodes, signed by a pretend `pigsty-ca`.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use super::SimError;
use super::fault::{Component, Word};
use super::layout::Node;
use super::portal::{self, HOME};

/// The name of the machine itself.
const LOCALHOST: &str = "localhost";

const DAY: Duration = Duration::from_hours(24);

/// How long Pigsty's certificates are valid.
const VALIDITY: Duration = Duration::from_hours(397 * 24);

/// How long its authority is.
const AUTHORITY: Duration = Duration::from_hours(36_500 * 24);

/// The authority of an estate, and the pair that its portal has on every node.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// An authority of the same name that is nobody's here.
    foreign: CertifiedIssuer<'static, KeyPair>,
    key: KeyPair,
    certificate: Certificate,
    /// The one address that the certificate has: that of the first node.
    first: Ipv4Addr,
}

impl Authority {
    /// Makes everything anew, so that no key lasts longer than its estate.
    pub(super) fn new(first: Ipv4Addr) -> Result<Self, SimError> {
        let now = SystemTime::now();
        let issuer = CertifiedIssuer::self_signed(authority(now), KeyPair::generate()?)?;
        let foreign = CertifiedIssuer::self_signed(authority(now), KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let certificate = leaf(validity(None, now), names(first))?.signed_by(&key, &issuer)?;
        Ok(Self { issuer, foreign, key, certificate, first })
    }

    /// What a node offers as the certificate of its authority, as PEM.
    pub(super) fn offered_by(&self, node: &Node) -> String {
        if node.has(Component::Nginx, Word::OtherCa) { self.foreign.pem() } else { self.issuer.pem() }
    }

    /// What a node shows to whoever speaks TLS to its portal.
    pub(super) fn acceptor(&self, node: &Node) -> Result<TlsAcceptor, SimError> {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).map_err(|why| SimError::Key(why.to_owned()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate_of(node)?.der().clone()], key)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn certificate_of(&self, node: &Node) -> Result<Certificate, SimError> {
        use Word::{Expired, Expiring, ForeignCa, NotYetValid, Uncovered};
        let broken = node.first(Component::Nginx, &[Expired, Expiring, NotYetValid]);
        let issuer = if node.has(Component::Nginx, ForeignCa) { &self.foreign } else { &self.issuer };
        let uncovered = node.has(Component::Nginx, Uncovered);
        if broken.is_none() && !uncovered && !node.has(Component::Nginx, ForeignCa) {
            return Ok(self.certificate.clone());
        }
        let names = if uncovered { vec![HOME.to_owned(), LOCALHOST.to_owned()] } else { names(self.first) };
        Ok(leaf(validity(broken, SystemTime::now()), names)?.signed_by(&self.key, issuer)?)
    }
}

fn validity(broken: Option<Word>, now: SystemTime) -> (SystemTime, SystemTime) {
    use Word::{Expired, Expiring, NotYetValid};
    match broken {
        Some(Expired) => (now - VALIDITY, now - DAY),
        Some(Expiring) => (now + 7 * DAY - VALIDITY, now + 7 * DAY),
        Some(NotYetValid) => (now + DAY, now + VALIDITY),
        _ => (now - DAY, now - DAY + VALIDITY),
    }
}

/// The names that Pigsty puts into the certificate: every domain of the portal, and one address of the estate.
fn names(first: Ipv4Addr) -> Vec<String> {
    portal::domains().map(str::to_owned).chain([LOCALHOST.to_owned(), first.to_string()]).collect()
}

fn authority(now: SystemTime) -> CertificateParams {
    let mut params = named("pigsty-ca", "ca", now - DAY, now + AUTHORITY);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf((begin, end): (SystemTime, SystemTime), names: Vec<String>) -> Result<CertificateParams, SimError> {
    let mut params = named("pigsty", "nginx", begin, end);
    params.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn named(name: &str, unit: &str, begin: SystemTime, end: SystemTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, "pigsty");
    params.distinguished_name.push(DnType::OrganizationalUnitName, unit);
    params.not_before = begin.into();
    params.not_after = end.into();
    params
}
