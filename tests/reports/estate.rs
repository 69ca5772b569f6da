//! Reports to be written: one with every verdict and what a hostile network may put into it, and whole estates.

use std::time::{Duration, SystemTime};

use infra_verify::check::{CheckId, Evidence, Outcome, Verdict};
use infra_verify::expect::Finding;
use infra_verify::probe::{Facts, Failure};
use infra_verify::report::Report;
use infra_verify::value::{Secrets, Value};
use serde_json::json;

pub(crate) const SECRET: &str = "DBUser.Grafana";

const NODES: [(&str, &str); 2] = [("infra-1", "10.10.10.10"), ("infra-2", "10.10.10.11")];

pub(crate) const NASTY: &str =
    "\x1b[2J\x1b]0;owned\x07 ]]> <b>&amp; \u{9b}31m\u{202e}txt\u{fffe}\u{ffff}\0\t\"🦀\" 数据库\r\nend";

fn at(millis: u64) -> SystemTime {
    // 2026-11-22T03:04:05.678Z
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_316_645_678 + millis)
}

pub(crate) fn outcome(node: &str, component: &str, check: &str, title: &str, verdict: Verdict) -> Outcome {
    let number: u32 = node.trim_start_matches("infra-").parse().unwrap();
    let ip = format!("10.10.10.{}", 9 + number);
    Outcome {
        id: CheckId::new(node, component, check),
        title: title.to_owned(),
        verdict,
        reason: None,
        cause: None,
        evidence: Evidence {
            asked: format!("GET http://{ip}/"),
            facts: facts(&json!({"status": 200})).into(),
            ..Evidence::default()
        },
        attempts: 1,
        started: at(3),
        took: Duration::from_micros(4_567),
        fix: Some(format!("./infra.yml -t {component} -l {ip}")),
    }
}

fn facts(facts: &Value) -> Facts {
    Facts(facts.as_object().unwrap().clone().into_iter().collect())
}

fn skip(node: &str, component: &str, check: &str, reason: &str, cause: Option<CheckId>) -> Outcome {
    let mut outcome = Outcome::skipped(CheckId::new(node, component, check), "answers".into(), reason.into(), cause);
    outcome.started = at(0);
    outcome
}

fn finding(fact: &str, expected: &str, actual: Value) -> Finding {
    Finding {
        fact: fact.into(),
        expected: expected.into(),
        actual: Some(actual),
        holds: false,
        difference: None,
        suspicion: None,
    }
}

/// What is well and what is simply not so.
fn ordinary(node: &str) -> Vec<Outcome> {
    vec![
        outcome(node, "node", "ping", "answers a ping", Verdict::Pass),
        outcome(node, "nginx", "port", "accepts connections", Verdict::Pass),
        outcome(node, "nginx", "home", "serves Pigsty's page", Verdict::Pass),
        outcome(node, "grafana", "port", "accepts connections", Verdict::Pass),
        outcome(node, "grafana", "health", "says its database is well", Verdict::Pass),
        outcome(node, "vmetrics", "targets", "scrapes what the inventory implies", Verdict::Pass),
    ]
}

/// Every verdict, and what a hostile or broken network may put into one.
pub(crate) fn report() -> Report {
    let mut outcomes = ordinary("infra-1");
    outcomes[4].attempts = 3;
    outcomes.push(drifted());
    outcomes.push(forbidden());
    outcomes.push(skip("infra-1", "dnsmasq", "record[i.pigsty]", "dns_enabled is false", None));
    outcomes.push(skip("infra-1", "dnsmasq", "port", "dns_enabled is false", None));
    outcomes.extend(ordinary("infra-2").drain(..3));
    outcomes.push(refused());
    let cause = CheckId::new("infra-2", "grafana", "port");
    outcomes.push(skip("infra-2", "grafana", "health", "needs grafana/port", Some(cause.clone())));
    outcomes.push(skip("infra-2", "grafana", "admin", "needs grafana/port", Some(cause)));
    outcomes.push(mislabelled());
    outcomes.push(flooded());
    outcomes.push(skip("infra-2", "dnsmasq", "port", "dns_enabled is false", None));
    let nodes = NODES.map(|(name, ip)| (name.to_owned(), ip.to_owned())).to_vec();
    let took = Duration::from_millis(1_234);
    let mut report =
        Report { inventory: "pigsty.yml".into(), started: at(0), took, interrupted: None, nodes, outcomes };
    report.scrub(&Secrets::new([SECRET]));
    report
}

