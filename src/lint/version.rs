//! Whether the inventory is one for the Pigsty that this program knows.

use super::{Estate, Judge, Notes, Rule};
use crate::pigsty::Node;
use crate::value::{Value, show};

/// The Pigsty whose deployments are known here.
const KNOWN: u64 = 4;

/// How the variables begin that Pigsty 3 had and Pigsty 4 does not read.
const FORMER: [&str; 8] = [
    "prometheus_",
    "loki_",
    "promtail_",
    "pushgateway_",
    "grafana_plugin_",
    "grafana_endpoint",
    "alertmanager_endpoint",
    "node_logs_",
];

/// Entries of the portal that Pigsty 3 had, and the port on which their service does not listen any more.
const MOVED: [(&str, &str, &str); 3] = [
    ("prometheus", "9090", "VictoriaMetrics on 8428 is in its place"),
    ("loki", "3100", "VictoriaLogs on 9428 is in its place"),
    ("alertmanager", "9093", "Pigsty 4 has it on 9059"),
];

/// Where packages can be fetched from, as bin/validate has them.
const REGIONS: [&str; 3] = ["default", "china", "europe"];

pub(super) static VERSION: Rule = Rule {
    name: "version",
    title: "is written for Pigsty 4",
    why: "Pigsty 4 has VictoriaMetrics, VictoriaLogs and VictoriaTraces where Pigsty 3 had Prometheus and Loki. What an \
          inventory says of those is passed over, and a deployment of Pigsty 3 cannot be verified here.",
    causes: &[
        "the inventory was taken over from Pigsty 3",
        "version was left out, and nobody knows what it was written for",
    ],
    look: &["grep -nE 'version|prometheus_|loki_' pigsty.yml"],
    judge: Judge::Node(version),
};

fn version(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    if let Some(value) = notes.value(node, "version") {
        let place = estate.place(node, "version");
        let text = show(&value);
        let major = text.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u64>().ok());
        match major {
            _ if !Estate::is_written(node, "version") => {
                notes.warn(
                    None,
                    "version is not set: is this a configuration of Pigsty?",
                    "write version: v4.5.0 below all.vars",
                );
            }
            Some(KNOWN) => {}
            Some(major) if major < KNOWN => {
                let what = format!("version is {text}, and what is known here is Pigsty {KNOWN}");
                notes.error(place, what, "upgrade Pigsty, and write its inventory anew from conf/");
            }
            _ => {
                let what = format!("version is {text}, and what is known here is Pigsty {KNOWN}");
                notes.warn(place, what, "look for a newer infra-verify, or write the version as v4.5.0");
            }
        }
    }
    for (name, variable) in
        Estate::written(node).filter(|(name, _)| FORMER.iter().any(|former| name.starts_with(former)))
    {
        let what = format!("{name} is a variable of Pigsty 3, which Pigsty 4 does not read");
        notes.warn(variable.place.clone(), what, "take it out; roles/infra/defaults/main.yml has what took its place");
    }
    let Some(Value::Object(portal)) = notes.value(node, "infra_portal") else { return };
    for (name, port, now) in MOVED {
        let endpoint = portal.get(name).and_then(|entry| entry.get("endpoint")).map(show).unwrap_or_default();
        if endpoint.rsplit_once(':').is_some_and(|(_, written)| written == port) && !listens(node, port) {
            let what = format!("portal entry {name} leads to port {port}, where Pigsty 3 had it");
            notes.warn(estate.within(node, "infra_portal", &[name, "endpoint"]), what, now);
        }
    }
}

/// Whether the inventory puts a component on a port.
fn listens(node: &Node, port: &str) -> bool {
    node.vars.iter().any(|(name, variable)| name.ends_with("_port") && show(&variable.value) == port)
}

pub(super) static REGION: Rule = Rule {
    name: "region",
    title: "names a region from which Pigsty fetches packages",
    why: "The region chooses the mirrors of the packages; one that Pigsty does not know leaves it the default ones.",
    causes: &["the region was left out, or is a cloud's", "an address was replaced everywhere in the file"],
    look: &["grep -n region: pigsty.yml", "bin/validate pigsty.yml"],
    judge: Judge::Node(region),
};

fn region(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    let Some(value) = notes.value(node, "region") else { return };
    if !Estate::is_written(node, "region") {
        notes.warn(None, "region is not set", "write region: default, china or europe below all.vars");
    } else if !value.as_str().is_some_and(|region| REGIONS.contains(&region)) {
        let what = format!("region is {value}, which Pigsty has no mirrors for");
        notes.warn(estate.place(node, "region"), what, format!("write one of {}", REGIONS.join(", ")));
    }
}
