//! Ships logs in the place of Vector, which no reachable registry carries: the lines of Nginx's access logs and one of
//! the system's now and then, to every node's VictoriaLogs, with the stream fields that Pigsty's Vector gives them.

use super::head;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

/// How often it looks for new lines.
const PAUSE: Duration = Duration::from_millis(500);

/// How many looks apart the lines of the system are.
const SELDOM: usize = 4;

/// How much it keeps for a receiver that does not take it.
const KEPT: usize = 1 << 20;

/// Ships until it is killed.
pub(super) fn ship(ip: &str, seq: &str, receivers: &str) -> Result<()> {
    let folder = Path::new(&std::env::var(super::ROOT)?).join("var/log/nginx");
    let mut receivers = receivers.split(',').filter_map(Receiver::new).collect::<Vec<_>>();
    let mut read = BTreeMap::new();
    for look in 0.. {
        let access = access(&folder, &mut read)?.iter().map(|line| nginx(ip, seq, line)).collect::<String>();
        let system = if look % SELDOM == 0 { system(ip, seq) } else { String::new() };
        for receiver in &mut receivers {
            receiver.take("nginx", &access);
            receiver.take("syslog", &system);
            receiver.ship();
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

/// A VictoriaLogs, written `ip:port/jobs`.
struct Receiver<'a> {
    address: &'a str,
    /// The one job whose lines it is sent; empty for all.
    only: &'a str,
    waiting: String,
}

impl<'a> Receiver<'a> {
    fn new(text: &'a str) -> Option<Self> {
        let (address, only) = text.split_once('/')?;
        Some(Self { address, only, waiting: String::new() })
    }

    fn take(&mut self, job: &str, lines: &str) {
        if self.waiting.len() < KEPT && (self.only.is_empty() || self.only == job) {
            self.waiting.push_str(lines);
        }
    }

    fn ship(&mut self) {
        if !self.waiting.is_empty() && post(self.address, &self.waiting).is_ok() {
            self.waiting.clear();
        }
    }
}

/// The whole lines that came to the access logs since the last look.
fn access(folder: &Path, read: &mut BTreeMap<PathBuf, usize>) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name == "error.log") {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let begin = read.entry(path).or_insert(0);
        let end = text.rfind('\n').map_or(0, |end| end + 1);
        lines.extend(text.get(*begin..end).unwrap_or_default().lines().map(str::to_owned));
        *begin = end;
    }
    Ok(lines)
}

/// A line in the combined format as the fields that Pigsty makes of it.
fn nginx(ip: &str, seq: &str, line: &str) -> String {
    let quoted = line.split('"').collect::<Vec<_>>();
    let status = quoted.get(2).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    let size = quoted.get(2).and_then(|rest| rest.split_whitespace().nth(1)).unwrap_or_default();
    let record = json!({
        "_time": now(), "job": "nginx", "ins": format!("nginx-{seq}"), "ip": ip, "cls": "nginx", "level": "info",
        "message": line, "client": line.split(' ').next(), "request": quoted.get(1), "status": status, "size": size,
        "referer": quoted.get(3), "agent": quoted.get(5),
    });
    format!("{record}\n")
}

fn system(ip: &str, seq: &str) -> String {
    let record = json!({
        "_time": now(), "job": "syslog", "ins": format!("infra-{seq}"), "ip": ip, "cls": "nodes", "level": "info",
        "message": "systemd[1]: Started session of the lab",
    });
    format!("{record}\n")
}

fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

fn post(address: &str, lines: &str) -> Result<()> {
    let mut stream = TcpStream::connect_timeout(&address.parse()?, PAUSE)?;
    stream.set_write_timeout(Some(PAUSE))?;
    write!(
        stream,
        "POST /insert/jsonline HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\nConnection: close\r\n\
         VL-Stream-Fields: job,ins,ip\r\nVL-Msg-Field: message\r\nVL-Time-Field: _time\r\n\r\n{lines}",
        lines.len()
    )?;
    ensure!(head(&mut stream)?.starts_with("HTTP/1.1 200"), "{address} does not take it");
    Ok(())
}
