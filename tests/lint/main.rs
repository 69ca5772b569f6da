//! What the rules of an inventory find, each with its line and column, and what they leave alone. That they find no error in
//! our inventories and Pigsty's own is for `tests/inventories.rs` to see.

#![expect(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::path::Path;
use std::process::{Command, Output};

use infra_verify::check::Severity;
use infra_verify::inventory::Inventory;
use infra_verify::lint::{self, RULES};
use infra_verify::pigsty;

mod row;

use row::ROWS;

/// What is right with an inventory; a row's variables stand before these, from line 8 on, and in place of those of the same name.
const HEALTHY: &str = "\
version: v4.5.0
region: default
admin_ip: 10.10.10.10
infra_portal: { home: { domain: i.pigsty } }
grafana_admin_password: Grafana.Test";

/// An inventory that is healthy but for these lines: the variables of its second host, and of all.
fn inventory(host: &str, vars: &str) -> Inventory {
    let own: Vec<_> =
        vars.lines().filter(|line| !line.starts_with(' ')).filter_map(|line| line.split(':').next()).collect();
    let kept = HEALTHY.lines().filter(|line| own.iter().all(|name| !line.starts_with(&format!("{name}:"))));
    let vars = vars.lines().chain(kept).map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n");
    let text = format!(
        "all:\n  children:\n    infra:\n      hosts:\n        10.10.10.10: {{ infra_seq: 1 }}\n        10.10.10.11: {{ {host} }}\n  vars:\n{vars}"
    );
    let moved = ["10.10.10.10: {", "10.10.10.11: {", "admin_ip: 10.10.10.10"];
    let to = ["192.168.1.10: {", "192.168.1.11: {", "admin_ip: 192.168.1.10"];
    let moved = moved.iter().zip(to).filter(|_| host == MOVED);
    let text = moved.fold(text, |text, (from, to)| text.replace(from, to));
    Inventory::parse("pigsty.yml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Every finding as `error rule 8:5 what`, in their order.
fn findings(inventory: &Inventory) -> Vec<String> {
    let hosts = pigsty::hosts(inventory).unwrap();
    let found = lint::findings(inventory, &hosts);
    let severity = |severity| if severity == Severity::Fail { "error" } else { "warning" };
    found
        .into_iter()
        .map(|one| {
            let place = one.place.map_or_else(|| "-".to_owned(), |place| format!("{}:{}", place.line, place.column));
            format!("{} {} {place} {}", severity(one.severity), one.rule, one.what)
        })
        .collect()
}

/// The second host of a healthy inventory.
const TWO: &str = "infra_seq: 2";

/// The same where the hosts have addresses of their own, and not those of Pigsty's templates.
const MOVED: &str = "infra_seq: 2, ansible_user: dba";

#[test]
fn a_healthy_inventory_has_nothing_to_find() {
    assert_eq!(findings(&inventory(TWO, "")), [""; 0]);
    assert_eq!(findings(&inventory("infra_seq: 2, ansible_host: infra-2", "")), [""; 0]);
}

#[test]
fn every_rule_finds_what_is_wrong_where_it_is_written() {
    for (host, vars, expected) in ROWS {
        assert_eq!(findings(&inventory(host, vars)), *expected, "{host}\n{vars}");
    }
}

#[test]
fn no_rule_is_without_a_row_that_it_finds_something_in() {
    let found = |name: &str| ROWS.iter().flat_map(|row| row.2).any(|one| one.split(' ').nth(1) == Some(name));
    let unseen: Vec<_> = RULES.iter().map(|rule| rule.name).filter(|name| !found(name)).collect();
    assert_eq!(unseen, [""; 0]);
}

#[test]
fn a_value_that_nobody_can_know_is_not_judged() {
    for vars in [
        "nginx_sslmode: '{{ mode }}'",
        "grafana_port: '{{ base }}'",
        "infra_portal: { home: { domain: '{{ home }}' } }",
        "dns_records: ['{{ record }}']",
        "nginx_enabled: '{{ on }}'",
        "admin_ip: '{{ admin }}'",
        "vmetrics_options: '{{ options }}'",
        "grafana_admin_password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162",
    ] {
        assert_eq!(findings(&inventory(TWO, vars)), [""; 0], "{vars}");
    }
}

#[test]
fn a_finding_is_told_once_and_the_other_nodes_are_skipped_because_of_it() {
    let inventory = inventory("infra_seq: 2, vlogs_port: many", "grafana_port: 99999");
    let nodes = pigsty::nodes(&inventory).unwrap();
    let outcomes = lint::outcomes(&inventory, &nodes);
    let of = |node: usize, rule: &str| {
        let one = outcomes[node].iter().find(|outcome| &*outcome.id.check == rule).unwrap();
        let cause = one.cause.as_ref().map(ToString::to_string).unwrap_or_default();
        (one.verdict.to_string(), one.reason.clone().unwrap_or_default(), cause)
    };
    let told = |verdict: &str, reason: &str, cause: &str| (verdict.to_owned(), reason.to_owned(), cause.to_owned());
    assert_eq!(of(0, "port"), told("fail", "pigsty.yml:8: grafana_port is 99999, not a port", ""));
    assert_eq!(of(1, "port"), told("fail", "pigsty.yml:6: vlogs_port is \"many\", not a port", ""));
    let one = self::inventory(TWO, "grafana_port: 99999");
    let outcomes = lint::outcomes(&one, &pigsty::nodes(&one).unwrap());
    let second = outcomes[1].iter().find(|outcome| &*outcome.id.check == "port").unwrap();
    assert_eq!(second.cause.as_ref().unwrap().to_string(), "infra-1/inventory/port");
    assert_eq!(outcomes[0].len(), RULES.len());
}

#[test]
fn what_cannot_be_judged_is_skipped_with_its_reason() {
    let inventory = inventory(TWO, "grafana_port: '{{ base }}'");
    let outcomes = lint::outcomes(&inventory, &pigsty::nodes(&inventory).unwrap());
    let port = outcomes[0].iter().find(|outcome| &*outcome.id.check == "port").unwrap();
    assert_eq!(port.verdict.to_string(), "skip");
    assert!(port.reason.as_ref().unwrap().starts_with("variable `grafana_port` is the expression"), "{port:?}");
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_inventory_of_the_lab_has_nothing_to_find() {
    let lab = Inventory::read(&project().join("inventories/lab.yml")).unwrap();
    assert_eq!(findings(&lab), [""; 0]);
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_infra-verify")).current_dir(project()).args(arguments).output().unwrap()
}

/// Runs lint on a text, and gives its exit code and what it says.
fn linted(text: &str, arguments: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pigsty.yml"), text).unwrap();
    let command = Command::new(env!("CARGO_BIN_EXE_infra-verify"))
        .current_dir(folder.path())
        .args(["lint", "pigsty.yml"])
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8(command.stdout).unwrap() + &String::from_utf8(command.stderr).unwrap();
    (command.status.code().unwrap(), said)
}

const TWICE: &str = "\
all:
  children:
    infra:
      hosts:
        10.10.10.10: { infra_seq: 1 }
        10.10.10.11: { infra_seq: 1, grafana_admin_password: sesame-open, grafana_port: 99999 }
  vars: { admin_ip: 10.10.10.10, version: v4.5.0, region: default, grafana_admin_password: sesame-shut }
";

#[test]
fn a_finding_is_shown_as_a_compiler_does() {
    let (code, said) = linted(TWICE, &[]);
    let expected = "\
error: infra_seq of 10.10.10.11 is that of 10.10.10.10 too
 --> pigsty.yml:6:24
  |
6 |         10.10.10.11: { infra_seq: 1, grafana_admin_password: ******
  |                        ^^^^^^^^^
  |
  = help: give every INFRA node a number of its own
  = note: infra-verify explain inventory/identity tells more

error: grafana_port is 99999, not a port
--> pigsty.yml:6:75
 = help: write a whole number from 1 to 65535
 = note: infra-verify explain inventory/port tells more

2 errors, 0 warnings
";
    assert_eq!((code, said.as_str()), (1, expected));
}

#[test]
fn the_exit_code_says_what_was_found() {
    let healthy = "\
all:
  children: { infra: { hosts: { 10.10.10.10: { infra_seq: 1 } } } }
  vars: { admin_ip: 10.10.10.10, version: v4.5.0, region: default, grafana_admin_password: sesame-shut }
";
    assert_eq!(linted(healthy, &[]), (0, "nothing found in pigsty.yml\n".to_owned()));
    let warned = healthy.replace("region: default, ", "");
    assert_eq!(linted(&warned, &[]).0, 0);
    assert_eq!(linted(&warned, &["--fail-on", "warn"]).0, 1);
    assert_eq!(linted("- a\n", &[]).0, 2);
    let (code, said) = linted("all: { children: { etcd: { hosts: { 10.10.10.10: } } } }\n", &[]);
    assert!(code == 4 && said.contains("there is no host in group `infra`"), "{code} {said}");
}

#[test]
fn a_program_gets_the_findings_as_json_without_secrets() {
    let (code, said) = linted(TWICE, &["--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &document["errors"], &document["findings"][0]["rule"]), (1, &2.into(), &"identity".into()));
    assert_eq!((&document["findings"][0]["line"], &document["findings"][0]["column"]), (&6.into(), &24.into()));
    assert!(!said.contains("sesame"), "{said}");
}

#[test]
fn a_rule_is_planned_selected_and_explained_like_a_check() {
    let output = run(&["plan", "inventories/three.yml", "-c", "inventory", "--skip", "*/inventory/secret"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.lines().filter(|line| line.contains("/inventory/")).count(), 3 * (RULES.len() - 1), "{said}");
    assert!(said.contains("infra-3/inventory/gate ") && said.contains("warn: inventories/three.yml:9: "), "{said}");
    let output = run(&["explain", "infra-3/inventory/gate", "inventories/three.yml"]);
    let said = String::from_utf8(output.stdout).unwrap();
    for part in ["holds if  inventory on the node has on what", "why it matters", "infra-3/inventory/gate  warn: "] {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
    let output = run(&["explain", "inventory/prot"]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("did you mean `port`?"));
}
