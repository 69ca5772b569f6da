//! `infra-verify inspect`: what the inventory means.

use std::fmt::Write;

use clap::Args;

use super::source::Sources;
use super::{Stop, print, refused};
use crate::inventory::Inventory;
use crate::pigsty::{self, Node};
use crate::plan::Plan;
use crate::report::ExitCode;
use crate::suite::Suites;
use crate::value::{Value, Variable, did_you_mean, show};

#[derive(Debug, Args)]
pub(super) struct Inspect {
    #[command(flatten)]
    sources: Sources,
    /// Show the effective variables of this node, by name or address, or one of them, each with where it was set
    #[arg(long, value_names = ["NODE", "VARIABLE"], num_args = 1..=2)]
    host: Vec<String>,
}

impl Inspect {
    pub(super) fn run(&self) -> Result<ExitCode, Stop> {
        if let ([_, last], false) = (&self.host[..], self.sources.are_named()) {
            let message = format!("name the inventory before --host: `{last}` is taken for a variable of the node");
            return Err(Stop { code: ExitCode::Usage, message });
        }
        let inventory = self.sources.read()?;
        let nodes = pigsty::nodes(&inventory).map_err(|error| refused(&inventory, error.into()))?;
        let text = match &self.host[..] {
            [host, only @ ..] => variables(host, only.first(), &nodes)?,
            [] => overview(&inventory, &nodes)?,
        };
        print(&pigsty::secrets(&nodes).scrub(&text))?;
        Ok(ExitCode::Ok)
    }
}

fn variables(host: &str, only: Option<&String>, nodes: &[Node]) -> Result<String, Stop> {
    let usage = |message: String| Stop { code: ExitCode::Usage, message };
    let node = nodes.iter().find(|node| *node.name == *host || *node.ip == *host).ok_or_else(|| {
        usage(format!("there is no INFRA node `{host}`{}", did_you_mean(host, nodes.iter().map(|node| &*node.name))))
    })?;
    let mut all: Vec<_> = node.vars.iter().filter(|(name, _)| only.is_none_or(|only| only == name)).collect();
    if let (true, Some(wanted)) = (all.is_empty(), only) {
        let hint = did_you_mean(wanted, node.vars.iter().map(|(name, _)| name));
        return Err(usage(format!("{} has no variable `{wanted}`{hint}", node.name)));
    }
    all.sort_by_key(|(name, _)| *name);
    Ok(all.into_iter().map(|(name, variable)| line(name, variable)).collect())
}

/// `grafana_port: 3000    # group infra, pigsty.yml:14`
fn line(name: &str, variable: &Variable) -> String {
    let place = variable.place.as_ref().map(|place| format!(", {place}")).unwrap_or_default();
    let value = match &variable.value {
        _ if pigsty::is_telling(name) && &*variable.scope != "role default" => "******".to_owned(),
        Value::String(text) if text.is_empty() || text.contains('\n') => format!("{text:?}"),
        value => show(value),
    };
    format!("{name}: {value}    # {}{place}\n", variable.scope)
}

fn overview(inventory: &Inventory, nodes: &[Node]) -> Result<String, Stop> {
    let suites = Suites::embedded()?;
    let plan = Plan::new(inventory, &suites).map_err(|error| refused(inventory, error))?;
    let mut text = String::new();
    for node in nodes {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{} {}", node.name, node.ip);
        let there = |suite: &&crate::suite::Suite| node.absence(&suite.when) == Ok(None);
        let components: Vec<_> = suites.iter().filter(there).map(|suite| suite.component.as_str()).collect();
        let _ = writeln!(text, "  components  {}", components.join(" "));
        if let Ok(domain) = node.lookup("home_domain") {
            let _ = writeln!(text, "  portal      {}", show(&domain));
        }
        if let Ok(Value::Array(names)) = node.lookup("dns_names") {
            let record = |name: &Value| {
                format!("{} {}", show(&name["name"]), show(&name["addresses"]).replace(['"', '[', ']'], ""))
            };
            let _ = writeln!(text, "  names       {}", names.iter().map(record).collect::<Vec<_>>().join(", "));
        }
    }
    let _ = writeln!(text, "targets that every VictoriaMetrics scrapes");
    if let Err(why) = &plan.targets {
        let _ = writeln!(text, "  unknown: {why}");
    }
    for target in plan.targets.iter().filter_map(Value::as_array).flatten() {
        let labels = &target["labels"];
        let pairs: Vec<_> = ["cls", "ins", "instance", "ip", "job"]
            .iter()
            .map(|name| format!("{name}={}", show(&labels[*name])))
            .collect();
        let _ = writeln!(text, "  {}", pairs.join(" "));
    }
    Ok(text)
}
