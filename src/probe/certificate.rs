//! What a certificate says: names, dates, who signed it, and why it is not believed, in words that a person can act on.
//!
//! It reads what was shown and decides nothing; what cannot be read gives no facts.

use std::net::IpAddr;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error};
use x509_parser::prelude::{ASN1Time, FromDer, GeneralName, X509Certificate, X509Name, X509Version};

use super::Facts;

/// How many names a sentence shows: a certificate may have hundreds.
const SHOWN: usize = 10;

fn read<'a>(certificate: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    X509Certificate::from_der(certificate).ok().map(|(_, certificate)| certificate)
}

/// Records the certificate's names, dates and issuer as `tls.*`.
pub(super) fn facts(leaf: &CertificateDer<'_>, facts: &mut Facts) {
    let Some(leaf) = read(leaf) else { return };
    let validity = leaf.validity();
    facts.insert("tls.names", names(&leaf));
    facts.insert("tls.subject", leaf.subject().to_string());
    facts.insert("tls.issuer", leaf.issuer().to_string());
    facts.insert("tls.not_before", date(validity.not_before));
    facts.insert("tls.not_after", date(validity.not_after));
    facts.insert("tls.age", ASN1Time::now().timestamp() - validity.not_before.timestamp());
    facts.insert("tls.expires_in", validity.not_after.timestamp() - ASN1Time::now().timestamp());
}

/// Whether the certificate's dates hold now.
pub(super) fn validity(leaf: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let leaf = read(leaf).ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    match leaf.validity() {
        dates if dates.not_after.timestamp() < now => Err(Error::InvalidCertificate(CertificateError::Expired)),
        dates if dates.not_before.timestamp() > now => Err(Error::InvalidCertificate(CertificateError::NotValidYet)),
        _ => Ok(()),
    }
}

/// The names of those who signed the certificate and the chain, as they are encoded.
pub(super) fn issuers(leaf: &CertificateDer<'_>, chain: &[CertificateDer<'_>]) -> Vec<Vec<u8>> {
    let all = std::iter::once(leaf).chain(chain).filter_map(read);
    all.map(|certificate| certificate.issuer().as_raw().to_owned()).collect()
}

/// Whether a certificate is for one of these encoded names.
pub(super) fn is_one_of(certificate: &CertificateDer<'_>, names: &[Vec<u8>]) -> bool {
    read(certificate).is_some_and(|certificate| names.iter().any(|name| name == certificate.subject().as_raw()))
}

/// The first moment at which both certificates are valid, and those after it at which one of the chain becomes valid.
pub(super) fn common_moments(
    leaf: &CertificateDer<'_>,
    anchor: &CertificateDer<'_>,
    chain: &[CertificateDer<'_>],
) -> Vec<UnixTime> {
    let (Some(leaf), Some(anchor)) = (read(leaf), read(anchor)) else { return Vec::new() };
    let first = leaf.validity().not_before.max(anchor.validity().not_before);
    let last = leaf.validity().not_after.min(anchor.validity().not_after);
    let begins = chain.iter().filter_map(read).map(|certificate| certificate.validity().not_before);
    let common = std::iter::once(first).chain(begins).filter(|moment| (first..=last).contains(moment));
    let seconds = common.filter_map(|moment| u64::try_from(moment.timestamp()).ok());
    seconds.map(|seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds))).collect()
}

/// Why the certificate is not believed; completes "the certificate of 10.10.10.10:443 …".
pub(super) fn problem(
    error: &Error,
    leaf: &CertificateDer<'_>,
    chain: &[CertificateDer<'_>],
    name: &ServerName<'_>,
    now: UnixTime,
) -> String {
    let Some(parsed) = read(leaf) else { return "cannot be read".to_owned() };
    if parsed.version() != X509Version::V3 {
        return "is of X.509 version 1, which TLS clients refuse: issue it again as version 3".to_owned();
    }
    let Error::InvalidCertificate(error) = error else { return error.to_string() };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => match validity(leaf, now) {
            Err(_) => format!("expired on {}", date(parsed.validity().not_after)),
            Ok(()) => format!("is signed by '{}', whose own certificate expired", signer(&parsed, chain)),
        },
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("is not yet valid: it begins on {}", date(parsed.validity().not_before))
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => unnamed(&parsed, name),
        CertificateError::UnknownIssuer => stranger(&parsed, chain),
        CertificateError::BadSignature => format!("is not really signed by '{}'", signer(&parsed, chain)),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "is not meant for servers (no serverAuth among its extended key usages)".to_owned()
        }
        // The verifier calls it "CA used as end entity" where a server shows a CA's certificate that nobody trusts.
        _ if parsed.is_ca() => stranger(&parsed, chain),
        other => format!("is refused: {other}"),
    }
}

fn stranger(leaf: &X509Certificate<'_>, chain: &[CertificateDer<'_>]) -> String {
    if leaf.subject() == leaf.issuer() {
        return "is self-signed and not trusted: give it as ca_file".to_owned();
    }
    format!("is signed by unknown CA '{}': give the CA's certificate as ca_file", signer(leaf, chain))
}

fn unnamed(leaf: &X509Certificate<'_>, name: &ServerName<'_>) -> String {
    let names = names(leaf);
    let more = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
    match names.get(..SHOWN.min(names.len())) {
        Some(shown) if !shown.is_empty() => {
            format!("is for another name: {} is not among {}{more}", name.to_str(), shown.join(", "))
        }
        _ => format!("names no host (it has no subjectAltName), so it is not for {}", name.to_str()),
    }
}

/// The name of who signed the last certificate that was shown.
fn signer(leaf: &X509Certificate<'_>, chain: &[CertificateDer<'_>]) -> String {
    let last = chain.last().and_then(read);
    let issuer = last.as_ref().map_or(leaf.issuer(), |last| last.issuer());
    common_name(issuer).unwrap_or_else(|| issuer.to_string())
}

fn common_name(name: &X509Name<'_>) -> Option<String> {
    name.iter_common_name().next().and_then(|name| name.as_str().ok()).map(str::to_owned)
}

/// The names and addresses that the certificate is for.
fn names(leaf: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = leaf.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        _ => None,
    };
    extension.value.general_names.iter().filter_map(name).collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// A date as RFC 3339 writes it; a certificate may lie before 1970.
fn date(time: ASN1Time) -> String {
    let time = time.to_datetime();
    let (hour, minute, second) = time.to_hms();
    let month = u8::from(time.month());
    format!("{:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", time.year(), time.day())
}
