//! What Pigsty makes of an inventory: its nodes, their effective variables over the role defaults, and the facts derived
//! from them. It asks nothing of the network and knows no check.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::inventory::yaml::{self, YamlError};
use crate::inventory::{Inventory, InventoryError, expression, is_encrypted};
use crate::value::{Unfilled, Value, Variable, Vars, is_true, show};

mod dns;
mod entry;
mod fleet;
mod identity;
mod option;
mod portal;
mod secret;
mod suspicion;

pub use identity::{Unidentified, unidentified};
pub use option::all as flags;
pub use secret::{is_telling, secrets};
pub use suspicion::suspect;

/// Pigsty's role defaults, which hold under every inventory.
const DEFAULTS: &str = include_str!("defaults.yml");

/// The group whose hosts are verified; Pigsty knows it by this name only.
pub const GROUP: &str = "infra";

/// One INFRA node.
#[derive(Clone, Debug)]
pub struct Node {
    /// `infra-<infra_seq>`, as Pigsty names it.
    pub name: Arc<str>,
    /// The inventory key, an IPv4 address: the node's identity, whatever `ansible_host` says.
    pub ip: Arc<str>,
    /// Effective variables over role defaults, and what is derived from them.
    pub vars: Vars,
    /// Derived facts that could not be made, each with the reason; an error only where a check needs one.
    problems: BTreeMap<&'static str, String>,
}

/// Why an inventory has no nodes to verify.
#[derive(Debug, thiserror::Error)]
pub enum PigstyError {
    /// There is nothing to verify.
    #[error("{0}: there is no host in group `infra`, so there is nothing to verify; name Pigsty's INFRA nodes in it")]
    NoInfra(String),
    /// Nodes cannot be identified.
    #[error("{}", first(.0))]
    Identity(Vec<Unidentified>),
    /// The inventory cannot be read.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// The role defaults are broken: a mistake of ours.
    #[error(transparent)]
    Defaults(#[from] YamlError),
}

fn first(unidentified: &[Unidentified]) -> String {
    unidentified.first().map(ToString::to_string).unwrap_or_default()
}

/// The INFRA nodes of an inventory, in its order; none of them may be without an identity.
pub fn nodes(inventory: &Inventory) -> Result<Vec<Node>, PigstyError> {
    let mut nodes = hosts(inventory)?;
    let unidentified = identity::unidentified(inventory, &nodes);
    if !unidentified.is_empty() {
        return Err(PigstyError::Identity(unidentified));
    }
    fleet::derive(&mut nodes);
    Ok(nodes)
}

/// The hosts of the INFRA group, in the inventory's order and whatever their identity, with nothing that a fleet derives; one
/// without a number has its key as its name.
pub fn hosts(inventory: &Inventory) -> Result<Vec<Node>, PigstyError> {
    let hosts = inventory.hosts_in(GROUP).unwrap_or_default();
    if hosts.is_empty() {
        return Err(PigstyError::NoInfra(inventory.name().to_owned()));
    }
    let defaults = defaults()?;
    Ok(hosts.iter().map(|host| node(inventory, defaults, host)).collect())
}

/// Pigsty's role defaults as variables, read once.
pub fn defaults() -> Result<&'static Vars, YamlError> {
    static READ: LazyLock<Result<Vars, YamlError>> = LazyLock::new(read_defaults);
    READ.as_ref().map_err(Clone::clone)
}

fn read_defaults() -> Result<Vars, YamlError> {
    let mut vars = Vars::default();
    let scope: Arc<str> = "role default".into();
    if let Value::Object(map) = yaml::read("Pigsty's role defaults", DEFAULTS)?.root.value() {
        for (name, value) in map {
            vars.set(name, Variable { value, place: None, scope: scope.clone() });
        }
    }
    Ok(vars)
}

fn node(inventory: &Inventory, defaults: &Vars, host: &str) -> Node {
    let mut vars = defaults.clone();
    vars.extend(&inventory.vars(host));
    let name: Arc<str> = match identity::sequence(vars.get("infra_seq")) {
        Ok(seq) => format!("infra-{seq}").into(),
        Err(_) => host.into(),
    };
    vars.derive("ip", host);
    vars.derive("inventory_hostname", host);
    vars.derive("node", &*name);
    let mut node = Node { name, ip: host.into(), vars, problems: BTreeMap::new() };
    dns::derive(&mut node);
    option::derive(&mut node);
    node
}

impl Node {
    /// The value of a variable that a check needs, if it can be used as it stands.
    pub fn lookup(&self, name: &str) -> Result<Value, Unfilled> {
        let unusable = |why: String| Unfilled::Unusable { name: name.to_owned(), why };
        if let Some(why) = self.problems.get(name) {
            return Err(unusable(why.clone()));
        }
        let variable = self.vars.variable(name).ok_or_else(|| Unfilled::Undefined(name.to_owned()))?;
        let place = variable.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        if let Some(expression) = expression(&variable.value) {
            return Err(unusable(format!(
                "is the expression {expression}{place}, which is not evaluated: write its value"
            )));
        }
        if is_encrypted(&variable.value) {
            return Err(unusable(format!("is locked with ansible-vault{place}, which is not opened: write its value")));
        }
        Ok(variable.value.clone())
    }

    /// Why what stands under these conditions is not there: the first that is false. One that is not set is a mistake.
    pub fn absence(&self, when: &[String]) -> Result<Option<String>, Unfilled> {
        for name in when {
            if !is_true(&self.lookup(name)?) {
                return Ok(Some(format!("{name} is false")));
            }
        }
        Ok(None)
    }

    /// Pigsty's own placeholder, replaced as its roles do: with the `admin_ip` of the host that is configured.
    fn with_admin_ip(&self, text: &str) -> Result<String, String> {
        if !text.contains("${admin_ip}") {
            return Ok(text.to_owned());
        }
        let admin = self.lookup("admin_ip").map_err(|error| format!("is unknown: {error}"))?;
        Ok(text.replace("${admin_ip}", &show(&admin)))
    }

    /// Sets a derived fact, or remembers why it could not be made.
    fn derive(&mut self, name: &'static str, value: Result<Value, String>) {
        match value {
            Ok(value) => self.vars.derive(name, value),
            Err(why) => drop(self.problems.insert(name, why)),
        }
    }
}
