//! Which chains lead from a server's certificate to a root, by the rules of Go's verifier and not by our library's.
//!
//! Where they differ the exporter's verdict would: Go takes a root's dates and rights seriously, takes a CA's certificate
//! from a server, and takes a certificate that is itself among the roots. No revocation and no policy is looked at.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, GeneralName, ParsedExtension, X509Certificate, X509Extension, X509Version};

use super::{constraint, host, name, signature};
use crate::probe::trust::Trust;

/// How many signatures are checked before the search for chains ends: Go's own number.
const CHECKS: usize = 100;

/// Why a certificate is not believed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Doubt {
    /// For a reason that the library knows too.
    Known(CertificateError),
    /// For another; completes "the certificate of 10.10.10.10:443 …".
    Told(String),
    /// It cannot be judged here, though the exporter could; completes the same.
    Unread(String),
}

/// Certificates that chains may end with.
#[derive(Debug, Default)]
pub(super) struct Roots {
    all: Vec<CertificateDer<'static>>,
    by_subject: HashMap<Vec<u8>, Vec<usize>>,
}

impl Roots {
    /// Certificates that cannot be read are left out.
    pub(super) fn new(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        let mut roots = Self::default();
        for certificate in certificates {
            let Some(subject) = parse(&certificate).map(|parsed| parsed.subject().as_raw().to_owned()) else {
                continue;
            };
            if !roots.all.contains(&certificate) {
                roots.by_subject.entry(subject).or_default().push(roots.all.len());
                roots.all.push(certificate);
            }
        }
        roots
    }

    /// The system's.
    pub(super) fn native() -> Arc<Self> {
        static NATIVE: OnceLock<Arc<Roots>> = OnceLock::new();
        NATIVE.get_or_init(|| Arc::new(Self::new(Trust::native().anchors().iter().cloned()))).clone()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The same, to be asked by other rules.
    pub(super) fn trust(&self) -> Trust {
        Trust::new(self.all.clone())
    }

    fn of<'a>(&'a self, issuers: &[X509Certificate<'_>]) -> Vec<X509Certificate<'a>> {
        let mut found: Vec<usize> = issuers
            .iter()
            .filter_map(|certificate| self.by_subject.get(certificate.issuer().as_raw()))
            .flatten()
            .copied()
            .collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(|at| parse(self.all.get(at)?)).collect()
    }
}

/// The certificate, if it can be read.
pub(super) fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    X509Certificate::from_der(certificate).ok().map(|(_, certificate)| certificate)
}

/// Until when the chain that lasts longest holds, in seconds since 1970; or why there is none.
pub(super) fn verify(presented: &[CertificateDer<'_>], roots: &Roots, name: &str, now: i64) -> Result<i64, Doubt> {
    let bad = Doubt::Known(CertificateError::BadEncoding);
    let parsed: Option<Vec<_>> = presented.iter().map(parse).collect();
    let parsed = parsed.ok_or_else(|| bad.clone())?;
    let leaf = parsed.first().ok_or(bad)?;
    is_valid(leaf, 0, now)?;
    host::verify(leaf, name)?;
    let anchors = roots.of(&parsed);
    let mut search = Search { roots: &anchors, others: &parsed[1..], now, checks: 0, hint: None, chains: Vec::new() };
    if roots.all.iter().any(|root| **root == *leaf.as_raw()) {
        search.chains.push(vec![leaf]);
    } else {
        search.extend(&mut vec![leaf]);
    }
    judge(search)
}

fn judge(search: Search<'_>) -> Result<i64, Doubt> {
    let mut doubt = search.hint.unwrap_or(Doubt::Known(CertificateError::UnknownIssuer));
    let mut last = None;
    for chain in search.chains {
        match usable(&chain).and_then(|()| constraint::check(&chain)) {
            Ok(()) => last = last.max(chain.iter().map(|one| one.validity().not_after.timestamp()).min()),
            Err(error) => doubt = error,
        }
    }
    last.ok_or(doubt)
}

/// A search for every chain from a certificate to a root.
struct Search<'a> {
    roots: &'a [X509Certificate<'a>],
    others: &'a [X509Certificate<'a>],
    now: i64,
    checks: usize,
    hint: Option<Doubt>,
    chains: Vec<Vec<&'a X509Certificate<'a>>>,
}

