//! What holds for every inventory, tried with many random ones from a seed that is always the same.

#![expect(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::process::ExitCode;

use infra_verify::inventory::yaml;
use infra_verify::value::Value;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

#[path = "property/judge.rs"]
mod judge;
#[path = "property/scalar.rs"]
mod scalar;

/// How many random scalars are compared: half a second of Ansible's time for every thousand.
const SCALARS: usize = 10_000;

fn main() -> ExitCode {
    let trials = vec![Trial::ignorable_test("scalars agree with PyYAML", scalars_agree)];
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
