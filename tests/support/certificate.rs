//! Certificates of every kind, made anew for each run, and the files of them that modules name.
//!
//! `ca.pem` is the authority of most of them, with `client.pem` and `client-key.pem`; `other-ca.pem` is nobody's but that
//! of `foreign`, `other-client.pem` and `other-client-key.pem`. `self-signed.pem`, `self-signed-ca.pem` and `roots.pem` are
//! what one must trust for the kinds of these names, as `old-root.pem` and `constrained.pem` are, and `empty.pem` has no certificate in it.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SerialNumber,
};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::Deserialize;

/// The names that a server goes by here.
const NAMES: [&str; 4] = ["localhost", "foo.example.com", "127.0.0.1", "::1"];

/// What a server shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// For `localhost`, `foo.example.com` and the addresses of the loopback.
    #[default]
    Good,
    /// For `localhost` and nothing else.
    Name,
    /// For a name that nobody asks for.
    WrongName,
    /// For `*.example.com`.
    Wildcard,
    /// `localhost` is its common name, and it has no other.
    CommonName,
    Expired,
    NotYetValid,
    /// Signed by itself, as no authority.
    SelfSigned,
    /// Signed by itself, as an authority.
    SelfSignedCa,
    /// Signed by an authority that nobody trusts.
    Foreign,
    /// Signed by an authority between, which is shown too.
    Chain,
    /// Signed by an authority between, which is not shown.
    Incomplete,
    /// For clients only.
    Client,
    /// Valid for two days, with a root of one day that has a twin of three.
    Roots,
    /// With a serial number that begins with a zero when it is written.
    Serial,
    /// With a name of many parts, some of which must be escaped.
    Rich,
    /// A server's, and an authority's too.
    CaLeaf,
    /// Signed by a certificate that is no authority's, which is shown too.
    BelowLeaf,
    /// Signed by an authority between that has expired, which is shown too.
    OldChain,
    /// Signed by an authority that has expired.
    OldRoot,
    /// Signed by an authority that may sign for `example.com` only.
    Constrained,
}

/// Every certificate, and the one key of them all.
pub(crate) struct Certificates {
    key: Vec<u8>,
    chains: HashMap<Kind, Vec<CertificateDer<'static>>>,
    authority: CertificateDer<'static>,
}

impl Certificates {
    /// Makes them, and writes the files into a folder.
    pub(crate) fn make(folder: &Path) -> Result<Self> {
        let authority = CertifiedIssuer::self_signed(root("infra-verify test", 365), KeyPair::generate()?)?;
        let other = CertifiedIssuer::self_signed(root("infra-verify other", 365), KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let mut made = Self { key: key.serialize_der(), chains: HashMap::new(), authority: authority.der().clone() };
        made.sign(&key, &authority, &other)?;
        let roots = made.twins(&key)?;
        let mut files = made.of_itself(&key)?;
        files.push(("roots.pem", roots));
        files.extend(made.below_roots(&key)?);
        files.push(("ca.pem", authority.pem()));
        files.push(("other-ca.pem", other.pem()));
        files.push(("empty.pem", "nothing\n".to_owned()));
        files.extend(client(&authority, ["client.pem", "client-key.pem"])?);
        files.extend(client(&other, ["other-client.pem", "other-client-key.pem"])?);
        for (name, text) in files {
            fs::write(folder.join(name), text).with_context(|| name.to_owned())?;
        }
        Ok(made)
    }

    /// The authority that clients' certificates are held against.
    pub(super) fn roots(&self) -> Result<RootCertStore, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.clone())?;
        Ok(roots)
    }

    /// What a server shows, and its key.
    pub(super) fn shown(
        &self,
        kind: Kind,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), rustls::Error> {
        let chain =
            self.chains.get(&kind).ok_or_else(|| rustls::Error::General(format!("no certificate is {kind:?}")))?;
        Ok((chain.clone(), PrivatePkcs8KeyDer::from(self.key.clone()).into()))
    }

    fn keep(&mut self, kind: Kind, chain: &[&Certificate]) {
        self.chains.insert(kind, chain.iter().map(|certificate| certificate.der().clone()).collect());
    }

    /// The kinds that an authority signs.
    fn sign(&mut self, key: &KeyPair, authority: &Issuer<'_, KeyPair>, other: &Issuer<'_, KeyPair>) -> Result<()> {
        let between = CertifiedIssuer::signed_by(root("infra-verify between", 300), KeyPair::generate()?, authority)?;
        let simple = [
            (Kind::Good, leaf(&NAMES, (-1, 30))?),
            (Kind::Name, leaf(&["localhost"], (-1, 30))?),
            (Kind::WrongName, leaf(&["other.example.com"], (-1, 30))?),
            (Kind::Wildcard, leaf(&["*.example.com"], (-1, 30))?),
            (Kind::CommonName, common_name()?),
            (Kind::Expired, leaf(&NAMES, (-30, -1))?),
            (Kind::NotYetValid, leaf(&NAMES, (1, 30))?),
            (Kind::Client, for_clients(leaf(&NAMES, (-1, 30))?)),
            (Kind::Serial, numbered(leaf(&NAMES, (-1, 30))?)),
            (Kind::Rich, rich(leaf(&NAMES, (-1, 30))?)),
            (Kind::CaLeaf, authoritative(leaf(&NAMES, (-1, 30))?)),
        ];
        for (kind, params) in simple {
            self.keep(kind, &[&params.signed_by(key, authority)?]);
        }
        self.keep(Kind::Foreign, &[&leaf(&NAMES, (-1, 30))?.signed_by(key, other)?]);
        let below = leaf(&NAMES, (-1, 30))?.signed_by(key, &between)?;
        self.keep(Kind::Incomplete, &[&below]);
        self.keep(Kind::Chain, &[&below, between.as_ref()]);
        for (kind, params) in [
            (Kind::BelowLeaf, leaf(&["between.example.com"], (-1, 30))?),
            (Kind::OldChain, root("infra-verify old", -1)),
        ] {
            let between = CertifiedIssuer::signed_by(params, KeyPair::generate()?, authority)?;
            let below = leaf(&NAMES, (-1, 30))?.signed_by(key, &between)?;
            self.keep(kind, &[&below, between.as_ref()]);
        }
        Ok(())
    }

    /// The kinds that stand and fall with their roots, and the files of these.
    fn below_roots(&mut self, key: &KeyPair) -> Result<[(&'static str, String); 2]> {
        let mut limited = root("infra-verify limited", 365);
        let hosts = vec![GeneralSubtree::DnsName("example.com".to_owned())];
        limited.name_constraints = Some(NameConstraints { permitted_subtrees: hosts, excluded_subtrees: Vec::new() });
        let limited = CertifiedIssuer::self_signed(limited, KeyPair::generate()?)?;
        let old = CertifiedIssuer::self_signed(root("infra-verify old root", -1), KeyPair::generate()?)?;
        self.keep(Kind::Constrained, &[&leaf(&NAMES, (-1, 30))?.signed_by(key, &limited)?]);
        self.keep(Kind::OldRoot, &[&leaf(&NAMES, (-1, 30))?.signed_by(key, &old)?]);
        Ok([("constrained.pem", limited.pem()), ("old-root.pem", old.pem())])
    }

    /// The kinds that sign themselves, and the files to trust them by.
    fn of_itself(&mut self, key: &KeyPair) -> Result<Vec<(&'static str, String)>> {
        let plain = leaf(&NAMES, (-1, 30))?.self_signed(key)?;
        let authority = authoritative(leaf(&NAMES, (-1, 30))?).self_signed(key)?;
        self.keep(Kind::SelfSigned, &[&plain]);
        self.keep(Kind::SelfSignedCa, &[&authority]);
        Ok(vec![("self-signed.pem", plain.pem()), ("self-signed-ca.pem", authority.pem())])
    }

    /// Two roots of one name and key that end at different times; the one that ends first is shown.
    fn twins(&mut self, key: &KeyPair) -> Result<String> {
        let common = KeyPair::generate()?;
        let (long, short) = (root("infra-verify twin", 3), root("infra-verify twin", 1));
        let (first, second) = (long.self_signed(&common)?, short.self_signed(&common)?);
        let shown = leaf(&NAMES, (-1, 2))?.signed_by(key, &Issuer::new(long, common))?;
        self.keep(Kind::Roots, &[&shown, &second]);
        Ok(first.pem() + &second.pem())
    }
}

