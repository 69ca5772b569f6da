//! The private authority of a Pigsty deployment, and the certificate of its portal.

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType, date_time_ymd,
};
use std::time::{Duration, SystemTime};

/// In seconds.
const DAY: u64 = 86400;

/// Pigsty's own certificate authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A new authority, valid for a hundred years.
    pub fn new() -> Result<Self> {
        let mut params = params("pigsty-ca", "ca", -1, 36500)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// Its certificate.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate of the portal, for these names and one node's address, valid between days from now.
    pub fn certify(&self, domains: &[String], ip: &str, days: (i64, i64)) -> Result<Pair> {
        let mut params = params("pigsty", "nginx", days.0, days.1)?;
        params.subject_alt_names =
            domains.iter().map(|domain| Ok(SanType::DnsName(domain.as_str().try_into()?))).collect::<Result<_>>()?;
        params.subject_alt_names.push(SanType::IpAddress(ip.parse()?));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        Ok(Pair { certificate: params.signed_by(&key, &self.0)?.pem(), key: key.serialize_pem() })
    }
}

/// A certificate and its key.
#[derive(Clone)]
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

/// From when until when, in days from now, a certificate of Pigsty's is valid that was made yesterday.
pub const VALID: (i64, i64) = (-1, 396);

fn params(name: &str, unit: &str, from: i64, until: i64) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject.push(DnType::OrganizationName, "pigsty");
    subject.push(DnType::OrganizationalUnitName, unit);
    params.distinguished_name = subject;
    let today = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs() / DAY;
    let day = |days: i64| date_time_ymd(1970, 1, 1) + Duration::from_secs(today.saturating_add_signed(days) * DAY);
    params.not_before = day(from);
    params.not_after = day(until);
    Ok(params)
}
