//! `with`: values that an earlier check's answer gives, written `check.fact` or `component/check[key].fact`.

use std::fmt;

use super::SuiteError;
use super::field::Fields;
use crate::inventory::yaml::{Key, Node};
use crate::value::{Object, Value, did_you_mean, names};

/// Names that stand for something else in every check.
const RESERVED: [&str; 2] = ["each", "targets"];

/// A variable that an earlier check's answer gives.
#[derive(Clone, Debug)]
pub struct With {
    /// The variable.
    pub name: String,
    /// The component whose check it is.
    pub component: String,
    /// The check, without its key.
    pub check: String,
    /// The key, where the check is repeated; it may hold variables.
    pub key: Option<String>,
    /// The fact, with its path.
    pub fact: String,
}

impl fmt::Display for With {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}/{}", self.name, self.component, self.check)?;
        if let Some(key) = &self.key {
            write!(f, "[{key}]")?;
        }
        write!(f, ".{}", self.fact)
    }
}

/// The entries of `with`, each of which the question or the expectation must use.
pub(super) fn read(
    fields: &Fields<'_>,
    component: &str,
    what: &str,
    used_in: [&Object; 2],
) -> Result<Vec<With>, SuiteError> {
    let Some(node) = fields.get("with") else { return Ok(Vec::new()) };
    let wrong =
        || SuiteError::at(&node.place, format!("`with` of {what} must map variables to facts: ca: nginx/ca.body"));
    let entries = node.entries().filter(|entries| !entries.is_empty()).ok_or_else(wrong)?;
    let used: Vec<_> = used_in.into_iter().flat_map(|map| names(&Value::Object(map.clone()))).collect();
    entries.iter().map(|(key, value)| entry(key, value, component, what, &used)).collect()
}

fn entry(key: &Key, value: &Node, component: &str, what: &str, used: &[String]) -> Result<With, SuiteError> {
    let name = key.text.as_str();
    let refused = |why: String| SuiteError::at(&key.place, format!("{what} takes `{name}`: {why}"));
    if RESERVED.contains(&name) || name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(refused("that cannot be the name of a variable here: choose another".to_owned()));
    }
    let below = |used: &&String| used.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', '[']));
    if let Some(below) = used.iter().find(below) {
        return Err(refused(format!("`${{{below}}}` reaches below it: write the whole path of the fact in `with`")));
    }
    if !used.iter().any(|used| used == name) {
        let hint = did_you_mean(name, used.iter().map(String::as_str));
        return Err(refused(format!("nothing in its question or expectation uses `${{{name}}}`{hint}")));
    }
    let text = value.text().unwrap_or_default();
    let with = parse(name, text, component);
    with.ok_or_else(|| refused(format!("`{text}` names no fact of a check: write it as nginx/ca.body")))
}

/// The check ends at the first dot that is not within its key.
fn parse(name: &str, text: &str, component: &str) -> Option<With> {
    let (component, rest) = match text.find(['/', '.', '[']).filter(|at| text[*at..].starts_with('/')) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (component, text),
    };
    let (check, rest) = rest.split_at(rest.find(['.', '['])?);
    let (key, rest) = match rest.strip_prefix('[') {
        Some(inner) => inner.split_once(']').map(|(key, rest)| (Some(key.to_owned()), rest))?,
        None => (None, rest),
    };
    let fact = rest.strip_prefix('.')?;
    let named = [component, check, fact].iter().all(|part| !part.is_empty());
    named.then(|| With {
        name: name.to_owned(),
        component: component.to_owned(),
        check: check.to_owned(),
        key,
        fact: fact.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<[String; 4]> {
        parse("x", text, "own").map(|with| [with.component, with.check, with.key.unwrap_or_default(), with.fact])
    }

    #[test]
    fn a_source_is_a_check_of_any_component_and_a_fact() {
        assert_eq!(parts("nginx/ca.body").unwrap(), ["nginx", "ca", "", "body"]);
        assert_eq!(parts("canary-silence.json.silenceID").unwrap(), ["own", "canary-silence", "", "json.silenceID"]);
        assert_eq!(parts("record[i.pigsty].answers[0]").unwrap(), ["own", "record", "i.pigsty", "answers[0]"]);
        assert_eq!(
            parts("dnsmasq/record[${each.name}].answers").unwrap(),
            ["dnsmasq", "record", "${each.name}", "answers"]
        );
        assert_eq!(parts("page[a/b].json.url").unwrap(), ["own", "page", "a/b", "json.url"]);
    }

    #[test]
    fn what_names_no_fact_is_no_source() {
        for text in ["", "nginx/ca", ".body", "nginx/.body", "/ca.body", "ca.", "ca[x]", "ca[x.body", "ca[x]body"] {
            assert!(parts(text).is_none(), "{text}");
        }
    }
}
