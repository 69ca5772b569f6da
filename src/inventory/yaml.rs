//! A YAML document as a tree that remembers its lines.
//!
//! It reads as PyYAML does, because Ansible reads with PyYAML: YAML 1.1 scalars, merge keys, the last of equal keys wins.
//! Equal keys are reported with both places; what to do about them is the reader's affair.
//! It refuses several documents in one file, anchors that are defined twice, and bombs of aliases or depth.

use std::fmt;
use std::sync::Arc;

use super::composer::Composer;
use crate::value::{Object, Place, Value};

/// A document and the keys that were written twice in it.
#[derive(Clone, Debug)]
pub struct Document {
    /// The top of the tree; null for an empty file.
    pub root: Node,
    /// Every key that hides an equal key of the same mapping, in file order.
    pub duplicates: Vec<Duplicate>,
}

/// A key that was written twice in one mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The key.
    pub name: String,
    /// Where it was written first, without effect.
    pub first: Place,
    /// Where it was written last, with effect.
    pub last: Place,
}

/// A value with the line it starts on.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it starts.
    pub place: Place,
    /// What it is.
    pub kind: NodeKind,
    /// Ansible's tag, if it has one.
    pub tag: Option<Tag>,
}

/// What a node can be.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    /// Null, a boolean, a number or text.
    Scalar(Value),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, merged and without equal keys, in the order of Python's dictionaries.
    Map(Vec<(Key, Node)>),
}

/// The key of a mapping's entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key as JSON would write it: `5` for an integer, `true` for a boolean.
    pub text: String,
    /// Where it was written.
    pub place: Place,
    /// Whether it was text from the start, and not a number, a boolean or null.
    pub is_text: bool,
}

/// The tags that Ansible adds to YAML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// `!vault`: encrypted text.
    Vault,
    /// `!unsafe`: text in which `{{` has no meaning.
    Unsafe,
}

/// Why a text is not a YAML document that can be read here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct YamlError {
    /// The line that is at fault.
    pub place: Place,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The line's text, unless it looks like a secret.
    pub excerpt: Option<String>,
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.place, self.column, self.message)?;
        let Some(excerpt) = &self.excerpt else { return Ok(()) };
        let number = self.place.line.to_string();
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(self.column.saturating_sub(1));
        write!(f, "\n  {number} | {excerpt}\n  {margin} | {indent}^")
    }
}

/// Reads the one document of `text`; `file` is the name under which places will be printed.
pub fn read(file: &str, text: &str) -> Result<Document, YamlError> {
    Composer::new(Arc::from(file), text.strip_prefix('\u{feff}').unwrap_or(text)).document()
}

impl Node {
    /// The value without its places; a `!vault` is the object that `ansible-inventory` prints for it.
    pub fn value(&self) -> Value {
        match &self.kind {
            NodeKind::Scalar(value) if self.tag == Some(Tag::Vault) => {
                Value::Object(Object::from_iter([("__ansible_vault".to_owned(), value.clone())]))
            }
            NodeKind::Scalar(value) => value.clone(),
            NodeKind::List(nodes) => nodes.iter().map(Self::value).collect(),
            NodeKind::Map(entries) => {
                Value::Object(entries.iter().map(|(key, node)| (key.text.clone(), node.value())).collect())
            }
        }
    }

    /// The entries of a mapping; nothing for all else.
    pub fn entries(&self) -> Option<&[(Key, Self)]> {
        match &self.kind {
            NodeKind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items of a list; nothing for all else.
    pub fn items(&self) -> Option<&[Self]> {
        match &self.kind {
            NodeKind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The text of a scalar that is text and not encrypted.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar(Value::String(text)) if self.tag != Some(Tag::Vault) => Some(text),
            _ => None,
        }
    }

    /// The value under a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries()?.iter().find(|(name, _)| name.text == key).map(|(_, node)| node)
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        self.kind == NodeKind::Scalar(Value::Null)
    }

    /// Whether Python calls it false: null, `false`, 0 and everything empty.
    pub fn is_false(&self) -> bool {
        match self.value() {
            Value::Null | Value::Bool(false) => true,
            Value::Bool(true) => false,
            Value::Number(number) => number.as_f64() == Some(0.0),
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(entries) => entries.is_empty(),
        }
    }

    /// What a person calls this kind of value: `a mapping`, `text`, `a boolean`.
    pub fn noun(&self) -> &'static str {
        match &self.kind {
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) | NodeKind::Scalar(Value::Object(_)) => "a mapping",
            NodeKind::Scalar(_) if self.tag == Some(Tag::Vault) => "encrypted text",
            NodeKind::Scalar(Value::Null) => "empty",
            NodeKind::Scalar(Value::Bool(_)) => "a boolean",
            NodeKind::Scalar(Value::Number(_)) => "a number",
            NodeKind::Scalar(_) => "text",
        }
    }
}
