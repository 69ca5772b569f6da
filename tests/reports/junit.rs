//! What a CI server reads.

use std::collections::BTreeSet;

use infra_verify::report::{Format, Options};

use crate::estate::report;
use crate::{acts, golden, ids, render};

#[test]
fn junit_is_as_agreed() {
    golden("report.junit.xml", &render(Format::Junit, &report(), Options::default()));
}

#[test]
fn junit_reads_back_with_every_outcome_once() {
    let report = report();
    let xml = render(Format::Junit, &report, Options::default());
    let back = quick_junit::Report::deserialize_from_str(&xml).unwrap();
    let summary = report.summary();
    assert_eq!((back.tests, back.failures, back.errors), (summary.checks, summary.fail, summary.error));
    let suites = &back.test_suites;
    assert_eq!(suites.iter().map(|suite| suite.name.as_str()).collect::<Vec<_>>(), ["infra-1", "infra-2"]);
    assert_eq!(suites.iter().map(|suite| suite.skipped).sum::<usize>(), summary.skip);
    let cases = suites.iter().flat_map(|suite| &suite.test_cases);
    let cases: Vec<_> = cases
        .map(|case| format!("{}/{}", case.classname.as_ref().unwrap().replacen('.', "/", 1), case.name.as_str()))
        .collect();
    assert_eq!(cases, ids(&report));
    assert_eq!(cases.iter().collect::<BTreeSet<_>>().len(), cases.len());
}

/// The rules of Jenkins' `junit-10.xsd`: which attributes and children an element may have.
const SCHEMA: &[(&str, &[&str], &[&str])] = &[
    ("testsuites", &["name", "time", "tests", "failures", "errors"], &["testsuite"]),
    (
        "testsuite",
        &["name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id", "package"],
        &["testsuite", "properties", "testcase", "system-out", "system-err"],
    ),
    ("properties", &[], &["property"]),
    ("property", &["name", "value"], &[]),
    ("testcase", &["name", "time", "classname", "group"], &["skipped", "error", "failure", "system-out", "system-err"]),
    ("failure", &["type", "message"], &[]),
    ("error", &["type", "message"], &[]),
    ("skipped", &["type", "message"], &[]),
    ("system-out", &[], &[]),
];

#[test]
fn junit_keeps_to_the_schema_of_jenkins() {
    let xml = render(Format::Junit, &report(), Options::default());
    let mut open: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    for tag in xml.split('<').skip(1).map(|tag| tag.split('>').next().unwrap()).filter(|tag| !tag.starts_with('?')) {
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap();
        let rule = SCHEMA.iter().find(|(element, ..)| *element == name);
        let (_, attributes, _) = rule.unwrap_or_else(|| panic!("<{name}> is not in the schema"));
        for pair in tag.split("\" ").filter_map(|part| part.split_once("=\"")) {
            let attribute = pair.0.rsplit(' ').next().unwrap();
            assert!(attributes.contains(&attribute), "{name} has {attribute}");
            assert!(attribute != "time" || is_fixed_point(pair.1), "{tag}");
        }
        if let Some(parent) = open.last() {
            let (.., children) = SCHEMA.iter().find(|(element, ..)| element == parent).unwrap();
            assert!(children.contains(&name), "<{parent}> holds <{name}>");
        }
        seen.insert(name.to_owned());
        if !tag.ends_with('/') {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty());
    assert_eq!(seen.len(), SCHEMA.len(), "every rule was used");
}

fn is_fixed_point(time: &str) -> bool {
    let time = time.trim_end_matches(['/', '"']);
    time.split_once('.').is_some_and(|(whole, rest)| {
        rest.len() == 3 && (whole.to_owned() + rest).bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[test]
fn junit_holds_only_what_xml_allows_and_not_whole_bodies() {
    let xml = render(Format::Junit, &report(), Options::default());
    assert!(!acts(&xml));
    assert!(!xml.contains("]]>"));
    assert!(xml.len() < 40_000, "{} bytes", xml.len());
    assert!(xml.contains(r"\x1b[2J\x1b]0;owned\x07 ]]&gt; &lt;b&gt;&amp;amp;"));
}
