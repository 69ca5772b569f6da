//! The program as its users meet it: exit codes, reports, what it says and what it must never say.

#![expect(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use infra_verify::sim::{Estate, Fault};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra-verify"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("NO_COLOR");
    command
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Refused on one screen, with this exit code and these words, and nothing on stdout.
fn refused(arguments: &[&str], code: i32, words: &str) {
    let output = run(arguments);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    assert!(said.contains(words), "{arguments:?}: {said}");
    assert!(said.lines().count() <= 24 && !said.contains("panicked"), "{said}");
    assert_eq!(stdout(&output), "", "{arguments:?}");
}

#[test]
fn what_cannot_be_used_is_refused_with_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nowhere/report.xml");
    let folder = folder.path().to_str().unwrap();
    refused(&["nowhere.yml"], 2, "nowhere.yml: there is no such file");
    refused(&[folder], 2, "there is no inventory in this directory");
    refused(&["--jobs", "4"], 2, "name an inventory");
    refused(&["plan"], 2, "name an inventory");
    refused(&["plan", "inventories/two.yml", "-i", "inventories/one.yml"], 2, "cannot be used with");
    refused(&["inspect", "--host", "infra-1", "inventories/two.yml"], 2, "name the inventory before the option");
    refused(&["inventories/two.yml", "--wait", "soon"], 2, "write a duration such as");
    refused(&["inventories/two.yml", "--jobs", "0"], 2, "0 is not in 1..=1024");
    refused(&["inventories/two.yml", "--report", "junti=x"], 2, "did you mean junit?");
    refused(&["inventories/two.yml", "--report", &format!("junit={}", missing.display())], 5, "cannot be written");
    refused(&["inventories/two.yml", "--report", &format!("junit={folder}")], 5, "cannot be written");
    refused(&["inventories/two.yml", "--suites", "nowhere"], 2, "nowhere: cannot be read");
    refused(&["inventories/two.yml", "--suites", folder], 2, "holds no suite");
    refused(&["plan", "inventories/two.yml", "-l", "infra-7"], 4, "there is no INFRA node `infra-7`");
    refused(&["plan", "inventories/two.yml", "-c", "grafna"], 4, "did you mean `grafana`?");
    refused(&["plan", "inventories/two.yml", "--only", "*/grafana/nope"], 4, "no check matches");
    refused(&["plan", "inventories/two.yml", "--only", "*/vmetrics/canary-read"], 4, "what does writes: say --canary");
    refused(&["plan", "inventories/two.yml", "--only", "a/b/c/d"], 2, "no pattern of checks");
    refused(&["explain", "grafana/helth"], 2, "did you mean `health`?");
    refused(&["explain", "grafanna"], 2, "did you mean `grafana`?");
    refused(&["inspect", "inventories/two.yml", "--host", "infra-9"], 2, "there is no INFRA node");
    refused(
        &["inspect", "inventories/two.yml", "--host", "infra-1", "grafana_prot"],
        2,
        "did you mean `grafana_port`?",
    );
    refused(&["demo", "--break", "grafana@infra-2=melt"], 2, "melt");
    refused(&["demo", "--break", "grafana@infra-9=refuse"], 2, "infra-9");
}

#[test]
fn the_demo_passes_and_ends_with_what_to_do_next() {
    let output = run(&["demo"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains("PASSED"), "{}", stdout(&output));
    assert!(stderr(&output).contains("infra-verify pigsty.yml"), "{}", stderr(&output));
}

#[test]
fn a_break_is_one_failure_in_every_report() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let [junit, json, prom] = ["r.xml", "r.json", "r.prom"].map(file);
    let reports = [format!("junit={junit}"), format!("json={json}"), format!("prometheus={prom}")];
    let mut arguments = vec!["demo", "--break", "grafana@infra-2=refuse"];
    for report in &reports {
        arguments.extend(["--report", report]);
    }
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.contains("FAIL   infra-2/grafana/port") && text.contains("fix: ./infra.yml -t grafana"), "{text}");
    assert!(text.contains("1 failed"), "{text}");
    let junit = fs::read_to_string(junit).unwrap();
    assert_eq!(junit.matches("<failure").count(), 1, "{junit}");
    let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!((&json["summary"]["fail"], &json["exit_code"]), (&1.into(), &1.into()));
    let prom = fs::read_to_string(prom).unwrap();
    assert_eq!(
        prom.lines()
            .filter(|line| line.contains(r#"verdict="fail""#) && line.starts_with("infra_verify_check_verdict"))
            .count(),
        1
    );
}

#[test]
fn a_report_that_cannot_be_written_does_not_cost_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let junit = folder.path().join("r.xml");
    let report = format!("junit={}", junit.display());
    let output = run(&["demo", "--report", "json=/dev/full", "--report", &report]);
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    assert!(stderr(&output).contains("/dev/full: cannot be written"), "{}", stderr(&output));
    assert!(fs::read_to_string(junit).unwrap().contains("<testsuites"));
    assert!(stdout(&output).contains("PASSED"), "{}", stdout(&output));
}

