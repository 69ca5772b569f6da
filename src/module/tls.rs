//! The section `tls_config`, and texts that may stand in a file.

use super::field::Fields;
use super::{ModuleError, Notes};
use crate::probe::blackbox::{Source, TlsModule, TlsVersion};

/// The keys of the section.
const KEYS: [&str; 13] = [
    "ca",
    "cert",
    "key",
    "ca_file",
    "cert_file",
    "key_file",
    "ca_ref",
    "cert_ref",
    "key_ref",
    "server_name",
    "insecure_skip_verify",
    "min_version",
    "max_version",
];

/// How TLS versions are spelt.
const VERSIONS: [(&str, TlsVersion); 4] = [
    ("TLS10", TlsVersion::Tls10),
    ("TLS11", TlsVersion::Tls11),
    ("TLS12", TlsVersion::Tls12),
    ("TLS13", TlsVersion::Tls13),
];

/// The section, if it is there.
pub(super) fn read(outer: &Fields<'_>, notes: &mut Notes) -> Result<TlsModule, ModuleError> {
    let Some(fields) = outer.section("tls_config", &KEYS)? else { return Ok(TlsModule::default()) };
    let module = TlsModule {
        insecure_skip_verify: fields.flag("insecure_skip_verify", false)?,
        ca: source(&fields, ["ca", "ca_file", "ca_ref"])?,
        cert: source(&fields, ["cert", "cert_file", "cert_ref"])?,
        key: source(&fields, ["key", "key_file", "key_ref"])?,
        server_name: fields.text("server_name")?,
        min_version: version(&fields, "min_version")?,
        max_version: version(&fields, "max_version")?,
    };
    if let Some(Source::Text(key)) = &module.key {
        notes.hide(key);
    }
    match (&module.cert, &module.key) {
        (Some(_), None) => Err(fields
            .refuse(there(&fields, ["cert", "cert_file", "cert_ref"]), "needs a key beside it: `key` or `key_file`")),
        (None, Some(_)) => Err(fields.refuse(
            there(&fields, ["key", "key_file", "key_ref"]),
            "needs a certificate beside it: `cert` or `cert_file`",
        )),
        _ => Ok(module),
    }
}

/// Which of the keys is there, for messages.
fn there<'a>(fields: &Fields<'_>, keys: [&'a str; 3]) -> &'a str {
    keys.into_iter().find(|key| fields.get(key).is_some()).unwrap_or(keys[0])
}

/// A text that stands here, in a file, or under a name; of the three keys only one may say something.
pub(super) fn source(fields: &Fields<'_>, keys: [&str; 3]) -> Result<Option<Source>, ModuleError> {
    let [text, file, reference] = keys;
    let sources = [
        fields.secret(text)?.map(Source::Text),
        fields.path(file)?.map(Source::File),
        Some(fields.text(reference)?).filter(|name| !name.is_empty()).map(Source::Reference),
    ];
    let mut sources = sources.into_iter().flatten();
    let first = sources.next();
    if sources.next().is_some() {
        let (first, other) = match fields.get(text) {
            Some(_) if fields.get(file).is_some() => (text, file),
            Some(_) => (text, reference),
            None => (file, reference),
        };
        return Err(fields.refuse(other, &format!("cannot stand beside `{first}`")));
    }
    Ok(first)
}

fn version(fields: &Fields<'_>, key: &str) -> Result<Option<TlsVersion>, ModuleError> {
    if fields.get(key).is_none() {
        return Ok(None);
    }
    let text = fields.text(key)?;
    let known = VERSIONS.iter().find(|(name, _)| *name == text).map(|(_, version)| *version);
    let names = VERSIONS.map(|(name, _)| name).join(", ");
    known.map(Some).ok_or_else(|| fields.refuse(key, &format!("must be one of {names}, and is `{text}`")))
}
