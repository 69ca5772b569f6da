//! Executables that print an inventory as JSON when they are called with `--list`, such as Pigsty's `inventory.sh`.
//!
//! They are the user's own code and run as Ansible runs them: where the program runs, with its environment, but without
//! its standard input. One that prints no `_meta` is asked for every host with `--host`. What takes too long, prints too
//! much or fails is ended with all its children, and its last words are told.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::builder::Builder;
use super::source::BYTES;
use super::{InventoryError, json, listing};

/// How long one call may take: a query of a remote database takes seconds, and who waits for more has been forgotten.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How many hosts are asked for one by one: more would take minutes, and a script of today prints `_meta`.
const HOSTS: usize = 1000;

/// How much of the standard error is kept, in bytes: its last line is shown.
const ERRORS: u64 = 64 * 1024;

/// Whether Ansible would run the file: one that may be executed and is a program, not a text with a needless mode.
pub(super) fn is_script(path: &Path) -> bool {
    let executable = path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    let mut start = [0; 4];
    executable
        && std::fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok())
        && (start.starts_with(b"#!") || start == *b"\x7fELF")
}

/// Runs the executable and reads what it prints.
pub(super) fn read(builder: &mut Builder, path: &Path, name: &str) -> Result<(), InventoryError> {
    let document = ask(builder, path, name, &["--list"], TIMEOUT)?;
    let Some(hosts) = listing::read(builder, &document)? else { return Ok(()) };
    if hosts.len() > HOSTS {
        let reason = format!("it lists {} hosts without their variables; let it print _meta.hostvars", hosts.len());
        return Err(unreadable(name, reason));
    }
    for (host, index) in hosts {
        let document = ask(builder, path, name, &["--host", &host], TIMEOUT)?;
        listing::host_vars(builder, index, &host, &document.root)?;
    }
    Ok(())
}

/// What one call prints, which is JSON or, for a host without variables, nothing.
fn ask(
    builder: &mut Builder,
    path: &Path,
    name: &str,
    words: &[&str],
    timeout: Duration,
) -> Result<super::yaml::Document, InventoryError> {
    let name = format!("{name} {}", words.join(" "));
    let text = output(path, words, timeout).map_err(|reason| unreadable(&name, reason))?;
    let text = if text.trim().is_empty() && words.len() > 1 { "{}".to_owned() } else { text };
    builder.text(&name, &text);
    Ok(json::read(&name, &text)?)
}

enum Event {
    Output(Vec<u8>),
    Errors(Vec<u8>),
    Exit(std::io::Result<ExitStatus>),
}

/// The standard output of one call.
pub(super) fn output(path: &Path, words: &[&str], timeout: Duration) -> Result<String, String> {
    let path = std::path::absolute(path).map_err(|error| error.to_string())?;
    let mut command = Command::new(path);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let child = command.spawn().map_err(|error| format!("it cannot be run: {error}"))?;
    let group = i32::try_from(child.id()).map(Pid::from_raw).ok();
    let told = listen(child, Instant::now() + timeout);
    // Nothing of it outlives its answer; that there is nothing left is as good.
    let _ = group.map(|group| killpg(group, Signal::SIGKILL));
    let (output, errors, status) = told.ok_or_else(|| format!("it does not end within {} s", timeout.as_secs()))?;
    if output.len() as u64 > BYTES {
        return Err(format!("it prints more than {} MiB, too much for an inventory", BYTES >> 20));
    }
    let errors = String::from_utf8_lossy(&errors);
    let last = errors.lines().rfind(|line| !line.trim().is_empty()).map(|line| format!(": {}", line.trim()));
    let last = last.unwrap_or_default();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("it fails with {status}{last}")),
        Err(error) => return Err(error.to_string()),
    }
    String::from_utf8(output).map_err(|_| "what it prints is not UTF-8 text".to_owned())
}

/// Collects what a child prints and how it ends; nothing if that takes too long.
fn listen(mut child: Child, deadline: Instant) -> Option<(Vec<u8>, Vec<u8>, std::io::Result<ExitStatus>)> {
    let (events, heard) = mpsc::channel();
    forward(child.stdout.take()?, BYTES + 1, Event::Output, events.clone());
    forward(child.stderr.take()?, ERRORS, Event::Errors, events.clone());
    thread::spawn(move || events.send(Event::Exit(child.wait())));
    let (mut output, mut errors, mut status) = (None, None, None);
    while output.is_none() || errors.is_none() || status.is_none() {
        match heard.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()? {
            Event::Output(bytes) => output = Some(bytes),
            Event::Errors(bytes) => errors = Some(bytes),
            Event::Exit(how) => status = Some(how),
        }
    }
    Some((output?, errors?, status?))
}

