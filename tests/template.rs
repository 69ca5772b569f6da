//! Expressions mean here what they mean to Ansible.
//!
//! `template/agreed.yml` is evaluated by `ansible -m debug` for every host and by this program, and every variable compared;
//! what Ansible refuses (`template/refused.yml`) must be a problem. Without Ansible the comparisons are ignored, and said to be.

#![expect(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::OnceLock;

use infra_verify::inventory::{Effective, Inventory};
use infra_verify::value::{Value, Vars};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use serde_json::json;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let agreed = names("agreed.yml").into_iter().map(|name| {
        Trial::ignorable_test(format!("{name} has the value that it has with Ansible"), move || agrees(&name))
    });
    let refused = names("refused.yml").into_iter().map(|name| {
        Trial::ignorable_test(format!("{name} is refused as Ansible refuses it"), move || is_refused(&name))
    });
    let real = real().into_iter().flat_map(|file| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let copy = file.clone();
        [
            Trial::test(format!("every variable of {name} has a value"), move || has_values(&copy)),
            Trial::ignorable_test(format!("{name} has the values that it has with Ansible"), move || {
                agrees_whole(&file)
            }),
        ]
    });
    libtest_mimic::run(&arguments, agreed.chain(refused).chain(real).collect()).exit_code()
}

/// Where the cases are; relative, as Ansible is run there too.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/template")
}

fn read(name: &str) -> Inventory {
    Inventory::read(&folder().join(name)).unwrap_or_else(|error| panic!("{error}"))
}

/// What holds on every host.
fn effective(file: &str) -> BTreeMap<String, Effective> {
    let inventory = read(file);
    let hosts = inventory.hosts_in("all").unwrap();
    hosts.iter().map(|host| ((*host).to_owned(), inventory.effective(host, &Vars::default()))).collect()
}

/// The variables of `all` that are compared: a letter, an underscore, a name.
fn names(file: &str) -> Vec<String> {
    let inventory = read(file);
    let vars = inventory.vars(inventory.hosts_in("all").unwrap()[0]);
    vars.iter().map(|(name, _)| name.to_owned()).filter(|name| name.as_bytes()[1] == b'_').collect()
}

/// Our own inventories, and Pigsty's where they are at hand.
fn real() -> Vec<PathBuf> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("INFRA_VERIFY_PIGSTY_CONF").map(PathBuf::from);
    let folders = [project.join("inventories"), named.unwrap_or_else(|| project.join("../shared/pigsty-conf"))];
    let entries = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "yml"));
    files.sort();
    files
}

/// Templates are rare there: every variable has a value, and those without a template the one that is written.
fn has_values(file: &Path) -> Result<(), Failed> {
    let inventory = Inventory::read(file).map_err(|error| error.to_string())?;
    for host in inventory.hosts_in("all").unwrap_or_default() {
        let Effective { vars, problems } = inventory.effective(host, &Vars::default());
        if let Some((name, why)) = problems.first_key_value() {
            return Err(format!("{name} of {host} {why}").into());
        }
        let written = inventory.vars(host);
        for (name, variable) in written.iter().filter(|(_, variable)| !variable.value.to_string().contains('{')) {
            same(&format!("{name} of {host}"), vars.get(name).unwrap_or(&Value::Null), &variable.value)?;
        }
    }
    Ok(())
}

/// Compares every variable of every host with its value in a play.
fn agrees_whole(file: &Path) -> Result<Completion, Failed> {
    let inventory = Inventory::read(file).map_err(|error| error.to_string())?;
    let hosts = inventory.hosts_in("all").unwrap_or_default();
    let vars: Vec<_> = hosts.iter().map(|host| inventory.vars(host)).collect();
    let names: BTreeSet<_> = vars.iter().flat_map(Vars::iter).map(|(name, _)| name.to_owned()).collect();
    let wanted = names.into_iter().map(|name| (name.clone(), format!("{{{{ {name} | default(none) }}}}"))).collect();
    let Some(said) = answers(file, &wanted, hosts.len()) else { return Ok(absent()) };
    let said = said?;
    for host in hosts {
        for (name, variable) in inventory.effective(host, &Vars::default()).vars.iter() {
            same(&format!("{name} of {host}"), &variable.value, &said[host][name])?;
        }
    }
    Ok(Completion::Completed)
}

/// What Ansible said, or that it is not there.
type Said<T> = Option<Result<T, String>>;

