//! Every inventory means what `ansible-inventory` says: the same words for both programs must give the same `--list` and
//! `--graph`, byte for byte.
//!
//! The inventories are those of `inventories/`, Pigsty's templates where they are at hand, and the cases of
//! `tests/ansible/`, one feature each. A case is a file, a folder that is a source, or a folder whose file `words` has the
//! arguments for both; where ours differ they are in `ours`, and `stdin` is what we are given there. Both must read a case
//! or, if its name begins with `refused`, both refuse it; one that begins with `stricter` only we refuse, and it says why.
//! Without Ansible everything is ignored.

#![expect(clippy::unwrap_used, reason = "a harness that cannot read its own files has nothing to say")]

mod sample;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use serde::{Deserialize, Serialize};

/// Fewer cases than this cannot show every feature: some are missing.
const CASES: usize = 60;

/// What Ansible says of a case.
#[derive(Deserialize)]
struct Answer {
    code: i32,
    list: String,
    graph: String,
    errors: String,
}

/// An inventory, as words that name it in a folder.
struct Case {
    name: String,
    folder: PathBuf,
    words: Vec<String>,
    ours: Vec<String>,
    stdin: PathBuf,
}

/// A call of a program in a folder.
#[derive(Serialize)]
struct Call<'a> {
    folder: &'a Path,
    words: &'a [String],
}

/// The cases, and what Ansible says of each once anybody asks.
struct Judge {
    cases: Vec<Case>,
    answers: OnceLock<Result<Vec<Answer>, String>>,
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let made = made();
    assert!(made.len() >= CASES, "of {CASES} cases only {} are there", made.len());
    let templates = sample::templates();
    let files = sample::own().into_iter().chain(templates.iter().flatten().cloned());
    let cases = files.map(|file| Case::file(&file)).chain(made).collect();
    let judge = Arc::new(Judge { cases, answers: OnceLock::new() });
    let mut trials: Vec<_> = (0..judge.cases.len()).map(|index| trial(&judge, index)).collect();
    if let Err(reason) = templates {
        let ignored = move || Ok(Completion::ignored_with(&reason));
        trials.push(Trial::ignorable_test("pigsty's templates agree with ansible", ignored));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The cases of `tests/ansible`.
fn made() -> Vec<Case> {
    let folder = sample::project().join("tests/ansible");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| if path.join("words").exists() { Case::folder(path) } else { Case::file(path) }).collect()
}

impl Case {
    fn file(path: &Path) -> Self {
        let words = vec!["-i".to_owned(), path.file_name().unwrap().to_str().unwrap().to_owned()];
        Self {
            name: sample::name(path),
            folder: path.parent().unwrap().to_owned(),
            ours: words.clone(),
            words,
            stdin: "/dev/null".into(),
        }
    }

    fn folder(path: &Path) -> Self {
        let words = |name: &str| {
            let text = fs::read_to_string(path.join(name)).ok()?;
            Some(text.lines().map(str::to_owned).collect::<Vec<_>>())
        };
        let all = words("words").unwrap();
        let stdin = Some(path.join("stdin")).filter(|file| file.exists());
        Self {
            name: sample::name(path),
            folder: path.to_owned(),
            ours: words("ours").unwrap_or_else(|| all.clone()),
            words: all,
            stdin: stdin.unwrap_or_else(|| "/dev/null".into()),
        }
    }

    fn begins(&self, word: &str) -> bool {
        self.name.rsplit('/').next().is_some_and(|name| name.starts_with(word))
    }

    /// What our program says to `--list` or `--graph`, or why it refuses.
    fn ask(&self, question: &str) -> Result<Result<String, String>, Failed> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_infra-verify"));
        command.arg("inspect").args(&self.ours).arg(question).current_dir(&self.folder);
        let output = command.stdin(File::open(&self.stdin)?).output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match output.status.code() {
            Some(0) => Ok(Ok(text(&output.stdout))),
            Some(2) => Ok(Err(text(&output.stderr))),
            code => Err(format!("{question} ends with {code:?}: {}", text(&output.stderr)).into()),
        }
    }
}

