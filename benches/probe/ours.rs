//! Our own probes, in a process of their own, so that its time and memory are theirs alone.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use infra_verify::module::Modules;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use tokio::task::JoinSet;

use super::{Figures, PROBES, TIME};

/// The word with which this program measures.
pub const WORD: &str = "ours";

/// Measures in another process.
pub fn run(modules: &Path, module: &str, target: &str, at_once: usize) -> Figures {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.arg(WORD).arg(modules).args([module, target, &at_once.to_string()]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().map(|number| number.parse::<u64>().unwrap());
    let mut next = || numbers.next().unwrap();
    let (probes, failed) = (next().try_into().unwrap(), next().try_into().unwrap());
    let (took, worked) = (Duration::from_micros(next()), Duration::from_micros(next()));
    Figures { probes, failed, took, worked, kilobytes: next() }
}

/// Measures in this process.
pub fn measure(modules: &str, module: &str, target: &str, at_once: usize) {
    let modules = Modules::read(Path::new(modules)).unwrap();
    let module = Arc::new(modules.get(module).unwrap().clone());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (probes, failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (before, begun) = (spent(), Instant::now());
    runtime.block_on(async {
        let mut workers = JoinSet::new();
        for _ in 0..at_once {
            let (module, target) = (Arc::clone(&module), target.to_owned());
            let (probes, failed) = (Arc::clone(&probes), Arc::clone(&failed));
            workers.spawn(async move {
                while begun.elapsed() < TIME && probes.fetch_add(1, Ordering::Relaxed) < PROBES {
                    let failure = module.probe(&target, None, Duration::from_secs(5)).await.failure;
                    failed.fetch_add(usize::from(failure.is_some()), Ordering::Relaxed);
                }
            });
        }
        workers.join_all().await;
    });
    let (took, spent) = (begun.elapsed(), spent().saturating_sub(before));
    let probes = probes.load(Ordering::Relaxed).min(PROBES);
    let kilobytes = getrusage(UsageWho::RUSAGE_SELF).unwrap().max_rss();
    println!("{probes} {} {} {} {kilobytes}", failed.load(Ordering::Relaxed), took.as_micros(), spent.as_micros());
}

/// The user and system time of this process.
fn spent() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    let time = |value: TimeVal| {
        let micros = value.tv_sec() * 1_000_000 + value.tv_usec();
        Duration::from_micros(micros.try_into().unwrap())
    };
    time(usage.user_time()) + time(usage.system_time())
}
