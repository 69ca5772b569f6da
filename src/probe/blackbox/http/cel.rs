//! CEL expressions about a body of JSON, with the numbers of that as doubles.
//!
//! The standard library without times is there, and `body`; whatever cannot be evaluated counts as a failure.

use std::collections::HashMap;
use std::sync::Arc;

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::{Context, Env, Program, Value};

use super::super::Failed;

/// Every function that an expression may call besides the operators and macros.
const FUNCTIONS: [&str; 13] = [
    "bool",
    "bytes",
    "contains",
    "double",
    "dyn",
    "endsWith",
    "int",
    "matches",
    "size",
    "startsWith",
    "string",
    "type",
    "uint",
];

/// Every type that an expression may name.
const TYPES: [&str; 10] = ["bool", "bytes", "double", "dyn", "int", "list", "map", "null_type", "string", "uint"];

/// Whether a text is an expression that a module may have; the error completes "`text` …".
pub fn check(text: &str) -> Result<(), String> {
    compile(text).map(drop)
}

fn environment() -> Env {
    let mut environment = Env::stdlib();
    environment = environment.with_optional_support(false);
    environment
}

fn compile(text: &str) -> Result<Program, String> {
    let program = environment().compile(text).map_err(|errors| {
        let first = errors.to_string();
        format!("is no CEL expression: {}", first.lines().next().unwrap_or_default())
    })?;
    match stranger(program.expression(), &mut vec!["body"]) {
        Some(name) => Err(format!("speaks of `{name}`, and there are `body` and CEL's own functions alone")),
        None => Ok(program),
    }
}

