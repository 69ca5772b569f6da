//! One suite on one node: variables filled in, lists repeated, conditions decided.

use std::fmt::Display;
use std::time::Duration;

use ipnet::IpNet;

use super::{Fleet, PlanError, Planned};
use crate::check::{Check, CheckId, Late, Question, Source};
use crate::expect::{Expectation, Matcher};
use crate::pigsty::Node;
use crate::probe::Probe;
use crate::suite::{LONGEST, Suite, Template, With};
use crate::value::{Object, Place, Unfilled, Value, expand, expand_map, names, show};

/// How long one attempt may take where a suite does not say: one dropped SYN is sent again after 1 s, so 3 s forgive it.
const CONNECT: Duration = Duration::from_secs(3);

/// The same for an answer that takes work.
const REQUEST: Duration = Duration::from_secs(5);

/// How often a list may repeat one check: far above any real portal or record list, far below what would stall a run.
const REPEATS: usize = 10_000;

/// Why a check cannot be planned.
enum Refusal {
    /// The suite is wrong, and nothing is asked at all.
    Mistake(PlanError),
    /// The inventory has a value that this check needs and that cannot be used as it stands.
    Unusable(String),
}

impl From<PlanError> for Refusal {
    fn from(error: PlanError) -> Self {
        Self::Mistake(error)
    }
}

/// Plans a suite on a node; a check whose variables cannot be used is planned as one that cannot be asked.
pub(super) fn suite(node: &Node, suite: &Suite, fleet: &Fleet) -> Result<Vec<Planned>, PlanError> {
    let mut planned = Vec::new();
    for check in &suite.checks {
        let scope = Scope { node, suite, check, fleet, absent: None, each: None };
        let all = scope.absence().and_then(|absent| match absent {
            Some(reason) if !check.never => Ok(vec![scope.skip(reason)]),
            None if check.never => Ok(Vec::new()),
            absent => Scope { absent: absent.as_deref(), ..scope }.plan(),
        });
        match all {
            Ok(all) => planned.extend(all),
            Err(Refusal::Unusable(reason)) => planned.push(scope.unusable(reason)),
            Err(Refusal::Mistake(error)) => return Err(error),
        }
    }
    Ok(planned)
}

pub(super) fn refused(place: &Place, what: &str, why: &dyn Display) -> PlanError {
    PlanError::Suite(format!("{place}: {what}: {why}"))
}

/// Everything that one check's variables can be filled from.
#[derive(Clone, Copy)]
struct Scope<'a> {
    node: &'a Node,
    suite: &'a Suite,
    check: &'a Template,
    fleet: &'a Fleet,
    /// The condition that is false, where the check looks for what it turns off.
    absent: Option<&'a str>,
    each: Option<&'a Value>,
}

