//! The operators that a suite can put after a fact.

use std::fmt;
use std::time::Duration;

use regex::Regex;

use super::agree::Agreement;
use super::{difference, quote};
use crate::value::{Value, did_you_mean, is_true, show};

/// What must hold of a value.
#[derive(Clone, Debug)]
pub enum Matcher {
    /// A plain value: the same, numbers compared as numbers and `2xx` as a class of status.
    Equals(Value),
    /// A list: these, in any order, each as often as it stands there.
    Same(Vec<Value>),
    /// `lt`, `le`, `gt`, `ge`: a number, or a duration in seconds.
    Compare(Order, Value, f64),
    /// `matches`: a regular expression that is found in the text.
    Matches(Regex),
    /// `contains`: a part of the text, or an element of the list.
    Contains(Value),
    /// `one_of`: equals one of these.
    OneOf(Vec<Value>),
    /// `includes`: a list with at least these elements.
    Includes(Vec<Value>),
    /// `every`: a list that is not empty and of which every element holds.
    Every(Box<Matcher>),
    /// `present: true`: there is such a fact, and it is not null.
    Present,
    /// `not`: there is such a fact, and the rest does not hold of it.
    Not(Box<Matcher>),
    /// `agrees`: the same as on the other nodes, or near to it; it holds of a value alone, without any to compare it with.
    Agrees(Agreement),
    /// Several operators at once.
    All(Vec<Matcher>),
}

/// How two numbers stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `lt`
    Less,
    /// `le`
    LessOrEqual,
    /// `gt`
    Greater,
    /// `ge`
    GreaterOrEqual,
}

/// Every operator, as a suite spells it.
const OPERATORS: [&str; 12] =
    ["lt", "le", "gt", "ge", "matches", "contains", "one_of", "includes", "every", "present", "not", "agrees"];

impl Matcher {
    /// Reads what stands after a fact; the error says what is wrong and what would be right.
    pub fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Array(list) => Ok(Self::Same(list.clone())),
            Value::Object(map) if map.is_empty() => Err("expects nothing: write a value or an operator".to_owned()),
            Value::Object(map) => {
                let mut all =
                    map.iter().map(|(name, operand)| operator(name, operand)).collect::<Result<Vec<_>, _>>()?;
                match all.len() {
                    1 => Ok(all.remove(0)),
                    _ if all.iter().any(Self::compares) => {
                        Err("`agrees` stands alone: expect the rest in a check of its own".to_owned())
                    }
                    _ => Ok(Self::All(all)),
                }
            }
            scalar => Ok(Self::Equals(scalar.clone())),
        }
    }

    /// Whether it compares a value with those of other nodes.
    pub fn compares(&self) -> bool {
        matches!(self, Self::Agrees(_))
    }

    /// Whether it holds of a value that is there.
    pub fn holds(&self, actual: &Value) -> bool {
        match self {
            Self::Equals(expected) => same(expected, actual),
            Self::Same(expected) => actual.as_array().is_some_and(|list| difference::same_elements(expected, list)),
            Self::Compare(order, _, bound) => number(actual).is_some_and(|number| order.holds(number, *bound)),
            Self::Matches(pattern) => text(actual).is_some_and(|text| pattern.is_match(&text)),
            Self::Contains(part) => match actual {
                Value::Array(list) => list.iter().any(|element| same(part, element)),
                other => text(other).is_some_and(|text| text.contains(&show(part))),
            },
            Self::OneOf(list) => list.iter().any(|expected| same(expected, actual)),
            Self::Includes(expected) => {
                actual.as_array().is_some_and(|list| difference::split(expected, list).missing.is_empty())
            }
            Self::Every(matcher) => {
                actual.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(|one| matcher.holds(one)))
            }
            Self::Present | Self::Agrees(_) => !actual.is_null(),
            Self::Not(matcher) => !matcher.holds(actual),
            Self::All(all) => all.iter().all(|matcher| matcher.holds(actual)),
        }
    }

    /// How a value that does not hold differs, where expected and actual beside each other would not tell.
    pub fn difference(&self, actual: &Value) -> Option<String> {
        match self {
            // The bound is a duration, so the fact is one too.
            Self::Compare(_, Value::String(bound), _) if bound.parse::<f64>().is_err() => {
                Some(format!("expected {self}, actual {}", span(actual.as_f64()?)))
            }
            Self::Same(expected) => Some(difference::split(expected, actual.as_array()?).say(true)),
            Self::Includes(expected) => Some(difference::split(expected, actual.as_array()?).say(false)),
            Self::Every(matcher) => {
                let bad: Vec<_> = actual.as_array()?.iter().filter(|one| !matcher.holds(one)).map(quote).collect();
                let total = actual.as_array()?.len();
                if total == 0 {
                    return Some(format!("expected {self}, but the list is empty"));
                }
                Some(format!("expected {self}, but {} of {total} are not: {}", bad.len(), difference::list(&bad)))
            }
            _ => None,
        }
    }
}

