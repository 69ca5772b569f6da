//! The fields of one section: every key must be known, and a field that is null is as if it were not there.

use std::path::PathBuf;

use super::ModuleError;
use super::document::{Key, Kind, Node};
use super::scalar::Scalar;
use crate::probe::blackbox::{Family, Pattern};
use crate::value::{Place, Secret, did_you_mean};

/// A mapping of which every key must be known.
pub(super) struct Fields<'a> {
    what: String,
    place: &'a Place,
    entries: &'a [(Key, Node)],
}

impl<'a> Fields<'a> {
    /// The fields of a node that must be a mapping with no other keys than these.
    pub(super) fn read(what: &str, node: &'a Node, known: &[&str]) -> Result<Self, ModuleError> {
        let fields = Self::open(what, node)?;
        for (key, _) in fields.entries {
            if !known.contains(&key.text.as_str()) {
                let hint = did_you_mean(&key.text, known.iter().copied());
                return Err(ModuleError::at(&key.place, format!("{what} has the unknown key `{}`{hint}", key.text)));
            }
        }
        Ok(fields)
    }

    /// The same with any keys, which are names.
    pub(super) fn open(what: &str, node: &'a Node) -> Result<Self, ModuleError> {
        match &node.kind {
            Kind::Map(entries) => Ok(Self { what: what.to_owned(), place: &node.place, entries }),
            _ => Err(ModuleError::at(&node.place, format!("{what} must be a mapping, and is {}", node.noun()))),
        }
    }

    /// A section below this one, with no other keys than these.
    pub(super) fn section(&self, key: &str, known: &[&str]) -> Result<Option<Self>, ModuleError> {
        self.get(key).map(|node| Self::read(&self.below(key), node, known)).transpose()
    }

    /// A section of which the keys are names.
    pub(super) fn names(&self, key: &str) -> Result<Option<Self>, ModuleError> {
        self.get(key).map(|node| Self::open(&self.below(key), node)).transpose()
    }

    fn below(&self, key: &str) -> String {
        format!("`{key}` of {}", self.what)
    }

