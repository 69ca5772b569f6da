//! `${name}` and nothing more: the whole template language of suites.

use super::{Object, Path, Value, show};

/// Why a template could not be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfilled {
    /// Nobody set the variable.
    #[error("variable `{0}` is not defined")]
    Undefined(String),
    /// The variable is set, and cannot be used here.
    #[error("variable `{name}` {why}")]
    Unusable {
        /// The variable.
        name: String,
        /// Completes "variable `x` …".
        why: String,
    },
    /// The text between `${` and `}` is not a name.
    #[error("`{0}` is not a variable: write ${{name}} or ${{name.field}}")]
    Malformed(String),
}

/// What a name stands for.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Result<Value, Unfilled>;

/// Fills in every `${name}` of a value, keys included; text that is exactly `${name}` takes the variable's type.
pub fn expand(value: &Value, lookup: Lookup<'_>) -> Result<Value, Unfilled> {
    Ok(match value {
        Value::String(text) => expand_text(text, lookup)?,
        Value::Array(list) => list.iter().map(|one| expand(one, lookup)).collect::<Result<_, _>>()?,
        Value::Object(map) => Value::Object(expand_map(map, lookup)?),
        other => other.clone(),
    })
}

/// Fills in every `${name}` of a mapping, keys included.
pub fn expand_map(map: &Object, lookup: Lookup<'_>) -> Result<Object, Unfilled> {
    map.iter().map(|(key, value)| Ok((show(&expand_text(key, lookup)?), expand(value, lookup)?))).collect()
}

/// The names that a value refers to: `ip`, `each.domain`.
pub fn names(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => pieces(text).filter_map(|piece| piece.name().map(str::to_owned)).collect(),
        Value::Array(list) => list.iter().flat_map(names).collect(),
        Value::Object(map) => {
            let keys = map.keys().flat_map(|key| names(&Value::String(key.clone())));
            keys.chain(map.values().flat_map(names)).collect()
        }
        _ => Vec::new(),
    }
}

enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

impl<'a> Piece<'a> {
    fn name(&self) -> Option<&'a str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Text(_) => None,
        }
    }
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = match rest.find("${") {
            Some(0) => match rest[2..].split_once('}') {
                Some((name, after)) => (Piece::Name(name), after),
                None => (Piece::Name(&rest[2..]), ""),
            },
            Some(start) => (Piece::Text(&rest[..start]), &rest[start..]),
            None => (Piece::Text(rest), ""),
        };
        rest = after;
        Some(piece)
    })
}

fn expand_text(text: &str, lookup: Lookup<'_>) -> Result<Value, Unfilled> {
    let mut all = pieces(text);
    if let (Some(Piece::Name(name)), None) = (all.next(), all.next()) {
        return resolve(name, lookup);
    }
    let mut filled = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(literal) => filled.push_str(literal),
            Piece::Name(name) => match resolve(name, lookup)? {
                Value::Array(_) | Value::Object(_) | Value::Null => {
                    let why = "is a list, a mapping or null, which cannot stand within text".to_owned();
                    return Err(Unfilled::Unusable { name: name.to_owned(), why });
                }
                scalar => filled.push_str(&show(&scalar)),
            },
        }
    }
    Ok(Value::String(filled))
}

fn resolve(name: &str, lookup: Lookup<'_>) -> Result<Value, Unfilled> {
    let path = Path::parse(name).map_err(|_| Unfilled::Malformed(name.to_owned()))?;
    let (root, below) = path.split().ok_or_else(|| Unfilled::Malformed(name.to_owned()))?;
    let value = lookup(root)?;
    below.find(&value).ok_or_else(|| Unfilled::Undefined(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lookup(name: &str) -> Result<Value, Unfilled> {
        match name {
            "port" => Ok(json!(3000)),
            "ip" => Ok(json!("10.10.10.10")),
            "each" => Ok(json!({"domain": "i.pigsty", "list": [1, 2]})),
            _ => Err(Unfilled::Undefined(name.to_owned())),
        }
    }

    #[test]
    fn a_lone_name_keeps_its_type() {
        assert_eq!(expand(&json!("${port}"), &lookup), Ok(json!(3000)));
        assert_eq!(expand(&json!("${ip}:${port}"), &lookup), Ok(json!("10.10.10.10:3000")));
        assert_eq!(expand(&json!({"${ip}": ["${each.domain}"]}), &lookup), Ok(json!({"10.10.10.10": ["i.pigsty"]})));
    }

    #[test]
    fn what_cannot_be_filled_in_is_named() {
        assert_eq!(expand(&json!("x${nope}"), &lookup), Err(Unfilled::Undefined("nope".into())));
        assert_eq!(expand(&json!("${each.nope}"), &lookup), Err(Unfilled::Undefined("each.nope".into())));
        assert!(matches!(expand(&json!("x${each.list}"), &lookup), Err(Unfilled::Unusable { .. })));
        assert!(matches!(expand(&json!("${}"), &lookup), Err(Unfilled::Malformed(_))));
    }

    #[test]
    fn names_are_listed_from_keys_and_values() {
        assert_eq!(names(&json!({"${a}": ["x${b.c}y${d}"]})), ["a", "b.c", "d"]);
    }
}
