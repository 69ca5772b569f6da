//! Name constraints: which names a CA may sign for, as Go sees them.
//!
//! Hosts, addresses, mail and URIs are looked at; constraints on other kinds of names forbid nothing.

use x509_parser::extensions::{GeneralSubtree, NameConstraints};
use x509_parser::prelude::{GeneralName, X509Certificate};

use super::chain::Doubt;
use super::{host, name};

/// Whether every name of a chain is one that every CA above it may sign for.
pub(super) fn check(chain: &[&X509Certificate<'_>]) -> Result<(), Doubt> {
    for (at, authority) in chain.iter().enumerate() {
        let Ok(Some(constraints)) = authority.name_constraints() else { continue };
        for below in &chain[..at] {
            if let Some(forbidden) = host::names(below).iter().find(|name| !is_allowed(name, constraints.value)) {
                let issuer = name::print(authority.subject());
                let name = text(forbidden);
                return Err(Doubt::Told(format!("is for {name}, which its CA '{issuer}' may not sign for")));
            }
        }
    }
    Ok(())
}

fn text(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::IPAddress(bytes) => host::read(bytes).map(|ip| ip.to_string()).unwrap_or_default(),
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => (*text).to_owned(),
        other => other.to_string(),
    }
}

fn is_allowed(name: &GeneralName<'_>, constraints: &NameConstraints<'_>) -> bool {
    let of_kind = |subtrees: &Option<Vec<GeneralSubtree<'_>>>, excluded: bool| {
        let subtrees = subtrees.iter().flatten();
        let same = subtrees.filter(|tree| std::mem::discriminant(&tree.base) == std::mem::discriminant(name));
        let hits: Vec<_> = same.map(|tree| covers(&tree.base, name, excluded)).collect();
        (hits.is_empty(), hits.contains(&true))
    };
    let (unlimited, permitted) = of_kind(&constraints.permitted_subtrees, false);
    let (_, excluded) = of_kind(&constraints.excluded_subtrees, true);
    (unlimited || permitted) && !excluded
}

fn covers(base: &GeneralName<'_>, name: &GeneralName<'_>, excluded: bool) -> bool {
    match (base, name) {
        (GeneralName::DNSName(base), GeneralName::DNSName(name)) => {
            // A wildcard may stand for the one name below it that is excluded.
            let parent = |text: &str| text.split_once('.').map(|(_, parent)| parent.to_ascii_lowercase());
            is_below(base, name)
                || (excluded
                    && name.starts_with('*')
                    && !base.is_empty()
                    && parent(base).is_some()
                    && parent(base) == parent(name))
        }
        (GeneralName::RFC822Name(base), GeneralName::RFC822Name(name)) => match name.rsplit_once('@') {
            Some((mailbox, domain)) => match base.rsplit_once('@') {
                Some((own, at)) => own == mailbox && at.eq_ignore_ascii_case(domain),
                None => is_below(base, domain),
            },
            None => excluded,
        },
        (GeneralName::URI(base), GeneralName::URI(name)) => match authority(name) {
            Some(host) => is_below(base, host),
            None => excluded,
        },
        (GeneralName::IPAddress(base), GeneralName::IPAddress(address)) => {
            let (network, mask) = base.split_at(base.len() / 2);
            network.len() == address.len()
                && network.iter().zip(mask).zip(*address).all(|((net, mask), byte)| net & mask == byte & mask)
        }
        _ => false,
    }
}

/// Whether a domain is the base or below it; a base that begins with a dot is none of its own.
fn is_below(base: &str, domain: &str) -> bool {
    let Some(at) = domain.len().checked_sub(base.len()) else { return false };
    let ends = domain.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(base));
    ends && (at == 0 || base.is_empty() || base.starts_with('.') || domain[..at].ends_with('.'))
}

/// The host of a URI, which is not to be an address.
fn authority(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = if host.ends_with(']') { host } else { host.rsplit_once(':').map_or(host, |(host, _)| host) };
    (!host.is_empty() && host::address(host).is_none()).then_some(host)
}
