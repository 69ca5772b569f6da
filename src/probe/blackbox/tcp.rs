//! The tcp prober.

use super::{Failed, Metrics, Task, TcpModule};

pub(super) async fn probe(module: &TcpModule, task: Task<'_>, metrics: &mut Metrics) -> Result<(), Failed> {
    let _ = (module, task, metrics);
    Err(Failed::local("not built yet"))
}