fn client(issuer: &Issuer<'_, KeyPair>, names: [&'static str; 2]) -> Result<[(&'static str, String); 2]> {
    let key = KeyPair::generate()?;
    let certificate = for_clients(leaf(&["client.example.com"], (-1, 30))?).signed_by(&key, issuer)?;
    Ok([(names[0], certificate.pem()), (names[1], key.serialize_pem())])
}

/// An authority that is valid for some days.
fn root(name: &str, days: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid(&mut params, (-2, days));
    params
}

/// A certificate for these names, valid between days from now.
fn leaf(names: &[&str], days: (i64, i64)) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
    params.distinguished_name.push(DnType::CommonName, "a server");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    valid(&mut params, days);
    Ok(params)
}

fn common_name() -> Result<CertificateParams> {
    let mut params = leaf(&[], (-1, 30))?;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    Ok(params)
}

fn for_clients(mut params: CertificateParams) -> CertificateParams {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn authoritative(mut params: CertificateParams) -> CertificateParams {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages.push(KeyUsagePurpose::KeyCertSign);
    params
}

fn rich(mut params: CertificateParams) -> CertificateParams {
    let name = &mut params.distinguished_name;
    name.push(DnType::CountryName, "CN");
    name.push(DnType::StateOrProvinceName, "Zhejiang; <Hangzhou>");
    name.push(DnType::LocalityName, "#1 \"West\" Lake ");
    name.push(DnType::OrganizationName, "Pig, Sty + Söhne\\");
    name.push(DnType::OrganizationalUnitName, " infra #2");
    name.push(DnType::from_oid(&[1, 2, 840, 113_549, 1, 9, 1]), "root@example.com");
    name.push(DnType::from_oid(&[2, 5, 4, 5]), "4711");
    name.push(DnType::from_oid(&[0, 9, 2342, 19_200_300, 100, 1, 25]), "example");
    name.push(DnType::from_oid(&[2, 5, 4, 9]), "the street");
    name.push(DnType::from_oid(&[2, 5, 4, 17]), "310000");
    name.push(DnType::from_oid(&[2, 5, 4, 12]), "a title");
    params
}

fn numbered(mut params: CertificateParams) -> CertificateParams {
    params.serial_number = Some(SerialNumber::from_slice(&[0x0b, 0xff, 0x00, 0x01]));
    params
}

fn valid(params: &mut CertificateParams, (from, until): (i64, i64)) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |passed| passed.as_secs());
    let day = |days: i64| rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(now.saturating_add_signed(days * DAY));
    (params.not_before, params.not_after) = (day(from), day(until));
}

/// In seconds.
const DAY: i64 = 86400;
