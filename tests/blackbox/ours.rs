//! What we say to a row.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use infra_verify::module::Modules;
use infra_verify::probe::blackbox::Module;
use tokio::runtime::Builder;

use super::exposition::Exposition;
use super::row::{Row, Verdict};

/// How much longer than its timeout a probe may take.
const LEEWAY: Duration = Duration::from_millis(50);

/// How often a row is asked before it counts as late: this machine may have been busy.
const ATTEMPTS: usize = 3;

/// What we say.
pub(crate) struct Ours {
    pub(crate) verdict: Verdict,
    pub(crate) reason: Option<String>,
    pub(crate) local: bool,
    pub(crate) metrics: Exposition,
    pub(crate) took: Duration,
    pub(crate) late: bool,
}

/// Reads the file of a row, and probes as its module says.
pub(crate) fn ask(row: &Row, config: &Path) -> Result<Ours> {
    let modules = match Modules::read(config) {
        Ok(modules) => modules,
        Err(why) if row.loads.is_some() => return Ok(Ours::unasked(Verdict::No, Some(why.to_string()))),
        Err(why) => return Ok(Ours::unasked(Verdict::Refused, Some(why.to_string()))),
    };
    if row.is_file() {
        return Ok(Ours::unasked(Verdict::Yes, None));
    }
    let module = match modules.get(&row.case) {
        Ok(module) => module,
        Err(why) => return Ok(Ours::unasked(Verdict::Refused, Some(why.to_string()))),
    };
    if let Some(why) = row.hostname.as_deref().and_then(|name| module.contradicts(name)) {
        return Ok(Ours::unasked(Verdict::Refused, Some(why)));
    }
    if row.loads.is_some() {
        return Ok(Ours::unasked(Verdict::Yes, None));
    }
    let mut ours = probe(row, module)?;
    for _ in 1..ATTEMPTS {
        if ours.late {
            ours = probe(row, module)?;
        }
    }
    Ok(ours)
}

fn probe(row: &Row, module: &Module) -> Result<Ours> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let probed = runtime.block_on(module.probe(&row.target, row.hostname.as_deref(), row.timeout()));
    Ok(Ours {
        verdict: if probed.failure.is_none() { Verdict::Yes } else { Verdict::No },
        local: probed.failure.as_ref().is_some_and(|failed| failed.local),
        reason: probed.failure.map(|failed| failed.reason),
        metrics: Exposition::read(&probed.metrics.to_string()),
        took: probed.took,
        late: probed.took > row.timeout() + LEEWAY,
    })
}

impl Ours {
    fn unasked(verdict: Verdict, reason: Option<String>) -> Self {
        Self { verdict, reason, local: false, metrics: Exposition::default(), took: Duration::ZERO, late: false }
    }
}
