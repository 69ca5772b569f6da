//! Rows of the truth table, and how a run is held against one: the same on both stages, the simulator
//! (`tests/scenarios.rs`) and the lab of real components (`tests/lab`). A stage brings the deployment and breaks it; it
//! has no say in what must come of that.

use std::fs;
use std::path::Path;
use std::time::Duration;

use infra_verify::check::{CheckId, Verdict};
use infra_verify::inventory::yaml;
use infra_verify::plan::Pattern;
use infra_verify::probe::icmp_permitted;
use infra_verify::value::{Object, Value};
use serde::{Deserialize, Deserializer, de};

/// The table as it is written.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    #[serde(rename = "scenarios")]
    pub(crate) rows: Vec<Row>,
}

/// A pattern of ids, as it is written.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) text: String,
    pattern: Pattern,
}

/// What came out of one check.
pub(crate) struct Seen {
    pub(crate) id: CheckId,
    pub(crate) verdict: Verdict,
    pub(crate) reason: Option<String>,
}

/// Where rows are acted out.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stage {
    /// The simulator, which pretends to be the components.
    Sim,
    /// The real components.
    Lab,
}

/// What is broken, and what must come of it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) name: String,
    #[serde(default = "two")]
    pub(crate) nodes: usize,
    #[serde(default, rename = "break")]
    pub(crate) breaks: Vec<String>,
    /// What the inventory says otherwise than what is deployed: variables of `all`, or of a node by its name.
    #[serde(default)]
    vars: Object,
    #[serde(default, deserialize_with = "duration")]
    pub(crate) timeout: Option<Duration>,
    /// Whether it proves nothing where ICMP may not be sent.
    #[serde(default)]
    icmp: bool,
    /// The one stage that it is for, where the other cannot act it out.
    #[serde(default)]
    stage: Option<Stage>,
    /// Whether canaries are sent too.
    #[serde(default)]
    pub(crate) canary: bool,
    /// Whether it takes minutes.
    #[serde(default)]
    slow: bool,
    #[serde(default, deserialize_with = "patterns")]
    pass: Vec<Wanted>,
    #[serde(default, deserialize_with = "patterns")]
    pub(crate) fail: Vec<Wanted>,
    #[serde(default, deserialize_with = "patterns")]
    pub(crate) warn: Vec<Wanted>,
    #[serde(default, deserialize_with = "patterns")]
    error: Vec<Wanted>,
    #[serde(default, deserialize_with = "patterns")]
    skip: Vec<Wanted>,
}

fn two() -> usize {
    2
}

fn patterns<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Wanted>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?.into_iter();
    texts.map(|text| Ok(Wanted { pattern: text.parse().map_err(de::Error::custom)?, text })).collect()
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    humantime::parse_duration(&String::deserialize(from)?).map(Some).map_err(de::Error::custom)
}

impl Table {
    pub(crate) fn read() -> Result<Self, String> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios.yml");
        let text = fs::read_to_string(file).map_err(|error| format!("tests/scenarios.yml: {error}"))?;
        let document = yaml::read("tests/scenarios.yml", &text).map_err(|error| error.to_string())?;
        if !document.duplicates.is_empty() {
            return Err(format!("tests/scenarios.yml: a key is written twice: {:?}", document.duplicates));
        }
        serde_json::from_value(document.root.value()).map_err(|error| format!("tests/scenarios.yml: {error}"))
    }
}

impl Wanted {
    pub(crate) fn matches(&self, id: &CheckId) -> bool {
        self.pattern.matches(id)
    }
}

impl Row {
    /// Whether the row is for a stage that can break these things.
    pub(crate) fn is_for(&self, stage: Stage, can_break: impl Fn(&str) -> bool) -> bool {
        self.stage.is_none_or(|only| only == stage) && self.breaks.iter().all(|fault| can_break(fault))
    }

    /// Whether nothing that is asked may fail: then it is asked as a user asks, who waits for what restarts.
    pub(crate) fn is_harmless(&self) -> bool {
        let asked = |wanted: &&Wanted| !wanted.text.contains("/inventory/");
        self.fail.is_empty() && !self.warn.iter().any(|one| asked(&one)) && self.error.is_empty()
    }

