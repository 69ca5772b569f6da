//! Reading one suite file, and refusing it with file, line and check where it is wrong.

use std::fmt::Display;
use std::time::Duration;

use serde_json::json;

use super::field::Fields;
use super::{Explanation, Suite, Template, with};
use crate::check::Severity;
use crate::expect::Matcher;
use crate::inventory::yaml::{self, Node};
use crate::lint;
use crate::probe::{KINDS, Kind};
use crate::value::{Object, Path, Place, Value, did_you_mean, names, show};

/// The keys of a suite.
const SUITE: [&str; 9] = ["component", "about", "unjudged", "hosts", "when", "fix", "vars", "target", "checks"];

/// The keys of a check, besides its probe.
const CHECK: [&str; 21] = [
    "id", "title", "severity", "when", "each", "needs", "with", "absence", "vantage", "via", "in_turn", "wait",
    "timeout", "fix", "expect", "never", "canary", "why", "causes", "look", "unjudged",
];

/// The fields of probes that may change what is asked.
const WRITING: [&str; 2] = ["post", "delete"];

/// The longest that a suite may let one attempt take: a typo must not stall a run.
pub(crate) const LONGEST: Duration = Duration::from_mins(10);

/// A suite that cannot be used: place, what, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SuiteError(String);

impl SuiteError {
    pub(super) fn at(place: &Place, what: impl Display) -> Self {
        Self(format!("{place}: {what}"))
    }

    pub(super) fn io(file: &str, error: &std::io::Error) -> Self {
        Self(format!("{file}: cannot be read: {error}"))
    }

    pub(super) fn empty(directory: &str) -> Self {
        Self(format!("{directory}: holds no suite: put *.yml files there, one per component"))
    }
}

/// Reads a suite.
pub(super) fn suite(file: &str, text: &str) -> Result<Suite, SuiteError> {
    let document = yaml::read(file, text).map_err(|error| SuiteError(error.to_string()))?;
    if let Some(twice) = document.duplicates.first() {
        return Err(SuiteError::at(&twice.last, format!("key `{}` stands at {} already", twice.name, twice.first)));
    }
    let fields = Fields::read("the suite", &document.root, &SUITE)?;
    let component = identifier(&fields, "component")?;
    if component == lint::COMPONENT {
        let what = format!("`component` cannot be {component}: the rules of the inventory stand there");
        return Err(SuiteError::at(&document.root.place, what));
    }
    if fields.text("hosts")? != "infra" {
        return Err(SuiteError::at(&document.root.place, "`hosts` can only be infra: no other node is verified"));
    }
    let suite = Suite {
        about: fields.text("about")?,
        unjudged: fields.prose("unjudged")?,
        when: fields.texts("when")?,
        fix: fields.value("fix"),
        target: fields.value("target"),
        vars: vars(&fields)?,
        checks: checks(&fields, &component)?,
        place: document.root.place.clone(),
        component,
    };
    needs_point_backwards(&suite)?;
    absence_is_possible(&suite)?;
    Ok(suite)
}

fn vars(fields: &Fields<'_>) -> Result<Vec<(String, Value, Place)>, SuiteError> {
    let Some(node) = fields.get("vars") else { return Ok(Vec::new()) };
    let entries = node.entries().ok_or_else(|| SuiteError::at(&node.place, "`vars` must be a mapping"))?;
    Ok(entries.iter().map(|(key, node)| (key.text.clone(), node.value(), key.place.clone())).collect())
}

fn checks(fields: &Fields<'_>, component: &str) -> Result<Vec<Template>, SuiteError> {
    let node = fields.get("checks");
    let items = node.and_then(Node::items).filter(|items| !items.is_empty());
    let items =
        items.ok_or_else(|| SuiteError(format!("suite {component} has no `checks`: a list that is not empty")))?;
    let mut checks: Vec<Template> = Vec::new();
    for item in items {
        let check = check(item, component)?;
        if let Some(first) = checks.iter().find(|other| other.id == check.id) {
            let what = format!("check `{component}/{}` stands at {} already", check.id, first.place);
            return Err(SuiteError::at(&check.place, what));
        }
        checks.push(check);
    }
    Ok(checks)
}

