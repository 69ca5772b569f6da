//! Which inventory is meant: its sources and the variables of the command line, for every verb alike.

use std::path::{Component, PathBuf};

use clap::Args;

use super::vault::Passwords;
use super::{Stop, complain};
use crate::inventory::{Inventory, Reading};
use crate::report::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Sources {
    /// Pigsty inventory, such as pigsty.yml; several are read as one, and the last one that says something holds
    #[arg(value_name = "INVENTORY", conflicts_with = "named")]
    listed: Vec<PathBuf>,
    /// The same, as Ansible takes it; may be repeated
    #[arg(short = 'i', long = "inventory", value_name = "INVENTORY")]
    named: Vec<PathBuf>,
    /// A variable that holds over all that is written: name=value, a mapping as JSON or YAML, or @FILE; may be repeated
    #[arg(short, long = "extra-vars", value_name = "VARS")]
    extra: Vec<String>,
    /// Where the playbooks lie: their group_vars/ and host_vars/ count over those beside the inventory, as with Ansible
    #[arg(long, value_name = "DIR", default_value = ".")]
    playbook_dir: PathBuf,
    #[command(flatten)]
    passwords: Passwords,
}

impl Sources {
    /// Whether there is any.
    pub(super) fn are_named(&self) -> bool {
        !(self.listed.is_empty() && self.named.is_empty())
    }

    /// Reads the inventory; what Ansible would warn of is among what its rules find.
    pub(super) fn load(&self) -> Result<Inventory, Stop> {
        if !self.are_named() {
            let message = "name an inventory, such as pigsty.yml, or try infra-verify demo; --help tells more";
            return Err(Stop { code: ExitCode::Usage, message: message.to_owned() });
        }
        let sources = [&self.listed[..], &self.named].concat();
        let playbooks = Some(self.playbook_dir.components().skip_while(|part| *part == Component::CurDir).collect());
        let reading = Reading { extra: self.extra.clone(), playbooks, vault: self.passwords.vault()? };
        Ok(Inventory::load(&sources, &reading)?)
    }

    /// The same for a verb that shows no rules: it says on stderr what Ansible would warn of.
    pub(super) fn read(&self) -> Result<Inventory, Stop> {
        let inventory = self.load()?;
        for warning in inventory.warnings() {
            complain(&format!("warning: {}: {}", warning.place, warning.message));
        }
        Ok(inventory)
    }

    /// The same, where a verb can do without.
    pub(super) fn read_if_named(&self) -> Result<Option<Inventory>, Stop> {
        if self.are_named() { self.read().map(Some) } else { Ok(None) }
    }
}
