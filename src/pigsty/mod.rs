//! What Pigsty makes of an inventory: its nodes, their effective variables over the role defaults, and the facts derived
//! from them. It asks nothing of the network and knows no check.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use crate::inventory::yaml::{self, YamlError};
use crate::inventory::{Effective, Inventory, InventoryError, is_encrypted};
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
pub use secret::{is_telling, masked, secrets};
pub use suspicion::suspect;

/// Pigsty's role defaults, which hold under every inventory.
const DEFAULTS: &str = include_str!("defaults.yml");

/// The group whose hosts are verified; Pigsty knows it by this name only.
pub const GROUP: &str = "infra";

/// How many INFRA nodes there may be, ten times as many as fleets have: each is held against each, so that what is checked
/// grows with their square.
const NODES: usize = 100;

/// One INFRA node.
#[derive(Clone, Debug)]
pub struct Node {
    /// `infra-<infra_seq>`, as Pigsty names it.
    pub name: Arc<str>,
    /// The inventory key, an IPv4 address: the node's identity, whatever `ansible_host` says.
    pub ip: Arc<str>,
    /// Effective variables over role defaults, and what is derived from them.
    pub vars: Vars,
    /// Variables that could not be evaluated and facts that could not be derived, each with the reason; an error only
    /// where a check needs one.
    problems: BTreeMap<String, String>,
    /// The variables whose values were locked, or stand in a locked file.
    locked: BTreeSet<String>,
}

/// Why an inventory has no nodes to verify.
#[derive(Debug, thiserror::Error)]
pub enum PigstyError {
    /// There is nothing to verify.
    #[error("{0}: there is no host in group `infra`, so there is nothing to verify; name Pigsty's INFRA nodes in it")]
    NoInfra(String),
    /// There are too many.
    #[error(
        "{0}: group `infra` has {1} hosts, and at most {NODES} INFRA nodes can be verified: is a range of hosts too long, or \
         does it hold nodes that are none?"
    )]
    Crowd(String, usize),
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

/// What Pigsty's roles give a variable that no inventory sets.
pub fn role_default(name: &str) -> Option<&'static Variable> {
    defaults().ok()?.variable(name)
}

/// The hosts of the INFRA group, in the inventory's order and whatever their identity, with nothing that a fleet derives; one
/// without a number has its key as its name.
pub fn hosts(inventory: &Inventory) -> Result<Vec<Node>, PigstyError> {
    let hosts = inventory.hosts_in(GROUP).unwrap_or_default();
    if hosts.is_empty() {
        return Err(PigstyError::NoInfra(inventory.name().to_owned()));
    }
    if hosts.len() > NODES {
        return Err(PigstyError::Crowd(inventory.name().to_owned(), hosts.len()));
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
    let Effective { mut vars, problems } = inventory.effective(host, defaults);
    let name: Arc<str> = match identity::sequence(vars.get("infra_seq")) {
        Ok(seq) => format!("infra-{seq}").into(),
        Err(_) => host.into(),
    };
    vars.derive("ip", host);
    vars.derive("inventory_hostname", host);
    vars.derive("node", &*name);
    let locked = locked(inventory, host);
    let mut node = Node { name, ip: host.into(), vars, problems, locked };
    dns::derive(&mut node);
    option::derive(&mut node);
    node
}

/// The variables of a host whose values were locked, or stand in a locked file.
fn locked(inventory: &Inventory, host: &str) -> BTreeSet<String> {
    let written = inventory.vars(host);
    let hidden = |variable: &Variable| is_encrypted(&variable.value) || inventory.is_in_locked_file(variable);
    written.iter().filter(|(_, variable)| hidden(variable)).map(|(name, _)| name.to_owned()).collect()
}

impl Node {
    /// The value of a variable that a check needs, if it has one.
    pub fn lookup(&self, name: &str) -> Result<Value, Unfilled> {
        if let Some(why) = self.problems.get(name) {
            return Err(Unfilled::Unusable { name: name.to_owned(), why: why.clone() });
        }
        self.vars.get(name).cloned().ok_or_else(|| Unfilled::Undefined(name.to_owned()))
    }

    /// The value of a variable that a fact is derived from; nothing if it is not set.
    fn known(&self, name: &str) -> Result<Option<&Value>, String> {
        match self.problems.get(name) {
            Some(why) => Err(format!("is unknown: variable `{name}` {why}")),
            None => Ok(self.vars.get(name)),
        }
    }

    /// Whether a variable that a fact is derived from is true; an unset one is not.
    fn holds(&self, name: &str) -> Result<bool, String> {
        Ok(self.known(name)?.is_some_and(is_true))
    }

    /// Whether the value was locked with `ansible-vault`, and so must not be printed.
    pub fn is_locked(&self, name: &str) -> bool {
        self.locked.contains(name)
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
    fn derive(&mut self, name: &str, value: Result<Value, String>) {
        match value {
            Ok(value) => self.vars.derive(name, value),
            Err(why) => drop(self.problems.insert(name.to_owned(), why)),
        }
    }
}
