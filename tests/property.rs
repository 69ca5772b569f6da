//! What holds for every inventory, tried with many random ones from a seed that is always the same.

#![expect(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::collections::BTreeSet;
use std::process::ExitCode;

use infra_verify::inventory::{Inventory, yaml};
use infra_verify::value::Value;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

#[path = "property/inventory.rs"]
mod inventory;
#[path = "property/judge.rs"]
mod judge;
#[path = "property/scalar.rs"]
mod scalar;
#[path = "property/style.rs"]
mod style;

/// How many random scalars are compared: half a second of Ansible's time for every thousand.
const SCALARS: usize = 3_000;

/// How many random values are written and read back.
const VALUES: usize = 2_000;

/// How many random inventories are compared: a second of Ansible's time for every hundred.
const INVENTORIES: usize = 200;

fn main() -> ExitCode {
    let trials = vec![
        Trial::test("values are read back from every style", values_are_read_back),
        Trial::ignorable_test("scalars agree with PyYAML", scalars_agree),
        Trial::ignorable_test("inventories agree with Ansible", inventories_agree),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Random values, the same in every run.
fn samples<S: Strategy>(strategy: &S, count: usize) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

fn scalars_agree() -> Result<Completion, Failed> {
    let mut documents: Vec<String> =
        scalar::KNOWN.iter().flat_map(|known| [format!("- {known}\n"), format!("{known}: x\n")]).collect();
    documents.extend(scalar::TEXTS.iter().map(|text| (*text).to_owned()));
    documents.extend(samples(&scalar::document(), SCALARS));
    documents.sort();
    documents.dedup();
    let questions: Vec<_> = documents.into_iter().map(|text| ("yaml", text)).collect();
    let answers = match judge::answers(&questions) {
        Ok(answers) => answers,
        Err(reason) => return Ok(Completion::ignored_with(reason)),
    };
    let differences: Vec<_> =
        questions.iter().zip(answers).filter_map(|((_, text), answer)| difference(text, answer)).collect();
    if differences.is_empty() {
        return Ok(Completion::Completed);
    }
    Err(format!("{} of {} differ:\n{}", differences.len(), questions.len(), differences.join("\n")).into())
}

fn difference(text: &str, expected: Result<Value, String>) -> Option<String> {
    let actual = yaml::read("t.yml", text).map(|document| document.root.value());
    match (actual, expected) {
        (Ok(actual), Ok(expected)) if actual == expected => None,
        (Err(_), Err(_)) => None,
        // the parser knows the YAML of today, and reads more than libyaml does; a date as a key can only not be shown
        (Ok(_), Err(refused)) if ["While scanning", "Key of type"].iter().any(|why| refused.contains(why)) => None,
        // what libyaml reads and few people know: within brackets a lone dash is text, and ?a a mapping
        (Err(refused), Ok(_))
            if ["plain scalar cannot", "within"].iter().any(|why| refused.message.starts_with(why)) =>
        {
            None
        }
        (actual, expected) => Some(format!("{text:?}: {actual:?} {expected:?}")),
    }
}

fn values_are_read_back() -> Result<(), Failed> {
    for value in samples(&inventory::value(), VALUES) {
        for style in style::STYLES {
            let text = style::write(&value, style);
            let document = yaml::read("t.yml", &text).map_err(|error| format!("{style:?} {text:?}: {error}"))?;
            let read = document.root.value();
            if read != value {
                return Err(format!("{style:?} {text:?}: {read} instead of {value}").into());
            }
        }
    }
    Ok(())
}

fn inventories_agree() -> Result<Completion, Failed> {
    let inventories = samples(&inventory::inventory(), INVENTORIES);
    let styles = style::STYLES.iter().cycle();
    let questions: Vec<_> =
        inventories.iter().zip(styles).map(|(value, style)| ("inventory", style::write(value, *style))).collect();
    let answers = match judge::answers(&questions) {
        Ok(answers) => answers,
        Err(reason) => return Ok(Completion::ignored_with(reason)),
    };
    let (mut agreed, mut refused, mut differences) = (0, 0, Vec::new());
    for ((_, text), expected) in questions.iter().zip(answers) {
        match (Inventory::parse("pigsty.yml", text), expected) {
            (Ok(inventory), Ok(expected)) => match listing(&inventory, &expected) {
                Ok(()) => agreed += 1,
                Err(difference) => differences.push(format!("{difference}\n{text}")),
            },
            (Err(_), Err(_)) => refused += 1,
            (Err(error), Ok(_)) if is_stricter(&error.to_string()) => refused += 1,
            (actual, expected) => differences.push(format!("{:?}: {expected:?}\n{text}", actual.map(|_| "is read"))),
        }
    }
    if let [first, ..] = &differences[..] {
        return Err(format!("{} of {INVENTORIES} differ, such as {first}", differences.len()).into());
    }
    if agreed < refused {
        return Err(format!("{agreed} agree and {refused} are refused, which proves too little").into());
    }
    Ok(Completion::Completed)
}

/// What Ansible passes over or loses track of, and an inventory is better without.
fn is_stricter(error: &str) -> bool {
    ["cannot have child groups", "cannot be the child of another", "is a host here and a group"]
        .iter()
        .any(|reason| error.contains(reason))
}

/// Whether every host has the same variables, and every group the same hosts.
fn listing(inventory: &Inventory, expected: &Value) -> Result<(), String> {
    let none = Value::Object(serde_json::Map::new());
    for host in inventory.hosts_in("all").unwrap_or_default() {
        let vars = inventory.vars(host);
        let actual: Value = vars.iter().map(|(name, variable)| (name.to_owned(), variable.value.clone())).collect();
        let expected = expected["_meta"]["hostvars"].get(host).unwrap_or(&none);
        if actual != *expected {
            return Err(format!("{host} has {actual}, and with Ansible {expected}"));
        }
    }
    for group in inventory.groups() {
        let actual: BTreeSet<_> = inventory.hosts_in(group).unwrap_or_default().into_iter().collect();
        let expected: BTreeSet<_> = members(expected, group).into_iter().collect();
        if actual != expected {
            return Err(format!("{group} has {actual:?}, and with Ansible {expected:?}"));
        }
    }
    Ok(())
}

/// The hosts of a group and of its children.
fn members<'a>(listing: &'a Value, group: &str) -> Vec<&'a str> {
    let texts = |kind: &str| listing[group][kind].as_array().into_iter().flatten().filter_map(Value::as_str);
    texts("hosts").chain(texts("children").flat_map(|child| members(listing, child))).collect()
}
