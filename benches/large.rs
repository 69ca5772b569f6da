//! How long a large inventory takes to be read and planned, and how much memory: `cargo bench --bench large`.
//!
//! Ten thousand hosts in fifty groups, each host with two hundred effective variables: twenty of its own and the rest of its
//! groups, as people write them, or all two hundred of its own, which is two million values. Where `ansible-inventory` is
//! installed, the time in which it lists the first one stands beside.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement prints, and ends where it cannot measure")]

use std::fmt::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};

const HOSTS: usize = 10_000;
const GROUPS: usize = 50;
const VARIABLES: usize = 200;

/// The word with which this program measures one command, in a process of its own.
const MEASURE: &str = "measure";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [word, command @ ..] if word == MEASURE => measure(command),
        _ => compare(),
    }
}

fn compare() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_infra-verify");
    for (name, own) in [("20 own variables", 20), ("200 own variables", VARIABLES)] {
        let file = folder.path().join("pigsty.yml");
        std::fs::write(&file, inventory(own)).unwrap();
        let file = file.to_str().unwrap();
        report(&format!("{name}: read and planned"), &[program, "plan", file]);
        if own < VARIABLES {
            report(&format!("{name}: ansible-inventory"), &["ansible-inventory", "-i", file, "--list"]);
        }
    }
}

fn report(name: &str, command: &[&str]) {
    let output = Command::new(std::env::current_exe().unwrap()).arg(MEASURE).args(command).output().unwrap();
    println!("{name:40} {}", String::from_utf8_lossy(&output.stdout).trim());
}

/// Runs a command, and says how long it took and how much memory it needed at most.
fn measure(command: &[String]) {
    let begin = Instant::now();
    let status = Command::new(&command[0]).args(&command[1..]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let Ok(status) = status else { return println!("is not installed") };
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    println!("{:6.2} s {:6} MB, {status}", begin.elapsed().as_secs_f64(), usage.max_rss() / 1024);
}

/// The same inventory in every run.
fn inventory(own: usize) -> String {
    let mut text = String::from("all:\n  vars:\n    admin_ip: 10.0.0.1\n");
    let shared = VARIABLES - own;
    variables(&mut text, 4, "all", 0, shared / 3);
    text.push_str("  children:\n    infra:\n      hosts:\n");
    for seq in 1..=3 {
        let _ = writeln!(text, "        10.0.0.{seq}: {{ infra_seq: {seq} }}");
    }
    for group in 0..GROUPS {
        let _ = writeln!(text, "    pg_{group}:\n      vars: {{}}");
        if shared > 0 {
            text.truncate(text.len() - " {}\n".len());
            text.push('\n');
            variables(&mut text, 8, "group", group, shared - shared / 3);
        }
        text.push_str("      hosts:\n");
        for host in (group..HOSTS).step_by(GROUPS) {
            let _ = writeln!(text, "        10.1.{}.{}:", host / 250, host % 250);
            variables(&mut text, 10, "var", host, own);
        }
    }
    text
}

/// Numbers, addresses, booleans, paths and words.
fn variables(text: &mut String, indent: usize, prefix: &str, seed: usize, count: usize) {
    for index in 0..count {
        let value = match index % 5 {
            0 => format!("{}", seed * 7 + index),
            1 => format!("'10.{}.{index}.1'", seed % 250),
            2 => "true".to_owned(),
            3 => format!("/data/volume-{index}/node-{seed}"),
            _ => format!("pool-{}", index % 9),
        };
        let _ = writeln!(text, "{:indent$}{prefix}_{index}: {value}", "");
    }
}
