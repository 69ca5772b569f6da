//! The icmp prober.

use super::{Failed, IcmpModule, Metrics, Task};

pub(super) async fn probe(module: &IcmpModule, task: Task<'_>, metrics: &mut Metrics) -> Result<(), Failed> {
    let _ = (module, task, metrics);
    Err(Failed::local("not built yet"))
}
