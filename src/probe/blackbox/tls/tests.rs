use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, CustomExtension, DnType, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, Issuer, KeyPair, NameConstraints,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::probe::blackbox::Source;
use crate::value::Secret;

const PEER: &str = "127.0.0.1:443";

/// A certificate with its key; who signs with it is told by its parameters.
struct Signed {
    params: CertificateParams,
    key: KeyPair,
    certificate: rcgen::Certificate,
}

/// The parameters of a certificate that holds for some days, from yesterday on.
fn params(name: &str, days: i64) -> CertificateParams {
    let hosts = if name.contains(' ') { Vec::new() } else { vec![name.to_owned()] };
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = at(-1).into();
    params.not_after = at(days).into();
    params
}

fn with(mut params: CertificateParams, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    change(&mut params);
    params
}

fn at(days: i64) -> SystemTime {
    let span = Duration::from_secs(days.unsigned_abs() * 86_400);
    if days < 0 { SystemTime::now() - span } else { SystemTime::now() + span }
}

fn authority(name: &str, days: i64) -> CertificateParams {
    with(params(name, days), |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))
}

fn own(params: CertificateParams) -> Signed {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Signed { params, key, certificate }
}

impl Signed {
    fn sign(&self, params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &Issuer::from_params(&self.params, &self.key)).unwrap();
        Self { params, key, certificate }
    }

    fn der(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    fn until(&self) -> i64 {
        chain::parse(self.certificate.der()).unwrap().validity().not_after.timestamp()
    }
}

fn verified(presented: &[&Signed], roots: &[&Signed], name: &str) -> Result<i64, Doubt> {
    let presented: Vec<_> = presented.iter().map(|one| one.der()).collect();
    let roots = Roots::new(roots.iter().map(|one| one.der()));
    chain::verify(&presented, &roots, name, i64::try_from(UnixTime::now().as_secs()).unwrap())
}

fn told(outcome: Result<i64, Doubt>) -> String {
    match outcome {
        Err(Doubt::Told(words)) => words,
        other => panic!("{other:?}"),
    }
}

