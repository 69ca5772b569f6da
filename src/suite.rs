//! Suites: checks as data, one file a component.
//!
//! Reading refuses what could make a check silently mean nothing: unknown or repeated keys, unknown facts, empty
//! expectations, `needs` that point nowhere, two probes in one check. It fills in no variable.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::check::Severity;
use crate::probe::Kind;
use crate::value::{Object, Place, Value};

mod field;
mod link;
mod read;
mod with;

pub(crate) use read::LONGEST;
pub use read::SuiteError;
pub use with::With;

/// The suites that are built in, in the order of reports.
const EMBEDDED: [(&str, &str); 13] = [
    ("suites/node.yml", include_str!("../suites/node.yml")),
    ("suites/nginx.yml", include_str!("../suites/nginx.yml")),
    ("suites/portal.yml", include_str!("../suites/portal.yml")),
    ("suites/grafana.yml", include_str!("../suites/grafana.yml")),
    ("suites/vmetrics.yml", include_str!("../suites/vmetrics.yml")),
    ("suites/vlogs.yml", include_str!("../suites/vlogs.yml")),
    ("suites/vtraces.yml", include_str!("../suites/vtraces.yml")),
    ("suites/vmalert.yml", include_str!("../suites/vmalert.yml")),
    ("suites/alertmanager.yml", include_str!("../suites/alertmanager.yml")),
    ("suites/blackbox.yml", include_str!("../suites/blackbox.yml")),
    ("suites/dnsmasq.yml", include_str!("../suites/dnsmasq.yml")),
    ("suites/chronyd.yml", include_str!("../suites/chronyd.yml")),
    ("suites/mesh.yml", include_str!("../suites/mesh.yml")),
];

/// All suites of a run.
#[derive(Clone, Debug)]
pub struct Suites(Vec<Suite>);

/// The checks of one component.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The component as Pigsty spells it.
    pub component: String,
    /// One or two sentences about it.
    pub about: String,
    /// What its checks deliberately do not judge.
    pub unjudged: Vec<String>,
    /// Variables that must be true, or the component is not there.
    pub when: Vec<String>,
    /// The command that mends it, unless a check says another.
    pub fix: Option<Value>,
    /// What every VictoriaMetrics scrapes, `address:port`; nothing for a component without metrics.
    pub target: Option<Value>,
    /// Thresholds, which the inventory may override, each with its place.
    pub vars: Vec<(String, Value, Place)>,
    /// The checks, in the order they are asked.
    pub checks: Vec<Template>,
    /// Where it was read.
    pub place: Place,
}

/// A check whose variables are not filled in yet.
#[derive(Clone, Debug)]
pub struct Template {
    /// Its name within the suite.
    pub id: String,
    /// Completes "grafana on infra-1 …".
    pub title: Value,
    /// What it means when it does not hold.
    pub severity: Severity,
    /// Variables that must be true, or the check is skipped.
    pub when: Vec<String>,
    /// A list over which it is repeated.
    pub each: Option<Value>,
    /// Checks that must have passed before.
    pub needs: Vec<Value>,
    /// Variables that earlier checks give with their answers.
    pub with: Vec<With>,
    /// The earlier check whose failure explains that a fact is absent.
    pub absence: Option<String>,
    /// The networks that are answered, if not every one.
    pub vantage: Option<Value>,
    /// Who asks, if not this machine: `blackbox`, the node's own, or `blackbox@infra-2`.
    pub via: Option<Value>,
    /// Whether it is asked on one node after the other, and no more once an answer did not pass.
    pub in_turn: bool,
    /// How long to ask again what does not pass, if it is worth waiting for.
    pub wait: Option<Value>,
    /// How long one attempt may take, if not as long as its kind may.
    pub timeout: Option<Duration>,
    /// The command that mends it, if not the suite's.
    pub fix: Option<Value>,
    /// The kind of its probe.
    pub kind: &'static Kind,
    /// The probe's fields.
    pub fields: Object,
    /// What must hold, by fact, or must not where it is a check of absence; never empty.
    pub expect: Object,
    /// Whether it looks for what the inventory turns off: asked exactly where a condition is false, and then all of
    /// `expect` must not hold.
    pub never: bool,
    /// Whether it writes, or needs what was written: it is planned only where that is wanted.
    pub canary: bool,
    /// What it means, for a person.
    pub explanation: Explanation,
    /// Where it stands.
    pub place: Place,
}

/// What a person wants to know of a check that does not pass; each may be several texts, or none.
#[derive(Clone, Debug, Default)]
pub struct Explanation {
    /// Why it matters.
    pub why: Vec<String>,
    /// What usually breaks it.
    pub causes: Vec<String>,
    /// How to look by hand: commands, with variables.
    pub look: Vec<String>,
    /// What it deliberately does not judge.
    pub unjudged: Vec<String>,
}

impl Suites {
    /// The suites that are built in.
    pub fn embedded() -> Result<Self, SuiteError> {
        let suites = EMBEDDED.iter().map(|(file, text)| read::suite(file, text)).collect::<Result<_, _>>()?;
        Self::new(suites)
    }

    /// The suites that are built in, with those of a directory added, or put in the place of one of the same component.
    pub fn with(directory: &Path) -> Result<Self, SuiteError> {
        let Self(mut suites) = Self::embedded()?;
        for file in files(directory)? {
            let name = file.display().to_string();
            let text = fs::read_to_string(&file).map_err(|error| SuiteError::io(&name, &error))?;
            let suite = read::suite(&name, &text)?;
            match suites.iter_mut().find(|other| other.component == suite.component) {
                Some(other) => *other = suite,
                None => suites.push(suite),
            }
        }
        Self::new(suites)
    }

    /// Suites that agree with one another.
    fn new(suites: Vec<Suite>) -> Result<Self, SuiteError> {
        let mut vars: BTreeMap<&str, (&Value, &Place)> = BTreeMap::new();
        for (name, value, place) in suites.iter().flat_map(|suite| &suite.vars) {
            match vars.insert(name, (value, place)) {
                Some((other, first)) if other != value => {
                    let what = format!("variable `{name}` is {value}, but {first} says {other}: give it one value");
                    return Err(SuiteError::at(place, what));
                }
                _ => {}
            }
        }
        link::verify(&suites)?;
        Ok(Self(suites))
    }

    /// The check of a component, by its name without a key.
    pub fn check(&self, component: &str, id: &str) -> Option<&Template> {
        let suite = self.0.iter().find(|suite| suite.component == component)?;
        suite.checks.iter().find(|check| check.id == id)
    }

    /// Each suite, in the order of reports.
    pub fn iter(&self) -> impl Iterator<Item = &Suite> {
        self.0.iter()
    }
}

fn files(directory: &Path) -> Result<Vec<std::path::PathBuf>, SuiteError> {
    let name = directory.display().to_string();
    let entries = fs::read_dir(directory).map_err(|error| SuiteError::io(&name, &error))?;
    let mut files: Vec<_> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml"))
        .collect();
    files.sort();
    if files.is_empty() { Err(SuiteError::empty(&name)) } else { Ok(files) }
}
