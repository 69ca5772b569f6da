//! The dns prober.

pub use self::name::{class_number, type_number};
use super::{DnsModule, Failed, Metrics, Task};

mod field;
mod kind;
mod message;
mod name;
mod option;
mod question;
mod rule;
mod service;
mod special;
mod text;
mod wire;

pub(super) async fn probe(module: &DnsModule, task: Task<'_>, metrics: &mut Metrics) -> Result<(), Failed> {
    let _ = (module, task, metrics);
    Err(Failed::local("not built yet"))
}