impl<'a> Search<'a> {
    fn extend(&mut self, chain: &mut Vec<&'a X509Certificate<'a>>) {
        let Some(child) = chain.last().copied() else { return };
        let (roots, others) = (self.roots, self.others);
        let candidates = roots.iter().map(|root| (root, true)).chain(others.iter().map(|other| (other, false)));
        for (parent, root) in candidates.filter(|(parent, _)| parent.subject().as_raw() == child.issuer().as_raw()) {
            self.checks += 1;
            if self.checks > CHECKS {
                return;
            }
            if chain.iter().any(|known| is_same(known, parent)) {
                continue;
            }
            let fits = signs(parent, child).and_then(|()| self.fits(parent, root, chain.len() - 1));
            if let Err(doubt) = fits {
                self.hint.get_or_insert(doubt);
                continue;
            }
            chain.push(parent);
            if root {
                self.chains.push(chain.clone());
            } else {
                self.extend(chain);
            }
            chain.pop();
        }
    }

    /// Whether a certificate may stand above `below` intermediate ones.
    fn fits(&self, parent: &X509Certificate<'_>, root: bool, below: usize) -> Result<(), Doubt> {
        is_valid(parent, below, self.now)?;
        if root || parent.is_ca() { Ok(()) } else { Err(no_authority(parent)) }
    }
}

/// Whether two certificates are of one subject, key and set of names, so that a chain with both would be a circle.
fn is_same(one: &X509Certificate<'_>, other: &X509Certificate<'_>) -> bool {
    one.subject().as_raw() == other.subject().as_raw()
        && one.public_key().raw == other.public_key().raw
        && host::raw(one) == host::raw(other)
}

/// Dates, critical extensions and the number of intermediate certificates below.
fn is_valid(certificate: &X509Certificate<'_>, below: usize, now: i64) -> Result<(), Doubt> {
    let unhandled = certificate.extensions().iter().find(|extension| extension.critical && !is_handled(extension));
    if let Some(extension) = unhandled {
        let oid = extension.oid.to_id_string();
        return Err(Doubt::Told(format!("has a critical extension that nobody knows ({oid}): issue it without")));
    }
    if now < certificate.validity().not_before.timestamp() {
        return Err(Doubt::Known(CertificateError::NotValidYet));
    }
    if now > certificate.validity().not_after.timestamp() {
        return Err(Doubt::Known(CertificateError::Expired));
    }
    let limit = certificate.basic_constraints().ok().flatten().and_then(|basic| basic.value.path_len_constraint);
    if limit.is_some_and(|limit| below > limit as usize) {
        let name = name::print(certificate.subject());
        return Err(Doubt::Told(format!("has more CAs above it than '{name}' allows (pathlen)")));
    }
    Ok(())
}

/// Whether Go knows what an extension demands, so that it may be critical.
fn is_handled(extension: &X509Extension<'_>) -> bool {
    let known = |name: &GeneralName<'_>| {
        use GeneralName::{DNSName, IPAddress, RFC822Name, URI};
        matches!(name, DNSName(_) | IPAddress(_) | RFC822Name(_) | URI(_))
    };
    match extension.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(names) => names.general_names.iter().any(known),
        ParsedExtension::NameConstraints(constraints) => {
            let trees = [&constraints.permitted_subtrees, &constraints.excluded_subtrees];
            trees.into_iter().flatten().flatten().all(|tree| known(&tree.base))
        }
        ParsedExtension::KeyUsage(_)
        | ParsedExtension::BasicConstraints(_)
        | ParsedExtension::ExtendedKeyUsage(_)
        | ParsedExtension::CRLDistributionPoints(_)
        | ParsedExtension::CertificatePolicies(_)
        | ParsedExtension::PolicyMappings(_)
        | ParsedExtension::PolicyConstraints(_)
        | ParsedExtension::InhibitAnyPolicy(_) => true,
        _ => false,
    }
}

fn no_authority(parent: &X509Certificate<'_>) -> Doubt {
    let name = name::print(parent.subject());
    Doubt::Told(format!("is signed by '{name}', whose own certificate is not a CA's: sign it with a CA"))
}

/// Whether a certificate is allowed to have signed the other, and has.
fn signs(parent: &X509Certificate<'_>, child: &X509Certificate<'_>) -> Result<(), Doubt> {
    let basic = parent.basic_constraints().ok().flatten();
    let authority = basic.map_or(parent.version() != X509Version::V3, |basic| basic.value.ca);
    let usage = parent.key_usage().ok().flatten();
    if !authority || usage.is_some_and(|usage| usage.value.flags != 0 && !usage.value.key_cert_sign()) {
        return Err(no_authority(parent));
    }
    signature::of_certificate(child, parent)
}

/// Whether every certificate of a chain that says what it is for is for servers.
fn usable(chain: &[&X509Certificate<'_>]) -> Result<(), Doubt> {
    let servers = |certificate: &&X509Certificate<'_>| match certificate.extended_key_usage() {
        Ok(Some(usage)) => usage.value.any || usage.value.server_auth,
        _ => true,
    };
    if chain.iter().all(servers) { Ok(()) } else { Err(Doubt::Known(CertificateError::InvalidPurpose)) }
}
