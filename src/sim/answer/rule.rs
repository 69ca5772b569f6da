//! The rules that Pigsty gives to vmalert: its groups by name, and what becomes of one rule of each.

use std::time::SystemTime;

use serde_json::json;

use crate::sim::fault::{Component, Word};
use crate::sim::layout::Here;
use crate::value::Value;

/// Every group of Pigsty v4.5.0, below the file that it is in.
const GROUPS: [(&str, &str); 18] = [
    ("agent", "agent-rules"),
    ("etcd", "etcd-alert"),
    ("etcd", "etcd-rules"),
    ("infra", "infra-alert"),
    ("infra", "infra-rules"),
    ("kafka", "kafka-alert"),
    ("kafka", "kafka-jmx-rules"),
    ("kafka", "kafka-rules"),
    ("minio", "minio-alert"),
    ("mysql", "mysql-alerts"),
    ("mysql", "mysql-rules"),
    ("node", "node-alert"),
    ("node", "node-rules"),
    ("pgsql", "pgbouncer-rules"),
    ("pgsql", "pgsql-alert"),
    ("pgsql", "pgsql-rules"),
    ("redis", "redis-alert"),
    ("redis", "redis-rules"),
];

/// The file whose rules are INFRA's own.
const INFRA: &str = "infra";

/// The group that is lost when one is.
const LOST: &str = "pgsql-alert";

/// The group in which an error is when some rules have one.
const BROKEN: &str = "infra-alert";

/// The groups that were loaded, each with a rule.
pub(super) fn groups(here: &Here) -> Vec<Value> {
    let now = humantime::format_rfc3339_nanos(SystemTime::now()).to_string();
    let lost = |file, name| (here.is(Word::NoRules) && file == INFRA) || (here.is(Word::NoGroup) && name == LOST);
    let loaded = GROUPS.into_iter().filter(|(file, name)| !lost(*file, *name));
    loaded.map(|(file, name)| group(here, file, name, &now)).collect()
}

fn group(here: &Here, file: &str, name: &str, now: &str) -> Value {
    let own: u32 = if here.is(Word::Interval) { 60 } else { 10 };
    // The group says so itself, whatever vmalert was started with.
    let interval = if file == "mysql" { 30 } else { own };
    let file = format!("/infra/rules/{file}.yml");
    let rules: Vec<_> =
        rules(name).iter().map(|(rule, query)| self::rule(here, name, &file, rule, query, now)).collect();
    json!({
        "name": name, "rules": rules, "interval": interval, "lastEvaluation": now, "type": "prometheus", "file": file,
        "concurrency": 1,
    })
}

/// Rules of a group: those of INFRA as they are, one for each of the others.
fn rules(group: &str) -> &'static [(&'static str, &'static str)] {
    match group {
        "infra-rules" => {
            &[("infra_up", "up{job=\"infra\"}"), ("agent_up", "up{job!~\"infra|node|etcd|minio|pgsql|redis|mysql\"}")]
        }
        "infra-alert" => &[("InfraDown", "infra_up < 1"), ("AgentDown", "agent_up < 1")],
        _ => &[("up", "up < 1")],
    }
}

fn rule(here: &Here, group: &str, file: &str, name: &str, query: &str, now: &str) -> Value {
    let error = error(here, group);
    let alerts = group.contains("-alert");
    json!({
        "state": if alerts { "inactive" } else { "" }, "name": name, "query": query, "duration": if alerts { 60 } else { 0 },
        "lastError": error, "lastEvaluation": now, "health": if error.is_empty() { "ok" } else { "err" },
        "type": if alerts { "alerting" } else { "recording" }, "datasourceType": "prometheus", "lastSamples": 0,
        "group_name": group, "file": file,
    })
}

/// Why the last evaluation failed, if it did: without a VictoriaMetrics that answers there is nothing to evaluate.
fn error(here: &Here, group: &str) -> String {
    let node = here.node();
    if !node.works(Component::Vmetrics) || node.has(Component::Vmetrics, Word::QueryFailed) {
        let address = node.address("vmetrics_port").port();
        return format!("failed to execute query: error getting response from http://127.0.0.1:{address}/api/v1/query");
    }
    let broken = here.is(Word::RuleError) && group == BROKEN;
    if broken { "failed to execute query: unexpected response code 422" } else { "" }.to_owned()
}
