//! The dns prober.

use super::{DnsModule, Failed, Metrics, Task};

pub(super) async fn probe(module: &DnsModule, task: Task<'_>, metrics: &mut Metrics) -> Result<(), Failed> {
    let _ = (module, task, metrics);
    Err(Failed::local("not built yet"))
}