fn drifted() -> Outcome {
    let mut outcome = outcome("infra-1", "grafana", "admin", "lets the inventory's administrator in", Verdict::Warn);
    outcome.reason = Some("status: expected 200, actual 401".into());
    outcome.evidence.asked = format!("GET http://admin:{SECRET}@10.10.10.10:3000/ui/api/user");
    outcome.evidence.facts = facts(&json!({"status": 401, "json": {"tried": [format!("Basic {SECRET}")]}})).into();
    outcome.evidence.findings = vec![finding("status", "200", json!(401))];
    outcome
}

fn forbidden() -> Outcome {
    let mut outcome = outcome("infra-1", "chronyd", "ping", "answers a ping", Verdict::Error);
    outcome.reason =
        Some("no ICMP socket may be opened; allow it with sysctl net.ipv4.ping_group_range=\"0 2147483647\"".into());
    outcome.evidence = Evidence { asked: "ping 10.10.10.10".into(), ..Evidence::default() };
    outcome.fix = None;
    outcome
}

fn refused() -> Outcome {
    let mut outcome = outcome("infra-2", "grafana", "port", "accepts connections", Verdict::Fail);
    outcome.reason = Some("connection refused by 10.10.10.11:3000".into());
    outcome.evidence =
        Evidence { asked: "connect 10.10.10.11:3000".into(), failure: Some(Failure::Refused), ..Evidence::default() };
    outcome.fix = Some("./infra.yml -t grafana -l 10.10.10.11".into());
    outcome
}

fn mislabelled() -> Outcome {
    let mut outcome = outcome("infra-2", "vmetrics", "targets", "scrapes what the inventory implies", Verdict::Fail);
    let difference = "missing grafana-2 (10.10.10.11:3000), vlogs-1 (10.10.10.10:9428); \
                      unexpected nginx-3 (10.10.10.12:9113); wrong cls of alertmanager-2: expected alertmanager, actual alertmgr";
    outcome.reason = Some(format!("targets: {difference}"));
    outcome.evidence.asked = "GET http://10.10.10.11:8428/api/v1/targets?state=active".into();
    outcome.evidence.facts = facts(&json!({"status": 200, "series": vec![json!({"ins": "grafana-1"}); 1000]})).into();
    let targets = finding("targets", "these 16 in any order", json!([{"ins": "grafana-1"}]));
    outcome.evidence.findings = vec![Finding { difference: Some(difference.into()), ..targets }];
    outcome.attempts = 2;
    outcome.fix = Some("./infra.yml -t infra_register -l 10.10.10.11".into());
    outcome
}

fn flooded() -> Outcome {
    let mut outcome = outcome("infra-2", "nginx", "page[<&\"'>]", "serves the portal ]]>", Verdict::Fail);
    let body = NASTY.to_owned() + &"<html> ".repeat(100 * 1024 / 7);
    outcome.reason = Some(format!("body: expected to contain <title>Pigsty, actual {body}"));
    outcome.evidence.facts = facts(&json!({"status": 200, "body": body, "version": NASTY})).into();
    outcome.evidence.findings =
        vec![finding("body", "to contain <title>Pigsty", json!(body)), finding("version", "4.5.0", json!(NASTY))];
    outcome.fix = Some("./infra.yml -t nginx -l 10.10.10.11".into());
    outcome
}

/// An estate of so many nodes that is well but for its third node.
pub(crate) fn estate(nodes: usize) -> Report {
    let components = [
        ("node", 3),
        ("nginx", 12),
        ("grafana", 7),
        ("vmetrics", 11),
        ("vlogs", 5),
        ("vtraces", 4),
        ("vmalert", 6),
        ("alertmanager", 6),
        ("blackbox", 5),
        ("dnsmasq", 14),
        ("chronyd", 4),
    ];
    let mut outcomes = Vec::new();
    for node in 1..=nodes {
        let name = format!("infra-{node}");
        for (component, checks) in components {
            // The first two nodes run dnsmasq.
            for check in 0..if component == "dnsmasq" && node > 2 { 0 } else { checks } {
                let verdict = if (node, component, check) == (3, "grafana", 1) { Verdict::Fail } else { Verdict::Pass };
                let title = "says its database is well";
                let mut outcome = outcome(&name, component, &format!("check-{check}"), title, verdict);
                outcome.reason =
                    (verdict == Verdict::Fail).then(|| "json.database: expected ok, actual failing".into());
                outcomes.push(outcome);
            }
        }
    }
    let nodes = (1..=nodes).map(|node| (format!("infra-{node}"), format!("10.10.10.{}", 9 + node))).collect();
    Report { nodes, outcomes, took: Duration::from_millis(123), ..report() }
}
