//! The passwords of `ansible-vault` that the command line and Ansible's environment variables name.

use clap::Args;

use super::Stop;
use crate::inventory::password;
use crate::inventory::vault::Vault;
use crate::report::ExitCode;

/// Where the options stand in the help.
const HEADING: &str =
    "Vault (ANSIBLE_VAULT_PASSWORD_FILE and ANSIBLE_VAULT_IDENTITY_LIST count; ansible.cfg is not read)";

#[derive(Debug, Args)]
pub(super) struct Passwords {
    /// File with the password of what ansible-vault has locked, or a program that prints it; may be repeated
    #[arg(long, value_name = "FILE", alias = "vault-pass-file", help_heading = HEADING)]
    vault_password_file: Vec<String>,
    /// The same for a vault id, ID@FILE, or ID@prompt to be asked for it; may be repeated
    #[arg(long, value_name = "[ID@]SOURCE", help_heading = HEADING)]
    vault_id: Vec<String>,
}

impl Passwords {
    /// The passwords in Ansible's order: the identities of the environment, those named, the files named, and its file.
    pub(super) fn vault(&self) -> Result<Vault, Stop> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let identities = variable("ANSIBLE_VAULT_IDENTITY_LIST").unwrap_or_default();
        let identities =
            identities.split(',').map(|source| source.trim().to_owned()).filter(|source| !source.is_empty());
        let files = self.vault_password_file.iter().cloned().chain(variable("ANSIBLE_VAULT_PASSWORD_FILE"));
        let files = files.map(|file| format!("{}@{file}", Vault::DEFAULT));
        let mut vault = Vault::default();
        for source in identities.chain(self.vault_id.iter().cloned()).chain(files) {
            password::add(&mut vault, &source, ask).map_err(|message| Stop { code: ExitCode::Usage, message })?;
        }
        Ok(vault)
    }
}

/// Asks whoever sits at the terminal, without showing what is typed.
fn ask(id: &str) -> Result<String, String> {
    let terminal = console::Term::stderr();
    if !terminal.features().is_attended() {
        return Err(format!("prompt: there is no terminal to ask for the password of vault id {id}; name a file"));
    }
    let asked = terminal.write_str(&format!("Vault password ({id}): ")).and_then(|()| terminal.read_secure_line());
    asked.map_err(|error| format!("prompt: the password of vault id {id} cannot be read: {error}"))
}
