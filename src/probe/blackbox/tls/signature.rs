//! Whether a key has signed a message, with the algorithms of the TLS library.
//!
//! The exporter knows some more (RSA below 2048 bits, P-521): those are said to be unread here, never to be wrong.

use rustls::pki_types::SignatureVerificationAlgorithm;
use rustls::{CertificateError, DigitallySignedStruct};
use x509_parser::asn1_rs::{Any, FromDer};
use x509_parser::prelude::X509Certificate;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::chain::Doubt;
use super::name;
use crate::probe::trust::provider;

/// The algorithms that the exporter refuses as we do, by the numbers of MD5 and SHA-1 signatures.
const BROKEN: [&str; 3] = ["1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.2.840.10045.4.1"];

/// The shortest RSA key that is read here, in bits.
const SHORTEST: usize = 2048;

/// What to use in place of what is not read here.
pub(super) const READ: &str = "use RSA of 2048 bits or more, P-256, P-384 or Ed25519";

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

/// Whether a certificate has really been signed with the key of the other.
pub(super) fn of_certificate(child: &X509Certificate<'_>, parent: &X509Certificate<'_>) -> Result<(), Doubt> {
    let issuer = name::print(parent.subject());
    let oid = child.signature_algorithm.algorithm.to_id_string();
    if BROKEN.contains(&oid.as_str()) {
        return Err(Doubt::Told(format!("is signed by '{issuer}' with MD5 or SHA-1: sign it with SHA-256")));
    }
    let wanted = algorithm(child.as_raw());
    let all = provider().signature_verification_algorithms.all;
    let fitting = all.iter().copied().filter(|one| Some(one.signature_alg_id().as_ref()) == wanted);
    match verify(fitting, parent.public_key(), child.tbs_certificate.as_ref(), &child.signature_value.data) {
        Some(true) => Ok(()),
        Some(false) => Err(Doubt::Known(CertificateError::BadSignature)),
        None => Err(Doubt::Unread(format!(
            "is signed by '{issuer}' with an algorithm or key that is not read here: {READ}"
        ))),
    }
}

/// Whether a handshake has been signed with the key of a certificate; nothing where that cannot be told.
pub(super) fn of_handshake(leaf: &X509Certificate<'_>, message: &[u8], signed: &DigitallySignedStruct) -> Option<bool> {
    let mapping = provider().signature_verification_algorithms.mapping;
    let fitting = mapping.iter().filter(|(scheme, _)| *scheme == signed.scheme).flat_map(|(_, all)| *all);
    verify(fitting.copied(), leaf.public_key(), message, signed.signature())
}

/// Nothing, if no algorithm fits the key.
fn verify(
    algorithms: impl Iterator<Item = Algorithm>,
    key: &SubjectPublicKeyInfo<'_>,
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let short = matches!(key.parsed(), Ok(PublicKey::RSA(key)) if key.key_size() < SHORTEST);
    let kind = Some(key.raw).filter(|_| !short).and_then(first);
    let fitting: Vec<_> = algorithms.filter(|one| Some(one.public_key_alg_id().as_ref()) == kind).collect();
    let signs = |one: &Algorithm| one.verify_signature(&key.subject_public_key.data, message, signature).is_ok();
    if fitting.is_empty() { None } else { Some(fitting.iter().any(signs)) }
}

/// The algorithm of a certificate's signature, as it is encoded.
fn algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (_, certificate) = Any::from_der(certificate).ok()?;
    let (rest, _) = Any::from_der(certificate.data).ok()?;
    Some(Any::from_der(rest).ok()?.1.data)
}

/// What the first element of a sequence holds: of a public key, its algorithm.
fn first(sequence: &[u8]) -> Option<&[u8]> {
    let (_, sequence) = Any::from_der(sequence).ok()?;
    Some(Any::from_der(sequence.data).ok()?.1.data)
}
