//! `infra-verify inspect`: what the inventory means.

use clap::Args;

use super::source::Sources;
use super::{Stop, print, refused};
use crate::inventory::Inventory;
use crate::pigsty;
use crate::report::ExitCode;
use crate::value::did_you_mean;

mod overview;
mod variable;

#[derive(Debug, Args)]
pub(super) struct Inspect {
    #[command(flatten)]
    sources: Sources,
    /// Show the effective variables of this node, by name or address, or one of them: where each was set, and over what
    #[arg(long, value_names = ["NODE", "VARIABLE"], num_args = 1..=2)]
    host: Vec<String>,
    /// Print the JSON of `ansible-inventory --list`, for programs: values as they are written, secrets too
    #[arg(long, conflicts_with_all = ["host", "graph"])]
    list: bool,
    /// Print the tree of groups and hosts as `ansible-inventory --graph` does, below GROUP if one is named
    #[arg(long, value_name = "GROUP", num_args = 0..=1, default_missing_value = "all", conflicts_with = "host")]
    graph: Option<String>,
}

impl Inspect {
    pub(super) fn run(&self) -> Result<ExitCode, Stop> {
        let taken = self.host.get(1).or(self.graph.as_ref());
        if let (Some(taken), false) = (taken, self.sources.are_named()) {
            let message = format!("name the inventory before the option: `{taken}` is taken for a part of that");
            return Err(usage(message));
        }
        let inventory = self.sources.read()?;
        if self.list {
            print(&(inventory.list() + "\n"))?;
            return Ok(ExitCode::Ok);
        }
        if let Some(group) = &self.graph {
            print(&graph(&inventory, group)?)?;
            return Ok(ExitCode::Ok);
        }
        let nodes = pigsty::nodes(&inventory).map_err(|error| refused(&inventory, error.into()))?;
        let text = match &self.host[..] {
            [host, only @ ..] => variable::show(&inventory, &nodes, host, only.first())?,
            [] => overview::show(&inventory, &nodes)?,
        };
        print(&pigsty::secrets(&inventory, &nodes).scrub(&text))?;
        Ok(ExitCode::Ok)
    }
}

fn usage(message: String) -> Stop {
    Stop { code: ExitCode::Usage, message }
}

fn graph(inventory: &Inventory, group: &str) -> Result<String, Stop> {
    inventory.graph(group).ok_or_else(|| {
        let known: Vec<_> = inventory.groups().collect();
        if known.contains(&group) {
            return usage(format!("the tree below {group} is too large to be printed: name a group further down"));
        }
        usage(format!("there is no group `{group}`{}", did_you_mean(group, known)))
    })
}