fn trial(judge: &Arc<Judge>, index: usize) -> Trial {
    let judge = Arc::clone(judge);
    let name = format!("{} agrees with ansible", judge.cases[index].name);
    Trial::ignorable_test(name, move || {
        let Some(program) = program() else {
            return Ok(Completion::ignored_with("ansible-inventory is not installed"));
        };
        let answers =
            judge.answers.get_or_init(|| ask_ansible(&program, &judge.cases)).as_ref().map_err(Failed::from)?;
        agrees(&judge.cases[index], &answers[index])?;
        Ok(Completion::Completed)
    })
}

fn agrees(case: &Case, theirs: &Answer) -> Result<(), Failed> {
    let (refused, stricter) = (case.begins("refused"), case.begins("stricter"));
    if (theirs.code != 0) != refused {
        return Err(format!("Ansible ends with {}: {}", theirs.code, theirs.errors).into());
    }
    for (question, theirs) in [("--list", &theirs.list), ("--graph", &theirs.graph)] {
        match case.ask(question)? {
            Ok(_) if refused || stricter => return Err(format!("{question} is answered").into()),
            Err(reason) if !refused && !stricter => return Err(format!("{question} is refused: {reason}").into()),
            Ok(ours) => match difference(&ours, theirs) {
                None => {}
                Some((ours, theirs)) => {
                    return Err(format!("{question} says {ours:?}, and with Ansible {theirs:?}").into());
                }
            },
            Err(_) => {}
        }
    }
    Ok(())
}

/// The first line in which two texts differ.
fn difference<'a>(ours: &'a str, theirs: &'a str) -> Option<(&'a str, &'a str)> {
    let (mut left, mut right) = (ours.split('\n'), theirs.split('\n'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (ours, theirs) if ours == theirs => {}
            (ours, theirs) => return Some((ours.unwrap_or("nothing more"), theirs.unwrap_or("nothing more"))),
        }
    }
}

/// The Python that runs the `ansible-inventory` of the search path.
fn program() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    let script =
        std::env::split_paths(&paths).map(|path| path.join("ansible-inventory")).find(|path| path.is_file())?;
    let text = fs::read_to_string(&script).unwrap_or_default();
    let named = text.lines().next().and_then(|line| line.strip_prefix("#!")).map(|line| PathBuf::from(line.trim()));
    Some(named.filter(|python| python.is_file()).unwrap_or_else(|| "python3".into()))
}

/// What Ansible says of every case.
fn ask_ansible(python: &Path, cases: &[Case]) -> Result<Vec<Answer>, String> {
    let calls: Vec<_> = cases.iter().map(|case| Call { folder: &case.folder, words: &case.words }).collect();
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ansible");
    let mut command = Command::new(python);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ANSIBLE_")) {
        command.env_remove(name);
    }
    let settings = home.join("ansible.cfg");
    fs::create_dir_all(&home)
        .and_then(|()| fs::write(&settings, "[inventory]\nany_unparsed_is_failed = true\n"))
        .map_err(|error| error.to_string())?;
    command.env("ANSIBLE_HOME", home).env("ANSIBLE_CONFIG", settings).env("LC_ALL", "C.UTF-8");
    command.arg(sample::project().join("tests/judge.py"));
    let failed = |error: std::io::Error| format!("{}: {error}", python.display());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    let question = serde_json::to_vec(&calls).map_err(|error| error.to_string())?;
    child.stdin.take().ok_or("no standard input")?.write_all(&question).map_err(failed)?;
    let output = child.wait_with_output().map_err(failed)?;
    let answers: Vec<Answer> = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    if answers.len() == calls.len() { Ok(answers) } else { Err("an answer is missing".to_owned()) }
}