fn known(outcome: Result<i64, Doubt>) -> CertificateError {
    match outcome {
        Err(Doubt::Known(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_chain_holds_until_its_first_certificate_ends() {
    let root = own(authority("the root", 10));
    let middle = root.sign(authority("the middle", 5));
    let leaf = middle.sign(params("i.pigsty", 7));
    assert_eq!(verified(&[&leaf, &middle], &[&root], "i.pigsty"), Ok(middle.until()));
    assert_eq!(known(verified(&[&leaf], &[&root], "i.pigsty")), CertificateError::UnknownIssuer);
    assert_eq!(verified(&[&leaf, &root, &middle], &[&root], "I.Pigsty."), Ok(middle.until()));
}

#[test]
fn of_several_chains_the_one_that_lasts_longest_counts() {
    let long = own(authority("the root", 3));
    let mut short = own(authority("the root", 1));
    short.key = KeyPair::from_pem(&long.key.serialize_pem()).unwrap();
    short.certificate = short.params.self_signed(&short.key).unwrap();
    let leaf = long.sign(params("i.pigsty", 2));
    assert_eq!(verified(&[&leaf, &short], &[&long, &short], "i.pigsty"), Ok(leaf.until()));
    assert_eq!(verified(&[&leaf], &[&short], "i.pigsty"), Ok(short.until()));
}

#[test]
fn dates_hold_for_the_leaf_and_for_all_above_it() {
    let root = own(authority("the root", 10));
    let expired = root.sign(with(params("i.pigsty", -2), |params| params.not_before = at(-9).into()));
    assert_eq!(known(verified(&[&expired], &[&root], "i.pigsty")), CertificateError::Expired);
    let early = root.sign(with(params("i.pigsty", 9), |params| params.not_before = at(2).into()));
    assert_eq!(known(verified(&[&early], &[&root], "i.pigsty")), CertificateError::NotValidYet);
    let old = own(with(authority("the old root", -2), |params| params.not_before = at(-9).into()));
    let leaf = old.sign(params("i.pigsty", 9));
    assert_eq!(known(verified(&[&leaf], &[&old], "i.pigsty")), CertificateError::Expired);
}

#[test]
fn a_certificate_among_the_roots_is_believed_but_for_its_name_and_dates() {
    for params in [params("i.pigsty", 9), authority("i.pigsty", 9)] {
        let leaf = own(params);
        assert_eq!(verified(&[&leaf], &[&leaf], "i.pigsty"), Ok(leaf.until()));
        assert_eq!(known(verified(&[&leaf], &[&leaf], "g.pigsty")), CertificateError::NotValidForName);
        let other = own(authority("the root", 9));
        assert_eq!(known(verified(&[&leaf], &[&other], "i.pigsty")), CertificateError::UnknownIssuer);
    }
    let expired = own(with(params("i.pigsty", -2), |params| params.not_before = at(-9).into()));
    assert_eq!(known(verified(&[&expired], &[&expired], "i.pigsty")), CertificateError::Expired);
}

#[test]
fn a_server_may_show_the_certificate_of_a_ca() {
    let root = own(authority("the root", 10));
    let leaf = root.sign(authority("i.pigsty", 9));
    assert_eq!(verified(&[&leaf], &[&root], "i.pigsty"), Ok(leaf.until()));
}

#[test]
fn who_is_no_ca_signs_nothing() {
    let root = own(authority("the root", 10));
    let plain = root.sign(params("g.pigsty", 9));
    let leaf = plain.sign(params("i.pigsty", 9));
    let words = told(verified(&[&leaf, &plain], &[&root], "i.pigsty"));
    assert_eq!(words, "is signed by 'CN=g.pigsty', whose own certificate is not a CA's: sign it with a CA");
    let narrow = with(params("the root", 9), |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let narrow = own(narrow);
    let middle = narrow.sign(authority("the middle", 9));
    let leaf = middle.sign(params("i.pigsty", 9));
    assert!(told(verified(&[&leaf, &middle], &[&narrow], "i.pigsty")).contains("than 'CN=the root' allows"));
    assert!(verified(&[&narrow.sign(params("i.pigsty", 9))], &[&narrow], "i.pigsty").is_ok());
}

#[test]
fn a_signature_by_another_key_of_the_same_name_is_none() {
    let (root, other) = (own(authority("the root", 10)), own(authority("the root", 10)));
    let leaf = other.sign(params("i.pigsty", 9));
    assert_eq!(known(verified(&[&leaf], &[&root], "i.pigsty")), CertificateError::BadSignature);
    assert!(verified(&[&leaf], &[&root, &other], "i.pigsty").is_ok());
}

#[test]
fn two_authorities_that_sign_each_other_are_no_endless_chain() {
    let (one, two) = (own(authority("one ca", 10)), own(authority("two ca", 10)));
    let cross = |by: &Signed, of: &Signed| Signed {
        certificate: of.params.signed_by(&of.key, &Issuer::from_params(&by.params, &by.key)).unwrap(),
        params: of.params.clone(),
        key: KeyPair::from_pem(&of.key.serialize_pem()).unwrap(),
    };
    let leaf = one.sign(params("i.pigsty", 9));
    let all = [&leaf, &cross(&two, &one), &cross(&one, &two)];
    assert_eq!(known(verified(&all, &[&own(authority("the root", 1))], "i.pigsty")), CertificateError::UnknownIssuer);
    assert!(verified(&all, &[&two], "i.pigsty").is_ok());
}

#[test]
fn what_a_certificate_is_for_is_looked_at_along_the_chain() {
    let root = own(authority("the root", 10));
    let client = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let leaf = root.sign(with(params("i.pigsty", 9), |params| params.extended_key_usages = client.clone()));
    assert_eq!(known(verified(&[&leaf], &[&root], "i.pigsty")), CertificateError::InvalidPurpose);
    assert_eq!(known(verified(&[&leaf], &[&leaf], "i.pigsty")), CertificateError::InvalidPurpose);
    let middle = root.sign(with(authority("the middle", 9), |params| params.extended_key_usages = client));
    let leaf = middle.sign(params("i.pigsty", 9));
    assert_eq!(known(verified(&[&leaf, &middle], &[&root], "i.pigsty")), CertificateError::InvalidPurpose);
}

#[test]
fn a_critical_extension_that_nobody_knows_is_refused() {
    let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    extension.set_criticality(true);
    let leaf = own(with(params("i.pigsty", 9), |params| params.custom_extensions = vec![extension]));
    assert!(told(verified(&[&leaf], &[&leaf], "i.pigsty")).contains("(1.2.3.4)"));
}

fn limited(permitted: Vec<GeneralSubtree>, excluded: Vec<GeneralSubtree>, names: &[&str]) -> Result<i64, Doubt> {
    let constraints = NameConstraints { permitted_subtrees: permitted, excluded_subtrees: excluded };
    let root = own(with(authority("the root", 10), |params| params.name_constraints = Some(constraints)));
    let mut leaf = params(names[0], 9);
    leaf.subject_alt_names =
        CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap().subject_alt_names;
    verified(&[&root.sign(leaf)], &[&root], names[0])
}

#[test]
fn every_name_is_one_that_the_ca_may_sign_for() {
    let host = |name: &str| vec![GeneralSubtree::DnsName(name.to_owned())];
    let none = Vec::new;
    assert!(limited(host("pigsty"), none(), &["i.pigsty", "pigsty"]).is_ok());
    let words = told(limited(host("pigsty"), none(), &["i.pigsty", "notpigsty"]));
    assert_eq!(words, "is for notpigsty, which its CA 'CN=the root' may not sign for");
    assert!(limited(host(".pigsty"), none(), &["pigsty"]).is_err());
    assert!(limited(none(), host("i.pigsty"), &["g.pigsty"]).is_ok());
    assert!(limited(none(), host("I.Pigsty"), &["a.i.pigsty"]).is_err());
    assert!(limited(none(), host("i.pigsty"), &["g.pigsty", "*.pigsty"]).is_err());
    let net = || vec![GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([10, 10, 0, 0], 16))];
    assert!(limited(net(), none(), &["10.10.10.10"]).is_ok());
    assert!(limited(net(), none(), &["10.11.10.10"]).is_err());
    assert!(limited(net(), none(), &["::1"]).is_err());
    assert!(limited(none(), net(), &["10.10.10.10"]).is_err());
}

#[test]
fn names_are_matched_as_go_does_it() {
    let leaf = |names: &[&str]| {
        let mut params = params("the common name", 9);
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        params.subject_alt_names = CertificateParams::new(names).unwrap().subject_alt_names;
        own(params)
    };
    let is_for = |names: &[&str], name: &str| {
        let leaf = leaf(names);
        verified(&[&leaf], &[&leaf], name).is_ok()
    };
    assert!(is_for(&["*.pigsty"], "i.pigsty") && is_for(&["i.pigsty"], "I.PIGSTY."));
    assert!(
        !is_for(&["*.pigsty"], "a.i.pigsty")
            && !is_for(&["*.pigsty"], "pigsty")
            && !is_for(&["i*.pigsty"], "ii.pigsty")
    );
    assert!(is_for(&["10.10.10.10", "::1"], "10.10.10.10") && is_for(&["::1"], "[::1]"));
    assert!(!is_for(&["10.10.10.10"], "10.10.10.11") && !is_for(&["i.pigsty"], "i.pigsty:8443"));
    assert!(!is_for(&["i.pigsty"], "the common name"), "a common name is no name of a host");
    assert!(!is_for(&[], "the common name"));
}

#[test]
fn names_are_printed_as_go_does_it() {
    let mut params = params("the leaf", 1);
    let name = &mut params.distinguished_name;
    name.push(DnType::CountryName, "CN");
    name.push(DnType::OrganizationName, "Pig, Sty+ #1 ");
    name.push(DnType::from_oid(&[1, 2, 840, 113_549, 1, 9, 1]), "a@b");
    name.push(DnType::OrganizationalUnitName, " #\"ü\\");
    let leaf = own(params);
    let printed = name::print(chain::parse(leaf.certificate.der()).unwrap().subject());
    let expected = r#"CN=the leaf,OU=\ #\"ü\\,O=Pig\, Sty\+ #1\ ,C=CN,1.2.840.113549.1.9.1=#0c03614062"#;
    assert_eq!(printed, expected);
}

fn ca(signed: &Signed) -> TlsModule {
    TlsModule { ca: Some(Source::Text(Secret::from(signed.certificate.pem().as_str()))), ..TlsModule::default() }
}

fn server(chain: &[&Signed]) -> rustls::ServerConfig {
    let key = PrivateKeyDer::try_from(chain[0].key.serialize_der()).unwrap();
    let builder = ServerConfig::builder_with_provider(trust::provider()).with_safe_default_protocol_versions().unwrap();
    let chain = chain.iter().map(|one| one.der()).collect();
    builder.with_no_client_auth().with_single_cert(chain, key).unwrap()
}

async fn shaken(module: &TlsModule, name: &str, config: ServerConfig) -> Result<Shown, Failed> {
    let (ours, theirs) = duplex(1 << 16);
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = tokio::spawn(async move { acceptor.accept(theirs).await.map(drop) });
    let setup = Setup::new(module, name, &[b"h2", b"http/1.1"])?;
    let outcome = setup.handshake(ours, PEER.parse().unwrap()).await.map(|(_, shown)| shown);
    drop(server.await);
    outcome
}

async fn against(words: &[u8], module: &TlsModule) -> Failed {
    async fn say(mut stream: DuplexStream, words: Vec<u8>) {
        stream.write_all(&words).await.unwrap();
    }
    let (ours, theirs) = duplex(1 << 16);
    tokio::spawn(say(theirs, words.to_vec()));
    let setup = Setup::new(module, "i.pigsty", &[]).unwrap();
    setup.handshake(ours, PEER.parse().unwrap()).await.map(drop).unwrap_err()
}

#[tokio::test]
async fn a_handshake_gives_what_the_exporter_exports() {
    let root = own(authority("the root", 10));
    let mut params = params("i.pigsty", 5);
    params.serial_number = Some(rcgen::SerialNumber::from_slice(&[0x0b, 0xff]));
    let leaf = root.sign(params);
    let mut config = server(&[&leaf, &root]);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let shown = shaken(&ca(&root), "i.pigsty", config).await.unwrap();
    assert_eq!(shown.alpn.as_deref(), Some(b"h2".as_slice()));
    let mut metrics = Metrics::default();
    shown.metrics(true, &mut metrics);
    assert_eq!(metrics.get("probe_ssl_earliest_cert_expiry"), Some(leaf.until() as f64));
    assert_eq!(metrics.get("probe_ssl_last_chain_expiry_timestamp_seconds"), Some(leaf.until() as f64));
    let text = metrics.to_string();
    assert!(text.contains("issuer=\"CN=the root\",serialnumber=\"0bff\",subject=\"CN=i.pigsty\""), "{text}");
    assert!(text.contains("subjectalternative=\"i.pigsty\""), "{text}");
    assert!(text.contains("probe_tls_version_info{version=\"TLS 1.3\"} 1"), "{text}");
    assert!(text.contains("probe_tls_cipher_info{cipher=\"TLS_AES_"), "{text}");
}

#[tokio::test]
async fn nothing_is_verified_where_nothing_is_to_be() {
    let leaf = own(with(params("g.pigsty", -2), |params| params.not_before = at(-9).into()));
    let module = TlsModule { insecure_skip_verify: true, ..TlsModule::default() };
    let mut metrics = Metrics::default();
    shaken(&module, "i.pigsty:443", server(&[&leaf])).await.unwrap().metrics(false, &mut metrics);
    assert_eq!(metrics.get("probe_ssl_last_chain_expiry_timestamp_seconds"), Some(NEVER));
    assert_eq!(metrics.get("probe_ssl_earliest_cert_expiry"), Some(leaf.until() as f64));
    assert_eq!(metrics.get("probe_tls_cipher_info"), None);
}

#[tokio::test]
async fn a_certificate_that_is_not_believed_is_named_with_its_reason() {
    let root = own(authority("the root", 10));
    let expired = root.sign(with(params("i.pigsty", -2), |params| params.not_before = at(-9).into()));
    let stranger = own(params("i.pigsty", 9));
    for (leaf, name, words) in [
        (&expired, "i.pigsty", "expired on "),
        (&stranger, "i.pigsty", "is self-signed and not trusted"),
        (&root.sign(params("g.pigsty", 9)), "i.pigsty", "is for another name: i.pigsty is not among g.pigsty"),
        (&root.sign(params("i.pigsty", 9)), "i.pigsty:443", "is not for `i.pigsty:443`, which is no host's name"),
    ] {
        let error = shaken(&ca(&root), name, server(&[leaf])).await.unwrap_err();
        assert!(error.reason.starts_with(&format!("the certificate of {PEER} {words}")), "{}", error.reason);
        assert!(!error.local);
    }
}

#[tokio::test]
async fn what_is_no_handshake_is_told_apart() {
    let plain = against(b"220 mail.pigsty ESMTP\r\n", &TlsModule::default()).await;
    assert_eq!(plain, Failed::target(format!("{PEER} does not speak TLS: it answered something else")));
    let closed = against(b"", &TlsModule::default()).await;
    assert_eq!(closed, Failed::target(format!("{PEER} closed the connection during the TLS handshake")));
    let alert = [0x15, 3, 1, 0, 2, 2, 70];
    let old = against(&alert, &TlsModule::default()).await;
    assert_eq!(old, Failed::target(format!("{PEER} offers no TLS 1.2 or 1.3 that we can use")));
    let allowed = TlsModule { min_version: Some(TlsVersion::Tls10), ..TlsModule::default() };
    let old = against(&alert, &allowed).await;
    assert!(old.local && old.reason.ends_with("TLS 1.0 and 1.1, which the module allows, are not spoken here"));
}

#[tokio::test]
async fn versions_are_those_of_the_module() {
    let leaf = own(params("i.pigsty", 9));
    let limited = |min, max| TlsModule { min_version: min, max_version: max, ..ca(&leaf) };
    let old = shaken(&limited(None, Some(TlsVersion::Tls12)), "i.pigsty", server(&[&leaf])).await.unwrap();
    assert_eq!(old.version(), "TLS 1.2");
    assert_eq!(old.cipher(), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    for (min, max, words) in [
        (Some(TlsVersion::Tls13), Some(TlsVersion::Tls12), "min_version TLS13 is above max_version TLS12"),
        (None, Some(TlsVersion::Tls11), "min_version TLS12 is above max_version TLS11"),
        (Some(TlsVersion::Tls10), Some(TlsVersion::Tls11), "max_version TLS11 asks for what is not spoken here"),
    ] {
        let error = Setup::new(&limited(min, max), "i.pigsty", &[]).unwrap_err();
        assert!(error.reason.contains(words), "{}", error.reason);
    }
}

#[test]
fn sources_that_cannot_be_used_are_named() {
    let (one, other) = (own(params("i.pigsty", 9)), own(params("i.pigsty", 9)));
    let text = |text: String| Some(Source::Text(Secret::from(text.as_str())));
    let file = |path: &str| Some(Source::File(path.into()));
    let none = TlsModule::default;
    for (module, words) in [
        (TlsModule { ca: file("/nowhere/ca.crt"), ..none() }, "/nowhere/ca.crt: cannot be read: entity not found"),
        (TlsModule { ca: file("/dev/null"), ..none() }, "/dev/null: holds no certificate in PEM"),
        (TlsModule { ca: file("/dev/zero"), ..none() }, "/dev/zero: is longer than"),
        (TlsModule { ca: text("nonsense".into()), ..none() }, "tls_config.ca: holds no certificate in PEM"),
        (TlsModule { ca: Some(Source::Reference("vault/ca".into())), ..none() }, "`vault/ca` is of a secret manager"),
        (
            TlsModule { cert: text(one.certificate.pem()), key: text(other.key.serialize_pem()), ..none() },
            "tls_config.key: cannot be used with the cert",
        ),
        (
            TlsModule { cert: text(one.certificate.pem()), key: text("nonsense".into()), ..none() },
            "holds no private key",
        ),
        (
            TlsModule { cert: text(String::new()), key: text(one.key.serialize_pem()), ..none() },
            "tls_config.cert: holds no",
        ),
    ] {
        let error = Setup::new(&module, "i.pigsty", &[]).unwrap_err();
        assert!(error.reason.contains(words), "{}", error.reason);
    }
    assert!(Setup::new(&none(), "", &[]).is_err());
}
