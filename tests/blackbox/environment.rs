//! The environment of both sides: it names a proxy, which nobody may heed whose module does not say so.
//!
//! This program starts itself anew in it, as the variables of a running program are not to be changed; the first one
//! stays to be the proxy.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, ExitCode};
use std::thread;

use anyhow::{Context, Result};

/// What names the proxy.
const PROXIES: [&str; 2] = ["HTTP_PROXY", "HTTPS_PROXY"];

/// What else has a say in it.
const OTHERS: [&str; 7] =
    ["http_proxy", "https_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "REQUEST_METHOD"];

/// Tells the second start from the first.
const INSIDE: &str = "INFRA_VERIFY_BLACKBOX_INSIDE";

/// How the proxy answers whatever it is asked.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\nthe proxy of the environment here";

/// The variables of the proxy, for an exporter.
pub(crate) fn variables() -> impl Iterator<Item = (&'static str, String)> {
    PROXIES.into_iter().filter_map(|name| Some((name, std::env::var(name).ok()?)))
}

/// Starts this program again with a proxy in its environment, unless this is that start.
pub(crate) fn enter() -> Result<Option<ExitCode>> {
    if std::env::var_os(INSIDE).is_some() {
        return Ok(None);
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let proxy = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(answer(stream))));
    let mut command = Command::new(std::env::current_exe()?);
    command.args(std::env::args_os().skip(1)).env(INSIDE, "1").envs(PROXIES.map(|name| (name, &proxy)));
    for name in OTHERS {
        command.env_remove(name);
    }
    let status = command.status().context("this program again")?;
    Ok(Some(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1))))
}

/// Answers one request as soon as its head is there.
fn answer(stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    reader.into_inner().write_all(ANSWER)
}
