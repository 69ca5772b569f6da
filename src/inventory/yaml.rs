//! A YAML document as a tree that remembers its lines.
//!
//! What is JSON is read as JSON, all else as PyYAML does, because Ansible reads so: YAML 1.1 scalars, merge keys, the last of equal keys wins.
//! Equal keys are reported with both places; what to do about them is the reader's affair.
//! It refuses several documents in one file, anchors that are defined twice, and bombs of aliases or depth.

use std::fmt;
use std::sync::Arc;

use super::Warning;
use super::composer::Composer;
use super::json;
use crate::value::{Object, Place, Value};

/// How many bytes of text count as one more node, so that a long text is not copied without end.
pub(super) const TEXT: usize = 32;

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

impl Duplicate {
    /// What a person is told of it.
    pub(super) fn warning(&self) -> Warning {
        let message = format!("{} is written twice, first in line {}; the last one holds", self.name, self.first.line);
        Warning { place: self.last.clone(), message }
    }
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

impl Tag {
    /// What stands before the text in the JSON of `ansible-inventory`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vault => "__ansible_vault",
            Self::Unsafe => "__ansible_unsafe",
        }
    }
}

/// Why a text is not a YAML document that can be read here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct YamlError {
    /// The line and column that are at fault.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// The line's text, unless it looks like a secret.
    pub excerpt: Option<String>,
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = self.place.column;
        write!(f, "{}:{column}: {}", self.place, self.message)?;
        let Some(excerpt) = &self.excerpt else { return Ok(()) };
        let number = self.place.line.to_string();
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(column.saturating_sub(1));
        write!(f, "\n  {number} | {excerpt}\n  {margin} | {indent}^")
    }
}

/// Reads the one document of `text`; `file` is the name under which places will be printed.
pub fn read(file: &str, text: &str) -> Result<Document, YamlError> {
    if text.trim_start().starts_with('{')
        && let Ok(document) = json::read(file, text)
    {
        return Ok(document);
    }
    Composer::new(Arc::from(file), text.strip_prefix('\u{feff}').unwrap_or(text)).document()
}