/// Reads a pipe to its end or to the limit; what comes behind the limit is not waited for.
fn forward(
    pipe: impl Read + Send + 'static,
    limit: u64,
    event: impl FnOnce(Vec<u8>) -> Event + Send + 'static,
    events: Sender<Event>,
) {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A pipe that breaks has said all it will.
        let _ = pipe.take(limit).read_to_end(&mut bytes);
        events.send(event(bytes))
    });
}

fn unreadable(name: &str, reason: String) -> InventoryError {
    InventoryError::Unreadable { name: name.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use serde_json::json;

    use super::*;
    use crate::inventory::Inventory;

    /// A process that is being started holds every file that another test is writing, and such a file cannot be run.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    struct Script {
        folder: tempfile::TempDir,
        path: PathBuf,
        _turn: MutexGuard<'static, ()>,
    }

    fn script(text: &str) -> Script {
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.sh");
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Script { folder, path, _turn: turn }
    }

    fn fault(text: &str) -> String {
        Inventory::read(&script(text).path).unwrap_err().to_string()
    }

    #[test]
    fn a_script_is_called_with_list() {
        let script = script(
            r#"echo '{"infra": {"hosts": ["h"]}, "_meta": {"hostvars":'; echo "{\"h\": {\"called\": \"$*\"}}}}""#,
        );
        let inventory = Inventory::read(&script.path).unwrap();
        let vars = inventory.vars("h");
        assert_eq!(vars.get("called"), Some(&json!("--list")));
        let place = vars.variable("called").unwrap().place.clone().unwrap();
        assert!(place.to_string().ends_with("list.sh --list:2"), "{place}");
        assert_eq!(inventory.line(&place), Some(r#"{"h": {"called": "--list"}}}}"#));
    }

    #[test]
    fn a_script_without_meta_is_asked_for_every_host() {
        let text =
            r#"case $1 in --list) echo '{"infra": ["h", "i"]}';; *) [ $2 = i ] || echo "{\"name\": \"$2\"}"; esac"#;
        let inventory = Inventory::read(&script(text).path).unwrap();
        assert_eq!(inventory.vars("h").get("name"), Some(&json!("h")));
        assert_eq!(inventory.vars("i").get("name"), None);
    }

    #[test]
    fn a_script_that_fails_is_quoted_with_its_last_words() {
        let shown = fault("echo first >&2; echo no database >&2; exit 3");
        assert!(shown.ends_with("list.sh --list: it fails with exit status: 3: no database"), "{shown}");
        let shown = fault("echo '{\"infra\": oops}'");
        assert!(shown.ends_with("list.sh --list:1:11: this is not JSON: expected value"), "{shown}");
        assert!(fault("echo '[]'").ends_with("list.sh --list:1: a listing is a mapping of groups, and this is a list"));
        assert!(fault("printf '\\377'").ends_with("what it prints is not UTF-8 text"));
    }

    #[test]
    fn a_script_that_prints_without_end_is_ended() {
        assert!(fault("yes").ends_with("list.sh --list: it prints more than 64 MiB, too much for an inventory"));
    }

    #[test]
    fn a_script_that_hangs_is_ended_with_its_children() {
        let Script { folder, path, _turn } = script("sleep 1000 & echo $! >$(dirname $0)/pid; exec sleep 1000");
        let told = output(&path, &["--list"], Duration::from_secs(1)).unwrap_err();
        assert_eq!(told, "it does not end within 1 s");
        let pid = fs::read_to_string(folder.path().join("pid")).unwrap();
        let gone = || match fs::read_to_string(format!("/proc/{}/stat", pid.trim())) {
            Ok(state) => state.contains(") Z "),
            Err(_) => true,
        };
        let deadline = Instant::now() + TIMEOUT;
        while !gone() {
            assert!(Instant::now() < deadline, "the child is still there");
            thread::yield_now();
        }
    }

    #[test]
    fn a_text_with_a_needless_mode_is_not_run() {
        let Script { path, .. } = &script("");
        fs::write(path, "infra: {hosts: {h: }}\n").unwrap();
        assert!(!is_script(path));
        fs::write(path, "#!/bin/sh\n").unwrap();
        assert!(is_script(path));
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(!is_script(path));
    }
}
