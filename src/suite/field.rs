//! Fields of a suite's mapping: taken one by one, so that what is left over is a mistake.

use super::SuiteError;
use crate::inventory::yaml::{Key, Node, NodeKind};
use crate::value::{Place, Value, did_you_mean};

/// A mapping of which every key must be known.
pub(super) struct Fields<'a> {
    what: String,
    place: &'a Place,
    entries: &'a [(Key, Node)],
}

impl<'a> Fields<'a> {
    /// The fields of a node that must be a mapping with no other keys than these.
    pub(super) fn read(what: &str, node: &'a Node, known: &[&str]) -> Result<Self, SuiteError> {
        let entries = node.entries().ok_or_else(|| SuiteError::at(&node.place, format!("{what} must be a mapping")))?;
        for (key, _) in entries {
            if !known.contains(&key.text.as_str()) {
                let hint = did_you_mean(&key.text, known.iter().copied());
                return Err(SuiteError::at(&key.place, format!("{what} has the unknown key `{}`{hint}", key.text)));
            }
        }
        Ok(Self { what: what.to_owned(), place: &node.place, entries })
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries.iter().find(|(name, _)| name.text == key).map(|(_, node)| node)
    }

    pub(super) fn value(&self, key: &str) -> Option<Value> {
        self.get(key).map(Node::value)
    }

    /// Text that must be there.
    pub(super) fn text(&self, key: &str) -> Result<String, SuiteError> {
        let text = self.get(key).and_then(Node::text).filter(|text| !text.trim().is_empty());
        text.map(str::to_owned).ok_or_else(|| SuiteError::at(self.place, format!("{} has no `{key}`", self.what)))
    }

    /// One text or a list of texts.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, SuiteError> {
        let Some(node) = self.get(key) else { return Ok(Vec::new()) };
        let all: Option<Vec<_>> = match &node.kind {
            NodeKind::List(items) => items.iter().map(|item| item.text().map(str::to_owned)).collect(),
            _ => node.text().map(|text| vec![text.to_owned()]),
        };
        all.ok_or_else(|| {
            SuiteError::at(&node.place, format!("`{key}` of {} must be text, or a list of it", self.what))
        })
    }

    /// The same, of which none may say nothing.
    pub(super) fn prose(&self, key: &str) -> Result<Vec<String>, SuiteError> {
        let texts = self.texts(key)?;
        match self.get(key).filter(|_| texts.is_empty() || texts.iter().any(|text| text.trim().is_empty())) {
            None => Ok(texts),
            Some(node) => {
                Err(SuiteError::at(&node.place, format!("`{key}` of {} says nothing: leave it out", self.what)))
            }
        }
    }

    /// A boolean, false if absent.
    pub(super) fn flag(&self, key: &str) -> Result<bool, SuiteError> {
        match self.get(key) {
            None => Ok(false),
            Some(node) => node
                .value()
                .as_bool()
                .ok_or_else(|| SuiteError::at(&node.place, format!("`{key}` of {} must be true or false", self.what))),
        }
    }
}