impl Node {
    /// The value without its places; a tagged text is the object that `ansible-inventory` prints for it.
    pub fn value(&self) -> Value {
        match &self.kind {
            NodeKind::Scalar(value) => match self.tag {
                None => value.clone(),
                Some(tag) => Value::Object(Object::from_iter([(tag.name().to_owned(), value.clone())])),
            },
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

    /// The same, without a copy.
    pub fn into_entries(self) -> Option<Vec<(Key, Self)>> {
        match self.kind {
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

    /// How much it is to copy: one for itself, one for all within, and more for long texts.
    pub fn size(&self) -> usize {
        match &self.kind {
            NodeKind::Scalar(Value::String(text)) => 1 + text.len() / TEXT,
            NodeKind::Scalar(_) => 1,
            NodeKind::List(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            NodeKind::Map(entries) => {
                1 + entries.iter().map(|(key, node)| key.text.len() / TEXT + node.size()).sum::<usize>()
            }
        }
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
            NodeKind::Map(_) => "a mapping",
            NodeKind::Scalar(_) if self.tag == Some(Tag::Vault) => "encrypted text",
            NodeKind::Scalar(value) => super::noun(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(text: &str) -> Value {
        read("t.yml", text).unwrap_or_else(|error| panic!("{error}")).root.value()
    }

    fn fault(text: &str) -> String {
        read("t.yml", text).unwrap_err().to_string()
    }

    #[test]
    fn keys_remember_their_own_lines() {
        let document = read("t.yml", "a:\n  b: 1\n  c:\n    - x\n").unwrap();
        let (key, node) = &document.root.entries().unwrap()[0];
        assert_eq!((key.place.line, node.place.line), (1, 2));
        assert_eq!(node.entries().unwrap()[1].0.place.to_string(), "t.yml:3");
    }

    #[test]
    fn quotes_protect_from_conversion() {
        assert_eq!(value("[yes, 'yes', \"0755\", 0755]"), json!([true, "yes", "0755", 493]));
        assert_eq!(value("{a: !!str , b: , c: ''}"), json!({"a": "", "b": null, "c": ""}));
    }

    #[test]
    fn keys_become_text_as_json_writes_them() {
        assert_eq!(value("{5: a, on: b, ~: c, 1.50: d}"), json!({"5": "a", "true": "b", "null": "c", "1.5": "d"}));
        assert_eq!(value("{1.0e+20: a, 1.0e-7: b, -.inf: c}"), json!({"1e+20": "a", "1e-07": "b", "-Infinity": "c"}));
        let document = read("t.yml", "5: a\n").unwrap();
        assert!(!document.root.entries().unwrap()[0].0.is_text);
    }

    #[test]
    fn the_last_of_equal_keys_wins_and_both_places_are_told() {
        let document = read("t.yml", "a: 1\nb: 2\na: 3\n").unwrap();
        assert_eq!(document.root.value().to_string(), r#"{"a":3,"b":2}"#);
        let place = |line| Place { file: "t.yml".into(), line, column: 1 };
        assert_eq!(document.duplicates, [Duplicate { name: "a".to_owned(), first: place(1), last: place(3) }]);
    }

    #[test]
    fn one_and_true_are_equal_keys_and_the_text_one_is_another() {
        assert_eq!(read("t", "{true: a, 1: b}").unwrap().duplicates.len(), 1);
        assert_eq!(read("t", "{'1': a, 1: b}").unwrap().duplicates.len(), 0);
    }

    #[test]
    fn merged_keys_stand_first_and_yield_to_own_ones_without_a_report() {
        let document = read("t.yml", "x: &x {a: 1, b: 2}\ny: {c: 3, a: 9, <<: *x}\n").unwrap();
        assert_eq!(document.root.get("y").unwrap().value().to_string(), r#"{"a":9,"b":2,"c":3}"#);
        assert_eq!(document.duplicates, []);
    }

    #[test]
    fn of_two_merges_the_later_wins_and_of_a_list_the_first() {
        let anchors = "x: &x {a: 1}\ny: &y {a: 2}\n";
        assert_eq!(value(&format!("{anchors}z: {{<<: *x, <<: *y}}"))["z"], json!({"a": 2}));
        assert_eq!(value(&format!("{anchors}z: {{<<: [*x, *y]}}"))["z"], json!({"a": 1}));
    }

    #[test]
    fn a_quoted_merge_sign_is_a_key() {
        assert_eq!(value("{\"<<\": {a: 1}}"), json!({"<<": {"a": 1}}));
    }

    #[test]
    fn ansible_tags_are_kept() {
        let document =
            read("t", "a: !unsafe '{{ x }}'\nb: !vault |\n  $ANSIBLE_VAULT;1.1\n  61\nc: !unsafe '12'\n").unwrap();
        assert_eq!(document.root.get("a").unwrap().tag, Some(Tag::Unsafe));
        assert_eq!(document.root.get("b").unwrap().tag, Some(Tag::Vault));
        let (vault, text) =
            (json!({"__ansible_vault": "$ANSIBLE_VAULT;1.1\n61\n"}), json!({"__ansible_unsafe": "{{ x }}"}));
        let expected = json!({"a": text, "b": vault, "c": 12});
        assert_eq!(document.root.value(), expected);
    }

    #[test]
    fn unsafe_holds_for_every_text_within_and_for_nothing_else() {
        let text = |text: &str| json!({"__ansible_unsafe": text});
        let read = value("a: !unsafe {k: x, l: ['{{ y }}', yes, 2024-01-02, !unsafe '12', !!str 5]}\nb: x\n");
        assert_eq!(read["a"], json!({"k": text("x"), "l": [text("{{ y }}"), true, "2024-01-02", 12, text("5")]}));
        assert_eq!(read["b"], json!("x"));
        assert!(fault("a: !vault 5\n").contains("!vault takes a text"));
    }

    #[test]
    fn a_json_text_has_the_numbers_of_json() {
        assert_eq!(value("{\"a\": 1e3, \"b\": [-2E-1, \"1e3\", 12]}"), json!({"a": 1000.0, "b": [-0.2, "1e3", 12]}));
        assert_eq!(value("{\"a\": 1e3,}"), json!({"a": "1e3"}));
    }

    #[test]
    fn what_ends_a_line_for_ansible_only_is_refused() {
        let shown = fault("a: 1\nb: x\u{2028}c: 2\n");
        assert!(shown.starts_with("t.yml:2:5: an invisible character ends the line here"), "{shown}");
        for text in ["a: [?b]\n", "a: {b: :c}\n"] {
            assert!(fault(text).contains("must be in quotes"), "{text}");
        }
    }

    #[test]
    fn a_block_at_the_end_of_the_file_gets_no_newline_that_is_not_there() {
        assert_eq!(value("a: |\n  x"), json!({"a": "x"}));
        assert_eq!(value("a: |\n  x\n"), json!({"a": "x\n"}));
        assert_eq!(value("a: >-\n  x\n  y"), json!({"a": "x y"}));
        assert_eq!(value("a: |\n  x\nb: 1"), json!({"a": "x\n", "b": 1}));
    }

    #[test]
    fn an_empty_file_is_null() {
        assert!(read("t", "").unwrap().root.is_null());
        assert!(read("t", "# nothing\n").unwrap().root.is_null());
        assert_eq!(value("\u{feff}a: 1"), json!({"a": 1}));
    }

    #[test]
    fn a_syntax_error_shows_its_line_with_a_caret() {
        let shown = fault("all:\n  hosts: a: b\n");
        assert!(shown.starts_with("t.yml:2:11: mapping values are not allowed"), "{shown}");
        assert!(shown.ends_with("\n  2 |   hosts: a: b\n    |           ^"), "{shown}");
    }

    #[test]
    fn an_open_bracket_is_named_by_its_line() {
        assert!(fault("a: [1,\n  2\nb: 3\n").contains("a bracket of line 1 is still open"));
    }

    #[test]
    fn a_line_that_may_hold_a_secret_is_not_shown() {
        let shown = fault("grafana_admin_password: sesame: x\n");
        assert!(!shown.contains("sesame"), "{shown}");
    }

    #[test]
    fn what_is_not_one_tree_is_refused() {
        for (text, reason) in [
            ("a: 1\n---\nb: 2\n", "t.yml:2:1: a second document starts here"),
            ("a: &x [*x]\n", "t.yml:1:8: this alias stands inside the value that it names"),
            ("a: &x 1\nb: &x 2\n", "t.yml:2:4: the anchor &x is already defined in line 1"),
            ("a: *x\n", "t.yml:1:4: "),
            ("? [a]\n: 1\n", "t.yml:1:3: a key must be text or a number, and this is a list"),
            (": 1\n", "t.yml:1:1: a key is missing before the colon"),
            ("a: {<<: 1}\n", "t.yml:1:9: << takes a mapping, and this is a number"),
            ("a: !foo 1\n", "t.yml:1:9: the tag !foo is not read here"),
            ("a: !!set {x}\n", "t.yml:1:10: the tag !!set is not read here"),
            ("a: =\n", "t.yml:1:4: = has a meaning of its own"),
            ("a: 2024-13-01\n", "t.yml:1:4: 2024-13-01 is not a date"),
        ] {
            let shown = fault(text);
            assert!(shown.starts_with(reason), "{text}: {shown}");
        }
    }

    #[test]
    fn bombs_are_refused() {
        let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let inner = format!("*a{}, ", level - 1).repeat(10);
            laughs = format!("{laughs}a{level}: &a{level} [{inner}]\n");
        }
        assert!(fault(&laughs).contains("aliases grow beyond"));
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a, ".repeat(1000));
        assert!(fault(&long).contains("aliases grow beyond"));
        let merged =
            (1..1000).map(|n| format!("a{n}: &a{n} {{<<: *a{}, k{n}: v}}\n", n - 1)).collect::<Vec<_>>().concat();
        assert!(fault(&format!("a0: &a0 {{k: v}}\n{merged}")).contains("aliases grow beyond"));
        let brackets = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert!(fault(&brackets).contains("nested deeper than 128"), "{}", fault(&brackets));
        let deep = (0..200).map(|depth| " ".repeat(depth) + "a:").collect::<Vec<_>>().join("\n");
        assert!(fault(&deep).contains("nested deeper than 128"));
    }
}
