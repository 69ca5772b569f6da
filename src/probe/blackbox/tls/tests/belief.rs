use super::*;

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