fn agrees(name: &str) -> Result<Completion, Failed> {
    static SAID: OnceLock<Said<BTreeMap<String, Value>>> = OnceLock::new();
    static OWN: OnceLock<BTreeMap<String, Effective>> = OnceLock::new();
    let Some(said) = SAID.get_or_init(evaluated) else { return Ok(absent()) };
    let own = OWN.get_or_init(|| effective("agreed.yml"));
    for (host, expected) in said.as_ref().map_err(Clone::clone)? {
        let Effective { vars, problems } = &own[host];
        if let Some(why) = problems.get(name) {
            return Err(format!("{name} of {host} {why}; with Ansible it is {}", expected[name]).into());
        }
        let actual = vars.get(name).ok_or_else(|| format!("{host} has no {name}"))?;
        same(&format!("{name} of {host}"), actual, &expected[name])?;
    }
    Ok(Completion::Completed)
}

fn is_refused(name: &str) -> Result<Completion, Failed> {
    static SAID: OnceLock<Said<String>> = OnceLock::new();
    static OWN: OnceLock<BTreeMap<String, Effective>> = OnceLock::new();
    let Some(said) = SAID.get_or_init(refused) else { return Ok(absent()) };
    let said = said.as_ref().map_err(Clone::clone)?;
    if !said.contains(&format!("failed: [a] (item={name}) => ")) {
        return Err(format!("Ansible does not refuse {name}:\n{said}").into());
    }
    let Effective { vars, problems } = &OWN.get_or_init(|| effective("refused.yml"))["a"];
    match problems.get(name) {
        Some(_) => Ok(Completion::Completed),
        None => Err(format!("{name} is {}", vars.get(name).unwrap_or(&Value::Null)).into()),
    }
}

fn absent() -> Completion {
    Completion::ignored_with("ansible is not installed")
}

fn ansible(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder()).stdin(Stdio::null()).env("ANSIBLE_CONFIG", "ansible.cfg").env("ANSIBLE_NOCOLOR", "1");
    command
}

/// The values of every host, all in one question.
fn evaluated() -> Said<BTreeMap<String, Value>> {
    let wanted: BTreeMap<_, _> =
        names("agreed.yml").into_iter().map(|name| (name.clone(), format!("{{{{ {name} }}}}"))).collect();
    answers(Path::new("agreed.yml"), &wanted, read("agreed.yml").hosts_in("all").unwrap().len())
}

/// What each of so many hosts says to expressions, each by its name.
fn answers(inventory: &Path, wanted: &BTreeMap<String, String>, hosts: usize) -> Said<BTreeMap<String, Value>> {
    let question = json!({"msg": wanted}).to_string();
    let output = ansible("ansible")
        .arg("-i")
        .arg(inventory)
        .args(["all", "-c", "local", "-m", "debug", "-a", &question])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let answers = text.split_inclusive(" | SUCCESS => ").collect::<Vec<_>>();
    let mut said = BTreeMap::new();
    for pair in answers.windows(2) {
        let host = pair[0].trim_end_matches(" | SUCCESS => ").lines().last().unwrap_or_default();
        let mut values = serde_json::Deserializer::from_str(pair[1]).into_iter::<Value>();
        let Some(Ok(value)) = values.next() else { return Some(Err(format!("no JSON of {host}: {}", pair[1]))) };
        said.insert(host.to_owned(), value["msg"].clone());
    }
    Some(if said.len() == hosts { Ok(said) } else { Err(format!("{text}{}", String::from_utf8_lossy(&output.stderr))) })
}

/// What a playbook says that asks for one variable after the other.
fn refused() -> Said<String> {
    let directory = tempfile::tempdir().unwrap();
    let play = json!([{
        "hosts": "a", "gather_facts": false,
        "tasks": [{
            "debug": {"msg": "{{ lookup('vars', item) }}"},
            "loop": names("refused.yml"),
            "ignore_errors": true,
        }],
    }]);
    let path = directory.path().join("play.yml");
    std::fs::write(&path, play.to_string()).unwrap();
    let output = ansible("ansible-playbook").args(["-i", "refused.yml", "-c", "local"]).arg(&path).output().ok()?;
    Some(Ok(String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// Whether two values are equal, types included; Python and Rust may read the last digit of a float differently.
fn same(what: &str, actual: &Value, expected: &Value) -> Result<(), Failed> {
    let equal = match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) if actual.len() == expected.len() => {
            actual.iter().try_for_each(|(name, actual)| {
                same(&format!("{what}.{name}"), actual, expected.get(name).unwrap_or(&Value::Null))
            })?;
            true
        }
        (Value::Array(actual), Value::Array(expected)) if actual.len() == expected.len() => {
            actual.iter().zip(expected).try_for_each(|(actual, expected)| same(what, actual, expected))?;
            true
        }
        (Value::Number(actual), Value::Number(expected)) if actual.is_f64() && expected.is_f64() => {
            let (actual, expected) = (actual.as_f64().unwrap_or(0.0), expected.as_f64().unwrap_or(1.0));
            (actual - expected).abs() <= 1e-14 * expected.abs()
        }
        _ => actual == expected,
    };
    if equal { Ok(()) } else { Err(format!("{what} is {actual}, and with Ansible {expected}").into()) }
}