/// The first name in an expression that nothing stands behind.
fn stranger<'a>(expression: &'a IdedExpr, known: &mut Vec<&'a str>) -> Option<&'a str> {
    let mut all = |parts: &[&'a IdedExpr]| parts.iter().find_map(|part| stranger(part, known));
    match &expression.expr {
        Expr::Unspecified | Expr::Literal(_) => None,
        Expr::Ident(name) => {
            let found = name.starts_with('@') || TYPES.contains(&name.as_str()) || known.contains(&name.as_str());
            (!found).then_some(name)
        }
        Expr::Call(call) => {
            let named = call.func_name.starts_with(|c: char| c.is_alphabetic());
            if named && !FUNCTIONS.contains(&call.func_name.as_str()) {
                return Some(&call.func_name);
            }
            all(&call.target.iter().map(AsRef::as_ref).chain(&call.args).collect::<Vec<_>>())
        }
        Expr::List(list) => all(&list.elements.iter().collect::<Vec<_>>()),
        Expr::Map(map) => all(&map.entries.iter().flat_map(|entry| parts(&entry.expr)).collect::<Vec<_>>()),
        Expr::Struct(message) => Some(&message.type_name),
        Expr::Select(select) => all(&[&select.operand]),
        Expr::Comprehension(loops) => {
            if let Some(name) = all(&[&loops.iter_range, &loops.accu_init]) {
                return Some(name);
            }
            let outside = known.len();
            known.extend([loops.iter_var.as_str(), loops.accu_var.as_str()]);
            known.extend(loops.iter_var2.as_deref());
            let inside = [&loops.loop_cond, &loops.loop_step, &loops.result];
            let found = inside.into_iter().find_map(|part| stranger(part, known));
            known.truncate(outside);
            found
        }
    }
}

fn parts(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

/// Holds both expressions against a body: the first must not be true, the second must be.
pub(super) fn hold(refused: Option<&str>, wanted: Option<&str>, body: &[u8]) -> Result<(), Failed> {
    // What is no UTF-8 is replaced within texts, and no JSON elsewhere.
    let json = serde_json::from_str(&String::from_utf8_lossy(body))
        .map_err(|error| Failed::target(format!("the body is not JSON: {error}")))?;
    let mut context = Context::with_env(Arc::new(environment()));
    context.add_variable_from_value("body", value(json));
    let rule = "fail_if_body_json_matches_cel";
    for text in refused.into_iter().filter(|text| !text.is_empty()) {
        if truth(text, &context, rule)? {
            return Err(Failed::target(format!("the body matches `{text}` ({rule})")));
        }
    }
    let rule = "fail_if_body_json_not_matches_cel";
    for text in wanted.into_iter().filter(|text| !text.is_empty()) {
        if !truth(text, &context, rule)? {
            return Err(Failed::target(format!("the body does not match `{text}` ({rule})")));
        }
    }
    Ok(())
}

fn truth(text: &str, context: &Context<'_, '_>, rule: &str) -> Result<bool, Failed> {
    let failed = |why: String| Failed::target(format!("`{text}` {why} ({rule})"));
    let program = compile(text).map_err(failed)?;
    match program.execute(context) {
        Ok(Value::Bool(truth)) => Ok(truth),
        Ok(_) => Err(failed("is neither true nor false for the body".to_owned())),
        Err(error) => {
            let why: String = error.to_string().chars().take(SHOWN).collect();
            Err(failed(format!("cannot be evaluated for the body: {why}")))
        }
    }
}

/// How many characters of an error are shown: it may repeat the body.
const SHOWN: usize = 120;

/// JSON as an expression sees it.
fn value(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(truth),
        serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => Value::from(text),
        serde_json::Value::Array(items) => Value::from(items.into_iter().map(value).collect::<Vec<_>>()),
        serde_json::Value::Object(entries) => {
            let entries = entries.into_iter().map(|(key, json)| (key, value(json)));
            Value::from(entries.collect::<HashMap<String, Value>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_true(expression: &str, body: &str) -> bool {
        hold(None, Some(expression), body.as_bytes()).is_ok()
    }

    #[test]
    fn an_expression_is_held_against_json() {
        let body =
            r#"{"foo": {"bar": "baz"}, "n": 5, "big": 12345678901234567890, "l": [1, 2], "m": {"n": 1, "n": 2}}"#;
        for holds in [
            "body.foo.bar == 'baz'",
            "body.n == 5 && body.n == 5.0 && 4 < body.n && body.n in [5]",
            "body.l[1] == 2 && size(body.l) == 2 && body.l.size() == 2",
            "!has(body.x) && has(body.foo)",
            "body.x == 1 || body.n == 5",
            "body.l.all(x, x > 0) && body.l.exists(x, x == 2) && body.l.map(x, x * 2.0) == [2, 4]",
            "body.m.n == 2",
            "body.foo.bar.matches('^b.z$') && body.foo.bar.startsWith('b')",
            "type(body.n) == double && int(body.n) + 1 == 6",
            "'foo' in body && body['n'] == 5",
        ] {
            assert!(is_true(holds, body), "{holds}: {:?}", hold(None, Some(holds), body.as_bytes()));
        }
        for fails in ["body.x == 1", "body.n + 1 == 6", "body.foo", "body.n == '5'", "body.l[2] == 1", "body.n == 6"] {
            assert!(!is_true(fails, body), "{fails}");
        }
        assert!(is_true("body == 'foo'", "\"foo\"") && is_true("body", " true\n") && is_true("body == null", "null"));
        for no_json in ["", "hello world", "{} {}", "\u{1f600}"] {
            assert!(!is_true("true", no_json), "{no_json}");
        }
    }

    #[test]
    fn an_expression_that_must_not_match_fails_where_it_cannot_be_evaluated() {
        let refused = |text: &str, body: &str| hold(Some(text), None, body.as_bytes()).map_err(|failed| failed.reason);
        assert_eq!(refused("body.a == 1", r#"{"a": 2}"#), Ok(()));
        assert!(refused("body.a == 1", r#"{"a": 1}"#).unwrap_err().starts_with("the body matches `body.a == 1`"));
        assert!(refused("body.a == 1", "{}").unwrap_err().contains("cannot be evaluated"));
        assert!(refused("body.a", r#"{"a": 1}"#).unwrap_err().contains("neither true nor false"));
    }

    #[test]
    fn what_is_no_expression_about_the_body_is_refused() {
        for right in ["body.a", "body.l.filter(x, x.y == 1).size() > 0", "{'a': body}.a", "[1].exists(i, i == body)"] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        for wrong in ["", "body.", "foo.bar == 1", "x == 1 && [1].all(x, x == 1)", "frobnicate(body)", "body.?a"] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
