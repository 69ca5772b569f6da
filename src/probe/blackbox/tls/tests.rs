use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, CustomExtension, DnType, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, Issuer, KeyPair, NameConstraints,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::{CertificateError, ServerConfig};
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::TlsAcceptor;

use super::shown::NEVER;
use super::*;
use crate::probe::blackbox::{Metrics, Source};
use crate::value::Secret;

mod belief;
mod handshake;

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

    /// As a gauge has it.
    fn end(&self) -> f64 {
        f64::from(u32::try_from(self.until()).unwrap())
    }

    fn until(&self) -> i64 {
        chain::parse(self.certificate.der()).unwrap().validity().not_after.timestamp()
    }
}
