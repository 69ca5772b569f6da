//! Whether a certificate is for a name, as Go sees it: its subjectAltName alone counts, never its CN.

use std::net::IpAddr;

use rustls::CertificateError;
use x509_parser::oid_registry::OID_X509_EXT_SUBJECT_ALT_NAME;
use x509_parser::prelude::{GeneralName, X509Certificate};

use super::chain::Doubt;

/// The names that a certificate is for.
pub(super) fn names<'a>(certificate: &'a X509Certificate<'a>) -> &'a [GeneralName<'a>] {
    let names = certificate.subject_alternative_name().ok().flatten();
    names.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default()
}

/// The encoded names, to compare.
pub(super) fn raw<'a>(certificate: &X509Certificate<'a>) -> Option<&'a [u8]> {
    let mut all = certificate.extensions().iter();
    all.find(|extension| extension.oid == OID_X509_EXT_SUBJECT_ALT_NAME).map(|extension| extension.value)
}

/// An address as a server's name has it, with or without brackets.
pub(super) fn address(name: &str) -> Option<IpAddr> {
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// The bytes of an address in a certificate.
pub(super) fn read(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// Whether the certificate is for this name.
pub(super) fn verify(certificate: &X509Certificate<'_>, name: &str) -> Result<(), Doubt> {
    let wanted = address(name);
    let named = names(certificate).iter().any(|candidate| match (candidate, wanted) {
        (GeneralName::IPAddress(bytes), Some(wanted)) => {
            read(bytes).is_some_and(|address| address.to_canonical() == wanted)
        }
        (GeneralName::DNSName(pattern), None) => is_for(pattern, name),
        _ => false,
    });
    if named { Ok(()) } else { Err(Doubt::Known(CertificateError::NotValidForName)) }
}

fn is_for(pattern: &str, name: &str) -> bool {
    if !is_host(pattern, true) || !is_host(name.strip_suffix('.').unwrap_or(name), false) {
        return !matches!(pattern, "" | ".") && pattern.eq_ignore_ascii_case(name);
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    match (pattern.strip_prefix("*."), name.split_once('.')) {
        (Some(pattern), Some((_, parent))) => pattern.eq_ignore_ascii_case(parent),
        _ => pattern.eq_ignore_ascii_case(name),
    }
}

fn is_host(text: &str, pattern: bool) -> bool {
    let letter = |(at, byte): (usize, u8)| byte.is_ascii_alphanumeric() || byte == b'_' || (byte == b'-' && at > 0);
    let label = |(at, label): (usize, &str)| {
        !label.is_empty() && ((pattern && at == 0 && label == "*") || label.bytes().enumerate().all(letter))
    };
    text != "*" && text.split('.').enumerate().all(label)
}
