//! Whom a certificate is believed from, and for which name: each apart from the other, and from the dates.

use infra_verify::probe::{Facts, Failure};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use serde_json::json;

use crate::server::{blamed, probe};
use crate::tls::{Ca, Identity, get, https, names, self_signed};

/// `tls.trusted`, `tls.named` and `tls.verified` of a certificate that is accepted whatever it is.
async fn judged(identity: &Identity, name: &str, pem: Option<&str>) -> [bool; 3] {
    let (address, _asked) = https(identity, rustls::ALL_VERSIONS);
    let settings = match pem {
        Some(pem) => json!({"ca": pem, "insecure_skip_verify": true}),
        None => json!({"insecure_skip_verify": true}),
    };
    let Facts(facts) = get(name, address, settings).await.unwrap();
    ["tls.trusted", "tls.named", "tls.verified"].map(|fact| facts[fact].as_bool().unwrap())
}

fn pem(ca: &Ca) -> String {
    std::fs::read_to_string(ca.path()).unwrap()
}

#[tokio::test]
async fn an_authority_may_be_given_as_text() {
    let ca = Ca::new();
    let (address, _asked) = https(&ca.sign(&names(&["i.pigsty"])), rustls::ALL_VERSIONS);
    let Facts(facts) = get("i.pigsty", address, json!({"ca": pem(&ca)})).await.unwrap();
    for fact in ["tls.verified", "tls.trusted", "tls.named"] {
        assert_eq!(facts[fact], true, "{fact}");
    }
    let (kind, reason) = blamed(get("i.pigsty", address, json!({"ca": pem(&Ca::new())})).await);
    assert_eq!(kind, Failure::Protocol);
    assert!(reason.contains("is not really signed by 'pigsty-ca'"), "{reason}");
}

#[tokio::test]
async fn the_chain_the_name_and_the_dates_are_judged_apart() {
    let (ca, other) = (Ca::new(), pem(&Ca::new()));
    let ours = pem(&ca);
    let mut expired = names(&["i.pigsty", "127.0.0.1"]);
    expired.not_after = date_time_ymd(2020, 1, 1);
    let (well, expired) = (ca.sign(&names(&["i.pigsty", "127.0.0.1"])), ca.sign(&expired));
    assert_eq!(judged(&well, "i.pigsty", Some(&ours)).await, [true, true, true]);
    assert_eq!(judged(&well, "p.pigsty", Some(&ours)).await, [true, false, false]);
    assert_eq!(judged(&well, "i.pigsty", Some(&other)).await, [false, true, false]);
    assert_eq!(judged(&well, "p.pigsty", None).await, [false, false, false]);
    assert_eq!(judged(&expired, "i.pigsty", Some(&ours)).await, [true, true, false]);
    assert_eq!(judged(&expired, "i.pigsty", Some(&other)).await, [false, true, false]);
}

#[tokio::test]
async fn an_address_is_a_name_too() {
    let ca = Ca::new();
    let identity = ca.sign(&names(&["i.pigsty", "127.0.0.1"]));
    assert_eq!(judged(&identity, "127.0.0.1", Some(&pem(&ca))).await, [true, true, true]);
    assert_eq!(judged(&identity, "127.0.0.2", Some(&pem(&ca))).await, [true, false, false]);
}

#[tokio::test]
async fn a_self_signed_certificate_vouches_for_itself_where_it_is_given() {
    let (identity, file) = self_signed(IsCa::NoCa, 2020);
    let own = std::fs::read_to_string(file.path()).unwrap();
    assert_eq!(judged(&identity, "i.pigsty", Some(&own)).await, [true, true, false]);
    assert_eq!(judged(&identity, "i.pigsty", None).await, [false, true, false]);
}

#[tokio::test]
async fn an_authority_signs_nothing_outside_of_its_own_dates() {
    let mut old = names(&["i.pigsty"]);
    (old.not_before, old.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
    for (from, to, trusted) in [(1990, 2100, true), (1990, 2001, true), (2003, 2100, false), (1990, 2000, false)] {
        let ca = Ca::valid(from, to);
        let identity = ca.sign(&old);
        assert_eq!(judged(&identity, "i.pigsty", Some(&pem(&ca))).await[0], trusted, "{from} to {to}");
    }
}

#[tokio::test]
async fn a_chain_leads_over_those_in_between_if_they_are_shown() {
    let root = Ca::new();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "pigsty-between");
    (params.not_before, params.not_after) = (date_time_ymd(2010, 1, 1), date_time_ymd(2012, 1, 1));
    let between = params.signed_by(&key, &root.issuer).unwrap().der().clone();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let leaf = names(&["i.pigsty"]).signed_by(&key, &issuer).unwrap().der().clone();
    let alone = Identity { chain: vec![leaf.clone()], key: key.serialize_der() };
    let whole = Identity { chain: vec![leaf, between], key: key.serialize_der() };
    // The certificate is older than what signed it, so the moment is one at which both are valid.
    assert!(judged(&whole, "i.pigsty", Some(&pem(&root))).await[0]);
    assert!(!judged(&alone, "i.pigsty", Some(&pem(&root))).await[0]);
}

#[test]
fn an_authority_that_is_none_is_refused() {
    let ca = Ca::new();
    let refused = |settings| {
        let fields = json!({"get": "https://i.pigsty/", "tls_config": settings});
        probe("http", &fields).unwrap_err()
    };
    for text in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let error = refused(json!({ "ca": text }));
        assert!(error.contains("tls_config.ca: holds no CA certificate"), "{error}");
    }
    let broken = refused(json!({"ca": "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"}));
    assert!(broken.contains("tls_config.ca: is not PEM"), "{broken}");
    let both = refused(json!({"ca": pem(&ca), "ca_file": ca.path()}));
    assert!(both.contains("keep one"), "{both}");
}
