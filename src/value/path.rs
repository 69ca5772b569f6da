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

    /// What stands there: nothing if there is nothing. From the first `[*]` or `[name=value]` on it is one flat list, with
    /// null where an element lacks the rest; a first `[name=value]` that no element meets is nothing, a later one adds none.
    pub fn find(&self, value: &Value) -> Option<Value> {
        let mut at = value;
        for (taken, step) in self.0.iter().enumerate() {
            at = match step {
                Step::Key(name) => at.get(name)?,
                Step::Index(index) => at.get(index)?,
                Step::All | Step::Where(..) => {
                    let elements = step.elements(at)?;
                    let mut found = Vec::new();
                    for element in &elements {
                        gather(&self.0[taken + 1..], element, &mut found);
                    }
                    let nothing = elements.is_empty() && matches!(step, Step::Where(..));
                    return (!nothing).then_some(Value::Array(found));
                }
            };
        }
        Some(at.clone())
    }
}

impl Step {
    /// The elements of a list, or the values of a mapping, that are meant; nothing of what is neither.
    fn elements<'a>(&self, value: &'a Value) -> Option<Vec<&'a Value>> {
        let meant = |element: &&Value| match self {
            Self::Where(name, wanted) => {
                name.iter().try_fold(*element, |at, key| at.get(key)).is_some_and(|is| show(is) == *wanted)
            }
            _ => true,
        };
        match value {
            Value::Array(list) => Some(list.iter().filter(meant).collect()),
            Value::Object(map) => Some(map.values().filter(meant).collect()),
            _ => None,
        }
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

/// Adds what stands below one element: null, and not silence, where it lacks what the path names.
fn gather(steps: &[Step], element: &Value, found: &mut Vec<Value>) {
    let Some((step, rest)) = steps.split_first() else { return found.push(element.clone()) };
    let below = match step {
        Step::Key(name) => element.get(name).map(|one| vec![one]),
        Step::Index(index) => element.get(index).map(|one| vec![one]),
        Step::All | Step::Where(..) => step.elements(element),
    };
    match below {
        Some(below) => below.into_iter().for_each(|one| gather(rest, one, found)),
        None => found.push(Value::Null),
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
    fn lists_below_lists_are_one_list() {
        let rule = |name: &str, health: &str| json!({"name": name, "health": health});
        let value = json!({"groups": [
            {"rules": [rule("a", "ok"), rule("b", "err")]}, {"rules": []}, {"rules": [rule("c", "ok"), {"name": "d"}]},
        ]});
        assert_eq!(at("groups[*].rules[*].health", &value), Some(json!(["ok", "err", "ok", null])));
        assert_eq!(at("groups[*].rules[health=err].name", &value), Some(json!(["b"])));
        assert_eq!(at("groups[*].rules[health=unknown].name", &value), Some(json!([])));
        assert_eq!(at("groups[name=x].rules[*].name", &value), None);
        assert_eq!(at("groups[*].rules[0].name", &value), Some(json!(["a", null, "c"])));
    }

    #[test]
    fn an_element_without_the_list_below_it_does_not_look_like_one_with_an_empty_list() {
        let value = json!({"groups": [{"rules": []}, {"error": "no rules here"}]});
        assert_eq!(at("groups[*].rules[health=err].name", &value), Some(json!([null])));
        assert_eq!(at("[*][*]", &json!([[1, 2], [3]])), Some(json!([1, 2, 3])));
    }

    #[test]
    fn the_values_of_a_mapping_are_found_as_those_of_a_list_are() {
        let value =
            json!({"sources": {"Logs": {"uid": "ds-logs", "type": "x"}, "Meta": {"uid": "ds-meta", "type": "y"}}});
        assert_eq!(at("sources[uid=ds-meta].type", &value), Some(json!(["y"])));
        assert_eq!(at("sources[*].uid", &value), Some(json!(["ds-logs", "ds-meta"])));
        assert_eq!(at("sources[uid=none].type", &value), None);
    }

    #[test]
    fn a_broken_path_is_refused() {
        for path in ["", ".a", "a..b", "a[", "a[x]", "a."] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }
}
