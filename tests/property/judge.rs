//! One process of Ansible's own code that answers many questions.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;

use infra_verify::value::Value;
use serde_json::json;

/// What is asked: the kind of the text, and the text.
pub(crate) type Question = (&'static str, String);

/// Ansible's answers to all questions, in their order; or why there is nobody to ask.
pub(crate) fn answers(questions: &[Question]) -> Result<Vec<Result<Value, String>>, String> {
    let python = interpreter().ok_or("ansible-inventory is not installed")?;
    let judge = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/property/judge.py");
    let mut child = Command::new(&python)
        .arg(judge)
        .envs([("PYTHONWARNINGS", "ignore"), ("ANSIBLE_DEPRECATION_WARNINGS", "false"), ("LC_ALL", "C.UTF-8")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{} cannot be started: {error}", python.display()))?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else { unreachable!() };
    let lines: Vec<String> = questions.iter().map(|(kind, text)| format!("{}\n", json!([kind, text]))).collect();
    let writer = thread::spawn(move || lines.iter().try_for_each(|line| stdin.write_all(line.as_bytes())));
    let answers = read(stdout, &mut child, questions.len());
    let written = writer.join().map_err(|_| "the writer panicked".to_owned())?;
    assert!(written.is_ok() && answers.len() == questions.len(), "Ansible stopped after {} answers", answers.len());
    Ok(answers)
}

fn read(stdout: ChildStdout, child: &mut Child, count: usize) -> Vec<Result<Value, String>> {
    let answers = BufReader::new(stdout).lines().map_while(Result::ok).take(count).map(|line| answer(&line)).collect();
    child.wait().unwrap_or_else(|error| panic!("Ansible does not end: {error}"));
    answers
}

fn answer(line: &str) -> Result<Value, String> {
    let mut answer: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    match answer["error"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(answer["value"].take()),
    }
}

/// The Python that `ansible-inventory` itself runs with.
fn interpreter() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    let program =
        std::env::split_paths(&paths).map(|path| path.join("ansible-inventory")).find(|path| path.is_file())?;
    let script = std::fs::read_to_string(program).ok()?;
    let interpreter = script.lines().next()?.strip_prefix("#!")?.split_whitespace().next()?;
    Some(PathBuf::from(interpreter))
}
