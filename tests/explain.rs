//! What `infra-verify explain` tells a person of a check, and that it has something to tell of every one.

#![expect(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::fs;
use std::process::Command;

use infra_verify::suite::Suites;

const SUITE: &str = "
component: extra
about: A suite of a test.
unjudged: Whether anybody likes it.
hosts: infra
when: extra_enabled
vars: { extra_enabled: true }
fix: ./infra.yml -t extra -l ${ip}
checks:
  - id: login
    title: gives a token
    each: [ a, b ]
    http: { get: 'http://${ip}:81/${each}' }
  - id: page
    title: is there
    with: { token: 'login[a].body' }
    why: >-
      Nobody could read it otherwise, and what nobody can read need not be written in the first place, which is why this
      sentence is longer than any terminal is wide that a test can have.
    causes:
      - it was never installed
      - the disk is full
    look: |
      curl -s http://${ip}:81/${token} | head
      journalctl -u extra -n 20
    unjudged: What stands on it.
    http: { get: 'http://${ip}:81/${token}' }
  - id: plain
    title: is there too
    when: extra_plain_enabled
    look: 'cat /etc/${node} ${extra_locked}'
    tcp: { connect: '${ip}:81' }
";

const INVENTORY: &str = "
all:
  vars: { extra_plain_enabled: true, extra_locked: '{{ lookup() }}' }
  children: { infra: { hosts: { 10.10.10.10: { infra_seq: 1 }, 10.10.10.11: { infra_seq: 2, extra_enabled: false } } } }
";

/// What is told of a check, with an inventory or without.
fn explain(check: &str, with_inventory: bool) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (suites, inventory) = (folder.path().join("suites"), folder.path().join("pigsty.yml"));
    fs::create_dir(&suites).unwrap();
    fs::write(suites.join("extra.yml"), SUITE).unwrap();
    fs::write(&inventory, INVENTORY).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra-verify"));
    command.args(["explain", check]).arg("--suites").arg(&suites);
    if with_inventory {
        command.arg(&inventory);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Where each of these stands in a text, all of which must.
fn places(text: &str, parts: &[&str]) -> Vec<usize> {
    parts.iter().map(|part| text.find(part).unwrap_or_else(|| panic!("no `{part}` in: {text}"))).collect()
}

#[test]
fn everything_stands_in_the_order_in_which_it_is_asked_for() {
    let told = explain("extra/page", false);
    let parts = [
        "extra: A suite of a test.",
        "what its checks do not judge\n  Whether anybody likes it.\n",
        "asks      http: get: http://${ip}:81/${token}",
        "expects   status: 2xx",
        "takes     token from extra/login[a].body",
        "fix       ./infra.yml -t extra -l ${ip}",
        "  why it matters\n    Nobody could read",
        "  what usually breaks it\n    it was never installed\n    the disk is full\n",
        "  how to look by hand\n    curl -s http://${ip}:81/${token} | head\n    journalctl -u extra -n 20\n",
        "  what it does not judge\n    What stands on it.\n",
    ];
    let places = places(&told, &parts);
    assert!(places.is_sorted(), "{told}");
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
    assert!(!told.contains("gives a token"), "{told}");
}

#[test]
fn how_to_look_is_told_for_every_node_where_it_is_asked() {
    let told = explain("extra/page", true);
    places(
        &told,
        &[
            "infra-1/extra/page  GET http://10.10.10.10:81/${token}  fix: ./infra.yml -t extra -l 10.10.10.10",
            "infra-2/extra/page  skipped: extra_enabled is false",
            "    # infra-1/extra/page\n    curl -s http://10.10.10.10:81/${token} | head\n    journalctl",
        ],
    );
    assert!(!told.contains("# infra-2"), "{told}");
}

#[test]
fn a_value_that_cannot_be_used_in_a_hint_keeps_no_check_from_being_asked() {
    let told = explain("extra/plain", true);
    places(&told, &["infra-1/extra/plain  connect to 10.10.10.10:81", "    cat /etc/infra-1 ${extra_locked}\n"]);
}

#[test]
fn a_check_without_an_explanation_has_no_empty_headings() {
    let told = explain("extra/login", false);
    for heading in ["why it matters", "what usually breaks it", "how to look by hand", "what it does not judge"] {
        assert!(!told.contains(heading), "{told}");
    }
}

#[test]
fn every_check_says_why_it_matters_what_breaks_it_and_how_to_look() {
    let mut silent = Vec::new();
    for suite in Suites::embedded().unwrap().iter() {
        for check in &suite.checks {
            let told = &check.explanation;
            for (key, texts) in [("why", &told.why), ("causes", &told.causes), ("look", &told.look)] {
                if texts.is_empty() {
                    silent.push(format!("{}: {}/{} has no `{key}`", check.place, suite.component, check.id));
                }
            }
        }
    }
    assert!(silent.is_empty(), "{} texts are missing:\n{}", silent.len(), silent.join("\n"));
}