    /// Every entry in its order, nulls included.
    pub(super) fn entries(&self) -> &'a [(Key, Node)] {
        self.entries
    }

    /// What a field is, if it is not null.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries.iter().find(|(name, _)| name.text == key).map(|(_, node)| node).filter(|node| !node.is_null())
    }

    /// A refusal of a field, at its line or at that of its section; `why` completes "`key` of the section …".
    pub(super) fn refuse(&self, key: &str, why: &str) -> ModuleError {
        let place = self.entries.iter().find(|(name, _)| name.text == key).map_or(self.place, |(key, _)| &key.place);
        ModuleError::at(place, format!("`{key}` of {} {why}", self.what))
    }

    /// A refusal of a field's value.
    fn wrong(&self, key: &str, node: &Node, wanted: &str) -> ModuleError {
        ModuleError::at(&node.place, format!("`{key}` of {} must be {wanted}, and is {}", self.what, node.noun()))
    }

    /// The bytes of a field of text; none where it is not there.
    pub(super) fn bytes(&self, key: &str) -> Result<Vec<u8>, ModuleError> {
        self.get(key).map_or(Ok(Vec::new()), |node| match &node.kind {
            Kind::Scalar(scalar) => Ok(scalar.bytes().into_owned()),
            _ => Err(self.wrong(key, node, "text")),
        })
    }

    /// A field of text; empty where it is not there.
    pub(super) fn text(&self, key: &str) -> Result<String, ModuleError> {
        self.get(key).map_or(Ok(String::new()), |node| self.text_of(key, node))
    }

    fn text_of(&self, key: &str, node: &Node) -> Result<String, ModuleError> {
        let Kind::Scalar(scalar) = &node.kind else { return Err(self.wrong(key, node, "text")) };
        let text = String::from_utf8(scalar.bytes().into_owned());
        text.map_err(|_| {
            ModuleError::at(
                &node.place,
                format!("`{key}` of {} is no UTF-8 text, which is not supported here", self.what),
            )
        })
    }

    /// A field that must not be printed, if it says something.
    pub(super) fn secret(&self, key: &str) -> Result<Option<Secret>, ModuleError> {
        let text = self.text(key)?;
        Ok((!text.is_empty()).then(|| Secret::from(text.as_str())))
    }

    /// The name of a file, if there is one.
    pub(super) fn path(&self, key: &str) -> Result<Option<PathBuf>, ModuleError> {
        self.text(key).map(|text| (!text.is_empty()).then(|| text.into()))
    }

    /// Which of a name's addresses is asked; the exporter takes any word but `ip6` for IPv4.
    pub(super) fn family(&self) -> Result<Family, ModuleError> {
        let preferred = self.text("preferred_ip_protocol")?;
        Ok(Family { v6: ["", "ip6"].contains(&preferred.as_str()), fallback: self.flag("ip_protocol_fallback", true)? })
    }

    /// A boolean.
    pub(super) fn flag(&self, key: &str, default: bool) -> Result<bool, ModuleError> {
        let wanted = |scalar: &Scalar| scalar.flag();
        self.scalar(key, "true or false", wanted).map(|flag| flag.unwrap_or(default))
    }

    /// A whole number.
    pub(super) fn integer(&self, key: &str, default: i64) -> Result<i64, ModuleError> {
        self.scalar(key, "a whole number", Scalar::integer).map(|number| number.unwrap_or(default))
    }

    /// What a scalar is read as, if it is there.
    pub(super) fn scalar<T>(
        &self,
        key: &str,
        wanted: &str,
        read: impl Fn(&Scalar) -> Option<T>,
    ) -> Result<Option<T>, ModuleError> {
        let Some(node) = self.get(key) else { return Ok(None) };
        let value = match &node.kind {
            Kind::Scalar(scalar) => read(scalar),
            _ => None,
        };
        value.map(Some).ok_or_else(|| self.wrong(key, node, wanted))
    }

    /// The items of a list without the nulls; none where it is not there.
    pub(super) fn items(&self, key: &str) -> Result<Vec<&'a Node>, ModuleError> {
        match self.get(key).map(|node| (node, &node.kind)) {
            None => Ok(Vec::new()),
            Some((_, Kind::List(items))) => Ok(items.iter().filter(|item| !item.is_null()).collect()),
            Some((node, _)) => Err(self.wrong(key, node, "a list")),
        }
    }

    /// A list of texts.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, ModuleError> {
        self.items(key)?.into_iter().map(|item| self.text_of(key, item)).collect()
    }

    /// A list of whole numbers.
    pub(super) fn integers(&self, key: &str) -> Result<Vec<i64>, ModuleError> {
        let number = |item: &'a Node| match &item.kind {
            Kind::Scalar(scalar) => scalar.integer().ok_or_else(|| self.wrong(key, item, "whole numbers")),
            _ => Err(self.wrong(key, item, "whole numbers")),
        };
        self.items(key)?.into_iter().map(number).collect()
    }

    /// A regular expression, which may be empty.
    pub(super) fn pattern(&self, key: &str) -> Result<Option<Pattern>, ModuleError> {
        self.get(key).map(|node| self.pattern_of(key, node)).transpose()
    }

    /// A list of regular expressions.
    pub(super) fn patterns(&self, key: &str) -> Result<Vec<Pattern>, ModuleError> {
        self.items(key)?.into_iter().map(|item| self.pattern_of(key, item)).collect()
    }

    fn pattern_of(&self, key: &str, node: &Node) -> Result<Pattern, ModuleError> {
        let text = self.text_of(key, node)?;
        Pattern::new(&text)
            .map_err(|why| ModuleError::at(&node.place, format!("`{key}` of {}: `{text}` {why}", self.what)))
    }
}
