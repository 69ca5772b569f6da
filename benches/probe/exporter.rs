//! The real exporter, asked to probe as fast as it answers.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::{Figures, PROBES, TIME};

/// What it is to take for the time of a scrape: a lost echo must not hold the measurement up for two minutes.
const TIMEOUT: (&str, &str) = ("X-Prometheus-Scrape-Timeout-Seconds", "5.5");

/// A running exporter, which ends when it is dropped.
pub struct Exporter {
    child: Child,
    address: String,
    version: String,
}

impl Exporter {
    /// Starts it where it is installed.
    pub fn start(modules: &Path) -> Option<Self> {
        let home = || PathBuf::from(std::env::var("HOME").unwrap_or_else(|_| "/root".into()));
        let cache = std::env::var("INFRA_VERIFY_LAB_CACHE")
            .map_or_else(|_| home().join(".cache/infra-verify/lab"), PathBuf::from);
        let program = Some(cache.join("bin/blackbox_exporter")).filter(|path| path.is_file())?;
        let mut command = Command::new(program);
        command.arg("--config.file").arg(modules).args(["--web.listen-address=127.0.0.1:0", "--log.level=info"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut version = String::new();
        let address = lines.find_map(|line| {
            version = between(&line, "(version=", ",").unwrap_or(std::mem::take(&mut version));
            between(&line, "Listening on\" address=", " ")
        });
        std::thread::spawn(move || lines.for_each(drop)); // for it would stop when nobody reads what it says
        Some(Self { child, address: address.unwrap(), version: format!("blackbox_exporter {version}") })
    }

    pub fn version(&self) -> &str {
        &self.version
    }

    /// Measures one module.
    pub fn run(&self, module: &str, target: &str, at_once: usize) -> Figures {
        let path = format!("/probe?module={module}&target={target}");
        let (probes, failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap(); // memory at most, from now on
        let (before, begun) = (self.worked(), Instant::now());
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let mut workers = JoinSet::new();
            for _ in 0..at_once {
                let (address, path) = (self.address.clone(), path.clone());
                let (probes, failed) = (Arc::clone(&probes), Arc::clone(&failed));
                workers.spawn(async move {
                    let stream = TokioIo::new(TcpStream::connect(&address).await.unwrap());
                    let (mut sender, connection) = http1::handshake(stream).await.unwrap();
                    tokio::spawn(connection);
                    while begun.elapsed() < TIME && probes.fetch_add(1, Ordering::Relaxed) < PROBES {
                        let request = Request::get(&path)
                            .header("Host", &address)
                            .header(TIMEOUT.0, TIMEOUT.1)
                            .body(Empty::<Bytes>::new())
                            .unwrap();
                        sender.ready().await.unwrap();
                        let body = sender.send_request(request).await.unwrap().into_body().collect().await.unwrap();
                        let succeeded = body.to_bytes().windows(16).any(|text| text == b"\nprobe_success 1");
                        failed.fetch_add(usize::from(!succeeded), Ordering::Relaxed);
                    }
                });
            }
            workers.join_all().await;
        });
        let (took, worked) = (begun.elapsed(), self.worked().saturating_sub(before));
        let probes = probes.load(Ordering::Relaxed).min(PROBES);
        Figures { probes, failed: failed.load(Ordering::Relaxed), took, worked, kilobytes: self.kilobytes() }
    }

    /// The time that it has worked, which the kernel tells in hundredths of a second: proc(5).
    fn worked(&self) -> Duration {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, behind_name) = text.rsplit_once(')').unwrap();
        let ticks: u64 = behind_name.split_whitespace().skip(11).take(2).map(|part| part.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// Its memory at most.
    fn kilobytes(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        between(&text, "VmHWM:", "kB").unwrap().trim().parse().unwrap()
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn between(text: &str, before: &str, behind: &str) -> Option<String> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split(behind).next()?.to_owned())
}
