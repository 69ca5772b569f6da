//! `infra-verify probe`: one probe by hand, by a module of blackbox_exporter, judged as that judges it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::verify::block_on;
use super::{Stop, complain, duration, print};
use crate::module::{ModuleError, Modules};
use crate::probe::blackbox::{Module, Probed};
use crate::report::{ExitCode, Options, probe};
use crate::value::Secrets;

/// How long a probe may take where neither the user nor its module says: a person does not wait two minutes.
const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 it passed, 1 it failed, 2 wrong option or modules file, 3 this machine could not ask."
)]
pub(super) struct Probe {
    /// What is asked: a URL, HOST:PORT, a host, or a DNS server, as its module has it
    target: String,
    /// The module that says what is asked and how it is judged
    #[arg(short, long, value_name = "NAME", default_value = "http_2xx")]
    module: String,
    /// A modules file of blackbox_exporter, in place of Pigsty's five modules
    #[arg(long, value_name = "FILE")]
    modules: Option<PathBuf>,
    /// How long it may take; a shorter timeout of the module holds [default: the module's, or 5s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// The name to ask for, in the Host header and in TLS, while the target is asked
    #[arg(long, value_name = "NAME")]
    hostname: Option<String>,
    /// Print the metrics that blackbox_exporter would export, and nothing else
    #[arg(long)]
    metrics: bool,
}

impl Probe {
    pub(super) fn run(&self) -> Result<ExitCode, Stop> {
        let modules = match &self.modules {
            Some(file) => Modules::read(file)?,
            None => Modules::pigsty()?,
        };
        let module = modules.get(&self.module)?;
        if self.target.is_empty() {
            return Err(usage("name what is to be asked: the target is empty".to_owned()));
        }
        let hostname = self.hostname.as_deref().filter(|name| !name.is_empty());
        if let Some(why) = hostname.and_then(|name| module.contradicts(name)) {
            return Err(usage(format!("--hostname {}: {why}", self.hostname.as_deref().unwrap_or_default())));
        }
        let timeout = self.timeout.or(module.timeout).unwrap_or(TIMEOUT);
        let probed = block_on(module.probe(&self.target, hostname, timeout))?;
        self.tell(module, &probed, &modules.secrets().with(password(&self.target)))?;
        Ok(match probed.failure {
            None => ExitCode::Ok,
            Some(failed) if failed.local => ExitCode::Error,
            Some(_) => ExitCode::Failed,
        })
    }

    fn tell(&self, module: &Module, probed: &Probed, secrets: &Secrets) -> Result<(), Stop> {
        if self.metrics {
            if let Some(failed) = &probed.failure {
                complain(&secrets.scrub(&failed.reason));
            }
            return print(&secrets.scrub(&probed.metrics.to_string()));
        }
        let mut text = Vec::new();
        let head = format!("{} at {}", module.name, self.target);
        let written = probe(&head, probed, secrets, &Options::of_stdout(), &mut text);
        written.map_err(|error| Stop { code: ExitCode::ReportNotWritten, message: error.to_string() })?;
        print(&String::from_utf8_lossy(&text))
    }
}

/// The password in a URL, if there is one.
fn password(target: &str) -> Option<&str> {
    let authority = target.split_once("://").map_or(target, |(_, rest)| rest).split('/').next()?;
    let (login, _) = authority.rsplit_once('@')?;
    login.split_once(':').map(|(_, password)| password)
}

fn usage(message: String) -> Stop {
    Stop { code: ExitCode::Usage, message }
}

impl From<ModuleError> for Stop {
    fn from(error: ModuleError) -> Self {
        usage(error.to_string())
    }
}
