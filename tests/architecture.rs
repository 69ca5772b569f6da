//! The ladder of imports, and who may open sockets, print and exit: read from the source, so that they stay true.

#![expect(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::fs;
use std::path::{Path, PathBuf};

/// Every module in the order of the ladder: one may import only what stands before it.
const LADDER: [&str; 14] = [
    "value",
    "probe",
    "expect",
    "check",
    "inventory",
    "pigsty",
    "lint",
    "module",
    "suite",
    "plan",
    "run",
    "report",
    "sim",
    "cli",
];

/// Every source file with the module of the ladder that it belongs to, and its text without its tests.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let first = path.strip_prefix(&root).unwrap().components().next().unwrap();
                let module = first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
                let text = fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
                if !path.ends_with("tests.rs") {
                    found.push((module, path, text));
                }
            }
        }
    }
    assert!(found.len() > LADDER.len(), "no sources found under {}", root.display());
    found
}

fn step(module: &str) -> Option<usize> {
    LADDER.iter().position(|name| *name == module)
}

/// The modules that a text names after `crate::`.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1)).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

#[test]
fn imports_follow_the_ladder() {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        let Some(own) = step(&module) else { continue };
        for name in imports(&text) {
            match step(name) {
                Some(other) if other <= own => {}
                Some(_) => wrong.push(format!("{}: {module} imports {name}", path.display())),
                None => wrong.push(format!("{}: crate::{name} is no module of the ladder", path.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_ladder_is_complete() {
    for (module, path, _) in sources() {
        assert!(step(&module).is_some() || ["lib", "main"].contains(&module.as_str()), "{}", path.display());
    }
}

#[test]
fn the_simulator_knows_no_suite_and_no_plan() {
    for (module, path, text) in sources() {
        if module == "sim" {
            for name in imports(&text) {
                assert!(!["suite", "plan", "run", "report"].contains(&name), "{} imports {name}", path.display());
            }
        }
    }
}

#[test]
fn only_probes_and_the_simulator_open_sockets() {
    let words = ["std::net::Tcp", "std::net::Udp", "tokio::net", "socket2::", "reqwest::", "nix::sys::socket"];
    none_but(&["probe", "sim"], &words);
}

#[test]
fn only_the_runner_and_the_simulator_spawn_tasks() {
    none_but(&["run", "sim"], &["tokio::spawn", "JoinSet", "task::spawn"]);
}

#[test]
fn only_reports_and_the_command_line_print() {
    none_but(&["report", "cli"], &["println!", "print!", "eprintln!", "stdout()", "stderr()"]);
}

#[test]
fn nothing_exits_but_main() {
    none_but(&["main"], &["process::exit"]);
}

fn none_but(modules: &[&str], words: &[&str]) {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        if modules.contains(&module.as_str()) {
            continue;
        }
        for word in words.iter().filter(|word| text.contains(**word)) {
            wrong.push(format!("{}: {word}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_under_400_lines() {
    for (_, path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines < 400, "{} has {lines} lines: split it", path.display());
    }
}