impl Order {
    fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Self::Less => number < bound,
            Self::LessOrEqual => number <= bound,
            Self::Greater => number > bound,
            Self::GreaterOrEqual => number >= bound,
        }
    }
}

fn operator(name: &str, operand: &Value) -> Result<Matcher, String> {
    let compare = |order| {
        let bound = number(operand)
            .ok_or_else(|| format!("`{name}` wants a number or a duration such as 500ms, not {}", show(operand)))?;
        Ok(Matcher::Compare(order, operand.clone(), bound))
    };
    let list = || match operand {
        Value::Array(list) if !list.is_empty() => Ok(list.clone()),
        _ => Err(format!("`{name}` wants a list that is not empty, not {}", show(operand))),
    };
    let nested = || match Matcher::read(operand)? {
        matcher if matcher.compares() => {
            Err(format!("`agrees` cannot stand below `{name}`: it is said of a whole fact"))
        }
        matcher => Ok(Box::new(matcher)),
    };
    match name {
        "lt" => compare(Order::Less),
        "le" => compare(Order::LessOrEqual),
        "gt" => compare(Order::Greater),
        "ge" => compare(Order::GreaterOrEqual),
        "matches" => Regex::new(&show(operand))
            .map(Matcher::Matches)
            .map_err(|error| format!("`matches` is no regular expression: {error}")),
        "contains" if show(operand).is_empty() => Err("`contains` of nothing always holds".to_owned()),
        "contains" => Ok(Matcher::Contains(operand.clone())),
        "one_of" => list().map(Matcher::OneOf),
        "includes" => list().map(Matcher::Includes),
        "every" => nested().map(Matcher::Every),
        "not" => nested().map(Matcher::Not),
        "agrees" => Agreement::read(operand).map(Matcher::Agrees),
        "present" if is_true(operand) => Ok(Matcher::Present),
        "present" => Err("`present` can only be true: what is absent cannot be judged".to_owned()),
        _ => Err(format!("unknown operator `{name}`{}", did_you_mean(name, OPERATORS))),
    }
}

/// Whether two values are the same to a person: 3000 and "3000", and 200 and `2xx`, but neither null and "" nor true and 1.
pub(super) fn same(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::String(class), Value::Number(status)) if is_class(class) => status.to_string().starts_with(&class[..1]),
        (Value::String(_), Value::Number(_) | Value::Bool(_))
        | (Value::Number(_) | Value::Bool(_), Value::String(_)) => show(expected) == show(actual),
        _ => expected == actual,
    }
}

fn is_class(text: &str) -> bool {
    matches!(text, "1xx" | "2xx" | "3xx" | "4xx" | "5xx")
}

/// A number, or the seconds of a duration: `500ms`, `30d`.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            text.parse().ok().or_else(|| humantime::parse_duration(text).ok().map(|time: Duration| time.as_secs_f64()))
        }
        _ => None,
    }
}

/// Seconds as a person writes them: `7days`, `12.5s`, `-1day`.
pub(super) fn span(seconds: f64) -> String {
    /// From here on a fraction of a second says nothing.
    const COARSE: f64 = 60.0;
    if seconds.abs() < COARSE {
        return format!("{seconds}s");
    }
    let sign = if seconds < 0.0 { "-" } else { "" };
    let whole = Duration::try_from_secs_f64(seconds.abs().trunc()).unwrap_or(Duration::MAX);
    format!("{sign}{}", humantime::format_duration(whole))
}

