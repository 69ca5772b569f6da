//! Turns the parser's events into a tree: tags, anchors, merge keys and equal keys.
//!
//! Every rule is PyYAML's. An alias is a copy of what its anchor names, and copies are counted, so that a few lines cannot
//! become gigabytes; an alias inside its own anchor is refused.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, StructureStyle, options};

use super::mapping::Mapping;
use super::scalar;
use super::yaml::{self, Document, Duplicate, Key, Node, NodeKind, Tag, YamlError};
use crate::value::{Place, Value, show};

/// How deep mappings and lists may nest: real inventories stay below ten, and the reading is recursive.
const DEPTH: usize = 128;

/// How many nodes aliases may copy: a thousand hosts that share five hundred values, and far less than memory.
const COPIES: usize = 500_000;

/// Characters that end a line for libyaml, and for nobody else.
const BREAKS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

/// How much of a faulty line is shown, in characters.
const EXCERPT: usize = 160;

/// How YAML's own tags begin, which are written `!!int`.
const CORE: &str = "tag:yaml.org,2002:";

/// Lines with one of these words may hold a secret and are never shown.
const SECRETS: [&str; 6] = ["pass", "secret", "token", "key", "cipher", "://"];

pub(super) struct Composer<'a> {
    file: Arc<str>,
    text: &'a str,
    events: Parser<'a, StrInput<'a>>,
    /// What each anchor names, with its count of nodes; nothing while it is still being read.
    anchors: HashMap<usize, Option<(Node, usize)>>,
    /// Where each anchor's name was defined.
    names: HashMap<String, usize>,
    /// The lists and mappings that are open, for the message when one is never closed.
    open: Vec<(StructureStyle, usize)>,
    /// How many of them are tagged `!unsafe`, which holds for all texts within.
    unsafe_depth: usize,
    nodes: usize,
    copies: usize,
    duplicates: Vec<Duplicate>,
}

impl<'a> Composer<'a> {
    pub(super) fn new(file: Arc<str>, text: &'a str) -> Self {
        let options = options! { emit_comments: false, emit_anchor_events: true };
        Self {
            file,
            text,
            events: Parser::new_from_str_with_options(text, options),
            anchors: HashMap::new(),
            names: HashMap::new(),
            open: Vec::new(),
            unsafe_depth: 0,
            nodes: 0,
            copies: 0,
            duplicates: Vec::new(),
        }
    }