fn check(node: &Node, component: &str) -> Result<Template, SuiteError> {
    let id = node.get("id").and_then(Node::text).unwrap_or("?");
    let what = format!("check `{component}/{id}`");
    let known: Vec<_> = CHECK.into_iter().chain(KINDS.iter().map(|kind| kind.name)).collect();
    let fields = Fields::read(&what, node, &known)?;
    let (kind, probe) = probe(&fields, &what, node)?;
    let (never, canary) = (is_never(&fields, &what)?, fields.flag("canary")?);
    if !canary {
        reads_only(&fields, kind, &what)?;
    }
    let expect = expectations(&fields, if never { "never" } else { "expect" }, kind, &what, node)?;
    if never || fields.get("with").is_some() {
        compares_nothing(&expect, if never { "never" } else { "with" }, &what, node)?;
    }
    Ok(Template {
        id: identifier(&fields, "id")?,
        title: Value::String(fields.text("title")?),
        severity: severity(&fields, &what)?,
        when: fields.texts("when")?,
        each: each(&fields, &what)?,
        needs: fields.texts("needs")?.into_iter().map(Value::String).collect(),
        absence: fields.get("absence").map(|_| fields.text("absence")).transpose()?,
        vantage: fields.value("vantage"),
        via: via(&fields, kind, &what)?,
        in_turn: fields.flag("in_turn")?,
        wait: fields.value("wait"),
        timeout: timeout(&fields, &what)?,
        fix: fields.value("fix"),
        kind,
        with: with::read(&fields, component, &what, [&probe, &expect])?,
        expect,
        never,
        canary,
        fields: probe,
        explanation: Explanation {
            why: fields.prose("why")?,
            causes: fields.prose("causes")?,
            look: fields.prose("look")?,
            unjudged: fields.prose("unjudged")?,
        },
        place: node.place.clone(),
    })
}

/// A name that can stand in an id: letters, digits, `-` and `_`.
fn identifier(fields: &Fields<'_>, key: &str) -> Result<String, SuiteError> {
    let text = fields.text(key)?;
    if text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        return Ok(text);
    }
    let place = fields.get(key).map(|node| node.place.to_string()).unwrap_or_default();
    Err(SuiteError(format!("{place}: `{key}` is `{text}`: only letters, digits, - and _ can stand in a name")))
}

fn probe(fields: &Fields<'_>, what: &str, node: &Node) -> Result<(&'static Kind, Object), SuiteError> {
    let mut found = KINDS.iter().filter_map(|kind| fields.get(kind.name).map(|probe| (kind, probe)));
    let names = KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
    match (found.next(), found.next()) {
        (Some((kind, probe)), None) => {
            Fields::read(&format!("{} of {what}", kind.name), probe, kind.fields)?;
            Ok((kind, probe.value().as_object().cloned().unwrap_or_default()))
        }
        (None, _) => Err(SuiteError::at(&node.place, format!("{what} asks nothing: give it one of {names}"))),
        _ => Err(SuiteError::at(&node.place, format!("{what} has more than one probe: make it one check each"))),
    }
}

/// What is sent to be kept or to be deleted changes the deployment, which only a canary may.
fn reads_only(fields: &Fields<'_>, kind: &Kind, what: &str) -> Result<(), SuiteError> {
    let entries = fields.get(kind.name).and_then(Node::entries).unwrap_or_default();
    match entries.iter().find(|(key, _)| WRITING.contains(&key.text.as_str())) {
        None => Ok(()),
        Some((key, _)) => {
            let why = format!("{what} has `{}`, which may change the deployment", key.text);
            Err(SuiteError::at(&key.place, format!("{why}: mark it with `canary: true`, or ask with get or head")))
        }
    }
}

fn severity(fields: &Fields<'_>, what: &str) -> Result<Severity, SuiteError> {
    match fields.get("severity") {
        None => Ok(Severity::Fail),
        Some(node) => match node.text() {
            Some("fail") => Ok(Severity::Fail),
            Some("warn") => Ok(Severity::Warn),
            _ => Err(SuiteError::at(&node.place, format!("`severity` of {what} must be fail or warn"))),
        },
    }
}

fn each(fields: &Fields<'_>, what: &str) -> Result<Option<Value>, SuiteError> {
    let Some(node) = fields.get("each") else { return Ok(None) };
    let value = node.value();
    if value.is_array() || !names(&value).is_empty() {
        return Ok(Some(value));
    }
    Err(SuiteError::at(&node.place, format!("`each` of {what} must be a list, or a variable that is one")))
}

/// Who is to ask instead of this machine, of which only what Pigsty's modules can ask is asked.
fn via(fields: &Fields<'_>, kind: &Kind, what: &str) -> Result<Option<Value>, SuiteError> {
    let Some(node) = fields.get("via") else { return Ok(None) };
    let refused = |why: &str| SuiteError::at(&node.place, format!("`via` of {what} {why}"));
    if !node.text().is_some_and(|text| text == "blackbox" || text.starts_with("blackbox@")) {
        return Err(refused("must be blackbox, the one of the node itself, or blackbox@NODE"));
    }
    if !matches!(kind.name, "icmp" | "tcp") || fields.get("with").is_some() {
        return Err(refused("goes with icmp and tcp alone, and without `with`: for a module ask with `blackbox`"));
    }
    Ok(Some(node.value()))
}

fn timeout(fields: &Fields<'_>, what: &str) -> Result<Option<Duration>, SuiteError> {
    let Some(node) = fields.get("timeout") else { return Ok(None) };
    match humantime::parse_duration(&show(&node.value())) {
        Ok(time) if !time.is_zero() && time <= LONGEST => Ok(Some(time)),
        _ => Err(SuiteError::at(&node.place, format!("`timeout` of {what} must be a duration such as 3s, up to 10m"))),
    }
}