fn text(value: &Value) -> Option<String> {
    (!value.is_null() && !value.is_array() && !value.is_object()).then(|| show(value))
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let several = |list: &[Value]| list.iter().map(quote).collect::<Vec<_>>().join(", ");
        match self {
            Self::Equals(value) => f.write_str(&quote(value)),
            Self::Same(list) if list.is_empty() => f.write_str("an empty list"),
            Self::Same(list) => f.write_str(&several(list)),
            Self::Compare(order, bound, _) => {
                let word = match order {
                    Order::Less => "less than",
                    Order::LessOrEqual => "at most",
                    Order::Greater => "more than",
                    Order::GreaterOrEqual => "at least",
                };
                write!(f, "{word} {}", show(bound))
            }
            Self::Matches(pattern) => write!(f, "text that matches {pattern}"),
            Self::Contains(part) => write!(f, "something that contains {}", quote(part)),
            Self::OneOf(list) => write!(f, "one of {}", several(list)),
            Self::Includes(list) => write!(f, "at least {}", several(list)),
            Self::Every(matcher) => write!(f, "every one to be {matcher}"),
            Self::Present => f.write_str("any value"),
            Self::Agrees(agreement) => write!(f, "{agreement}"),
            Self::Not(matcher) => write!(f, "anything but {matcher}"),
            Self::All(all) => f.write_str(&all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(matcher: &Value, actual: &Value) -> bool {
        Matcher::read(matcher).unwrap().holds(actual)
    }

    #[test]
    fn matchers_hold_and_do_not_hold() {
        let rows = [
            (json!(200), json!(200), json!(201)),
            (json!("3000"), json!(3000), json!("300")),
            (json!("2xx"), json!(204), json!(301)),
            (json!(true), json!(true), json!(1)),
            (json!(null), json!(null), json!("")),
            (json!(1), json!(1.0), json!(true)),
            (json!(["a", "b"]), json!(["b", "a"]), json!(["a", "b", "b"])),
            (json!([]), json!([]), json!(["a"])),
            (json!({"lt": "500ms"}), json!(0.4), json!(0.5)),
            (json!({"gt": 0, "le": 3}), json!(3), json!(0)),
            (json!({"ge": "30d"}), json!(2_592_000), json!(-1)),
            (json!({"matches": "^a.c$"}), json!("abc"), json!("abcd")),
            (json!({"contains": "igs"}), json!("pigsty"), json!("pg")),
            (json!({"contains": "x"}), json!(["x"]), json!(["xy"])),
            (json!({"one_of": [1, 2]}), json!(2), json!(3)),
            (json!({"includes": ["a"]}), json!(["a", "b"]), json!(["b"])),
            (json!({"every": "up"}), json!(["up", "up"]), json!([])),
            (json!({"every": {"gt": 0}}), json!([1]), json!([1, 0])),
            (json!({"not": "x"}), json!("y"), json!("x")),
            (json!({"present": true}), json!(0), json!(null)),
        ];
        for (matcher, good, bad) in rows {
            assert!(holds(&matcher, &good), "{matcher} of {good}");
            assert!(!holds(&matcher, &bad), "{matcher} of {bad}");
        }
    }

    #[test]
    fn a_duration_is_said_as_one() {
        let said = |matcher: &Value, actual: f64| Matcher::read(matcher).unwrap().difference(&json!(actual));
        let week = said(&json!({"gt": "30d"}), 604_800.0);
        assert_eq!(week.as_deref(), Some("expected more than 30d, actual 7days"));
        assert_eq!(said(&json!({"lt": "3s"}), 4.25).as_deref(), Some("expected less than 3s, actual 4.25s"));
        assert_eq!(said(&json!({"gt": "1d"}), -86_400.0).as_deref(), Some("expected more than 1d, actual -1day"));
        assert_eq!(said(&json!({"gt": 3}), 2.0), None);
    }

    #[test]
    fn an_empty_list_is_called_so() {
        let said = Matcher::read(&json!({"every": "up"})).unwrap().difference(&json!([]));
        assert_eq!(said.as_deref(), Some("expected every one to be up, but the list is empty"));
    }

    #[test]
    fn an_absent_number_is_not_zero() {
        assert!(!holds(&json!({"lt": 5}), &json!(null)));
        assert!(!holds(&json!({"lt": 5}), &json!("")));
        assert!(!holds(&json!({"lt": 5}), &json!("NaN")));
    }

    #[test]
    fn a_mistake_in_an_operator_says_what_would_be_right() {
        let mistakes = [
            (json!({"match": "x"}), "did you mean `matches`?"),
            (json!({"lt": "soon"}), "wants a number or a duration"),
            (json!({"matches": "("}), "no regular expression"),
            (json!({"one_of": []}), "a list that is not empty"),
            (json!({"contains": ""}), "always holds"),
            (json!({"present": false}), "can only be true"),
            (json!({}), "expects nothing"),
            (json!({"agrees": false}), "wants true, or how far"),
            (json!({"agrees": "0s"}), "wants true, or how far"),
            (json!({"agrees": true, "gt": 1}), "stands alone"),
            (json!({"not": {"agrees": true}}), "cannot stand below `not`"),
        ];
        for (matcher, message) in mistakes {
            let error = Matcher::read(&matcher).unwrap_err();
            assert!(error.contains(message), "{matcher}: {error}");
        }
    }
}
