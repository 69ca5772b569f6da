//! The certificate of the portal: one pair for all nodes, signed by a pretend `pigsty-ca`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use super::SimError;
use super::fault::{Component, Word};
use super::layout::Node;

const DAY: Duration = Duration::from_hours(24);

/// How long Pigsty's certificates are valid.
const VALIDITY: Duration = Duration::from_hours(397 * 24);

/// How long its authority is.
const AUTHORITY: Duration = Duration::from_hours(36_500 * 24);

/// What a node shows to whoever speaks TLS to its portal.
pub(super) fn acceptor(node: &Node) -> Result<TlsAcceptor, SimError> {
    let now = SystemTime::now();
    let authority = CertifiedIssuer::self_signed(authority(now), KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let (begin, end) = validity(node, now);
    let certificate = portal(begin, end)?.signed_by(&key, &authority)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|why| SimError::Key(why.to_owned()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn validity(node: &Node, now: SystemTime) -> (SystemTime, SystemTime) {
    use Word::{Expired, Expiring, NotYetValid};
    match node.first(Component::Nginx, &[Expired, Expiring, NotYetValid]) {
        Some(Expired) => (now - VALIDITY, now - DAY),
        Some(Expiring) => (now + 7 * DAY - VALIDITY, now + 7 * DAY),
        Some(_) => (now + DAY, now + VALIDITY),
        None => (now - DAY, now - DAY + VALIDITY),
    }
}

fn authority(now: SystemTime) -> CertificateParams {
    let mut params = named("pigsty-ca", "ca", now - DAY, now + AUTHORITY);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn portal(begin: SystemTime, end: SystemTime) -> Result<CertificateParams, SimError> {
    let mut params = named("pigsty", "nginx", begin, end);
    params.subject_alt_names = CertificateParams::new(["i.pigsty".into(), "localhost".into()])?.subject_alt_names;
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