impl Scope<'_> {
    fn absence(&self) -> Result<Option<String>, Refusal> {
        let suite = self.node.absence(&self.suite.when);
        let check =
            |suite: Option<String>| suite.map_or_else(|| self.node.absence(&self.check.when), |why| Ok(Some(why)));
        suite.and_then(check).map_err(|error| self.unfilled(&error))
    }

    fn plan(&self) -> Result<Vec<Planned>, Refusal> {
        let Some(list) = &self.check.each else { return Ok(vec![self.one()?]) };
        let list = expand(list, &|name| self.lookup(name)).map_err(|error| self.unfilled(&error))?;
        let template = || self.check.each.clone().unwrap_or_default();
        let list = list.as_array().ok_or_else(|| self.unfit(&template(), &"`each` is not a list"))?;
        if list.len() > REPEATS {
            return Err(self.unfit(&template(), &format!("`each` has {} elements, more than {REPEATS}", list.len())));
        }
        list.iter().map(|each| Scope { each: Some(each), ..*self }.one()).collect()
    }

    fn one(&self) -> Result<Planned, Refusal> {
        let (question, expect) = self.question()?;
        // The suite's command installs, which mends nothing that should not be there.
        let fix = self.check.fix.as_ref().or(self.suite.fix.as_ref().filter(|_| !self.check.never));
        Ok(Planned::Check(Box::new(Check {
            id: self.id()?,
            title: self.text(&self.check.title)?,
            severity: self.check.severity,
            needs: self.needs()?,
            absence: self.check.absence.as_ref().map(|id| CheckId::new(&self.node.name, &self.suite.component, id)),
            vantage: self.vantage()?,
            in_turn: self.check.in_turn,
            after: Vec::new(),
            peers: Vec::new(),
            expect,
            never: self.absent.map(str::to_owned),
            canary: self.check.canary,
            wait: self.wait()?,
            timeout: self.check.timeout.unwrap_or(match self.check.kind.name {
                "http" | "promql" | "blackbox" => REQUEST,
                _ => CONNECT,
            }),
            question,
            fix: fix.map(|fix| self.text(fix)).transpose()?,
            look: self.look()?,
        })))
    }

    /// The question and what is expected; both come later where they take a value from an earlier answer.
    fn question(&self) -> Result<(Question, Vec<Expectation>), Refusal> {
        let sources = self.sources()?;
        if !sources.is_empty() {
            return Ok((Question::Late(Box::new(self.late(sources)?)), Vec::new()));
        }
        let fields =
            expand_map(&self.check.fields, &|name| self.lookup(name)).map_err(|error| self.unfilled(&error))?;
        let template = || Value::Object(self.check.fields.clone());
        let probe = Probe::new(self.check.kind.name, fields)
            .map_err(|error| self.unfit(&template(), &format!("{}: {error}", self.check.kind.name)))?;
        Ok((Question::Ready(self.witnessed(probe)?), self.expectations()?))
    }

    /// The probe as whoever is to ask asks it.
    fn witnessed(&self, probe: Probe) -> Result<Probe, Refusal> {
        let Some(template) = &self.check.via else { return Ok(probe) };
        let text = self.text(template)?;
        let node = text.strip_prefix("blackbox@").unwrap_or(&self.node.name);
        let Some(exporter) = self.fleet.exporters.get(node) else {
            return Err(Refusal::Unusable(format!("{node} has no Blackbox Exporter that could ask")));
        };
        probe.via(exporter).ok_or_else(|| self.refused(&"`via`: Pigsty's modules of Blackbox Exporter cannot ask this"))
    }

    /// Where the values come from that nobody set already.
    fn sources(&self) -> Result<Vec<Source>, Refusal> {
        let unset = self.check.with.iter().filter(|with| self.node.vars.get(&with.name).is_none());
        let source = |with: &With| {
            let key = with.key.as_ref().map(|key| self.text(&Value::from(key.as_str()))).transpose()?;
            let check = key.map_or_else(|| with.check.clone(), |key| format!("{}[{key}]", with.check));
            let check = CheckId::new(&self.node.name, &with.component, &check);
            let fact = self.text(&Value::from(with.fact.as_str()))?;
            Ok(Source { name: with.name.clone(), check, fact })
        };
        unset.map(source).collect()
    }

    /// A late question with all that is known of it; every other variable must be there now.
    fn late(&self, sources: Vec<Source>) -> Result<Late, Refusal> {
        let (fields, expect) = (self.check.fields.clone(), self.check.expect.clone());
        let is_late = |name: &str| sources.iter().any(|source| source.name == name);
        let mut known = Object::new();
        for name in [&fields, &expect].into_iter().flat_map(|map| names(&Value::Object(map.clone()))) {
            if !is_late(&name) {
                self.text(&Value::String(format!("${{{name}}}")))?;
                let root = name.split(['.', '[']).next().unwrap_or_default();
                known.insert(root.to_owned(), self.lookup(root).map_err(|error| self.unfilled(&error))?);
            }
        }
        Ok(Late { kind: self.check.kind, fields, expect, known, sources })
    }

    fn id(&self) -> Result<CheckId, Refusal> {
        let id = &self.check.id;
        let check = match self.each {
            None => id.clone(),
            Some(each @ (Value::String(_) | Value::Number(_))) => format!("{id}[{}]", show(each)),
            Some(each) => {
                let name = each.get("name").ok_or_else(|| self.refused(&"an element of `each` has no `name`"))?;
                format!("{id}[{}]", show(name))
            }
        };
        Ok(CheckId::new(&self.node.name, &self.suite.component, &check))
    }

    /// Each need with its node and component; which checks that are is resolved when all are known.
    fn needs(&self) -> Result<Vec<CheckId>, Refusal> {
        let need = |text: &Value| {
            let text = self.text(text)?;
            let parts: Vec<_> = text.split('/').collect();
            Ok(match parts[..] {
                [check] => CheckId::new(&self.node.name, &self.suite.component, check),
                [component, check] => CheckId::new(&self.node.name, component, check),
                [node, component, check] => CheckId::new(node, component, check),
                _ => return Err(self.refused(&format!("`{text}` is no check: write node/component/check"))),
            })
        };
        let mut needs = self.check.needs.iter().map(need).collect::<Result<Vec<_>, _>>()?;
        let taken = self.sources()?.into_iter().map(|source| source.check);
        needs.extend(taken);
        Ok(needs)
    }

    fn wait(&self) -> Result<Option<Duration>, Refusal> {
        let Some(template) = &self.check.wait else { return Ok(None) };
        let text = self.text(template)?;
        match humantime::parse_duration(&text) {
            Ok(time) if time <= LONGEST => Ok(Some(time)),
            _ => Err(self.unfit(template, &format!("`wait` is `{text}`, not a duration such as 30s, up to 10m"))),
        }
    }

    fn vantage(&self) -> Result<Vec<IpNet>, Refusal> {
        let Some(template) = &self.check.vantage else { return Ok(Vec::new()) };
        let networks = expand(template, &|name| self.lookup(name)).map_err(|error| self.unfilled(&error))?;
        let networks =
            networks.as_array().ok_or_else(|| self.unfit(template, &"`vantage` is not a list of networks"))?;
        let read = |network: &Value| {
            let text = show(network);
            let why = || format!("`vantage`: `{text}` is no network such as 10.0.0.0/8");
            text.parse().map_err(|_| self.unfit(template, &why()))
        };
        networks.iter().map(read).collect()
    }

    fn expectations(&self) -> Result<Vec<Expectation>, Refusal> {
        let expect =
            expand_map(&self.check.expect, &|name| self.lookup(name)).map_err(|error| self.unfilled(&error))?;
        let read = |(fact, value): (&String, &Value)| {
            let template = || Value::Object(self.check.expect.clone());
            let matcher = Matcher::read(value).map_err(|why| self.unfit(&template(), &format!("{fact}: {why}")))?;
            Ok(Expectation { fact: fact.clone(), matcher })
        };
        expect.iter().map(read).collect()
    }

    /// How to look by hand; a value that is late or cannot be used keeps its name, as nothing is asked with it.
    fn look(&self) -> Result<Vec<String>, Refusal> {
        let named = |name: &str| Ok(Value::String(format!("${{{name}}}")));
        let lookup = |name: &str| match self.lookup(name) {
            Err(Unfilled::Undefined(_)) if self.check.with.iter().any(|with| with.name == name) => named(name),
            Err(Unfilled::Unusable { .. }) => named(name),
            other => other,
        };
        let filled = |text: &String| match expand(&Value::from(text.as_str()), &lookup) {
            Err(Unfilled::Unusable { .. }) => Ok(text.clone()),
            other => other.map(|value| show(&value)).map_err(|error| self.unfilled(&error)),
        };
        self.check.explanation.look.iter().map(filled).collect()
    }

    /// The check as one, where it is not repeated.
    fn bare_id(&self) -> CheckId {
        CheckId::new(&self.node.name, &self.suite.component, &self.check.id)
    }

    fn skip(&self, reason: String) -> Planned {
        Planned::skipped(self.bare_id(), show(&self.check.title), reason)
    }

    fn text(&self, template: &Value) -> Result<String, Refusal> {
        expand(template, &|name| self.lookup(name)).map(|value| show(&value)).map_err(|error| self.unfilled(&error))
    }

    fn lookup(&self, name: &str) -> Result<Value, Unfilled> {
        match (name, self.each) {
            ("each", Some(each)) => Ok(each.clone()),
            ("targets", _) => {
                let unknown =
                    |why: String| Unfilled::Unusable { name: name.to_owned(), why: format!("is unknown: {why}") };
                self.fleet.targets.clone().map_err(unknown)
            }
            _ => self.node.lookup(name),
        }
    }

    fn unusable(&self, reason: String) -> Planned {
        Planned::unusable(self.bare_id(), show(&self.check.title), reason)
    }

    fn unfilled(&self, error: &Unfilled) -> Refusal {
        match error {
            Unfilled::Unusable { .. } => Refusal::Unusable(error.to_string()),
            Unfilled::Undefined(_) | Unfilled::Malformed(_) => self.refused(error),
        }
    }

    /// What was filled in cannot be used: the inventory's doing where it has a say in it, else a mistake of the suite.
    fn unfit(&self, template: &Value, why: &dyn Display) -> Refusal {
        match names(template).iter().find_map(|name| self.told_by(name)) {
            Some(variable) => Refusal::Unusable(format!("{variable} does not fit here: {why}")),
            None => self.refused(why),
        }
    }

    /// The variable behind a name with its place, if the inventory says what it is.
    fn told_by(&self, name: &str) -> Option<String> {
        /// What is derived of every node, and is as it must be.
        const GIVEN: [&str; 3] = ["ip", "node", "inventory_hostname"];
        let root = name.split(['.', '[']).next().unwrap_or_default();
        if let ("each", Some(each)) = (root, &self.check.each) {
            return names(each).iter().filter(|name| *name != "each").find_map(|name| self.told_by(name));
        }
        let variable = self.node.vars.variable(root)?;
        let own = ["suite", "role default", "this run"].contains(&&*variable.scope) || GIVEN.contains(&root);
        let place = variable.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        (!own).then(|| format!("variable `{root}`{place}"))
    }

    fn refused(&self, why: &dyn Display) -> Refusal {
        let what = format!("check `{}/{}` on {}", self.suite.component, self.check.id, self.node.name);
        refused(&self.check.place, &what, why).into()
    }
}
