//! Paths into values: `data.activeTargets[labels.ins=grafana-2].health`, `answers[0]`, `groups[*].name`.
//!
//! Only what a check needs to address one thing in an answer; it computes nothing.

use super::{Value, show};

/// One step down.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// `.name`
    Key(String),
    /// `[3]`
    Index(usize),
    /// `[*]`: every element
    All,
    /// `[name=value]`: every element of which that holds
    Where(Vec<String>, String),
}

/// A parsed path.
#[derive(Clone, Debug, PartialEq)]
pub struct Path(Vec<Step>);

impl Path {
    /// Reads a path; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let (step, after) = inner.split_once(']').ok_or_else(|| format!("`{text}` has a [ without a ]"))?;
                steps.push(bracket(step).ok_or_else(|| format!("`[{step}]` is neither [n], [*] nor [name=value]"))?);
                rest = after;
            } else {
                let name = rest.strip_prefix('.').unwrap_or(rest);
                let end = name.find(['.', '[']).unwrap_or(name.len());
                if end == 0 || (rest.starts_with('.') && steps.is_empty()) {
                    return Err(format!("`{text}` has an empty name"));
                }
                steps.push(Step::Key(name[..end].to_owned()));
                rest = &name[end..];
            }
        }
        if steps.is_empty() { Err("a path cannot be empty".to_owned()) } else { Ok(Self(steps)) }
    }

    /// The first name of the path and the path below it.
    pub fn split(&self) -> Option<(&str, Self)> {
        match self.0.split_first()? {
            (Step::Key(name), rest) => Some((name, Self(rest.to_vec()))),
            _ => None,
        }
    }

    /// What stands there: nothing if there is nothing; a list after `[*]` and `[name=value]`, with null where an element
    /// lacks the rest.
    pub fn find(&self, value: &Value) -> Option<Value> {
        find(&self.0, value)
    }
}

fn bracket(step: &str) -> Option<Step> {
    if step == "*" {
        return Some(Step::All);
    }
    if let Some((name, value)) = step.split_once('=') {
        return Some(Step::Where(name.split('.').map(str::to_owned).collect(), value.to_owned()));
    }
    step.parse().ok().map(Step::Index)
}

fn find(steps: &[Step], value: &Value) -> Option<Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(value.clone()) };
    match step {
        Step::Key(name) => find(rest, value.get(name)?),
        Step::Index(index) => find(rest, value.get(index)?),
        Step::All => {
            let found = value.as_array()?.iter().map(|element| find(rest, element).unwrap_or(Value::Null));
            Some(Value::Array(found.collect()))
        }
        Step::Where(name, wanted) => {
            let named = |element: &&Value| {
                name.iter().try_fold(*element, |at, key| at.get(key)).is_some_and(|is| show(is) == *wanted)
            };
            let found: Vec<_> = value.as_array()?.iter().filter(named).collect();
            let below = |one: &&Value| find(rest, one).unwrap_or(Value::Null);
            (!found.is_empty()).then(|| Value::Array(found.iter().map(below).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(path: &str, value: &Value) -> Option<Value> {
        Path::parse(path).unwrap().find(value)
    }

    #[test]
    fn steps_lead_down() {
        let value = json!({"data": {"list": [{"n": {"x": "a:1"}, "h": "up"}, {"n": {"x": "b:2"}, "h": "down"}, {}]}});
        assert_eq!(at("data.list[1].h", &value), Some(json!("down")));
        assert_eq!(at("data.list[*].h", &value), Some(json!(["up", "down", null])));
        assert_eq!(at("data.list[n.x=b:2].h", &value), Some(json!(["down"])));
        assert_eq!(at("data.list[n.x=c].h", &value), None);
        assert_eq!(at("data.none", &value), None);
        assert_eq!(at("data[0]", &value), None);
    }

    #[test]
    fn several_elements_of_one_name_are_all_shown() {
        let value = json!([{"k": 1, "v": "x"}, {"k": 1, "v": "y"}]);
        assert_eq!(at("[k=1].v", &value), Some(json!(["x", "y"])));
    }

    #[test]
    fn a_broken_path_is_refused() {
        for path in ["", ".a", "a..b", "a[", "a[x]", "a."] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }
}