#[test]
fn quiet_says_nothing_of_what_is_well_and_everything_of_what_is_not() {
    let well = run(&["demo", "--quiet"]);
    assert_eq!((well.status.code(), stdout(&well)), (Some(0), String::new()));
    let machine = run(&["demo", "--quiet", "--report", "json"]);
    assert!(stdout(&machine).contains("\"exit_code\": 0"), "what a program asked for it gets: {}", stdout(&machine));
    let broken = run(&["demo", "--quiet", "--break", "dnsmasq@infra-1=refuse"]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(stdout(&broken).contains("infra-1/dnsmasq/udp"), "{}", stdout(&broken));
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let mut child = program()
        .args(["plan", "inventories/three.yml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
}

#[test]
fn an_interrupted_run_writes_its_reports_and_says_so() {
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let (inventory, junit) = (folder.path().join("pigsty.yml"), folder.path().join("r.xml"));
        let text = format!("infra: {{ hosts: {{ 127.0.0.1: {{ infra_seq: 1, vlogs_port: {port} }} }} }}");
        fs::write(&inventory, text).unwrap();
        let report = format!("junit={}", junit.display());
        let mut child = program();
        child.arg(&inventory).args(["--timeout", "60s", "--report", &report, "-c", "vlogs"]);
        let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // The first connection is the check of the port; the second asks a question, and waits.
        let waiting = [silent.accept().unwrap(), silent.accept().unwrap()];
        kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        drop(waiting);
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        let junit = fs::read_to_string(junit).unwrap();
        assert!(junit.contains("interrupted"), "{junit}");
        assert!(stdout(&output).contains("stopped by signal"), "{}", stdout(&output));
    }
}

/// The inventory's secrets stand in no output, whichever way a service repeats them.
#[tokio::test(flavor = "multi_thread")]
async fn no_output_holds_a_secret() {
    let estate = Estate::start(2, &["grafana@infra-1=password".parse::<Fault>().unwrap()]).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("pigsty.yml");
    let secret = "hunter2-of-the-estate";
    let text = estate.inventory();
    let line = text.lines().find(|line| line.contains("grafana_admin_password")).unwrap();
    let indent = line.len() - line.trim_start().len();
    let ours = format!("{:indent$}grafana_admin_password: {secret}", "");
    fs::write(&inventory, text.replace(line, &ours)).unwrap();
    let inventory = inventory.to_str().unwrap();
    let verbs: [&[&str]; 6] = [
        &["-v", inventory],
        &["--report", "json", inventory],
        &["--report", "junit", inventory],
        &["--report", "prometheus", inventory],
        &["plan", inventory],
        &["inspect", inventory, "--host", "infra-1"],
    ];
    for arguments in verbs {
        let output = run(arguments);
        let all = stdout(&output) + &stderr(&output);
        assert!(!all.contains(secret), "{arguments:?}: {all}");
        assert!(all.len() > 200, "{arguments:?} said next to nothing: {all}");
    }
    let shown = stdout(&run(&["inspect", inventory, "--host", "infra-1", "grafana_admin_password"]));
    assert!(shown.starts_with("grafana_admin_password: ******"), "{shown}");
}

#[test]
fn waiting_is_said_and_can_be_turned_off() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("pigsty.yml");
    let text = format!("infra: {{ hosts: {{ 127.0.0.1: {{ infra_seq: 1, vlogs_port: {port} }} }} }}");
    fs::write(&inventory, text).unwrap();
    let ask = |wait| run(&[inventory.to_str().unwrap(), "--only", "*/vlogs/port", "--wait", wait]);
    let (waited, asked) = (ask("1ms"), ask("0s"));
    assert_eq!((waited.status.code(), asked.status.code()), (Some(1), Some(1)));
    assert!(stderr(&waited).contains("waiting: 1 check may pass yet, asking again in"), "{}", stderr(&waited));
    assert_eq!(stderr(&asked), "");
}

#[test]
fn help_names_every_verb_and_exit_code() {
    let help = stdout(&run(&["--help"]));
    for word in ["verify", "plan", "lint", "inspect", "explain", "probe", "demo", "Exit codes", "--wait", "--report"] {
        assert!(help.contains(word), "{word}: {help}");
    }
}

#[test]
fn what_is_found_in_the_inventory_stops_nothing_and_stands_for_nothing_that_was_not_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pigsty.yml");
    let hosts = "all: { children: { infra: { hosts: { 127.0.0.1: { infra_seq: 1, grafana_enabled: ture } } } } }\n";
    fs::write(&file, hosts).unwrap();
    let code = |arguments: &[&str]| run(&[&[file.to_str().unwrap()], arguments].concat()).status.code();
    assert_eq!(code(&["--only", "*/inventory/switch"]), Some(1));
    assert_eq!(code(&["--only", "*/inventory/version"]), Some(0), "a warning");
    assert_eq!(code(&["--only", "*/inventory/version", "--fail-on", "warn"]), Some(1));
    assert_eq!(code(&["--only", "*/grafana/health", "--only", "*/inventory/port"]), Some(4), "nothing was asked");
    let output = run(&[file.to_str().unwrap(), "--only", "*/inventory/switch", "--report", "json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    let outcome = &report["outcomes"][0];
    assert_eq!((&outcome["id"], &outcome["attempts"]), (&"infra-1/inventory/switch".into(), &0.into()));
    assert_eq!((&outcome["started"], &outcome["fix"]), (&serde_json::Value::Null, &"write true or false".into()));
}

#[test]
fn every_check_can_be_explained() {
    let plan = stdout(&run(&["plan", "inventories/one.yml"]));
    let ids = plan.lines().filter_map(|line| line.split_whitespace().next()).filter(|id| id.matches('/').count() == 2);
    let mut count = 0;
    let mut known = std::collections::BTreeSet::new();
    for id in ids {
        let check = id.split_once('/').unwrap().1.split('[').next().unwrap().to_owned();
        if known.insert(check.clone()) {
            let told = run(&["explain", &check]);
            assert!(told.status.success() && stdout(&told).contains("holds if"), "{check}: {}", stderr(&told));
            count += 1;
        }
    }
    assert!(count > 40, "{count} checks only");
}

#[test]
fn inspect_tells_where_a_value_was_set() {
    let shown = stdout(&run(&["inspect", "inventories/seed.yml", "--host", "infra-2", "infra_seq"]));
    assert!(shown.starts_with("infra_seq: 2    # host 10.10.10.11, inventories/seed.yml:"), "{shown}");
    let shown = stdout(&run(&[
        "inspect",
        "inventories/seed.yml",
        "-e",
        "admin_ip=10.10.10.11",
        "--host",
        "infra-2",
        "admin_ip",
    ]));
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines[0], "admin_ip: 10.10.10.11    # option -e");
    assert!(lines[1].starts_with("  instead of 10.10.10.10    # all, inventories/seed.yml:"), "{shown}");
    assert_eq!(lines[2], "  instead of 10.10.10.10    # role default");
}

#[test]
fn what_was_overridden_keeps_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("pigsty.yml");
    let text = "infra:\n  hosts: {10.10.10.10: {infra_seq: 1}}\n  vars:\n    grafana_admin_password: hunter-1\n    \
                pgbackrest_repo: {minio: {s3_key_secret: hunter-2}}\n";
    fs::write(&inventory, text).unwrap();
    let secrets = "{grafana_admin_password: hunter-3, pgbackrest_repo: {minio: {s3_key_secret: hunter-4}}}";
    let shown = stdout(&run(&["inspect", inventory.to_str().unwrap(), "-e", secrets, "--host", "infra-1"]));
    assert!(shown.contains("  instead of ******    # group infra, "), "{shown}");
    assert!(shown.contains("  instead of {\"minio\":{\"s3_key_secret\":\"******\"}}    # group infra, "), "{shown}");
    assert!(!shown.contains("hunter"), "{shown}");
}

