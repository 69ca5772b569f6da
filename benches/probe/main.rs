//! How many probes a second, and at what cost, beside the real blackbox_exporter: `cargo bench --bench probe`.
//!
//! Both ask the same servers on the loopback by the same modules, 1, 16, 64 and 256 at once: we in a process of our own, the
//! exporter through `/probe` over connections that are kept. What is counted is the user and system time of the program that
//! probes, and its memory at most; neither the servers nor the client of the exporter count. Without an exporter
//! (`tests/lab/install`) we are alone.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement prints, and ends where it cannot measure")]
#![expect(unreachable_pub, reason = "the modules of a program are its own")]

mod exporter;
mod ours;
mod server;

use std::fmt;
use std::time::Duration;

use self::exporter::Exporter;
use self::server::Servers;

/// How many are asked at once.
const AT_ONCE: [usize; 4] = [1, 16, 64, 256];
/// A measurement ends after so many probes, which leaves the loopback ports to connect from,
const PROBES: usize = 4000;
/// or after this time.
const TIME: Duration = Duration::from_secs(3);

/// The modules, as both read them.
const MODULES: &str = "\
modules:
  http: { prober: http, http: { preferred_ip_protocol: ip4 } }
  tcp: { prober: tcp, tcp: { preferred_ip_protocol: ip4 } }
  icmp: { prober: icmp, icmp: { preferred_ip_protocol: ip4 } }
  dns: { prober: dns, dns: { preferred_ip_protocol: ip4, query_name: example.com, query_type: A } }
";

/// What a measurement came to.
struct Figures {
    probes: usize,
    failed: usize,
    took: Duration,
    /// User and system time.
    worked: Duration,
    kilobytes: u64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { probes, failed, took, worked, kilobytes } = self;
        let count = u32::try_from(*probes).unwrap();
        let rate = f64::from(count) / took.as_secs_f64();
        let each = worked.checked_div(count).unwrap_or_default().as_micros();
        write!(f, "{rate:7.0}/s {each:6} µs {:5} MB", kilobytes / 1024)?;
        if *failed > 0 { write!(f, " ({failed} of {probes} FAILED)") } else { Ok(()) }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [server::WORD] => server::serve(),
        [ours::WORD, modules, module, target, at_once] => {
            ours::measure(modules, module, target, at_once.parse().unwrap());
        }
        _ => compare(),
    }
}

fn compare() {
    let folder = tempfile::tempdir().unwrap();
    let modules = folder.path().join("modules.yml");
    std::fs::write(&modules, MODULES).unwrap();
    let servers = Servers::start();
    let exporter = Exporter::start(&modules);
    if cfg!(debug_assertions) {
        println!("this program is not optimised; `cargo bench --bench probe` makes it so");
    }
    println!(
        "{:6} {:>7}   {:28}   {}",
        "probe",
        "at once",
        "ours",
        exporter.as_ref().map_or("no exporter", Exporter::version)
    );
    for (module, target) in servers.targets() {
        for at_once in AT_ONCE {
            let ours = ours::run(&modules, module, &target, at_once).to_string();
            let theirs = exporter.as_ref().map(|exporter| exporter.run(module, &target, at_once).to_string());
            println!("{module:6} {at_once:7}   {ours:28}   {}", theirs.unwrap_or_default());
        }
    }
}
