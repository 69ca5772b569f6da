//! The rows of the tables, `tests/blackbox/*.yml`: what each serves, asks and expects.
//!
//! ```yaml
//! - case: H-005                       # the number in the exporter's own tables, or a word
//!   title: 404 is not among 2xx
//!   module: { prober: http }          # as in a file of modules; a text (|) stays the YAML that it is
//!   serve: { http: { status: 404 } }  # without it nobody listens at ${port}
//!   target: "http://${addr}/"
//!   success: false                    # true, false, or refused: no verdict at all
//!   reason: "404"
//! ```
//!
//! `${addr}` is 127.0.0.1 with the port of the row's server, `${addr6}` the same on IPv6, `${port}` the port, `${proxy}`
//! the address of the proxy, `${dir}` the folder of the certificates and of the row's `files`; all of these may stand
//! anywhere in a row. Unless it `differs`, both must export the same families with the same labels and values, of which
//! only durations may have any value.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use infra_verify::inventory::yaml;
use infra_verify::value::Value;
use serde::Deserialize;

use super::support::{Place, Serve, duration, has_v6};

/// How long a probe may take where its row does not say.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What one side says to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Said")]
pub(crate) enum Verdict {
    /// `probe_success 1`, or, for a row of `loads`, that the module is read.
    Yes,
    /// The opposite.
    No,
    /// Neither: it answers with an error, or reads the module and refuses to probe with it.
    Refused,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Plain(bool),
    Word(Word),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Refused,
}

impl From<Said> for Verdict {
    fn from(said: Said) -> Self {
        match said {
            Said::Plain(true) => Self::Yes,
            Said::Plain(false) => Self::No,
            Said::Word(Word::Refused) => Self::Refused,
        }
    }
}

/// One case, with the names of its servers filled in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// Its number in the exporter's own tables, or another.
    pub(crate) case: String,
    title: String,
    /// What stands under the module's name, as a mapping, or as a text that is YAML.
    #[serde(default)]
    module: Option<Value>,
    /// A whole file of modules, for rows of `loads`.
    #[serde(default)]
    config: Option<String>,
    #[serde(default)]
    pub(crate) serve: Option<Serve>,
    /// Files in `${dir}`, by name.
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) target: String,
    #[serde(default)]
    pub(crate) hostname: Option<String>,
    #[serde(default, deserialize_with = "duration")]
    timeout: Option<Duration>,
    /// Whether the module is read at all; then nothing is probed.
    #[serde(default)]
    pub(crate) loads: Option<bool>,
    #[serde(default)]
    success: Option<Verdict>,
    /// What we say, where that differs.
    #[serde(default)]
    ours: Option<Verdict>,
    /// Families that both must export and that are equal, though their name speaks of time.
    #[serde(default)]
    pub(crate) same: BTreeSet<String>,
    /// Families whose values may differ by so much.
    #[serde(default)]
    pub(crate) near: BTreeMap<String, f64>,
    /// Families that need not be equal.
    #[serde(default)]
    pub(crate) free: BTreeSet<String>,
    #[serde(default)]
    pub(crate) present: BTreeSet<String>,
    #[serde(default)]
    pub(crate) absent: BTreeSet<String>,
    /// What our reason contains.
    #[serde(default)]
    pub(crate) reason: Option<String>,
    /// Why we differ on purpose.
    #[serde(default)]
    pub(crate) differs: Option<String>,
    /// Why the older exporter gives another verdict.
    #[serde(default)]
    pub(crate) older: Option<String>,
    /// Why the case cannot be made over the network.
    #[serde(default)]
    pub(crate) not_produced: Option<String>,
    /// The table it stands in.
    #[serde(skip)]
    pub(crate) table: String,
    #[serde(skip)]
    pub(crate) obstacle: Option<String>,
    /// Whether the server may have something against its client, so that they must be asked one after the other.
    #[serde(skip)]
    pub(crate) is_watched: bool,
}

impl Row {
    /// What a trial is called.
    pub(crate) fn name(&self) -> String {
        format!("{} {} {}", self.table, self.case, self.title)
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(TIMEOUT)
    }

    /// What the exporter says.
    pub(crate) fn theirs(&self) -> Option<Verdict> {
        self.success.or_else(|| self.loads.map(|loads| if loads { Verdict::Yes } else { Verdict::No }))
    }

    /// What we say.
    pub(crate) fn ours(&self) -> Option<Verdict> {
        self.ours.or_else(|| self.theirs())
    }

