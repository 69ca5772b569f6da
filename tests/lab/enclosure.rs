//! A world of its own for the lab: network, mounts, host name and processes that nothing outside sees and that end
//! with the test program, however it ends.

use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Where the lab keeps its files: a memory file system that only the enclosure sees.
pub const HOME: &str = "/mnt";

/// Why the lab cannot run here.
pub fn obstacle() -> Option<String> {
    if !running_as_root() {
        return Some("not root".into());
    }
    if let Some(tool) = ["unshare", "nsenter", "setpriv", "ip", "mount"].into_iter().find(|tool| !on_path(tool)) {
        return Some(format!("no {tool} on PATH"));
    }
    let missing = super::component::missing(&cache());
    if let [first, more @ ..] = missing.as_slice() {
        return Some(format!("{first} and {} more not installed, see tests/lab/install", more.len()));
    }
    let bridge = "ip link add lab type bridge; ip link add one type veth peer name other";
    let attempt =
        succeed(Command::new("unshare").args(["--net", "--mount", "--uts", "--pid", "--fork", "sh", "-euc", bridge]));
    attempt.err().map(|error| format!("no namespaces here: {error:#}"))
}

/// Whether this process is the first of the enclosure.
pub fn inside() -> bool {
    std::process::id() == 1
}

/// Runs this program again inside the enclosure. The kernel kills the enclosure when this process dies.
pub fn enter() -> Result<ExitCode> {
    let status = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "unshare", "--net", "--mount", "--uts", "--pid", "--fork"])
        .args(["--kill-child", "--mount-proc", "--propagation", "private", "--"])
        .arg(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .status()
        .context("unshare")?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)))
}

/// The folder that `tests/lab/install` fills.
pub fn cache() -> PathBuf {
    let home = || Path::new(&std::env::var("HOME").unwrap_or_else(|_| "/root".into())).join(".cache/infra-verify/lab");
    std::env::var("INFRA_VERIFY_LAB_CACHE").map_or_else(|_| home(), PathBuf::from)
}

/// Where cargo put the program under test.
pub fn program_folder() -> String {
    Path::new(env!("CARGO_BIN_EXE_infra-verify"))
        .parent()
        .map(|folder| folder.display().to_string())
        .unwrap_or_default()
}

/// Runs a shell script that must succeed.
pub fn sh(script: &str) -> Result<()> {
    succeed(Command::new("sh").args(["-euc", script]))
}

/// Runs a command that must succeed; its error output is the message when it does not.
pub fn succeed(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

fn running_as_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"))
}

fn on_path(program: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(program).is_file())
}
