//! What must be true of an echo in the network of a trial, asked of the suites' probe and of the modules' prober alike.

use std::fmt::Write;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use infra_verify::probe::blackbox::{IcmpModule, Module, Prober};
use infra_verify::probe::{Facts, Probe, ProbeError};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::responder::{self, Responder};

const PATIENT: Duration = Duration::from_secs(5);
/// How long is waited for what must not come.
const BRIEF: Duration = Duration::from_millis(400);
/// How many hosts are asked at once.
const MANY: usize = 5000;
/// In what time they must all have answered, in the slowest of builds on the busiest of machines.
const SOON: Duration = Duration::from_secs(8);

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

async fn suite(fields: Value, timeout: Duration) -> Result<Facts, ProbeError> {
    let fields = fields.as_object().cloned().unwrap_or_default();
    Probe::new("icmp", fields).map_err(ProbeError::Local)?.measure(timeout).await
}

/// The verdict of a module's probe, and its reason.
async fn module(icmp: IcmpModule, target: &str, timeout: Duration) -> Result<f64, String> {
    let probe = Module { name: "icmp".to_owned(), timeout: None, prober: Prober::Icmp(icmp) };
    let probed = probe.probe(target, None, timeout).await;
    match probed.failure {
        Some(failure) => Err(failure.reason),
        None => Ok(probed.metrics.get("probe_icmp_reply_hop_limit").unwrap_or(f64::NAN)),
    }
}

/// Asks every target at once by both, and says who did not answer.
async fn lost(targets: impl Iterator<Item = String>) -> Vec<String> {
    let mut probes = JoinSet::new();
    for (at, target) in targets.enumerate() {
        probes.spawn(async move {
            let said = if at % 2 == 0 {
                suite(json!({"ping": target}), PATIENT).await.map(drop).map_err(|error| error.to_string())
            } else {
                module(IcmpModule::default(), &target, PATIENT).await.map(drop)
            };
            said.err().map(|error| format!("{target}: {error}"))
        });
    }
    probes.join_all().await.into_iter().flatten().collect()
}

fn hosts(count: usize) -> impl Iterator<Item = String> {
    (1..=count).map(|number| format!("127.{}.{}.1", number / 256, number % 256))
}

pub fn many() -> Result<()> {
    runtime()?.block_on(async {
        let begun = Instant::now();
        let lost = lost(hosts(MANY)).await;
        let took = begun.elapsed();
        ensure!(lost.is_empty(), "{} of {MANY} were lost: {:?}", lost.len(), lost.first());
        ensure!(took < SOON, "{MANY} took {took:?}");
        Ok(())
    })
}

/// A program that ends with this one.
struct Noise(Child);

impl Noise {
    fn make(target: &str) -> Result<Self> {
        let mut command = Command::new("ping");
        command.args(["-f", "-q", target]).stdout(Stdio::null());
        Ok(Self(command.spawn().context("ping")?))
    }
}

