//! The fields of a section that lead through a proxy.

use super::field::Fields;
use super::{ModuleError, Notes, header, url};
use crate::probe::blackbox::Proxy;
use crate::value::Secret;

/// The keys of a section that belong here.
pub(super) const KEYS: [&str; 4] = ["proxy_url", "no_proxy", "proxy_from_environment", "proxy_connect_header"];

/// Whatever of them is there.
pub(super) fn read(fields: &Fields<'_>, notes: &mut Notes) -> Result<Proxy, ModuleError> {
    let text = fields.text("proxy_url")?;
    // The address is as secret as the password in it may be, so it is not repeated.
    url::check(&text).map_err(|why| fields.refuse("proxy_url", why))?;
    if let Some(login) = text.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')) {
        let password = login.0.split_once(':').map_or("", |(_, password)| password);
        notes.hide(&Secret::from(password));
    }
    let proxy = Proxy {
        proxy_url: (!text.is_empty()).then(|| Secret::from(text.as_str())),
        no_proxy: fields.text("no_proxy")?,
        proxy_from_environment: fields.flag("proxy_from_environment", false)?,
        proxy_connect_header: header::connect(fields, notes)?,
    };
    let environment = proxy.proxy_from_environment;
    if !proxy.proxy_connect_header.is_empty() && proxy.proxy_url.is_none() && !environment {
        return Err(fields.refuse("proxy_connect_header", "needs `proxy_url` or `proxy_from_environment` beside it"));
    }
    if environment && proxy.proxy_url.is_some() {
        return Err(fields.refuse("proxy_url", "cannot stand beside `proxy_from_environment`"));
    }
    if environment && !proxy.no_proxy.is_empty() {
        return Err(fields.refuse("no_proxy", "cannot stand beside `proxy_from_environment`"));
    }
    if fields.get("proxy_url").is_none() && !proxy.no_proxy.is_empty() {
        return Err(fields.refuse("no_proxy", "needs `proxy_url` beside it"));
    }
    Ok(proxy)
}
