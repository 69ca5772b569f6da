//! The inventory while its rules are looked at: its nodes, and where in a file something within a variable stands.
//!
//! An inventory remembers where a variable is written, not where each entry of its value is; a file is read again for that,
//! and only where a rule has found something.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::inventory::Inventory;
use crate::inventory::yaml::{self, Document};
use crate::pigsty::{self, Node, Unidentified};
use crate::value::{Place, Variable};

/// How long a file may be to be read again for the place within a value, in bytes: what people write is shorter, and of the
/// rest the line of the variable is told.
const TEXT: usize = 1024 * 1024;

pub(super) struct Estate<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) nodes: &'a [Node],
    /// Which of the nodes cannot be told from one another.
    pub(super) unidentified: Vec<Unidentified>,
    documents: RefCell<BTreeMap<Arc<str>, Option<Rc<Document>>>>,
}

impl<'a> Estate<'a> {
    pub(super) fn new(inventory: &'a Inventory, nodes: &'a [Node]) -> Self {
        let unidentified = pigsty::unidentified(inventory, nodes);
        Self { inventory, nodes, unidentified, documents: RefCell::default() }
    }

    /// Where a variable of a node is written, if that is in a file; the node itself where nobody wrote it.
    pub(super) fn place(&self, node: &Node, name: &str) -> Option<Place> {
        match node.vars.variable(name).filter(|variable| is_written(variable)) {
            Some(variable) => variable.place.clone(),
            None => self.inventory.host_place(&node.ip),
        }
    }

    /// Whether the inventory or the command line says what a variable of a node is.
    pub(super) fn is_written(node: &Node, name: &str) -> bool {
        node.vars.variable(name).is_some_and(is_written)
    }

    /// Where an entry within a variable of a node is written, by the keys and the positions that lead to it; as near as it
    /// can be found.
    pub(super) fn within(&self, node: &Node, name: &str, path: &[&str]) -> Option<Place> {
        let place = self.place(node, name)?;
        let inner = self.document(&place.file).filter(|_| Self::is_written(node, name));
        Some(inner.and_then(|document| below(find(&document.root, &place)?, path)).unwrap_or(place))
    }

    /// The variables of a node that the inventory or the command line sets, by name.
    pub(super) fn written(node: &Node) -> impl Iterator<Item = (&str, &Variable)> {
        node.vars.iter().filter(|(_, variable)| is_written(variable))
    }

    fn document(&self, file: &Arc<str>) -> Option<Rc<Document>> {
        let mut documents = self.documents.borrow_mut();
        let text = || self.inventory.text(file).filter(|text| text.len() <= TEXT);
        let read = || text().and_then(|text| yaml::read(file, text).ok()).map(Rc::new);
        documents.entry(file.clone()).or_insert_with(read).clone()
    }
}

fn is_written(variable: &Variable) -> bool {
    !["role default", "derived"].contains(&&*variable.scope)
}

/// The value of the key at a place.
fn find<'n>(node: &'n yaml::Node, place: &Place) -> Option<&'n yaml::Node> {
    let entries = node.entries().unwrap_or_default();
    let own = entries.iter().find(|(key, _)| key.place == *place).map(|(_, node)| node);
    own.or_else(|| entries.iter().find_map(|(_, node)| find(node, place)))
        .or_else(|| node.items().unwrap_or_default().iter().find_map(|node| find(node, place)))
}

/// Where the last step of a path leads that can be gone: to a key, or to an item.
fn below(node: &yaml::Node, path: &[&str]) -> Option<Place> {
    let (first, rest) = path.split_first()?;
    let entry = node.entries().and_then(|entries| entries.iter().find(|(key, _)| key.text == *first));
    let item = || node.items()?.get(first.parse::<usize>().ok()?);
    let (place, node) = match entry {
        Some((key, node)) => (&key.place, node),
        None => item().map(|node| (&node.place, node))?,
    };
    below(node, rest).or_else(|| Some(place.clone()))
}
