//! The names of the portal: one entry each, and found in the DNS of Pigsty.

use std::collections::BTreeMap;

use super::entry::{domain, portal};
use super::{Estate, Judge, Notes, Rule};
use crate::pigsty::Node;
use crate::value::{Object, Unfilled, Value, show};

pub(super) static DOMAIN: Rule = Rule {
    name: "domain",
    title: "gives no name of the portal to two entries",
    why: "Nginx serves a name by the first server that has it, and passes over the second with nothing but a line in its log.",
    causes: &["an entry was copied, and its domain left", "a name stands in domains too"],
    look: &["ssh 10.10.10.10 nginx -t"],
    judge: Judge::Node(repeated),
};

fn repeated(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    let Some(portal) = portal(node, notes) else { return };
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for Name { entry, domain: name, path } in names(&portal) {
        if let Some(first) = seen.get(&name).filter(|first| **first != entry) {
            let path: Vec<_> = path.iter().map(String::as_str).collect();
            let what = format!("portal entry {entry} has the domain {name}, which is that of {first}");
            notes.error(estate.within(node, "infra_portal", &path), what, "give every entry a name of its own");
        } else {
            seen.insert(name, entry);
        }
    }
}

pub(super) static UNRECORDED: Rule = Rule {
    name: "unrecorded",
    title: "has the names of its portal in its DNS, at its own nodes",
    why: "Machines that ask the DNS of Pigsty find only what dns_records has. A name of its kind that is not there is found by nobody, \
          and one that leads elsewhere is not answered by the portal.",
    causes: &[
        "an entry was added to infra_portal, and not to dns_records; by default these have i, m, supa, api, adm, cli and ddl.pigsty",
        "the record has an address of another machine",
    ],
    look: &["grep -nA8 dns_records: pigsty.yml"],
    judge: Judge::Node(unrecorded),
};

fn unrecorded(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    if !notes.is_on(node, "dns_enabled") {
        return notes.unjudged("dns_enabled is false");
    }
    let (Some(portal), Some(Value::Array(records))) = (portal(node, notes), notes.value(node, "dns_names")) else {
        return;
    };
    let top = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let record = |name: &str| records.iter().find(|record| record["name"] == name);
    let local: Vec<_> = records.iter().map(|record| top(&show(&record["name"]))).collect();
    for Name { entry, domain: name, path } in names(&portal) {
        let place = || estate.within(node, "infra_portal", &path.iter().map(String::as_str).collect::<Vec<_>>());
        match record(&name) {
            // A name of the Internet is somebody else's to tell.
            None if local.contains(&top(&name)) => {
                let what = format!("domain {name} of portal entry {entry} is not in dns_records");
                notes.warn(place(), what, format!("add {name} to dns_records"));
            }
            Some(record) if !leads_here(estate, &record["addresses"]) => {
                let what =
                    format!("dns_records has {name} of portal entry {entry} at an address that is no INFRA node's");
                notes.warn(estate.place(node, "dns_records"), what, "let it lead to ${admin_ip}");
            }
            _ => {}
        }
    }
}

fn leads_here(estate: &Estate<'_>, addresses: &Value) -> bool {
    // A value that cannot be used may be any address.
    let may_be = |node: &Node, name: &str, address: &Value| match node.lookup(name) {
        Ok(value) => value == *address,
        Err(unfilled) => matches!(unfilled, Unfilled::Unusable { .. }),
    };
    // That the admin node is no INFRA node is told where it is written.
    let is_here = |address: &Value| {
        let names = ["vip_address", "admin_ip"];
        estate.nodes.iter().any(|node| *address == *node.ip || names.iter().any(|name| may_be(node, name, address)))
    };
    addresses.as_array().is_none_or(|all| all.iter().any(is_here))
}

/// A name of the portal, which entry has it, and where in the portal it is written.
struct Name {
    entry: String,
    domain: String,
    path: Vec<String>,
}

/// Every name that is no pattern, of the entries that are rendered.
fn names(portal: &Object) -> Vec<Name> {
    let mut names = Vec::new();
    for (entry, value) in portal {
        let Some(domain) = domain(value) else { continue };
        let further = value.get("domains").and_then(Value::as_array).into_iter().flatten().enumerate();
        let further = further.map(|(at, name)| (show(name), vec![entry.clone(), "domains".to_owned(), at.to_string()]));
        let all = std::iter::once((domain, vec![entry.clone(), "domain".to_owned()])).chain(further);
        let plain = all.filter(|(name, _)| !name.contains(['*', '~', '$', ' ']));
        names.extend(plain.map(|(name, path)| Name { entry: entry.clone(), domain: name.to_lowercase(), path }));
    }
    names
}
