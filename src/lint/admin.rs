//! The admin node, whose address stands wherever Pigsty's `${admin_ip}` is written.

use std::net::Ipv4Addr;

use super::{Estate, Judge, Notes, Rule};
use crate::pigsty::Node;
use crate::value::{Value, Variable, show};

pub(super) static ADMIN: Rule = Rule {
    name: "admin",
    title: "names its admin node, which is an INFRA node",
    why: "admin_ip stands in DNS records, portal entries, time and name servers and the address of the repository. Where it is \
          unset, roles beside infra end with an error, and where it is another machine all of these lead there.",
    causes: &[
        "admin_ip stands in a group, and not below all.vars",
        "the admin node was moved, or taken out of group infra",
        "a template was filled in by hand",
    ],
    look: &["grep -n admin_ip pigsty.yml", "infra-verify inspect pigsty.yml --host infra-1 admin_ip"],
    judge: Judge::Node(admin),
};

fn admin(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    const SET: &str = "write admin_ip below all.vars: the address of the node that Pigsty is run from";
    let variable = node.vars.variable("admin_ip");
    let Some(variable) = variable.filter(|variable| &*variable.scope != "role default") else {
        return notes.error(None, "admin_ip is not set, and only role infra has a default for it", SET);
    };
    let is_first = estate.nodes.first().is_some_and(|first| first.ip == node.ip);
    if let Some(host) = without(estate, variable).filter(|_| is_first) {
        let what = format!("admin_ip is set by {}, and {host} has none", variable.scope);
        notes.error(variable.place.clone(), what, SET);
    }
    let Some(value) = notes.value(node, "admin_ip") else { return };
    let place = estate.place(node, "admin_ip");
    if value.as_str().is_none_or(|text| text.parse::<Ipv4Addr>().is_err()) {
        notes.error(place, format!("admin_ip is {value}, not an IPv4 address"), SET);
    } else if !estate.nodes.iter().any(|other| value == *other.ip || Some(&value) == other.vars.get("vip_address")) {
        let what = format!("admin_ip is {}, which is none of the INFRA nodes", show(&value));
        notes.warn(place, what, "write the address of an INFRA node, or add that one to group infra");
    }
}

/// A host that has no admin_ip, where the variable does not hold everywhere.
fn without<'a>(estate: &Estate<'a>, variable: &Variable) -> Option<&'a str> {
    if &*variable.scope == "all" || variable.scope.starts_with("option") {
        return None;
    }
    let hosts = estate.inventory.hosts_in("all").unwrap_or_default();
    hosts.into_iter().find(|host| matches!(estate.inventory.vars(host).get("admin_ip"), None | Some(Value::Null)))
}
