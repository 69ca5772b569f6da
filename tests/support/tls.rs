//! TLS as a script has it: with which certificate and versions, and whether the client needs one too.

use std::io;
use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::certificate::{Certificates, Kind};
use super::{Stream, drain};

/// How a server speaks TLS.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tls {
    cert: Kind,
    client: Client,
    /// The protocols it offers above TLS, `h2` for one.
    alpn: Vec<String>,
    /// The one that is spoken; 1.0 and 1.1 are OpenSSL's affair, with a good certificate and a page of its own.
    version: Option<Version>,
    /// It answers the greeting with this fatal alert: 70 is what a server says that speaks older versions only.
    alert: Option<u8>,
    /// It says nothing to the greeting.
    stall: bool,
}

/// Whether a client needs a certificate of our authority.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Client {
    #[default]
    None,
    Wanted,
    Required,
}

/// The one version that is spoken.
#[derive(Clone, Copy, Debug, Deserialize)]
enum Version {
    #[serde(rename = "1.0")]
    Tls10,
    #[serde(rename = "1.1")]
    Tls11,
    #[serde(rename = "1.2")]
    Tls12,
    #[serde(rename = "1.3")]
    Tls13,
}

impl Version {
    fn supported(self) -> Option<&'static SupportedProtocolVersion> {
        match self {
            Self::Tls10 | Self::Tls11 => None,
            Self::Tls12 => Some(&TLS12),
            Self::Tls13 => Some(&TLS13),
        }
    }
}

impl Tls {
    /// The version as an option of OpenSSL, if it is one of those that nobody else speaks.
    pub(super) fn old(&self) -> Option<&'static str> {
        match self.version? {
            Version::Tls10 => Some("-tls1"),
            Version::Tls11 => Some("-tls1_1"),
            Version::Tls12 | Version::Tls13 => None,
        }
    }

    /// Shakes hands; none where the script has it otherwise.
    pub(super) async fn accept(
        &self,
        mut stream: Stream,
        certificates: &Certificates,
    ) -> io::Result<Option<TlsStream<Stream>>> {
        if self.stall {
            drain(&mut stream).await?;
            return Ok(None);
        }
        if let Some(alert) = self.alert {
            let mut head = [0; 5];
            stream.read_exact(&mut head).await?;
            stream.write_all(&[21, 3, 1, 0, 2, 2, alert]).await?;
            stream.shutdown().await?;
            drain(&mut stream).await?;
            return Ok(None);
        }
        let config = self.config(certificates).map_err(io::Error::other)?;
        TlsAcceptor::from(Arc::new(config)).accept(stream).await.map(Some)
    }

    fn config(&self, certificates: &Certificates) -> Result<ServerConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = self.version.and_then(Version::supported).map_or(vec![&TLS12, &TLS13], |version| vec![version]);
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&versions)?;
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(certificates.roots()?), provider);
        let failed = |error: rustls::server::VerifierBuilderError| rustls::Error::General(error.to_string());
        let builder = match self.client {
            Client::None => builder.with_no_client_auth(),
            Client::Wanted => {
                builder.with_client_cert_verifier(clients.allow_unauthenticated().build().map_err(failed)?)
            }
            Client::Required => builder.with_client_cert_verifier(clients.build().map_err(failed)?),
        };
        let (chain, key) = certificates.shown(self.cert)?;
        let mut config = builder.with_single_cert(chain, key)?;
        config.alpn_protocols = self.alpn.iter().map(|name| name.clone().into_bytes()).collect();
        Ok(config)
    }
}
