//! The files of a `tls_config`: whom a probe believes, and who it says that it is.
//!
//! A `ca` replaces the system's roots. What cannot be read or used is this machine's fault, and nothing is asked.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::chain::Roots;
use super::signature::READ;
use super::{chain, pem, provider};
use crate::probe::blackbox::{Failed, Source, TlsModule};

/// The longest file that is read, in bytes: a hundred times what a distribution's bundle of all roots has.
const LONGEST: u64 = 32 * 1024 * 1024;

/// Whom to believe.
pub(super) fn roots(module: &TlsModule) -> Result<Arc<Roots>, Failed> {
    let Some(source) = &module.ca else { return Ok(Roots::native()) };
    let roots = Roots::new(pem::certificates(&read("ca", source)?, false));
    if roots.len() == 0 {
        return Err(Failed::target(format!(
            "{}: holds no certificate in PEM, each between lines of its own",
            place("ca", source)
        )));
    }
    Ok(Arc::new(roots))
}

/// The certificate to show to a server that asks for one, with its key.
pub(super) fn client(module: &TlsModule) -> Result<Option<Arc<SingleCertAndKey>>, Failed> {
    let (Some(certificate), Some(key)) = (&module.cert, &module.key) else { return Ok(None) };
    let (at, secret) = (place("cert", certificate), read("key", key)?);
    let chain = pem::certificates(&read("cert", certificate)?, true);
    if chain.is_empty() {
        return Err(Failed::target(format!("{at}: holds no certificate in PEM")));
    }
    let at = place("key", key);
    let secret = PrivateKeyDer::from_pem_slice(&secret)
        .map_err(|_| Failed::target(format!("{at}: holds no private key in PEM without a passphrase")))?;
    let key = provider().key_provider.load_private_key(secret);
    let key = key.map_err(|_| Failed::local(format!("{at}: is a key that is not read here: {READ}")))?;
    // By hand, since the library reads no certificate of X.509 version 1.
    let (ours, theirs) = (key.public_key(), chain.first().and_then(chain::parse));
    let belong = ours.zip(theirs).is_some_and(|(ours, theirs)| ours.as_ref() == theirs.public_key().raw);
    if !belong {
        return Err(Failed::target(format!("{at}: is not the key of the cert: give the two that belong together")));
    }
    let pair = CertifiedKey::new(chain, key);
    Ok(Some(Arc::new(SingleCertAndKey::from(pair))))
}

/// What a sentence calls a source: its path, if it is a file.
fn place(field: &str, source: &Source) -> String {
    match source {
        Source::File(path) => path.display().to_string(),
        Source::Text(_) | Source::Reference(_) => format!("tls_config.{field}"),
    }
}

fn read(field: &str, source: &Source) -> Result<Vec<u8>, Failed> {
    match source {
        Source::Text(text) => Ok(text.expose().as_bytes().to_vec()),
        Source::File(path) => load(path)
            .map_err(|why| Failed::target(format!("{}: {why}; check tls_config.{field}_file", path.display()))),
        Source::Reference(name) => Err(Failed::target(format!(
            "tls_config.{field}_ref: `{name}` is of a secret manager, and there is none; use {field}_file"
        ))),
    }
}

fn load(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes));
    match file {
        Err(error) => Err(format!("cannot be read: {}", error.kind())),
        Ok(length) if length as u64 > LONGEST => Err(format!("is longer than {LONGEST} bytes, the limit")),
        Ok(_) => Ok(bytes),
    }
}
