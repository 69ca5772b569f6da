//! What a probe measured as Prometheus' gauges, and the text of an exposition.
//!
//! A metric that is set again takes the new value; they are printed by name and labels, as the exporter prints them.

use std::collections::BTreeMap;
use std::fmt;

/// The labels of one gauge, by name.
pub type Labels = Vec<(String, String)>;

/// One gauge.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric<'a> {
    /// Its name.
    pub name: &'static str,
    /// Its labels, in the order of their names.
    pub labels: &'a Labels,
    /// Its value.
    pub value: f64,
}

/// Every gauge of a probe.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(BTreeMap<(&'static str, Labels), f64>);

impl Metrics {
    /// Sets a gauge without labels.
    pub(super) fn set(&mut self, name: &'static str, value: f64) {
        self.labelled(name, &[], value);
    }

    /// Sets a gauge with labels.
    pub(super) fn labelled(&mut self, name: &'static str, labels: &[(&str, &str)], value: f64) {
        let mut labels: Labels = labels.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        labels.sort();
        self.0.insert((name, labels), value);
    }

    /// Sets the duration of a phase.
    pub(super) fn phase(&mut self, name: &'static str, phase: &str, seconds: f64) {
        self.labelled(name, &[("phase", phase)], seconds);
    }

    /// The value of the first gauge of a name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.iter().find(|metric| metric.name == name).map(|metric| metric.value)
    }

    /// Every gauge, by name.
    pub fn iter(&self) -> impl Iterator<Item = Metric<'_>> {
        self.0.iter().map(|((name, labels), value)| Metric { name, labels, value: *value })
    }
}

impl fmt::Display for Metrics {
    /// The text format, as `/probe` answers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = "";
        for metric in self.iter() {
            if metric.name != last {
                writeln!(f, "# TYPE {} gauge", metric.name)?;
                last = metric.name;
            }
            f.write_str(metric.name)?;
            for (at, (name, value)) in metric.labels.iter().enumerate() {
                let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                write!(f, "{}{name}=\"{value}\"", if at == 0 { '{' } else { ',' })?;
            }
            let close = if metric.labels.is_empty() { "" } else { "}" };
            writeln!(f, "{close} {}", metric.value)?;
        }
        Ok(())
    }
}