impl Drop for Noise {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

pub fn flooded() -> Result<()> {
    let mut noises = ["127.0.1.1", "127.0.2.1", "::1"].map(Noise::make).into_iter().collect::<Result<Vec<_>>>()?;
    let lost = runtime()?.block_on(lost(hosts(2000)));
    for noise in &mut noises {
        ensure!(noise.0.try_wait()?.is_none(), "the flood ended early");
    }
    ensure!(lost.is_empty(), "{} were lost: {:?}", lost.len(), lost.first());
    Ok(())
}

pub fn forbidden() -> Result<()> {
    ensure!(!infra_verify::probe::icmp_permitted());
    runtime()?.block_on(async {
        let said = suite(json!({"ping": "127.0.0.1"}), PATIENT).await;
        let told = |reason: &str| reason.contains("ping_group_range") && reason.contains("cap_net_raw");
        ensure!(matches!(&said, Err(ProbeError::Local(reason)) if told(reason)), "{said:?}");
        for target in ["127.0.0.1", "::1"] {
            let said = module(IcmpModule::default(), target, PATIENT).await;
            ensure!(said.as_ref().is_err_and(|reason| told(reason)), "{said:?}");
        }
        Ok(())
    })
}

/// A target behind a router: its fields, and what is said of it; an empty text is a reply.
const ROUTED: &[(&str, u8, usize, bool, &str)] = &[
    ("10.0.1.2", 64, 56, false, ""),
    ("10.0.1.2", 2, 56, false, ""),
    ("10.0.1.2", 1, 56, false, "ttl exceeded, says 10.0.0.1"),
    ("10.0.0.1", 1, 56, false, ""),
    ("10.0.1.9", 64, 56, false, "host unreachable, says 10.0.0.1"),
    ("10.0.2.2", 64, 56, false, "host unreachable, says 10.0.0.1"),
    ("10.0.3.2", 64, 56, false, "forbidden by a packet filter, says 10.0.0.1"),
    ("10.0.4.2", 64, 56, false, "no echo reply from 10.0.4.2 within"),
    (
        "10.0.1.2",
        64,
        1400,
        true,
        "the packet is larger than the 1300 bytes that the path carries unfragmented, says 10.0.0.1",
    ),
    ("10.0.1.2", 64, 1473, true, "1473 bytes do not fit in one packet of this machine's own link to 10.0.1.2"),
    ("fd01::2", 64, 56, false, ""),
    ("fd01::2", 1, 56, false, "ttl exceeded, says fd00::1"),
    ("fd02::2", 64, 56, false, "network unreachable, says fd00::1"),
    ("fd03::2", 64, 56, false, "forbidden by a packet filter, says fd00::1"),
];

pub fn routed() -> Result<()> {
    let mut wrong = String::new();
    runtime()?.block_on(async {
        for &(target, ttl, payload_size, dont_fragment, said) in ROUTED {
            let timeout = if said.starts_with("no echo") { BRIEF } else { PATIENT };
            let fields =
                json!({"ping": target, "ttl": ttl, "payload_size": payload_size, "dont_fragment": dont_fragment});
            let suite = suite(fields, timeout).await.map(drop).map_err(|error| error.to_string());
            let icmp = IcmpModule { ttl, payload_size, dont_fragment, ..IcmpModule::default() };
            let module = module(icmp, target, timeout).await.map(drop);
            for (who, heard) in [("suite", suite), ("module", module)] {
                let heard = heard.err().unwrap_or_default();
                if !heard.starts_with(said) || heard.is_empty() != said.is_empty() {
                    let _ =
                        writeln!(wrong, "{target} (ttl {ttl}, {payload_size} bytes) by {who}: `{heard}`, not `{said}`");
                }
            }
        }
        // All at once: every word goes to the one whom it concerns.
        let mut crowd = JoinSet::new();
        for number in 0..400 {
            let &(target, ttl, payload_size, _, said) = &ROUTED[number % 4];
            let icmp = IcmpModule { ttl, payload_size, ..IcmpModule::default() };
            crowd.spawn(async move { (module(icmp, target, PATIENT).await.err().unwrap_or_default(), said) });
        }
        for (heard, said) in crowd.join_all().await.into_iter().filter(|(heard, said)| heard != said) {
            let _ = writeln!(wrong, "in a crowd: `{heard}`, not `{said}`");
        }
        unfragmented(&mut wrong).await;
    });
    ensure!(wrong.is_empty(), "{wrong}");
    Ok(())
}

/// A module that does not mind fragments lets the system find out what the path carries, as the exporter does.
async fn unfragmented(wrong: &mut String) {
    let icmp = || IcmpModule { payload_size: 1401, ..IcmpModule::default() };
    let first = module(icmp(), "10.0.1.3", PATIENT).await;
    let second = module(icmp(), "10.0.1.3", PATIENT).await;
    if !first.as_ref().is_err_and(|reason| reason.contains("1300 bytes")) || second.is_err() {
        let _ = writeln!(wrong, "a path that is narrower than the link: {first:?}, then {second:?}");
    }
}

pub fn answered() -> Result<()> {
    let _responder = Responder::start()?;
    let raw = raw_alone();
    let mut wrong = String::new();
    runtime()?.block_on(async {
        let mut crowd = JoinSet::new();
        for round in 0..20 {
            for &(host, manner, said) in responder::MANNERS {
                let (target, said) = (format!("127.{}.{round}.{host}", 1 + host), said.map(str::to_owned));
                if manner == responder::Manner::BadSum && !raw {
                    continue; // the kernel looks at it
                }
                crowd.spawn(async move {
                    let timeout = if said.is_some() { BRIEF } else { PATIENT };
                    let module = module(IcmpModule::default(), &target, timeout).await.map(drop);
                    (format!("{target} {manner:?}"), module.err(), said)
                });
            }
        }
        for (what, heard, said) in crowd.join_all().await {
            let right = match (&heard, &said) {
                (None, None) => true,
                (Some(heard), Some(said)) => heard.starts_with("no echo reply from ") && heard.ends_with(said.as_str()),
                _ => false,
            };
            if !right {
                let _ = writeln!(wrong, "{what}: {heard:?}, not {said:?}");
            }
        }
    });
    ensure!(wrong.is_empty(), "{wrong}");
    Ok(())
}

fn raw_alone() -> bool {
    std::fs::read_to_string("/proc/sys/net/ipv4/ping_group_range").is_ok_and(|range| range.starts_with('1'))
}

/// So many hosts of the network that nobody has, and so large a payload for each, that the packets, which wait for the
/// host's address, fill a socket.
const DEAD: usize = 400;
const HEAVY: usize = 40_000;

pub fn sparse() -> Result<()> {
    runtime()?.block_on(async {
        let asked = Arc::new(Semaphore::new(0));
        let mut dead = JoinSet::new();
        for number in 0..DEAD {
            let (target, asked) = (format!("10.0.{}.{}", 1 + number / 200, 1 + number % 200), Arc::clone(&asked));
            dead.spawn(async move {
                let mut probe = Box::pin(suite(json!({"ping": target, "payload_size": HEAVY}), Duration::from_secs(2)));
                // A request leaves when its probe is looked at for the first time.
                let early = tokio::select! {
                    biased;
                    said = &mut probe => Some(said),
                    () = std::future::ready(()) => None,
                };
                asked.add_permits(1);
                if let Some(said) = early { said } else { probe.await }
            });
        }
        let _all = asked.acquire_many(u32::try_from(DEAD)?).await?;
        let begun = Instant::now();
        let alive = suite(json!({"ping": "10.0.200.1"}), PATIENT).await;
        ensure!(alive.is_ok() && begun.elapsed() < Duration::from_secs(1), "{alive:?} after {:?}", begun.elapsed());
        let said: Vec<_> = dead.join_all().await.into_iter().filter_map(Result::err).collect();
        ensure!(said.len() == DEAD, "{} of {DEAD} are dead", said.len());
        let local = said.iter().find(|error| matches!(error, ProbeError::Local(_)));
        ensure!(local.is_none(), "{local:?}");
        Ok(())
    })
}
