//! What node_exporter's textfile collector reads.

use std::collections::BTreeSet;

use infra_verify::check::Outcome;
use infra_verify::report::{Format, Options, Report};

use crate::estate::report;
use crate::{golden, render};

#[test]
fn prometheus_is_as_agreed() {
    golden("report.prom", &render(Format::Prometheus, &report(), Options::default()));
}

#[test]
fn prometheus_holds_every_outcome_once() {
    let report = Report { inventory: "a\\b\"c\nd.yml".into(), ..report() };
    let text = render(Format::Prometheus, &report, Options::default());
    let samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let series: BTreeSet<_> = samples.iter().map(|sample| sample.rsplit_once(' ').unwrap().0).collect();
    assert_eq!(series.len(), samples.len(), "no series twice");
    assert!(series.iter().all(|series| series.contains(r#"{inventory="a\\b\"c\nd.yml""#)));
    for Outcome { id, verdict, .. } in &report.outcomes {
        let check = id.check.replace('"', "\\\"");
        let labels =
            format!("node=\"{}\",component=\"{}\",check=\"{check}\",verdict=\"{verdict}\"", id.node, id.component);
        let found = samples
            .iter()
            .filter(|sample| sample.starts_with("infra_verify_check_verdict{") && sample.contains(&labels));
        assert_eq!(found.count(), 1, "{id}");
    }
    let success = |value: &str| {
        samples
            .iter()
            .filter(|sample| sample.starts_with("infra_verify_check_success") && sample.ends_with(value))
            .count()
    };
    let summary = report.summary();
    assert_eq!((success(" 1"), success(" 0")), (summary.pass, summary.warn + summary.fail + summary.error));
}