/// Whether a check looks for what is turned off; then nothing that it could need is there either.
fn is_never(fields: &Fields<'_>, what: &str) -> Result<bool, SuiteError> {
    let Some(never) = fields.get("never") else { return Ok(false) };
    for key in ["expect", "needs", "with", "absence"] {
        if fields.get(key).is_some() {
            return Err(SuiteError::at(&never.place, format!("{what} has `never` and `{key}`: keep one")));
        }
    }
    Ok(true)
}

/// Nodes agree on answers to one question, which a late value makes several, and nobody disagrees with what is not there.
fn compares_nothing(expect: &Object, key: &str, what: &str, check: &Node) -> Result<(), SuiteError> {
    match expect.iter().find(|(_, matcher)| matcher.get("agrees").is_some()) {
        None => Ok(()),
        Some((fact, _)) => {
            let why = format!("{what} compares `{fact}` with other nodes and has `{key}`");
            Err(SuiteError::at(&check.place, format!("{why}: make it two checks")))
        }
    }
}

/// What a check expects, or what its kind expects of itself.
fn expectations(fields: &Fields<'_>, key: &str, kind: &Kind, what: &str, check: &Node) -> Result<Object, SuiteError> {
    let Some(node) = fields.get(key) else { return default(kind, what, check) };
    let entries = node.entries().filter(|entries| !entries.is_empty());
    let entries = entries.ok_or_else(|| {
        SuiteError::at(&node.place, format!("`{key}` of {what} expects nothing: name a fact and what it must be"))
    })?;
    for (key, node) in entries {
        known_fact(&key.text, kind).map_err(|why| SuiteError::at(&key.place, format!("{what}: {why}")))?;
        readable(&node.value()).map_err(|why| SuiteError::at(&node.place, format!("{what}: {}: {why}", key.text)))?;
    }
    Ok(node.value().as_object().cloned().unwrap_or_default())
}

fn default(kind: &Kind, what: &str, check: &Node) -> Result<Object, SuiteError> {
    if kind.default.is_empty() {
        let why = format!("{what} needs an `expect`: a {} probe has nothing to expect of itself", kind.name);
        return Err(SuiteError::at(&check.place, why));
    }
    let matcher = |text: &str| if text == "present" { json!({"present": true}) } else { json!(text) };
    Ok(kind.default.iter().map(|(fact, text)| ((*fact).to_owned(), matcher(text))).collect())
}

/// A fact must be one that its kind can give, so that a typo is not an absence.
pub(super) fn known_fact(fact: &str, kind: &Kind) -> Result<(), String> {
    // A variable may stand inside brackets; its value cannot change which fact it is.
    let plain =
        names(&json!(fact)).iter().fold(fact.to_owned(), |text, name| text.replace(&format!("${{{name}}}"), "x"));
    Path::parse(&plain)?;
    let known = kind.facts.iter().any(|name| match name.strip_suffix(['.', '[']) {
        Some(tree) => plain.strip_prefix(tree).is_some_and(|rest| rest.starts_with(['.', '['])),
        None => plain.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('[')),
    });
    if known {
        return Ok(());
    }
    let trees = kind.facts.iter().map(|name| name.trim_end_matches(['.', '[']));
    let root = plain.split(['.', '[']).next().unwrap_or_default();
    Err(format!("a {} probe has no fact `{root}`{}", kind.name, did_you_mean(root, trees)))
}

/// A matcher must be readable; one that holds a variable is read once that is filled in.
fn readable(value: &Value) -> Result<(), String> {
    if names(value).is_empty() { Matcher::read(value).map(drop) } else { Ok(()) }
}

fn needs_point_backwards(suite: &Suite) -> Result<(), SuiteError> {
    for (at, check) in suite.checks.iter().enumerate() {
        let taken = check.with.iter().filter(|with| with.component == suite.component).map(|with| with.check.clone());
        let named = check
            .needs
            .iter()
            .map(show)
            .filter(|need| !need.contains('/') && !need.starts_with("${"))
            .chain(check.absence.clone());
        for need in named.chain(taken) {
            let id = need.split('[').next().unwrap_or_default();
            if !suite.checks[..at].iter().any(|other| other.id == id && !other.never) {
                let earlier = suite.checks[..at].iter().filter(|other| !other.never).map(|other| other.id.as_str());
                let hint = did_you_mean(&need, earlier);
                let what = format!(
                    "check `{}/{}` needs `{need}`, which is no earlier check of this suite{hint}",
                    suite.component, check.id
                );
                return Err(SuiteError::at(&check.place, what));
            }
        }
    }
    Ok(())
}

/// What is looked for where a condition is false needs a condition.
fn absence_is_possible(suite: &Suite) -> Result<(), SuiteError> {
    match suite.checks.iter().find(|check| check.never && check.when.is_empty() && suite.when.is_empty()) {
        None => Ok(()),
        Some(check) => {
            let what = format!("check `{}/{}` has `never` but no `when`", suite.component, check.id);
            Err(SuiteError::at(&check.place, format!("{what}: say which variable turns off what it looks for")))
        }
    }
}
