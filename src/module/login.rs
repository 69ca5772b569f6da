//! How a request says who asks: of `basic_auth`, `authorization`, `oauth2` and the bearer tokens only one may be there.
//!
//! `oauth2` is read and checked, and then refused as not supported here.

use super::field::Fields;
use super::tls::{self, source};
use super::{ModuleError, Notes, proxy};
use crate::probe::blackbox::{Login, Source};
use crate::value::Secret;

/// The keys of a section that belong here.
pub(super) const KEYS: [&str; 5] = ["basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file"];

const BASIC: [&str; 6] = ["username", "username_file", "username_ref", "password", "password_file", "password_ref"];

const AUTHORIZATION: [&str; 4] = ["type", "credentials", "credentials_file", "credentials_ref"];

const OAUTH2: [&str; 19] = [
    "client_id",
    "client_secret",
    "client_secret_file",
    "client_secret_ref",
    "client_certificate_key_id",
    "client_certificate_key",
    "client_certificate_key_file",
    "client_certificate_key_ref",
    "grant_type",
    "signature_algorithm",
    "iss",
    "audience",
    "claims",
    "scopes",
    "token_url",
    "endpoint_params",
    "tls_config",
    "proxy_url",
    "no_proxy",
];

/// The grant that signs with a key.
const JWT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Whichever of them is there.
pub(super) fn read(fields: &Fields<'_>, notes: &mut Notes) -> Result<Option<Login>, ModuleError> {
    let bearer = bearer(fields, notes)?;
    let basic = fields.section("basic_auth", &BASIC)?.map(|section| basic(&section, notes)).transpose()?;
    let own = fields.section("authorization", &AUTHORIZATION)?;
    let own = own.map(|section| authorization(&section, notes)).transpose()?;
    let keys: Vec<_> = OAUTH2.into_iter().chain(proxy::KEYS).collect();
    let oauth2 = fields.section("oauth2", &keys)?.map(|section| oauth2(&section, notes)).transpose()?;
    let token = if fields.text("bearer_token")?.is_empty() { "bearer_token_file" } else { "bearer_token" };
    let there = [
        ("basic_auth", basic.is_some()),
        ("authorization", own.is_some()),
        ("oauth2", oauth2.is_some()),
        (token, bearer.is_some()),
    ];
    let mut there = there.into_iter().filter(|(_, there)| *there).map(|(key, _)| key);
    if let (Some(first), Some(second)) = (there.next(), there.next()) {
        return Err(fields.refuse(second, &format!("cannot stand beside `{first}`")));
    }
    if oauth2.is_some() {
        notes.refuse(fields.refuse("oauth2", "is not supported here: no token is fetched"));
    }
    Ok(basic.or(own).or(bearer))
}

fn bearer(fields: &Fields<'_>, notes: &mut Notes) -> Result<Option<Login>, ModuleError> {
    let (text, file) = (fields.secret("bearer_token")?, fields.path("bearer_token_file")?);
    let credentials = match (text, file) {
        (Some(_), Some(_)) => {
            return Err(fields.refuse("bearer_token_file", "cannot stand beside `bearer_token`"));
        }
        (Some(text), None) => Some(Source::Text(text)),
        (None, file) => file.map(Source::File),
    };
    hide(credentials.as_ref(), notes);
    Ok(credentials
        .map(|credentials| Login::Authorization { kind: "Bearer".to_owned(), credentials: Some(credentials) }))
}

fn basic(fields: &Fields<'_>, notes: &mut Notes) -> Result<Login, ModuleError> {
    let username = source(fields, ["username", "username_file", "username_ref"])?;
    let password = source(fields, ["password", "password_file", "password_ref"])?;
    hide(password.as_ref(), notes);
    if let (Some(Source::Text(username)), Some(Source::Text(password))) = (&username, &password) {
        let pair = format!("{}:{}", username.expose(), password.expose());
        notes.hide(&Secret::from(data_encoding::BASE64.encode(pair.as_bytes()).as_str()));
    }
    Ok(Login::Basic { username, password })
}

fn authorization(fields: &Fields<'_>, notes: &mut Notes) -> Result<Login, ModuleError> {
    let credentials = source(fields, ["credentials", "credentials_file", "credentials_ref"])?;
    hide(credentials.as_ref(), notes);
    let kind = fields.text("type")?.trim().to_owned();
    if kind.to_lowercase() == "basic" {
        return Err(fields.refuse("type", "cannot be Basic: write `basic_auth` for that"));
    }
    let kind = if kind.is_empty() { "Bearer".to_owned() } else { kind };
    Ok(Login::Authorization { kind, credentials })
}

fn hide(source: Option<&Source>, notes: &mut Notes) {
    if let Some(Source::Text(secret)) = source {
        notes.hide(secret);
    }
}

/// Refuses what the exporter refuses.
fn oauth2(fields: &Fields<'_>, notes: &mut Notes) -> Result<(), ModuleError> {
    for key in ["client_id", "token_url"] {
        if fields.text(key)?.is_empty() {
            return Err(fields.refuse(key, "is missing"));
        }
    }
    for key in ["client_certificate_key_id", "iss", "audience"] {
        fields.text(key)?;
    }
    for secret in ["client_secret", "client_certificate_key"] {
        fields.secret(secret)?.iter().for_each(|secret| notes.hide(secret));
    }
    fields.texts("scopes")?;
    for name in ["claims", "endpoint_params"] {
        fields.names(name)?;
    }
    tls::read(fields, notes)?;
    proxy::read(fields, notes)?;
    let algorithm = fields.text("signature_algorithm")?;
    let [secrets, keys] = ["client_secret", "client_certificate_key"]
        .map(|key| [key.to_owned(), format!("{key}_file"), format!("{key}_ref")]);
    let is_jwt = fields.text("grant_type")? == JWT;
    if is_jwt && !["", "RS256", "RS384", "RS512"].contains(&algorithm.as_str()) {
        return Err(fields
            .refuse("signature_algorithm", &format!("must be one of RS256, RS384 and RS512, and is `{algorithm}`")));
    }
    let [text, file, reference] = if is_jwt { keys } else { secrets };
    source(fields, [text.as_str(), file.as_str(), reference.as_str()]).map(drop)
}
