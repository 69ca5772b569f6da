//! Rows of the truth table, and how a run is held against one.

use std::fs;
use std::path::Path;
use std::time::Duration;

use infra_verify::check::{CheckId, Outcome, Verdict};
use infra_verify::inventory::yaml;
use infra_verify::plan::Pattern;
use infra_verify::probe::icmp_permitted;
use infra_verify::value::Object;
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
    text: String,
    pattern: Pattern,
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
    /// Variables of `all`, or of a node by its name.
    #[serde(default)]
    pub(crate) vars: Object,
    #[serde(default, deserialize_with = "duration")]
    pub(crate) timeout: Option<Duration>,
    /// Whether it proves nothing where ICMP may not be sent.
    #[serde(default)]
    pub(crate) icmp: bool,
    #[serde(default, deserialize_with = "patterns")]
    pass: Vec<Wanted>,
    #[serde(default, deserialize_with = "patterns")]
    fail: Vec<Wanted>,
    #[serde(default, deserialize_with = "patterns")]
    warn: Vec<Wanted>,
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
    pub(crate) fn read() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios.yml");
        let document = yaml::read("tests/scenarios.yml", &fs::read_to_string(file).unwrap()).unwrap();
        assert!(document.duplicates.is_empty(), "a key is written twice: {:?}", document.duplicates);
        serde_json::from_value(document.root.value()).unwrap()
    }
}

impl Wanted {
    fn matches(&self, id: &CheckId) -> bool {
        self.pattern.matches(id)
    }

    /// What it means of a check, under whatever key that is repeated.
    pub(crate) fn keyless(&self) -> Result<Pattern, String> {
        self.text.split('[').next().unwrap_or_default().parse()
    }
}

impl Row {
    /// What the row says must fail or warn.
    pub(crate) fn broken(&self) -> impl Iterator<Item = &Wanted> {
        self.fail.iter().chain(&self.warn)
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

    /// Every check that came out otherwise than the row says, and every pattern that speaks for no check.
    pub(crate) fn mismatches(&self, outcomes: &[Outcome]) -> Vec<String> {
        let mut unused: Vec<(Verdict, &Wanted)> =
            self.lists().iter().flat_map(|(verdict, list)| list.iter().map(|wanted| (*verdict, wanted))).collect();
        let mut wrong = Vec::new();
        for outcome in outcomes {
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
