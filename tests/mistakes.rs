//! Every mistake that a person can make in a file: the first line of each names what must be said about it.
//!
//! `mistakes/suite/*.yml` are suites, `mistakes/inventory/*.yml` inventories; each must be refused on one screen, with the
//! exit code that is documented, and never be planned. Those of `mistakes/unusable/*.yml` have a value that cannot be used:
//! what needs it is told, and the rest is planned.

#![expect(clippy::unwrap_used, reason = "a harness that cannot read its own files has nothing to say")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::{Arguments, Failed, Trial};

/// More lines than this do not fit on a screen.
const SCREEN: usize = 24;

fn main() {
    let mut trials = Vec::new();
    for file in files("suite") {
        trials.push(Trial::test(format!("suite {}", stem(&file)), move || suite(&file)));
    }
    for file in files("inventory") {
        trials.push(Trial::test(format!("inventory {}", stem(&file)), move || inventory(&file)));
    }
    for file in files("unusable") {
        trials.push(Trial::test(format!("unusable {}", stem(&file)), move || unusable(&file)));
    }
    assert!(trials.len() > 40, "the mistakes are missing");
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(kind: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("tests/mistakes").join(kind)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn stem(file: &Path) -> &str {
    file.file_stem().unwrap().to_str().unwrap()
}

fn first_line(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    text.lines().next().unwrap().trim_start_matches("# ").to_owned()
}

fn suite(file: &Path) -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    fs::copy(file, directory.path().join(file.file_name().unwrap()))?;
    let inventory = root().join("inventories/two.yml");
    let output = run(&["plan".as_ref(), inventory.as_ref(), "--suites".as_ref(), directory.path().as_ref()])?;
    refused(&output, 2, &first_line(file))
}

fn inventory(file: &Path) -> Result<(), Failed> {
    let line = first_line(file);
    let (code, message) =
        line.strip_prefix("exit ").and_then(|rest| rest.split_once(": ")).ok_or("write `# exit N: message`")?;
    refused(&run(&["plan".as_ref(), file.as_ref()])?, code.parse()?, message)
}

/// A value that cannot be used keeps from being asked what needs it, by name and place, and nothing else.
fn unusable(file: &Path) -> Result<(), Failed> {
    let output = run(&["plan".as_ref(), file.as_ref()])?;
    let planned = String::from_utf8_lossy(&output.stdout);
    let message = first_line(file);
    if output.status.code() != Some(3) || !planned.contains(&message) || !planned.contains("infra-1/chronyd/reply") {
        return Err(format!("exit {:?}, and instead of `{message}` it said: {planned}", output.status.code()).into());
    }
    Ok(())
}

fn run(arguments: &[&std::ffi::OsStr]) -> Result<Output, Failed> {
    Ok(Command::new(env!("CARGO_BIN_EXE_infra-verify")).args(arguments).output()?)
}

fn refused(output: &Output, code: i32, message: &str) -> Result<(), Failed> {
    let said = String::from_utf8_lossy(&output.stderr);
    let planned = String::from_utf8_lossy(&output.stdout);
    if output.status.code() != Some(code) {
        return Err(format!("exit {:?} instead of {code}: {said}{planned}", output.status.code()).into());
    }
    if !said.contains(message) || !planned.is_empty() || said.lines().count() > SCREEN || said.contains("panicked") {
        return Err(format!("instead of `{message}` it said: {said}{planned}").into());
    }
    Ok(())
}
