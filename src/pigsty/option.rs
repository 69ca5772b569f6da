//! The flags that a VictoriaMetrics product must run with: those that Pigsty's unit gives it and those of `*_options`.

use indexmap::IndexMap;
use serde_json::json;

use super::Node;
use crate::value::{Value, show};

/// What a unit gives its product: flags and their values, `${…}` standing for a variable.
type Given = &'static [(&'static str, &'static str)];

/// The list of each product, the variable of its options and what its unit gives it.
const PRODUCTS: [(&str, &str, Given); 4] = [
    (
        "vmetrics_flags",
        "vmetrics_options",
        &[("storageDataPath", "/infra/metrics"), ("promscrape.config", "/infra/prometheus.yml")],
    ),
    ("vlogs_flags", "vlogs_options", &[("storageDataPath", "/infra/logs")]),
    ("vtraces_flags", "vtraces_options", &[("storageDataPath", "/infra/traces")]),
    (
        "vmalert_flags",
        "vmalert_options",
        &[("rule", "/infra/rules/*.yml"), ("evaluationInterval", "${vmetrics_scrape_interval}")],
    ),
];

/// Parts of a flag's name that say that the product shows no value of it.
const HIDDEN: [&str; 6] = ["password", "key", "secret", "token", "url", "header"];

/// Derives, for each product, a list of `{name, values}`: the flag, and each way in which its value may be shown.
pub(super) fn derive(node: &mut Node) {
    for (list, options, fixed) in PRODUCTS {
        let flags = flags(node, options, fixed);
        node.derive(list, flags);
    }
    let alone = node.lookup("alertmanager_options").map(|options| json!(!show(&options).contains("--cluster.")));
    node.derive("alertmanager_alone", alone.map_err(|error| format!("is unknown: {error}")));
}

fn flags(node: &Node, options: &str, fixed: &[(&str, &str)]) -> Result<Value, String> {
    let unknown = |error: crate::value::Unfilled| format!("is unknown: {error}");
    let mut flags: IndexMap<String, Option<String>> = IndexMap::new();
    for (name, value) in fixed {
        let value = match value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            Some(variable) => show(&node.lookup(variable).map_err(unknown)?),
            None => (*value).to_owned(),
        };
        flags.insert((*name).to_owned(), Some(value));
    }
    let options = node.lookup(options).map_err(unknown)?;
    for (name, value) in show(&options).split_whitespace().filter_map(option) {
        // What a flag that is given twice means, its product decides: the last for some, all of them for others.
        let twice = flags.contains_key(&name);
        flags.insert(name, (!twice).then_some(value));
    }
    let told = flags.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let told = told.filter(|(name, _)| !HIDDEN.iter().any(|part| name.to_ascii_lowercase().contains(part)));
    Ok(told.map(|(name, value)| json!({"name": name, "value": value, "values": shown(&value)})).collect())
}

/// The flags of a command line, in their order: their names and their values.
pub fn all(options: &str) -> Vec<(String, String)> {
    options.split_whitespace().filter_map(option).collect()
}

/// A word of a command line, if it is a flag: its name and its value.
fn option(word: &str) -> Option<(String, String)> {
    let flag = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
    let (name, value) = flag.split_once('=').unwrap_or((flag, "true"));
    let value = value.trim_matches(['"', '\'']);
    (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
}

/// A value as it is written, and as Go prints it if it is a duration.
fn shown(value: &str) -> Vec<String> {
    let mut ways = vec![value.to_owned()];
    ways.extend(go_duration(value).filter(|way| way != value));
    ways
}

/// How Go prints a duration: `120s` is `2m0s`. Only whole seconds; what is shorter, Go prints as it is written.
fn go_duration(text: &str) -> Option<String> {
    let time = humantime::parse_duration(text).ok()?;
    let (hours, minutes, seconds) = (time.as_secs() / 3600, time.as_secs() / 60 % 60, time.as_secs() % 60);
    match (hours, minutes) {
        _ if time.subsec_nanos() > 0 => None,
        (0, 0) => Some(format!("{seconds}s")),
        (0, _) => Some(format!("{minutes}m{seconds}s")),
        _ => Some(format!("{hours}h{minutes}m{seconds}s")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_read_as_its_product_reads_it() {
        let read = |word| option(word).map(|(name, value)| format!("{name} is {value}"));
        assert_eq!(read("-retentionPeriod=15d").as_deref(), Some("retentionPeriod is 15d"));
        assert_eq!(read("--loggerFormat='json'").as_deref(), Some("loggerFormat is json"));
        assert_eq!(read("-dryRun").as_deref(), Some("dryRun is true"));
        assert_eq!(read("15d"), None);
        assert_eq!(read("-"), None);
    }

    #[test]
    fn a_duration_may_be_shown_as_go_prints_it() {
        assert_eq!(shown("120s"), ["120s", "2m0s"]);
        assert_eq!(shown("1h"), ["1h", "1h0m0s"]);
        assert_eq!(shown("5s"), ["5s"]);
        assert_eq!(shown("50GiB"), ["50GiB"]);
    }
}
