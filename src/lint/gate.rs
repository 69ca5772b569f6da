//! Components that need one another, of which one is off.

use super::{Estate, Judge, Notes, Rule};
use crate::pigsty::Node;

pub(super) static GATE: Rule = Rule {
    name: "gate",
    title: "has on what its components need of one another",
    why: "Pigsty leaves out what cannot work without what is off, or deploys it to fail for ever: targets that are down, alerts \
          that go nowhere, dashboards without data. None of that is an error of a playbook.",
    causes: &["one of two components was turned off, and the other forgotten"],
    look: &["infra-verify inspect pigsty.yml --host infra-1"],
    judge: Judge::Node(gate),
};

/// Two switches of which the first is on and the second off, what comes of it, and what to do.
const GATES: [(&str, &str, &str, &str); 5] = [
    ("vmalert_enabled", "vmetrics_enabled", "there is no vmalert either, and no rule", "turn both on or off"),
    (
        "nginx_enabled",
        "nginx_exporter_enabled",
        "its target is registered all the same and is down for ever",
        "turn the exporter on, whose target Pigsty registers with Nginx",
    ),
    ("vmalert_enabled", "alertmanager_enabled", "its alerts go nowhere", "turn Alertmanager on, or vmalert off"),
    ("grafana_enabled", "vmetrics_enabled", "its dashboards have no data", "turn VictoriaMetrics on, or Grafana off"),
    (
        "vmetrics_enabled",
        "blackbox_enabled",
        "it pings through it all the same, and every target of job ping is down",
        "turn the blackbox exporter on",
    ),
];

fn gate(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    for (on, off, consequence, help) in GATES {
        let holds = notes.is_on(node, on) && node.lookup(off).is_ok() && !notes.is_on(node, off);
        // Without its VictoriaMetrics there is no vmalert that could miss anything.
        if holds && (on != "vmalert_enabled" || off == "vmetrics_enabled" || notes.is_on(node, "vmetrics_enabled")) {
            notes.warn(estate.place(node, off), format!("{on} is true and {off} is false: {consequence}"), help);
        }
    }
    let exporter = Estate::is_written(node, "nginx_exporter_enabled");
    if exporter && notes.is_on(node, "nginx_exporter_enabled") && !notes.is_on(node, "nginx_enabled") {
        let what = "nginx_exporter_enabled is true and nginx_enabled is false: there is no exporter either";
        notes.warn(estate.place(node, "nginx_exporter_enabled"), what, "turn both on or off");
    }
}
