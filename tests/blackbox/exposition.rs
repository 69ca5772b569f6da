//! The text in which an exporter gives its metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The samples of each family by their labels, which are compared as they are printed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Exposition(pub(crate) BTreeMap<String, BTreeMap<String, f64>>);

impl Exposition {
    /// Reads it; lines that are no sample are passed over.
    pub(crate) fn read(text: &str) -> Self {
        let mut families = BTreeMap::<_, BTreeMap<_, _>>::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let Ok(value) = value.parse() else { continue };
            let (name, labels) = series.find('{').map_or((series, ""), |at| series.split_at(at));
            families.entry(name.to_owned()).or_default().insert(labels.to_owned(), value);
        }
        Self(families)
    }

    /// The names of the families.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// How long the probe took.
    pub(crate) fn took(&self) -> Duration {
        Duration::from_secs_f64(self.value("probe_duration_seconds").unwrap_or_default())
    }

    /// The value of a family that has one sample.
    pub(crate) fn value(&self, name: &str) -> Option<f64> {
        self.0.get(name)?.values().next().copied()
    }
}
