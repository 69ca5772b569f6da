//! Headers: those that a request carries, and the rules that a module has for them.

use super::field::Fields;
use super::{ModuleError, Notes};
use crate::pigsty::is_telling;
use crate::probe::blackbox::{HeaderRule, HeaderValues};
use crate::value::Secret;

/// What `http_headers` may not set.
const RESERVED: [&str; 18] = [
    "Authorization",
    "Host",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "User-Agent",
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Www-Authenticate",
    "Accept-Encoding",
    "X-Prometheus-Remote-Write-Version",
    "X-Prometheus-Remote-Read-Version",
    "X-Prometheus-Scrape-Timeout-Seconds",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
];

/// Parts of a header's name that say that its value is a secret, besides those of variables.
const TELLING: [&str; 4] = ["authorization", "cookie", "key", "session"];

/// `headers`, in the order of the file; one that may be a secret is hidden.
pub(super) fn plain(
    fields: &Fields<'_>,
    compression: &str,
    notes: &mut Notes,
) -> Result<Vec<(String, Secret)>, ModuleError> {
    let Some(section) = fields.names("headers")? else { return Ok(Vec::new()) };
    let mut headers = Vec::new();
    for (key, _) in section.entries() {
        let (name, value) = (key.text.as_str(), section.text(&key.text)?);
        if name.eq_ignore_ascii_case("Accept-Encoding") && !accepts(&value, compression) {
            let why = format!("is `{value}`, which does not accept what `compression: {compression}` expects");
            return Err(section.refuse(name, &why));
        }
        let lower = name.to_ascii_lowercase();
        if is_telling(&lower) || TELLING.iter().any(|part| lower.contains(part)) {
            notes.hide(&Secret::from(value.as_str()));
            value.split_whitespace().skip(1).for_each(|part| notes.hide(&Secret::from(part)));
        }
        headers.push((name.to_owned(), Secret::from(value.as_str())));
    }
    Ok(headers)
}

/// `http_headers`.
pub(super) fn injected(fields: &Fields<'_>, notes: &mut Notes) -> Result<Vec<HeaderValues>, ModuleError> {
    let Some(section) = fields.names("http_headers")? else { return Ok(Vec::new()) };
    let mut headers = Vec::new();
    for (key, node) in section.entries() {
        let name = key.text.clone();
        if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(&name)) {
            return Err(section.refuse(&name, "cannot be set here: it belongs to the connection"));
        }
        let mut header = HeaderValues { name: name.clone(), values: Vec::new(), files: Vec::new() };
        if !node.is_null() {
            let fields = Fields::read(&format!("the header `{name}`"), node, &["values", "secrets", "files"])?;
            let secrets = secrets(&fields, "secrets", notes)?;
            header.values =
                fields.texts("values")?.iter().map(|text| Secret::from(text.as_str())).chain(secrets).collect();
            header.files = fields.texts("files")?.into_iter().map(Into::into).collect();
        }
        headers.push(header);
    }
    Ok(headers)
}

/// `proxy_connect_header`.
pub(super) fn connect(fields: &Fields<'_>, notes: &mut Notes) -> Result<Vec<HeaderValues>, ModuleError> {
    let Some(section) = fields.names("proxy_connect_header")? else { return Ok(Vec::new()) };
    let header = |name: &String, notes: &mut Notes| {
        Ok(HeaderValues { name: name.clone(), values: secrets(&section, name, notes)?, files: Vec::new() })
    };
    section.entries().iter().map(|(key, _)| header(&key.text, notes)).collect()
}

fn secrets(fields: &Fields<'_>, key: &str, notes: &mut Notes) -> Result<Vec<Secret>, ModuleError> {
    let secrets: Vec<_> = fields.texts(key)?.iter().map(|text| Secret::from(text.as_str())).collect();
    secrets.iter().for_each(|secret| notes.hide(secret));
    Ok(secrets)
}

/// The rules of a list.
pub(super) fn rules(fields: &Fields<'_>, key: &str) -> Result<Vec<HeaderRule>, ModuleError> {
    let rule = |node| {
        let fields = Fields::read("a rule for a header", node, &["header", "regexp", "allow_missing"])?;
        let header = fields.text("header")?;
        if header.is_empty() {
            return Err(fields.refuse("header", "is missing"));
        }
        match fields.pattern("regexp")? {
            Some(regexp) if !regexp.text().is_empty() => {
                Ok(HeaderRule { header, regexp, allow_missing: fields.flag("allow_missing", false)? })
            }
            _ => Err(fields.refuse("regexp", "is missing or empty")),
        }
    };
    fields.items(key)?.into_iter().map(rule).collect()
}

/// Whether a value of `Accept-Encoding` asks for what the module expects to be sent.
fn accepts(value: &str, compression: &str) -> bool {
    if value.is_empty() || compression.is_empty() {
        return true;
    }
    let mut codings: Vec<_> = value.split(',').map(coding).collect();
    codings.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let decides = codings.iter().find(|(name, _)| [compression, "*"].contains(name));
    decides.is_some_and(|(_, quality)| *quality > 0.0)
}

/// A coding with its quality, which is 1 where none is written and 0 where it is no number.
fn coding(text: &str) -> (&str, f64) {
    let Some((name, quality)) = text.rsplit_once(';') else { return (text.trim(), 1.0) };
    let quality = quality.trim();
    let quality =
        quality.strip_prefix("q=").unwrap_or(quality).parse::<f32>().ok().filter(|quality| quality.is_finite());
    (name.trim(), quality.map_or(0.0, |quality| (f64::from(quality) * 1000.0).round() / 1000.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compression_must_be_among_what_is_accepted() {
        for (compression, value, accepted) in [
            ("", "gzip", true),
            ("gzip", "", true),
            ("gzip", "gzip", true),
            ("gzip", "gzip;q=1.0", true),
            ("gzip", "gzip, compress", true),
            ("gzip", "compress, gzip", true),
            ("br", "gzip, compress", false),
            ("br", "gzip, compress, *", true),
            ("br", "gzip, compress, *;q=0.1", true),
            ("br", "gzip, compress, br;q=0.0", false),
            ("br", "gzip, compress, *;q=0.0", false),
            ("br", "gzip;q=1.0, compress;q=0.5, br;q=0.1, *;q=0.0", true),
            ("br", "*;q=0.0, compress;q=0.5, br;q=0.1, gzip;q=1.0", true),
            ("br", " gzip;q=1.0, compress; q=0.5, br;q=0.1, *; q=0.0 ", true),
            ("gzip", "GZIP", false),
            ("gzip", "gzip;q=x", false),
            ("gzip", "gzip;q=0.0004", false),
        ] {
            assert_eq!(accepts(value, compression), accepted, "compression {compression}, Accept-Encoding {value}");
        }
    }
}
