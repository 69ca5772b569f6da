//! The entries of a mapping while it is read: merge keys and equal keys, by PyYAML's rules.

use std::collections::HashMap;

use super::yaml::{Duplicate, Key, Node, NodeKind};

type Entries = Vec<(Key, Node)>;

/// Entries in the order in which they were written, what was merged apart from what was not.
#[derive(Default)]
pub(super) struct Mapping {
    merged: Entries,
    own: Entries,
}

impl Mapping {
    /// Adds an entry.
    pub(super) fn set(&mut self, key: Key, node: Node) {
        self.own.push((key, node));
    }

    /// Adds what a `<<` names: a mapping, or a list of mappings of which the first has the last word.
    pub(super) fn merge(&mut self, node: Node) -> Result<(), String> {
        let refuse = |node: &Node| Err(format!("<< takes a mapping, and this is {}", node.noun()));
        match node.kind {
            NodeKind::Map(entries) => self.merged.extend(entries),
            NodeKind::List(nodes) => {
                for node in nodes.into_iter().rev() {
                    let NodeKind::Map(entries) = node.kind else { return refuse(&node) };
                    self.merged.extend(entries);
                }
            }
            NodeKind::Scalar(_) => return refuse(&node),
        }
        Ok(())
    }

    /// One entry per key, where the first of equal keys stood and with the value of the last; merged entries come first.
    ///
    /// A key that is written twice is reported; one that only hides a merged key is what merging is for.
    pub(super) fn entries(self, duplicates: &mut Vec<Duplicate>) -> Entries {
        let count = self.merged.len() + self.own.len();
        let mut entries: Entries = Vec::with_capacity(count);
        let mut written: HashMap<(bool, String), (usize, bool)> = HashMap::with_capacity(count);
        let merged = self.merged.into_iter().map(|entry| (entry, false));
        for ((key, node), is_own) in merged.chain(self.own.into_iter().map(|entry| (entry, true))) {
            let identity = identity(&key);
            let Some((index, was_own)) = written.get_mut(&identity) else {
                written.insert(identity, (entries.len(), is_own));
                entries.push((key, node));
                continue;
            };
            let (first, value) = &mut entries[*index];
            if *was_own {
                duplicates.push(Duplicate { name: key.text, first: first.place.clone(), last: key.place.clone() });
            }
            *was_own = is_own;
            first.place = key.place;
            *value = node;
        }
        entries
    }
}

/// Python calls the keys 1, 1.0 and true equal, and the text "1" another.
fn identity(key: &Key) -> (bool, String) {
    let text = match key.text.as_str() {
        text if key.is_text => text,
        "true" => "1",
        "false" => "0",
        text => text.strip_suffix(".0").unwrap_or(text),
    };
    (key.is_text, text.to_owned())
}
