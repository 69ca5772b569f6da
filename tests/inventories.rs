//! Every inventory is read without a warning, every variable has its place, and some have the values that a person expects.
//!
//! The files are those of `inventories/` and, where they are at hand, Pigsty's own configuration templates: beside the
//! project in `shared/pigsty-conf`, or where `INFRA_VERIFY_PIGSTY_CONF` says. What is not at hand is reported as ignored.

mod sample;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use infra_verify::check::Severity;
use infra_verify::inventory::{Inventory, yaml};
use infra_verify::lint;
use infra_verify::pigsty::{self, PigstyError};
use infra_verify::value::Value;
use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// A host of one of our inventories, one of its variables, and the value that holds as YAML.
const EFFECTIVE: &[(&str, &str, &str, &str)] = &[
    ("seed", "10.10.10.11", "infra_seq", "2"),
    ("seed", "10.10.10.11", "admin_ip", "10.10.10.10"),
    (
        "portal",
        "10.10.10.10",
        "infra_portal",
        "{home: {domain: i.pigsty}, grafana: {domain: g.pigsty, endpoint: '${admin_ip}:3000', websocket: true}, \
         prometheus: {domain: p.pigsty, endpoint: '${admin_ip}:8428'}, \
         alertmanager: {domain: a.pigsty, endpoint: '${admin_ip}:9059'}}",
    ),
    ("one", "10.10.10.10", "repo_enabled", "false"),
    ("one", "10.10.10.10", "pg_cluster", "pg-meta"),
    ("two", "10.10.10.11", "nodename", "infra-2"),
    ("two", "10.10.10.13", "nodename", "null"),
    ("two", "10.10.10.10", "vmetrics_options", "'-retentionPeriod=30d -promscrape.fileSDCheckInterval=5s'"),
    ("two", "10.10.10.10", "node_ntp_servers", "['pool pool.ntp.org iburst', 'pool ${admin_ip} iburst']"),
    ("three", "10.10.10.12", "infra_seq", "3"),
    ("three", "10.10.10.12", "node_tune", "oltp"),
    ("three", "10.10.10.12", "blackbox_enabled", "false"),
    ("three", "10.10.10.10", "blackbox_enabled", "null"),
    ("three", "10.10.10.11", "patroni_watchdog_mode", "'off'"),
    ("three", "10.10.10.11", "vip_address", "10.10.10.9"),
    ("three", "10.10.10.22", "pg_version", "18"),
    (
        "three",
        "10.10.10.10",
        "pgbackrest_repo",
        "{local: {path: /pg/backup, retention_full_type: count, retention_full: 2, bundle: 'y'}, minio: {path: /pgbackrest, \
         retention_full_type: count, retention_full: 2, bundle: 'y', type: s3, s3_endpoint: sss.pigsty}}",
    ),
    ("moved", "10.10.10.10", "vmetrics_port", "8429"),
    ("moved", "10.10.10.11", "vmetrics_port", "18428"),
    ("moved", "10.10.10.10", "vlogs_port", "9430"),
    ("moved", "10.10.10.11", "vlogs_port", "9429"),
    ("moved", "10.10.10.12", "vtraces_port", "10429"),
    ("moved", "10.10.10.10", "grafana_port", "'3001'"),
    ("moved", "10.10.10.10", "blackbox_enabled", "false"),
    ("moved", "10.10.10.11", "dns_enabled", "'no'"),
    ("demo", "127.0.10.11", "nginx_ssl_port", "28443"),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials: Vec<_> = sample::own().into_iter().flat_map(trials_of).collect();
    for (inventory, host, variable, expected) in EFFECTIVE {
        let file = sample::project().join("inventories").join(format!("{inventory}.yml"));
        trials.push(Trial::test(format!("{inventory}.yml gives {host} its {variable}"), move || {
            let actual = read(&file)?.vars(host).get(variable).cloned().unwrap_or_default();
            same(&format!("{variable} of {host}"), &actual, &yaml_value(expected)?)
        }));
    }
    trials.push(Trial::test("the role defaults are a mapping without a variable written twice", defaults_are_read));
    match sample::templates() {
        Ok(files) => trials.extend(files.into_iter().flat_map(trials_of)),
        Err(reason) => trials
            .push(Trial::ignorable_test("pigsty's templates are read", move || Ok(Completion::ignored_with(&reason)))),
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trials_of(file: PathBuf) -> [Trial; 2] {
    let name = sample::name(&file);
    let copy = file.clone();
    [
        Trial::test(format!("{name} is read"), move || is_read(&copy)),
        Trial::test(format!("{name} has no error but a real one"), move || has_no_error(&file)),
    ]
}

/// What is really wrong with one of Pigsty's templates: the VictoriaMetrics 1.148.0 of v4.5.0 ends with "flag provided but
/// not defined: -retention.maxDiskSpaceUsageBytes".
const REAL: [(&str, &str, usize); 1] = [("demo/demo.yml", "option", 127)];

/// The rules of an inventory find no error where nothing is wrong; one without INFRA nodes is not theirs to judge.
fn has_no_error(file: &Path) -> Result<(), Failed> {
    let inventory = read(file)?;
    let hosts = match pigsty::hosts(&inventory) {
        Err(PigstyError::NoInfra(_)) => Vec::new(),
        other => other.map_err(|error| error.to_string())?,
    };
    let errors = lint::findings(&inventory, &hosts).into_iter().filter(|one| one.severity == Severity::Fail);
    let errors: Vec<_> = errors.map(|one| (one.rule, one.place.map(|place| place.line), one.what)).collect();
    let real = REAL.iter().filter(|(name, ..)| file.ends_with(name)).map(|(_, rule, line)| (*rule, Some(*line)));
    if errors.iter().map(|(rule, line, _)| (*rule, *line)).eq(real) {
        Ok(())
    } else {
        Err(format!("{errors:?}").into())
    }
}

fn read(file: &Path) -> Result<Inventory, Failed> {
    Inventory::read(file).map_err(|error| error.to_string().into())
}

fn yaml_value(text: &str) -> Result<Value, Failed> {
    Ok(yaml::read("expected", text).map_err(|error| error.to_string())?.root.value())
}

fn is_read(file: &Path) -> Result<(), Failed> {
    let inventory = read(file)?;
    let hosts = inventory.hosts_in("all").ok_or("there is no group all")?;
    if hosts.is_empty() {
        return Err("it has no host".into());
    }
    for host in hosts {
        let vars = inventory.vars(host);
        if let Some((name, _)) = vars.iter().find(|(_, variable)| variable.place.is_none()) {
            return Err(format!("{name} of {host} has no place").into());
        }
    }
    match inventory.warnings() {
        [] => Ok(()),
        [warning, ..] => Err(format!("{}: {}", warning.place, warning.message).into()),
    }
}

fn defaults_are_read() -> Result<(), Failed> {
    let text = include_str!("../src/pigsty/defaults.yml");
    let document = yaml::read("defaults.yml", text).map_err(|error| error.to_string())?;
    if let Some(twice) = document.duplicates.first() {
        return Err(format!("{}: {} is written twice", twice.last, twice.name).into());
    }
    for (variable, expected) in [("alertmanager_port", "9059"), ("infra_portal", "{home: {domain: i.pigsty}}")] {
        let actual = document.root.get(variable).map(yaml::Node::value).unwrap_or_default();
        same(variable, &actual, &yaml_value(expected)?)?;
    }
    match document.root.get("infra_seq") {
        Some(_) => Err("infra_seq has no default in Pigsty".into()),
        None => Ok(()),
    }
}

fn same(what: &str, actual: &Value, expected: &Value) -> Result<(), Failed> {
    if actual == expected { Ok(()) } else { Err(format!("{what} is {actual}, not {expected}").into()) }
}
