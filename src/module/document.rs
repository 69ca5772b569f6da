//! A YAML document as go-yaml sees it: scalars keep their text, their tag and their line, and mean nothing yet.
//!
//! Only the first document counts, keys that are null are passed over, and equal keys of one mapping are refused. Aliases
//! are copies and are counted, so that a few lines cannot become gigabytes.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use granit_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, options};

use super::ModuleError;
use super::scalar::Scalar;
use crate::value::Place;

/// How deep mappings and lists may nest: a module needs seven levels, and the reading is recursive.
const DEPTH: usize = 64;

/// How many values a document may have, copies included: ten thousand modules.
const VALUES: usize = 500_000;

/// How YAML's own tags begin, which are written `!!int`.
const CORE: &str = "tag:yaml.org,2002:";

/// A value with the line it starts on.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) kind: Kind,
}

/// What a node can be.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Scalar(Scalar),
    List(Vec<Node>),
    /// Merged, without equal keys.
    Map(Vec<(Key, Node)>),
}

/// The key of a mapping's entry.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) place: Place,
}

impl Node {
    /// Whether it is null, which leaves everything as it was.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(scalar) if scalar.is_null())
    }

    /// What a person calls it.
    pub(super) fn noun(&self) -> &'static str {
        match &self.kind {
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
            Kind::Scalar(scalar) => scalar.noun(),
        }
    }
}

/// Reads the first document of a text; `file` is the name under which places will be printed.
pub(super) fn read(file: &str, text: &str) -> Result<Option<Node>, ModuleError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = options! { emit_comments: false };
    let events = Parser::new_from_str_with_options(text, options);
    let mut composer = Composer { file: Arc::from(file), text, events, anchors: HashMap::new(), depth: 0, values: 0 };
    loop {
        let (event, span) = composer.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(..) => {}
            Event::StreamEnd => return Ok(None),
            event => return composer.node(event, span).map(Some),
        }
    }
}

struct Composer<'a> {
    file: Arc<str>,
    text: &'a str,
    events: Parser<'a, StrInput<'a>>,
    /// What each anchor names, with how many values it has; nothing while it is still being read.
    anchors: HashMap<usize, Option<(Node, usize)>>,
    depth: usize,
    values: usize,
}

impl<'a> Composer<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), ModuleError> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(fault)) => Err(self.error(*fault.marker(), &fault.info())),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Node, ModuleError> {
        let before = self.values;
        self.values += 1;
        if self.values > VALUES {
            return Err(self.error(span.start, &format!("there are more than {VALUES} values here, aliases included")));
        }
        let (anchor, kind) = match event {
            Event::Alias(anchor) => return self.copy(anchor, span.start),
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(|tag| tag.to_string());
                let text = self.trimmed(text, style, span).into_owned();
                (anchor, Kind::Scalar(self.scalar(text, style, tag.as_deref(), span.start)?))
            }
            Event::SequenceStart(_, anchor, _) => (anchor, self.within(anchor, span.start, Self::list)?),
            Event::MappingStart(_, anchor, _) => (anchor, self.within(anchor, span.start, Self::mapping)?),
            _ => return Err(self.error(span.start, "a value is expected here")),
        };
        let node = Node { place: self.place(span.start), kind };
        if anchor > 0 {
            self.anchors.insert(anchor, Some((node.clone(), self.values - before)));
        }
        Ok(node)
    }

    fn copy(&mut self, anchor: usize, mark: Marker) -> Result<Node, ModuleError> {
        let Some(Some((node, size))) = self.anchors.get(&anchor) else {
            return Err(self.error(mark, "this alias stands inside the value that it names"));
        };
        let node = node.clone();
        self.values += size;
        Ok(node)
    }

    fn within(
        &mut self,
        anchor: usize,
        mark: Marker,
        read: impl FnOnce(&mut Self) -> Result<Kind, ModuleError>,
    ) -> Result<Kind, ModuleError> {
        self.anchors.insert(anchor, None);
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.error(mark, &format!("lists and mappings are nested deeper than {DEPTH} levels")));
        }
        let kind = read(self);
        self.depth -= 1;
        kind
    }

    fn list(&mut self) -> Result<Kind, ModuleError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Kind::List(items)),
                (event, span) => items.push(self.node(event, span)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<Kind, ModuleError> {
        let mut merge = None;
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut first: HashMap<String, Place> = HashMap::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            if span.is_empty() && matches!(event, Event::Scalar(_, ScalarStyle::Plain, 0, None)) {
                return Err(self.error(span.start, "a key is missing before the colon"));
            }
            let place = self.place(span.start);
            let key = self.node(event, span)?;
            let (event, at) = self.next()?;
            let value = self.node(event, at)?;
            let Some(text) = key.key()? else { continue };
            if let Some(earlier) = first.insert(text.clone(), place.clone()) {
                return Err(ModuleError::at(&place, format!("the key `{text}` is written twice, first at {earlier}")));
            }
            if is_merge {
                merge = Some(value);
            } else {
                entries.push((Key { text, place }, value));
            }
        }
        if let Some(merge) = merge {
            add_merged(&mut entries, merge)?;
        }
        Ok(Kind::Map(entries))
    }

    fn scalar(&self, text: String, style: ScalarStyle, tag: Option<&str>, mark: Marker) -> Result<Scalar, ModuleError> {
        let read = match tag.map(|tag| tag.strip_prefix(CORE).ok_or(tag)) {
            None | Some(Err("!")) if style == ScalarStyle::Plain => Ok(Scalar::plain(text)),
            Some(Ok(tag)) => Scalar::tagged(tag, text),
            _ => Ok(Scalar::text(text)),
        };
        read.map_err(|what| self.error(mark, &what))
    }

    /// libyaml does not add the newline that a file lacks at its end.
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

    fn error(&self, mark: Marker, what: &str) -> ModuleError {
        ModuleError::at(&self.place(mark), what)
    }
}

impl Node {
    /// Its text as the key of a mapping; nothing for a null, whose entry is passed over.
    fn key(&self) -> Result<Option<String>, ModuleError> {
        match &self.kind {
            Kind::Scalar(scalar) if scalar.is_null() => Ok(None),
            Kind::Scalar(scalar) => match String::from_utf8(scalar.bytes().to_vec()) {
                Ok(text) => Ok(Some(text)),
                Err(_) => Err(ModuleError::at(&self.place, "a key must be UTF-8 text")),
            },
            _ => Err(ModuleError::at(&self.place, format!("a key must be text, and this is {}", self.noun()))),
        }
    }
}

/// Adds what `<<` names where no own key hides it: a mapping, or a list of mappings of which the first has the last word.
fn add_merged(entries: &mut Vec<(Key, Node)>, merge: Node) -> Result<(), ModuleError> {
    let Node { place, kind } = merge;
    let maps = match kind {
        Kind::List(nodes) => nodes,
        kind => vec![Node { place, kind }],
    };
    let mut known: HashSet<String> = entries.iter().map(|(key, _)| key.text.clone()).collect();
    for node in maps {
        let noun = node.noun();
        let Kind::Map(inner) = node.kind else {
            return Err(ModuleError::at(&node.place, format!("`<<` takes a mapping, and this is {noun}")));
        };
        entries.extend(inner.into_iter().filter(|(key, _)| known.insert(key.text.clone())));
    }
    Ok(())
}
