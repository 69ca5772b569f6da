//! An inventory with locked values, opened on the command line in every way, and what must never be printed.

#![expect(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Made by `ansible-vault encrypt`, with the password `sesame` and with `other` for the vault id `prod`.
const SHORT: &str = include_str!("vault/short.txt");
const NAMED: &str = include_str!("vault/named.txt");

/// What is within them.
const SECRETS: [&str; 2] = ["hello", "ein Paßwort"];

/// An estate of one node, with its passwords beside it.
fn estate() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let indent = |text: &str| format!("          {}\n", text.trim_end().replace('\n', "\n          "));
    let inventory = format!(
        "all:\n  vars:\n    admin_ip: 10.10.10.10\ninfra:\n  hosts:\n    10.10.10.10:\n      infra_seq: 1\n      \
         grafana_admin_password: !vault |\n{}      greeting: !vault |\n{}",
        indent(SHORT),
        indent(NAMED)
    );
    for (name, text) in [("pigsty.yml", inventory.as_str()), ("password", "sesame\n"), ("other", "other\n")] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra-verify"));
    command.current_dir(folder);
    for variable in ["ANSIBLE_VAULT_PASSWORD_FILE", "ANSIBLE_VAULT_IDENTITY_LIST"] {
        command.env_remove(variable);
    }
    command
}

/// What the program says, on stdout and stderr, none of which may hold a secret.
fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    for secret in SECRETS.iter().chain(&["sesame"]) {
        assert!(!text.contains(secret), "{text}");
    }
    text
}

fn inspect(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = program(folder);
    command.args(["inspect", "pigsty.yml", "--host", "infra-1"]).args(arguments).envs(variables.iter().copied());
    said(&command.output().unwrap())
}

#[test]
fn locked_values_are_opened_and_masked() {
    let folder = estate();
    for (arguments, variables) in [
        (&["--vault-password-file", "password", "--vault-id", "prod@other"][..], &[][..]),
        (&["--vault-pass-file", "password", "--vault-password-file", "other"], &[]),
        (&["--vault-id", "other"], &[("ANSIBLE_VAULT_PASSWORD_FILE", "password")]),
        (&[], &[("ANSIBLE_VAULT_IDENTITY_LIST", "prod@other, password")]),
    ] {
        let shown = inspect(folder.path(), arguments, variables);
        for name in ["grafana_admin_password", "greeting"] {
            assert!(shown.contains(&format!("{name}: ******    # host 10.10.10.10, pigsty.yml:")), "{shown}");
        }
        let plan = program(folder.path())
            .args(["plan", "pigsty.yml"])
            .args(arguments)
            .envs(variables.iter().copied())
            .output();
        let plan = said(&plan.unwrap());
        assert!(!plan.contains("is locked"), "{plan}");
    }
}

#[test]
fn what_stays_locked_is_an_error_only_where_a_check_needs_it() {
    let folder = estate();
    let plan = |arguments: &[&str]| {
        said(&program(folder.path()).args(["plan", "pigsty.yml"]).args(arguments).output().unwrap())
    };
    let without = plan(&[]);
    let place = "variable `grafana_admin_password` is locked with ansible-vault (pigsty.yml:8), and ";
    assert!(
        without.contains(&format!("{place}no password is given; name one with --vault-password-file")),
        "{without}"
    );
    assert!(!without.contains("greeting"), "{without}");
    let wrong = plan(&["--vault-password-file", "other"]);
    assert!(wrong.contains(&format!("{place}no given password opens it")), "{wrong}");
}

#[test]
fn a_whole_file_may_be_locked() {
    let folder = estate();
    fs::create_dir_all(folder.path().join("group_vars")).unwrap();
    // greeting: hello from a locked file
    fs::write(folder.path().join("group_vars/infra.yml"), include_str!("vault/file.txt")).unwrap();
    let shown = inspect(folder.path(), &["--vault-password-file", "password", "--vault-id", "prod@other"], &[]);
    assert!(shown.contains("locked_greeting: ******    # group infra, group_vars/infra.yml:1"), "{shown}");
    let closed = inspect(folder.path(), &[], &[]);
    assert!(
        closed.contains("group_vars/infra.yml: it is locked with ansible-vault, and no password is given"),
        "{closed}"
    );
    let bad = include_str!("vault/broken.txt");
    fs::write(folder.path().join("group_vars/infra.yml"), bad).unwrap();
    let broken = inspect(folder.path(), &["--vault-password-file", "password"], &[]);
    assert!(broken.contains("group_vars/infra.yml:2: it is no YAML here, once it is opened"), "{broken}");
    assert!(!broken.contains("unclosed"), "{broken}");
}

#[test]
fn a_whole_inventory_may_be_locked() {
    let folder = estate();
    // a node 10.10.10.10 with infra_seq 1
    fs::write(folder.path().join("pigsty.yml"), include_str!("vault/inventory.txt")).unwrap();
    let shown = inspect(folder.path(), &["--vault-password-file", "password"], &[]);
    assert!(shown.contains("infra_seq: 1    # host 10.10.10.10, pigsty.yml:1"), "{shown}");
}

#[test]
fn who_cannot_be_asked_is_not_waited_for() {
    let folder = estate();
    let shown = inspect(folder.path(), &["--vault-id", "prod@prompt"], &[]);
    assert!(shown.contains("there is no terminal to ask for the password of vault id prod"), "{shown}");
    let shown = inspect(folder.path(), &["--vault-password-file", "nowhere"], &[]);
    assert!(shown.contains("nowhere: no password of the vault is read: there is no such file"), "{shown}");
}
