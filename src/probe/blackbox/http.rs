//! The http prober.

use super::{Failed, HttpModule, Metrics, Task};

pub(super) async fn probe(module: &HttpModule, task: Task<'_>, metrics: &mut Metrics) -> Result<(), Failed> {
    let _ = (module, task, metrics);
    Err(Failed::local("not built yet"))
}
