//! JSON as a tree that remembers its lines, as the YAML reader gives it.
//!
//! Ansible reads every file as JSON first and as YAML only if it is none: `1e3` is a number there and `\ud83d\ude00` one
//! character. What Python takes beyond JSON (`NaN`, text with half a character) is left to the YAML reader.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::mapping::Mapping;
use super::scalar;
use super::yaml::{Document, Duplicate, Key, Node, NodeKind, YamlError};
use crate::value::{Place, Value};

/// Reads the one value of `text`; `file` is the name under which places will be printed.
pub(super) fn read(file: &str, text: &str) -> Result<Document, YamlError> {
    let place = Place { file: Arc::from(file), line: 1, column: 1 };
    let fault = |error: &serde_json::Error| {
        let message = error.to_string();
        let message = message.rsplit_once(" at line").map_or(&*message, |(message, _)| message);
        YamlError {
            place: Place { line: error.line(), column: error.column(), ..place.clone() },
            message: format!("this is not JSON: {message}"),
            excerpt: None,
        }
    };
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| fault(&error))?;
    let mut reader = Reader { text, seen: 0, place: place.clone(), duplicates: Vec::new() };
    let root = reader.node(raw).map_err(|error| fault(&error))?;
    Ok(Document { root, duplicates: reader.duplicates })
}

/// A mapping as it is written, equal keys and all.
struct Entries<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

struct Reader<'a> {
    text: &'a str,
    /// How many bytes were counted into the place; values are visited in their order.
    seen: usize,
    place: Place,
    duplicates: Vec<Duplicate>,
}

impl<'a> Reader<'a> {
    fn node(&mut self, raw: &'a RawValue) -> Result<Node, serde_json::Error> {
        let place = self.place(raw);
        let kind = match raw.get().as_bytes().first() {
            Some(b'{') => {
                let Entries(entries) = serde_json::from_str(raw.get())?;
                let mut mapping = Mapping::default();
                for (key, value) in entries {
                    let key = Key { text: serde_json::from_str(key.get())?, place: self.place(key), is_text: true };
                    mapping.set(key, self.node(value)?);
                }
                NodeKind::Map(mapping.entries(&mut self.duplicates))
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(raw.get())?;
                NodeKind::List(items.into_iter().map(|item| self.node(item)).collect::<Result<_, _>>()?)
            }
            _ => NodeKind::Scalar(scalar_of(raw.get())?),
        };
        Ok(Node { place, kind, tag: None })
    }

    fn place(&mut self, raw: &RawValue) -> Place {
        let offset = (raw.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        for char in self.text.get(self.seen..offset).unwrap_or_default().chars() {
            self.place.column += 1;
            if char == '\n' {
                self.place.line += 1;
                self.place.column = 1;
            }
        }
        self.seen = self.seen.max(offset);
        self.place.clone()
    }
}

/// Whole numbers beyond 64 bits are kept digit by digit, as those of YAML are.
fn scalar_of(text: &str) -> Result<Value, serde_json::Error> {
    let is_whole =
        text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) && !text.contains(['.', 'e', 'E']);
    match scalar::plain(text) {
        Ok(value) if is_whole => Ok(value),
        _ => serde_json::from_str(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_key_and_value_has_its_place() {
        let document = read("t.json", "{\n  \"é\": 1, \"b\": [\n    2,\n  {\"c\":3}]}").unwrap();
        let entries = document.root.entries().unwrap();
        let at = |place: &Place| (place.line, place.column);
        assert_eq!((at(&entries[0].0.place), at(&entries[0].1.place)), ((2, 3), (2, 8)));
        assert_eq!(at(&entries[1].0.place), (2, 11));
        let inner = entries[1].1.items().unwrap();
        assert_eq!((at(&inner[0].place), at(&inner[1].entries().unwrap()[0].0.place)), ((3, 5), (4, 4)));
    }

    #[test]
    fn values_are_those_of_json() {
        let text = r#"{"a":1e3,"b":"\ud83d\ude00\/","c":[true,null,-5,1.50],"d":18446744073709551616,"yes":"yes"}"#;
        let expected =
            json!({"a": 1000.0, "b": "😀/", "c": [true, null, -5, 1.5], "d": "18446744073709551616", "yes": "yes"});
        assert_eq!(read("t", text).unwrap().root.value(), expected);
    }

    #[test]
    fn the_last_of_equal_keys_holds_and_is_told() {
        let document = read("t", "{\"a\": 1,\n\"a\": 2}").unwrap();
        assert_eq!(document.root.value(), json!({"a": 2}));
        assert_eq!((document.duplicates[0].first.line, document.duplicates[0].last.line), (1, 2));
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_line() {
        for (text, shown) in [
            ("{\n\"a\": x}", "t.json:2:6: this is not JSON: expected value"),
            ("{\"a\": 1", "t.json:1:7: this is not JSON: EOF while parsing an object"),
        ] {
            assert_eq!(read("t.json", text).unwrap_err().to_string(), shown);
        }
        assert!(read("t", &"[".repeat(100_000)).is_err());
    }
}