    /// The module under the case's name, as it stands in a file of modules.
    pub(crate) fn module(&self) -> Option<String> {
        match self.module.as_ref()? {
            Value::String(text) => {
                let lines = text.lines().map(|line| format!("    {line}\n"));
                Some(format!("  {}:\n{}", self.case, lines.collect::<String>()))
            }
            module => Some(format!("  {}: {module}\n", self.case)),
        }
    }

    /// The prober of the module.
    pub(crate) fn prober(&self) -> Option<String> {
        self.module.as_ref()?.get("prober")?.as_str().map(str::to_owned)
    }

    /// Whether a whole file is read, and no module of it is asked for.
    pub(crate) fn is_file(&self) -> bool {
        self.config.is_some()
    }

    /// A file of modules for this row alone.
    pub(crate) fn config(&self) -> Result<String> {
        let alone = || self.module().map(|module| format!("modules:\n{module}"));
        self.config.clone().or_else(alone).with_context(|| format!("{} has no module", self.case))
    }

    /// Why the row cannot be judged, whatever comes of it.
    fn mistake(&self) -> Option<&'static str> {
        let produced = self.not_produced.is_none();
        if produced && self.theirs().is_none() {
            return Some("says neither success, nor loads, nor not_produced");
        }
        if produced && self.module.is_none() && self.config.is_none() {
            return Some("has no module");
        }
        if self.success.is_some() && self.loads.is_some() {
            return Some("says both success and loads");
        }
        if self.success.is_some() && self.config.is_some() {
            return Some("probes with a whole file: write its module");
        }
        let is_odd = |char: char| !(char.is_ascii_alphanumeric() || char == '-');
        self.case.contains(is_odd).then_some("has a case that is no plain word")
    }
}

/// Every row of every table, each with its place; the files that they need are written into a folder.
pub(crate) fn read(folder: &Path) -> Result<Vec<(Row, Option<Place>)>> {
    let mut rows = Vec::new();
    let mut cases = BTreeSet::new();
    for path in tables()? {
        let table = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for value in table_of(&path)? {
            let said = value.get("case").map(ToString::to_string).unwrap_or_default();
            let (row, place) = row(&value, folder).with_context(|| format!("{table} {said}"))?;
            ensure!(cases.insert(row.case.clone()), "{} is there twice", row.case);
            rows.push((Row { table: table.clone(), ..row }, place));
        }
    }
    Ok(rows)
}

fn tables() -> Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/blackbox");
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    let mut paths =
        entries.into_iter().filter(|path| path.extension().is_some_and(|end| end == "yml")).collect::<Vec<_>>();
    paths.sort();
    Ok(paths)
}

fn table_of(path: &Path) -> Result<Vec<Value>> {
    let name = path.display().to_string();
    let document = yaml::read(&name, &fs::read_to_string(path)?).map_err(|error| anyhow!("{error}"))?;
    ensure!(document.duplicates.is_empty(), "{name}: a key is written twice: {:?}", document.duplicates);
    match document.root.value() {
        Value::Array(rows) => Ok(rows),
        Value::Null => Ok(Vec::new()),
        _ => Err(anyhow!("{name}: it is no list")),
    }
}

fn row(value: &Value, folder: &Path) -> Result<(Row, Option<Place>)> {
    let serves = ["target", "serve"].iter().any(|key| value.get(key).is_some());
    let place = if serves { Some(Place::take(value.pointer("/serve/proxy").is_some())?) } else { None };
    let text = value.to_string();
    let mut names = vec![("${dir}", folder.display().to_string())];
    if let Some(place) = &place {
        names.push(("${port}", place.port.to_string()));
        names.push(("${addr}", format!("127.0.0.1:{}", place.port)));
        names.push(("${addr6}", format!("[::1]:{}", place.port)));
        names.extend(place.proxy_port().map(|port| ("${proxy}", format!("127.0.0.1:{port}"))));
    }
    let filled = names.iter().fold(text.clone(), |text, (name, is)| text.replace(name, is));
    let mut row: Row = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(&filled))?;
    if let Some(mistake) = row.mistake() {
        return Err(anyhow!("{mistake}"));
    }
    for (name, text) in &row.files {
        let path = folder.join(name);
        ensure!(!path.exists(), "another row has a file {name} too");
        fs::write(path, text)?;
    }
    if row.prober().as_deref() == Some("icmp") && !infra_verify::probe::icmp_permitted() {
        row.obstacle = Some("this machine may not send ICMP echo requests".to_owned());
    }
    if (text.contains("${addr6}") || row.target == "::1") && !has_v6() {
        row.obstacle = Some("this machine has no IPv6 loopback".to_owned());
    }
    row.is_watched = ["require", "expect"]
        .iter()
        .any(|word| value.get("serve").is_some_and(|serve| serve.to_string().contains(word)));
    Ok((row, place))
}