#[test]
fn inspect_prints_what_ansible_inventory_prints() {
    let list = run(&["inspect", "-i", "inventories/seed.yml", "--list"]);
    let list: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list["_meta"]["hostvars"]["10.10.10.11"]["infra_seq"], 2);
    let graph = stdout(&run(&["inspect", "inventories/seed.yml", "--graph", "infra"]));
    assert_eq!(graph, "@infra:\n  |--10.10.10.10\n  |--10.10.10.11\n");
    refused(&["inspect", "inventories/seed.yml", "--graph", "infrra"], 2, "did you mean `infra`?");
    refused(&["inspect", "--graph", "inventories/seed.yml"], 2, "name the inventory before the option");
}

#[test]
fn an_authority_of_the_command_line_is_a_variable_of_every_node() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let [good, empty, suites] = ["ca.crt", "empty.crt", "suites"].map(path);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["i.pigsty".to_owned()]).unwrap().self_signed(&key).unwrap();
    fs::write(&good, certificate.pem()).unwrap();
    fs::write(&empty, "nothing\n").unwrap();
    fs::create_dir(&suites).unwrap();
    let suite = "component: extra\nabout: A suite of a test.\nhosts: infra\nchecks:\n  - id: page\n    title: is trusted\n    \
                 with: { ca: grafana/health.body }\n    http: { get: 'https://${ip}/', tls_config: { ca: '${ca}' } }\n";
    fs::write(folder.path().join("suites/extra.yml"), suite).unwrap();
    let plan =
        |more: &[&str]| run(&[&["plan", "inventories/two.yml", "-c", "extra", "--suites", &suites][..], more].concat());
    assert!(stdout(&plan(&["--ca", &good])).contains("2 checks on 2 nodes"), "nothing else is asked for it");
    assert!(stdout(&plan(&[])).contains("infra-1/grafana/health"), "{}", stdout(&plan(&[])));
    refused(&["plan", "inventories/two.yml", "--ca", &empty], 2, "empty.crt: holds no CA certificate: give --ca");
    refused(&["plan", "inventories/two.yml", "--ca", "nowhere.crt"], 2, "nowhere.crt: cannot be read");
    refused(&["inventories/two.yml", "--ca", "nowhere.crt"], 2, "nowhere.crt: cannot be read");
}