    /// Why the row is not acted out today, if it is not.
    pub(crate) fn obstacle(&self) -> Option<&'static str> {
        if self.icmp && !icmp_permitted() {
            return Some("this machine may not send ICMP echo requests");
        }
        let patient = std::env::var("INFRA_VERIFY_SLOW").is_ok_and(|value| value == "1");
        (self.slow && !patient).then_some("takes minutes: set INFRA_VERIFY_SLOW=1")
    }

    /// The inventory under test: the one that was deployed, with the row's variables. JSON is YAML too.
    pub(crate) fn inventory(&self, deployed: &str) -> Result<String, String> {
        let deployed = yaml::read("the deployed inventory", deployed).map_err(|error| error.to_string())?;
        let mut inventory = deployed.root.value();
        for (scope, vars) in &self.vars {
            let vars = vars.as_object().ok_or_else(|| format!("vars of {scope} are not a mapping"))?;
            let place = match scope.as_str() {
                "all" => inventory.pointer_mut("/all/vars"),
                node => inventory.pointer_mut("/all/children/infra/hosts").and_then(|hosts| host(hosts, node)),
            };
            let place = place.and_then(Value::as_object_mut).ok_or_else(|| format!("there is no {scope}"))?;
            place.extend(vars.clone());
        }
        serde_json::to_string_pretty(&inventory).map_err(|error| error.to_string())
    }

    /// The lists, in the order in which they speak for a check that several name: what must fail comes before a
    /// pattern that skips all of a node.
    fn lists(&self) -> [(Verdict, &[Wanted]); 5] {
        [
            (Verdict::Pass, &self.pass),
            (Verdict::Fail, &self.fail),
            (Verdict::Warn, &self.warn),
            (Verdict::Error, &self.error),
            (Verdict::Skip, &self.skip),
        ]
    }

    /// Writes what was seen into the folder that INFRA_VERIFY_OUTCOMES names, under the row's name.
    pub(crate) fn keep(&self, seen: &[Seen]) -> std::io::Result<()> {
        let Some(folder) = std::env::var_os("INFRA_VERIFY_OUTCOMES") else { return Ok(()) };
        let line = |one: &Seen| format!("{} {}\n", one.verdict, one.id);
        fs::write(Path::new(&folder).join(&self.name), seen.iter().map(line).collect::<String>())
    }

    /// Every check that came out otherwise than the row says, and every pattern that speaks for no check.
    pub(crate) fn mismatches(&self, seen: &[Seen]) -> Vec<String> {
        let mut unused: Vec<(Verdict, &Wanted)> =
            self.lists().iter().flat_map(|(verdict, list)| list.iter().map(|wanted| (*verdict, wanted))).collect();
        let mut wrong = Vec::new();
        for outcome in seen {
            let named = self.lists().into_iter().find_map(|(verdict, list)| {
                let mut speaking = list.iter().filter(|wanted| wanted.matches(&outcome.id)).peekable();
                speaking.peek()?;
                speaking.for_each(|one| unused.retain(|(_, other)| !std::ptr::eq(*other, one)));
                Some(verdict)
            });
            let expected = match named {
                // Without permission to ping, the estate's inventory says that nobody shall.
                _ if &*outcome.id.component == "node" && !icmp_permitted() => Verdict::Skip,
                Some(verdict) => verdict,
                None => Verdict::Pass,
            };
            if outcome.verdict != expected {
                let reason = outcome.reason.as_deref().unwrap_or("no reason given");
                wrong.push(format!("expected {expected}, got {}: {}: {reason}", outcome.verdict, outcome.id));
            }
        }
        wrong.extend(unused.iter().map(|(verdict, wanted)| format!("{verdict}: {} names no check", wanted.text)));
        wrong
    }
}

fn host<'a>(hosts: &'a mut Value, node: &str) -> Option<&'a mut Value> {
    let seq: u64 = node.strip_prefix("infra-")?.parse().ok()?;
    hosts.as_object_mut()?.values_mut().find(|host| host["infra_seq"] == seq)
}
