//! The nodes of `inventories/lab.yml`, each with its effective variables. The inventory has two hosts; for more or fewer,
//! and for what this machine has not, only this enclosure sees another text in its place.

use super::enclosure::{HOME, sh};
use anyhow::{Context, Result};
use infra_verify::inventory::{Inventory, yaml};
use infra_verify::pigsty;
use infra_verify::value::is_true;
use serde_json::{Map, Value, json};
use std::fs;
use std::path::Path;

/// The inventory of what is deployed.
pub const INVENTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/inventories/lab.yml");

/// The last number of the first node's address.
const FIRST: usize = 10;

/// One INFRA node.
#[derive(Clone)]
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

    /// A variable as text.
    pub fn text(&self, name: &str) -> &str {
        self.vars.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// The inventory as it stands in the work tree.
pub struct Original(Value);

impl Original {
    /// Reads it, and puts a file of the enclosure's own in its place.
    pub fn replace() -> Result<Self> {
        let original = yaml::read("inventories/lab.yml", &fs::read_to_string(INVENTORY)?)?.root.value();
        let own = format!("{HOME}/lab.yml");
        fs::write(&own, "")?;
        sh(&format!("mount --bind {own} '{INVENTORY}'"))?;
        Ok(Self(original))
    }

    /// Writes the inventory with this many nodes and without what these flags stand for; gives the nodes.
    pub fn write(&self, nodes: usize, off: &[&str]) -> Result<Vec<Node>> {
        let mut inventory = self.0.clone();
        let hosts = inventory.pointer_mut("/all/children/infra/hosts").and_then(Value::as_object_mut);
        let hosts = hosts.context("inventories/lab.yml has no infra hosts")?;
        let usual = hosts.values().next_back().cloned().context("inventories/lab.yml has no host")?;
        let address = |seq: usize| format!("10.10.10.{}", FIRST - 1 + seq);
        hosts.retain(|ip, _| (1..=nodes).any(|seq| address(seq) == *ip));
        for seq in hosts.len() + 1..=nodes {
            let mut host = usual.clone();
            host["infra_seq"] = json!(seq);
            hosts.insert(address(seq), host);
        }
        for flag in off {
            inventory["all"]["vars"][flag] = json!(false);
        }
        fs::write(INVENTORY, serde_json::to_string_pretty(&inventory)?)?; // JSON is YAML too
        read(Path::new(INVENTORY))
    }
}

fn read(inventory: &Path) -> Result<Vec<Node>> {
    let nodes = pigsty::nodes(&Inventory::read(inventory)?)?;
    Ok(nodes.iter().map(node).collect())
}

fn node(node: &pigsty::Node) -> Node {
    let vars = node.vars.iter().map(|(name, variable)| (name.to_owned(), variable.value.clone())).collect();
    Node { name: node.name.to_string(), ip: node.ip.to_string(), vars }
}
