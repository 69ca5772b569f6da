//! TLS for the probers: who is asked for, who is believed, and what the handshake showed as metrics.
//!
//! A certificate is judged by Go's rules (`chain`) and every handshake is a full one. TLS below 1.2 is not spoken: where a
//! module allows it, 1.2 is the least that is offered, and where it demands it, the probe fails and says so.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, ClientConfig, Error, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use self::chain::{Doubt, Roots};
pub(in crate::probe) use self::shown::Shown;
use self::verifier::{Record, Verifier};
use super::{Failed, TlsModule, TlsVersion};
use crate::probe::blame::blame;
use crate::probe::request::tls_words;
use crate::probe::trust;

mod chain;
mod constraint;
mod host;
mod identity;
mod name;
mod shown;
mod signature;
#[cfg(test)]
mod tests;
mod verifier;

/// The cipher suites in the order in which Go offers them, so that a server that lets us choose chooses the same.
const SUITES: [CipherSuite; 9] = [
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    CipherSuite::TLS13_AES_256_GCM_SHA384,
    CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// What is spoken here, for the sentence that nothing is in common.
const SPOKEN: &str = "here: ECDHE with AES-GCM or ChaCha20, over X25519, P-256 or P-384";

/// How to speak TLS with a target, read and checked.
#[derive(Clone, Debug)]
pub(in crate::probe) struct Setup {
    name: String,
    roots: Arc<Roots>,
    insecure: bool,
    versions: Vec<&'static SupportedProtocolVersion>,
    /// Whether the module allows versions that are not spoken here.
    older: bool,
    identity: Option<Arc<SingleCertAndKey>>,
    alpn: Vec<Vec<u8>>,
}

impl Setup {
    /// Reads what the module names; `name` is asked for and verified where the module has no `server_name`.
    pub(super) fn new(module: &TlsModule, name: &str, alpn: &[&[u8]]) -> Result<Self, Failed> {
        let versions = versions(module)?;
        let roots = identity::roots(module)?;
        let identity = identity::client(module)?;
        let name = if module.server_name.is_empty() { name } else { &module.server_name };
        if name.is_empty() && !module.insecure_skip_verify {
            return Err(Failed::target("tls_config: there is no name to verify; set server_name"));
        }
        Ok(Self {
            name: name.to_owned(),
            roots,
            insecure: module.insecure_skip_verify,
            versions,
            older: module.min_version.is_some_and(|least| least < TlsVersion::Tls12),
            identity,
            alpn: alpn.iter().map(|protocol| protocol.to_vec()).collect(),
        })
    }

    /// Makes the handshake over a connection; when it is to end is the caller's.
    pub(super) async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        peer: SocketAddr,
    ) -> Result<(TlsStream<S>, Shown), Failed> {
        let record = Arc::new(Mutex::new(Record::default()));
        let connector = TlsConnector::from(Arc::new(self.config(record.clone())?));
        // What cannot be asked for is not asked for; the verifier goes by the text.
        let bare = self.name.split('%').next().unwrap_or_default();
        let name = host::address(bare).is_none().then(|| ServerName::try_from(self.name.clone()).ok()).flatten();
        let name = name.unwrap_or_else(|| ServerName::IpAddress(peer.ip().into()));
        let outcome = connector.connect(name, stream).await;
        let record = std::mem::take(&mut *record.lock().unwrap_or_else(PoisonError::into_inner));
        let stream = outcome.map_err(|error| self.explain(&error, record.doubt.as_ref(), peer))?;
        let session = stream.get_ref().1;
        let shown = Shown {
            alpn: session.alpn_protocol().map(<[u8]>::to_vec),
            presented: record.presented,
            until: record.until,
            version: session.protocol_version(),
            cipher: session.negotiated_cipher_suite().map(|suite| suite.suite()),
            name: self.name.clone(),
            roots: self.roots.clone(),
        };
        Ok((stream, shown))
    }

    fn config(&self, record: Arc<Mutex<Record>>) -> Result<ClientConfig, Failed> {
        let verifier = Verifier { record, name: self.name.clone(), roots: self.roots.clone(), insecure: self.insecure };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&self.versions)
            .map_err(|error| Failed::local(format!("TLS cannot be set up: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.identity {
            Some(identity) => builder.with_client_cert_resolver(identity.clone()),
            None => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::disabled();
        config.alpn_protocols.clone_from(&self.alpn);
        Ok(config)
    }

    /// Why there was no handshake.
    fn explain(&self, error: &io::Error, doubt: Option<&(Doubt, String)>, peer: SocketAddr) -> Failed {
        if let Some((doubt, words)) = doubt {
            let reason = format!("the certificate of {peer} {words}");
            return Failed { reason, local: matches!(doubt, Doubt::Unread(_)) };
        }
        if let Some(error) = error.get_ref().and_then(|error| error.downcast_ref::<Error>()) {
            return self.broken(error, peer);
        }
        if error.raw_os_error().is_some() {
            return blame(error, peer).into();
        }
        Failed::target(format!("{peer} closed the connection during the TLS handshake"))
    }

    /// What a broken handshake means; where the exporter speaks what we do not, nothing is known about the target.
    fn broken(&self, error: &Error, peer: SocketAddr) -> Failed {
        use rustls::{AlertDescription as Alert, InvalidMessage as Message};
        let reason = format!("{peer} {}", tls_words(error));
        match error {
            Error::InvalidMessage(Message::HandshakePayloadTooLarge | Message::CertificatePayloadTooLarge) => {
                Failed::local(format!(
                    "{peer} shows more than 64 KiB of certificates, the limit here: show fewer of them, or fewer names"
                ))
            }
            Error::AlertReceived(Alert::ProtocolVersion) | Error::PeerIncompatible(_) if self.older => {
                Failed::local(format!("{reason}; TLS 1.0 and 1.1, which the module allows, are not spoken here"))
            }
            Error::AlertReceived(Alert::HandshakeFailure) => Failed::target(format!("{reason} ({SPOKEN})")),
            _ => Failed::target(reason),
        }
    }
}

/// The versions that a module leaves to us.
fn versions(module: &TlsModule) -> Result<Vec<&'static SupportedProtocolVersion>, Failed> {
    let least = module.min_version.unwrap_or(TlsVersion::Tls12);
    let most = module.max_version.unwrap_or(TlsVersion::Tls13);
    if least > most {
        return Err(Failed::target(format!(
            "tls_config: min_version {} is above max_version {}; swap them or drop one",
            word(least),
            word(most)
        )));
    }
    if most < TlsVersion::Tls12 {
        return Err(Failed::local(format!(
            "tls_config: max_version {} asks for what is not spoken here; TLS 1.2 and 1.3 are",
            word(most)
        )));
    }
    let spoken = [(TlsVersion::Tls12, &TLS12), (TlsVersion::Tls13, &TLS13)];
    Ok(spoken.into_iter().filter(|(version, _)| (least..=most).contains(version)).map(|(_, one)| one).collect())
}

fn word(version: TlsVersion) -> &'static str {
    match version {
        TlsVersion::Tls10 => "TLS10",
        TlsVersion::Tls11 => "TLS11",
        TlsVersion::Tls12 => "TLS12",
        TlsVersion::Tls13 => "TLS13",
    }
}

/// The cryptography of all probes, with the suites in Go's order.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let build = || {
        let mut provider = CryptoProvider::clone(&trust::provider());
        let rank = |suite| SUITES.iter().position(|known| *known == suite).unwrap_or(SUITES.len());
        provider.cipher_suites.sort_by_key(|suite| rank(suite.suite()));
        Arc::new(provider)
    };
    PROVIDER.get_or_init(build).clone()
}
