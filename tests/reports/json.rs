//! What a program reads.

use infra_verify::report::{Format, Options};
use infra_verify::value::Value;
use serde_json::json;

use crate::estate::{NASTY, report};
use crate::{acts, golden, ids, render};

#[test]
fn json_is_as_agreed() {
    golden("report.json", &render(Format::Json, &report(), Options::default()));
}

#[test]
fn json_holds_every_outcome_once_and_not_whole_bodies() {
    let report = report();
    let text = render(Format::Json, &report, Options { fail_on_warn: true, ..Options::default() });
    let document: Value = serde_json::from_str(&text).unwrap();
    let outcomes = document["outcomes"].as_array().unwrap();
    assert_eq!(outcomes.iter().map(|outcome| outcome["id"].as_str().unwrap()).collect::<Vec<_>>(), ids(&report));
    let flooded = outcomes.iter().find(|outcome| outcome["check"] == "page[<&\"'>]").unwrap();
    assert_eq!(flooded["facts"]["body"].as_str().unwrap().chars().count(), 4_097);
    assert_eq!(flooded["facts"]["version"], NASTY, "a program gets what was there");
    assert!(!acts(&text), "and a terminal does not");
    let targets = outcomes.iter().find(|outcome| outcome["id"] == "infra-2/vmetrics/targets").unwrap();
    assert_eq!(targets["omitted"], json!(["series"]));
    assert_eq!(document["summary"]["fail"], 3);
    assert_eq!(document["exit_code"], 1);
}