#[test]
fn an_expression_is_asked_for_by_its_value_and_one_without_a_value_stops_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("pigsty.yml");
    let text = "all:
  vars: { base: 3100, grafana_port: '{{ base + 1 }}', vlogs_port: '{{ nope }}', dns_records: ['{{ admin_ip }} {{ domain }}'] }
  children:
    infra:
      hosts: { 10.10.10.10: { infra_seq: '{{ 2 - 1 }}' } }
      vars: { admin_ip: '{{ groups.infra | first }}', domain: p.pigsty }
";
    fs::write(&inventory, text).unwrap();
    let inventory = inventory.to_str().unwrap();
    let plan = |check: &str, code: i32| {
        let output = run(&["plan", inventory, "--only", check]);
        assert_eq!(output.status.code(), Some(code), "{}{}", stdout(&output), stderr(&output));
        stdout(&output)
    };
    let asked = plan("infra-1/grafana/port", 0);
    assert!(asked.contains("10.10.10.10:3101"), "{asked}");
    let without = plan("infra-1/vlogs/port", 3);
    assert!(without.contains("`vlogs_port` is the expression {{ nope }} ("), "{without}");
    assert!(without.contains("pigsty.yml:2), and nope is not defined"), "{without}");
    let names = run(&["inspect", inventory]);
    assert!(
        stdout(&names).lines().any(|line| line.contains("p.pigsty") && line.contains("10.10.10.10")),
        "{}{}",
        stdout(&names),
        stderr(&names)
    );
}
