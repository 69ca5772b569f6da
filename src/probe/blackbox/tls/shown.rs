//! What a handshake showed, as the exporter's metrics and as facts of a suite.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{CipherSuite, ProtocolVersion};
use x509_parser::prelude::GeneralName;

use super::chain::Roots;
use super::verifier::{seconds, words};
use super::{chain, host, name};
use crate::probe::blackbox::Metrics;
use crate::probe::{Facts, certificate};

/// What the exporter gives for the end of a chain that was not verified: the year 1, from which Go counts.
pub(super) const NEVER: f64 = -62_135_596_800.0;

/// What a handshake showed.
#[derive(Clone, Debug)]
pub(in crate::probe) struct Shown {
    /// The protocol that was agreed upon.
    pub(in crate::probe) alpn: Option<Vec<u8>>,
    pub(super) presented: Vec<CertificateDer<'static>>,
    pub(super) until: Option<i64>,
    pub(super) version: Option<ProtocolVersion>,
    pub(super) cipher: Option<CipherSuite>,
    pub(super) name: String,
    pub(super) roots: Arc<Roots>,
}

impl Shown {
    /// Sets `probe_ssl_*` and `probe_tls_version_info`, and `probe_tls_cipher_info` where the prober has it.
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a double, and seconds of any date fit")]
    pub(in crate::probe) fn metrics(&self, cipher: bool, metrics: &mut Metrics) {
        let presented: Vec<_> = self.presented.iter().filter_map(chain::parse).collect();
        if let Some(earliest) = presented.iter().map(|one| one.validity().not_after.timestamp()).min() {
            metrics.set("probe_ssl_earliest_cert_expiry", earliest as f64);
        }
        let until = self.until.map_or(NEVER, |until| until as f64);
        metrics.set("probe_ssl_last_chain_expiry_timestamp_seconds", until);
        if let Some(leaf) = presented.first() {
            let hosts = host::names(leaf).iter().filter_map(|name| match name {
                GeneralName::DNSName(name) => Some(*name),
                _ => None,
            });
            let serial: Vec<_> = leaf.raw_serial().iter().copied().skip_while(|byte| *byte == 0).collect();
            let fingerprint = ring::digest::digest(&ring::digest::SHA256, leaf.as_raw());
            let labels = [
                ("fingerprint_sha256", HEXLOWER.encode(fingerprint.as_ref())),
                ("issuer", name::print(leaf.issuer())),
                ("serialnumber", HEXLOWER.encode(&serial)),
                ("subject", name::print(leaf.subject())),
                ("subjectalternative", hosts.collect::<Vec<_>>().join(",")),
            ];
            let labels = labels.each_ref().map(|(name, value)| (*name, value.as_str()));
            metrics.labelled("probe_ssl_last_chain_info", &labels, 1.0);
        }
        metrics.labelled("probe_tls_version_info", &[("version", self.version())], 1.0);
        if cipher {
            metrics.labelled("probe_tls_cipher_info", &[("cipher", &self.cipher())], 1.0);
        }
    }

    /// Records `tls.*` as the http probe of suites has it, also of a certificate that was not to be verified.
    pub(in crate::probe) fn facts(&self, facts: &mut Facts) {
        let Some((leaf, chain)) = self.presented.split_first() else { return };
        let now = UnixTime::now();
        let verdict = chain::verify(&self.presented, &self.roots, &self.name, seconds(now));
        facts.insert("tls.version", self.version().trim_start_matches("TLS "));
        facts.insert("tls.verified", verdict.is_ok());
        facts.insert("tls.trusted", self.roots.trust().vouches(leaf, chain));
        facts.insert("tls.named", chain::parse(leaf).is_some_and(|leaf| host::verify(&leaf, &self.name).is_ok()));
        if let Err(doubt) = verdict {
            facts.insert("tls.problem", words(&doubt, &self.presented, &self.name, now));
        }
        certificate::facts(leaf, facts);
    }

    pub(super) fn version(&self) -> &'static str {
        match self.version {
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
            _ => "unknown",
        }
    }

    /// By the name of its registration, which says nothing of the version.
    pub(super) fn cipher(&self) -> String {
        let name = self.cipher.and_then(|suite| suite.as_str()).unwrap_or("unknown");
        name.replace("TLS13_", "TLS_")
    }
}