    pub(super) fn document(mut self) -> Result<Document, YamlError> {
        self.refuse_breaks()?;
        let mut root = Node { place: self.place(Marker::new(0, 1, 0)), kind: NodeKind::Scalar(Value::Null), tag: None };
        let mut documents = 0;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                Event::DocumentStart(..) if documents > 0 => {
                    return Err(self.error(span.start, "a second document starts here; only one is read"));
                }
                Event::DocumentStart(..) => documents += 1,
                event => root = self.node(event, span)?,
            }
        }
        Ok(Document { root, duplicates: self.duplicates })
    }

    /// Nobody sees these characters, and what follows one would be read differently from Ansible.
    fn refuse_breaks(&self) -> Result<(), YamlError> {
        let Some(at) = self.text.find(BREAKS) else { return Ok(()) };
        let before = &self.text[..at];
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count());
        let mark = Marker::new(at, before.split('\n').count(), column);
        Err(self.error(mark, "an invisible character ends the line here (U+0085, U+2028 or U+2029); remove it"))
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), YamlError> {
        loop {
            match self.events.next_event() {
                Some(Ok((Event::Anchor(_, name), span))) => self.name(&name, span.start)?,
                Some(Ok(event)) => return Ok(event),
                Some(Err(fault)) => return Err(self.syntax(&fault)),
                None => return Ok((Event::StreamEnd, Span::default())),
            }
        }
    }

    /// PyYAML refuses a second anchor of the same name, so nobody can mean the first.
    fn name(&mut self, name: &str, mark: Marker) -> Result<(), YamlError> {
        match self.names.insert(name.to_owned(), mark.line()) {
            None => Ok(()),
            Some(line) => Err(self.error(mark, &format!("the anchor &{name} is already defined in line {line}"))),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Node, YamlError> {
        let start = span.start;
        let before = self.nodes;
        self.nodes += 1;
        let (anchor, node) = match event {
            Event::Alias(anchor) => return self.copy(anchor, start),
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(|tag| tag.to_string());
                let text = self.trimmed(text, style, span);
                self.nodes += text.len() / yaml::TEXT;
                (anchor, self.scalar(&text, style, tag.as_deref(), start)?)
            }
            Event::SequenceStart(style, anchor, tag) => {
                let tag = tag.map(|tag| tag.to_string());
                self.anchors.insert(anchor, None);
                let items = self.within(style, tag.as_deref(), start, Self::list)?;
                (anchor, self.collection(NodeKind::List(items), "seq", tag.as_deref(), start)?)
            }
            Event::MappingStart(style, anchor, tag) => {
                let tag = tag.map(|tag| tag.to_string());
                self.anchors.insert(anchor, None);
                let entries = self.within(style, tag.as_deref(), start, Self::mapping)?;
                (anchor, self.collection(NodeKind::Map(entries), "map", tag.as_deref(), start)?)
            }
            _ => return Err(self.error(start, "a value is expected here")),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, Some((node.clone(), self.nodes - before)));
        }
        Ok(node)
    }

    fn copy(&mut self, anchor: usize, mark: Marker) -> Result<Node, YamlError> {
        let Some(Some((node, size))) = self.anchors.get(&anchor) else {
            return Err(self.error(mark, "this alias stands inside the value that it names"));
        };
        self.copies += size;
        self.nodes += size;
        if self.copies > COPIES {
            return Err(self.error(mark, &format!("aliases grow beyond {COPIES} values here")));
        }
        Ok(node.clone())
    }

    fn within<T>(
        &mut self,
        style: StructureStyle,
        tag: Option<&str>,
        mark: Marker,
        read: impl FnOnce(&mut Self) -> Result<T, YamlError>,
    ) -> Result<T, YamlError> {
        self.open.push((style, mark.line()));
        if self.open.len() > DEPTH {
            return Err(self.error(mark, &format!("lists and mappings are nested deeper than {DEPTH} levels")));
        }
        let is_unsafe = usize::from(ansible(tag) == Some(Tag::Unsafe));
        self.unsafe_depth += is_unsafe;
        let result = read(self)?;
        self.unsafe_depth -= is_unsafe;
        self.open.pop();
        Ok(result)
    }

    fn list(&mut self) -> Result<Vec<Node>, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<Vec<(Key, Node)>, YamlError> {
        let mut mapping = Mapping::default();
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::MappingEnd => return Ok(mapping.entries(&mut self.duplicates)),
                Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<" => {
                    let (event, span) = self.next()?;
                    let node = self.node(event, span)?;
                    mapping.merge(node).map_err(|reason| self.error(span.start, &reason))?;
                }
                event => {
                    let key = self.key(event, span)?;
                    let (event, span) = self.next()?;
                    mapping.set(key, self.node(event, span)?);
                }
            }
        }
    }

    fn key(&mut self, event: Event<'a>, span: Span) -> Result<Key, YamlError> {
        if let Event::Scalar(text, ScalarStyle::Plain, 0, None) = &event
            && text == "="
        {
            return Ok(Key { text: "=".to_owned(), place: self.place(span.start), is_text: true });
        }
        if matches!(&event, Event::Scalar(_, ScalarStyle::Plain, 0, None)) && span.is_empty() {
            return Err(self.error(span.start, "a key is missing before the colon"));
        }
        let plain = match &event {
            Event::Scalar(text, ScalarStyle::Plain, _, None) => Some(text.clone()),
            _ => None,
        };
        let node = self.node(event, span)?;
        match &node.kind {
            NodeKind::Scalar(value) if node.tag != Some(Tag::Vault) => {
                let text = plain.as_deref().map_or_else(|| show(value), |plain| scalar::key(plain, value));
                let is_text = value.is_string() && plain.as_deref().is_none_or(scalar::is_text);
                Ok(Key { text, is_text, place: self.place(span.start) })
            }
            _ => Err(self.error(span.start, &format!("a key must be text or a number, and this is {}", node.noun()))),
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&str>, mark: Marker) -> Result<Node, YamlError> {
        let is_plain = style == ScalarStyle::Plain;
        if is_plain && self.is_flow() && text.starts_with(['?', ':']) {
            return Err(self.error(mark, "within brackets a text that begins with ? or : must be in quotes"));
        }
        let value = match tag {
            None if is_plain => scalar::plain(text),
            None => Ok(text.into()),
            Some("!") if is_plain && text.is_empty() => Ok("".into()),
            Some("!vault" | "!vault-encrypted") if !scalar::is_text(text) => Err("!vault takes a text".to_owned()),
            Some("!" | "!unsafe" | "!vault" | "!vault-encrypted") => scalar::plain(text),
            Some(tag) => match tag.strip_prefix(CORE) {
                Some(tag) => scalar::tagged(tag, text),
                None => Err(unknown(tag)),
            },
        };
        let value = value.map_err(|message| self.error(mark, &message))?;
        let is_text = match tag {
            None if !is_plain => true,
            None | Some("!" | "!unsafe") => value.is_string() && scalar::is_text(text),
            tag => tag.and_then(|tag| tag.strip_prefix(CORE)) == Some("str"),
        };
        let tag = match ansible(tag) {
            Some(Tag::Vault) => Some(Tag::Vault),
            Some(Tag::Unsafe) if is_text => Some(Tag::Unsafe),
            _ if is_text && self.unsafe_depth > 0 => Some(Tag::Unsafe),
            _ => None,
        };
        Ok(Node { place: self.place(mark), kind: NodeKind::Scalar(value), tag })
    }

    fn is_flow(&self) -> bool {
        matches!(self.open.last(), Some((StructureStyle::Flow, _)))
    }

    fn collection(&self, kind: NodeKind, own: &str, tag: Option<&str>, mark: Marker) -> Result<Node, YamlError> {
        let allowed = match tag {
            None | Some("!" | "!unsafe") => true,
            Some(tag) => tag.strip_prefix(CORE) == Some(own),
        };
        if !allowed {
            return Err(self.error(mark, &unknown(tag.unwrap_or_default())));
        }
        Ok(Node { place: self.place(mark), kind, tag: None })
    }

    /// PyYAML does not add the newline that a file lacks at its end.
    fn trimmed(&self, text: Cow<'a, str>, style: ScalarStyle, span: Span) -> Cow<'a, str> {
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let at_end = span.end.byte_offset().is_some_and(|end| end >= self.text.len());
        let last = self.text.rsplit(['\n', '\r']).next().unwrap_or_default();
        match text.strip_suffix('\n') {
            Some(trimmed) if block && at_end && !last.trim_matches(' ').is_empty() => Cow::Owned(trimmed.to_owned()),
            _ => text,
        }
    }

    fn place(&self, mark: Marker) -> Place {
        Place { file: Arc::clone(&self.file), line: mark.line(), column: mark.col() + 1 }
    }

    fn syntax(&self, fault: &granit_parser::ScanError) -> YamlError {
        let mark = *fault.marker();
        let hint = match self.open.last() {
            Some((StructureStyle::Flow, line)) => format!("; a bracket of line {line} is still open"),
            _ => String::new(),
        };
        self.error(mark, &format!("{}{hint}", fault.info()))
    }

    fn error(&self, mark: Marker, message: &str) -> YamlError {
        let line = self.text.lines().nth(mark.line().saturating_sub(1)).unwrap_or_default().trim_end();
        let lower = line.to_lowercase();
        let shown = !line.is_empty()
            && line.chars().count() <= EXCERPT
            && mark.col() <= EXCERPT
            && !SECRETS.iter().any(|word| lower.contains(word));
        YamlError {
            place: self.place(mark),
            message: message.to_owned(),
            excerpt: shown.then(|| line.replace('\t', " ")),
        }
    }
}

fn ansible(tag: Option<&str>) -> Option<Tag> {
    match tag {
        Some("!vault" | "!vault-encrypted") => Some(Tag::Vault),
        Some("!unsafe") => Some(Tag::Unsafe),
        _ => None,
    }
}

fn unknown(tag: &str) -> String {
    let tag = tag.strip_prefix(CORE).map_or_else(|| tag.to_owned(), |core| format!("!!{core}"));
    format!("the tag {tag} is not read here")
}
