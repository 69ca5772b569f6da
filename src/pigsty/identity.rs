//! Which hosts of the INFRA group cannot be told from one another, and why: Pigsty knows a node by its address and its number.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;

use super::Node;
use crate::inventory::Inventory;
use crate::value::{Place, Value, show};

/// A host that is no node yet.
#[derive(Clone, Debug)]
pub struct Unidentified {
    /// Its key in the inventory.
    pub host: String,
    /// Where the host or its number is written, if it was read from a file.
    pub place: Option<Place>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: &'static str,
}

impl fmt::Display for Unidentified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "{}: {}", self.what, self.help)
    }
}

/// Every host whose key is no address, or whose number is missing, none, or another one's.
pub fn unidentified(inventory: &Inventory, hosts: &[Node]) -> Vec<Unidentified> {
    let mut seen: BTreeMap<u64, &Node> = BTreeMap::new();
    let mut found = Vec::new();
    for node in hosts {
        let host = || inventory.host_place(&node.ip);
        let mut fault = |place, what, help| found.push(Unidentified { host: node.ip.to_string(), place, what, help });
        if node.ip.parse::<Ipv4Addr>().is_err() {
            let what = format!(
                "host `{}` of group `infra` is not an IPv4 address, by which Pigsty identifies a node",
                node.ip
            );
            fault(host(), what, "write its address, and a name for ssh as its ansible_host");
        }
        let variable = node.vars.variable("infra_seq");
        let place = || variable.and_then(|variable| variable.place.clone()).or_else(host);
        match number(node) {
            Err(why) => {
                let what = format!("infra_seq of {} {why}", node.ip);
                fault(place(), what, "give every INFRA node one of its own, from 1");
            }
            Ok(seq) => match seen.get(&seq) {
                None => drop(seen.insert(seq, node)),
                Some(first) => {
                    let what = format!("infra_seq of {} is that of {} too", node.ip, first.ip);
                    fault(place(), what, "give every INFRA node a number of its own");
                }
            },
        }
    }
    found
}

/// The number of a node, or why it has none: completes "infra_seq of 10.10.10.10 …".
fn number(node: &Node) -> Result<u64, String> {
    match node.problems.get("infra_seq") {
        Some(why) => Err(why.clone()),
        None => sequence(node.vars.get("infra_seq")).map_err(|is| format!("is {is}, not a natural number")),
    }
}

/// The number of a node, which Pigsty's templates take as text too; the error is what stands there instead.
pub(super) fn sequence(value: Option<&Value>) -> Result<u64, String> {
    match value {
        None => Err("missing".to_owned()),
        Some(Value::Number(number)) => number.as_u64().ok_or_else(|| number.to_string()),
        Some(Value::String(text)) => text.parse().map_err(|_| format!("{text:?}")),
        Some(other) => Err(show(other)),
    }
}
