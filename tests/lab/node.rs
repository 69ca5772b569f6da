//! The nodes of `inventories/lab.yml`, each with its effective variables.

use super::enclosure::{HOME, sh};
use anyhow::Result;
use infra_verify::inventory::Inventory;
use infra_verify::pigsty;
use infra_verify::value::is_true;
use serde_json::{Map, Value};
use std::fs;
use std::path::Path;

/// The inventory under test.
pub const INVENTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/inventories/lab.yml");

/// One INFRA node.
pub struct Node {
    /// As Pigsty calls it: `infra-1`.
    pub name: String,
    pub ip: String,
    pub vars: Map<String, Value>,
}

impl Node {
    /// Whether a variable is set and true.
    pub fn has(&self, flag: &str) -> bool {
        self.vars.get(flag).is_some_and(is_true)
    }
}

/// The nodes of the inventory.
pub fn nodes() -> Result<Vec<Node>> {
    let nodes = pigsty::nodes(&Inventory::read(Path::new(INVENTORY))?)?;
    Ok(nodes.iter().map(node).collect())
}

/// Switches flags off in the inventory, as only this enclosure sees it: whoever reads it here knows what is absent.
pub fn switch_off<'a>(flags: impl IntoIterator<Item = &'a str>) -> Result<()> {
    let lines = flags.into_iter().map(|flag| format!("    {flag}: false\n")); // the file ends with the variables of all
    let text = [fs::read_to_string(INVENTORY)?].into_iter().chain(lines).collect::<String>();
    fs::write(format!("{HOME}/lab.yml"), text)?;
    sh(&format!("mount --bind {HOME}/lab.yml '{INVENTORY}'"))
}

fn node(node: &pigsty::Node) -> Node {
    let vars = node.vars.iter().map(|(name, variable)| (name.to_owned(), variable.value.clone())).collect();
    Node { name: node.name.to_string(), ip: node.ip.to_string(), vars }
}
