use http_body_util::BodyExt;

use super::*;
use crate::sim::layout::Node;

/// What a component without faults, or with one, answers.
async fn ask(component: Component, fault: Option<Word>, path: &str) -> (u16, String) {
    let mut node = Node::new(1, &[]);
    node.faults.extend(fault.map(|word| (component, word)));
    let here = Here { nodes: [node].into(), at: 0, component };
    let answer = answer(&here, false, Request::builder().uri(path).body(Bytes::new()).unwrap()).await;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_path_that_is_not_known_is_answered_as_the_real_ones_do() {
    use Component::{Alertmanager, Blackbox, Grafana, Nginx, NginxExporter, Vlogs, Vmalert, Vmetrics, Vtraces};
    for component in [Vmetrics, Vlogs, Vtraces, Vmalert] {
        let (status, body) = ask(component, None, "/nope").await;
        assert_eq!((status, body.trim()), (400, "unsupported path requested: \"/nope\""), "{component:?}");
    }
    for component in [Nginx, NginxExporter, Alertmanager, Blackbox] {
        assert_eq!(ask(component, None, "/nope").await.0, 404, "{component:?}");
    }
    assert_eq!(ask(Grafana, None, "/nope").await.0, 301);
    assert_eq!(ask(Grafana, None, "/ui/nope").await.0, 404);
}

#[tokio::test]
async fn a_probe_that_cannot_be_asked_is_refused_and_one_that_fails_is_not() {
    let probe = |fault, path| ask(Component::Blackbox, fault, path);
    assert_eq!(probe(None, "/probe?module=icmp").await, (400, "Target parameter is missing\n".to_owned()));
    assert_eq!(probe(None, "/probe?target=x&module=nope").await, (400, "Unknown module \"nope\"\n".to_owned()));
    let (status, body) = probe(Some(Word::NoIcmp), "/probe?target=127.0.0.1&module=icmp").await;
    assert!(status == 200 && body.contains("\nprobe_success 0\n"), "{body}");
    let (_, body) = probe(Some(Word::NoIcmp), "/probe?target=127.0.0.1&module=tcp_connect").await;
    assert!(body.contains("\nprobe_success 1\n"), "{body}");
}

#[tokio::test]
async fn a_victoriametrics_lists_one_pool_or_all() {
    let targets = |path| ask(Component::Vmetrics, None, path);
    let pools = |body: &str| ["infra", "ping"].map(|pool| body.contains(&format!("\"scrapePool\":\"{pool}\"")));
    assert_eq!(pools(&targets("/api/v1/targets").await.1), [true, true]);
    assert_eq!(pools(&targets("/api/v1/targets?state=active&scrapePool=infra").await.1), [true, false]);
}

#[tokio::test]
async fn what_is_no_selector_is_an_error_and_not_an_empty_answer() {
    let query = |query| async move { ask(Component::Vmetrics, None, &format!("/api/v1/query?query={query}")).await };
    assert_eq!(query("sum(up)").await.0, 422);
    let (status, body) = query("up%7Bjob=%22infra%22,cls=%22grafana%22%7D").await;
    assert!(status == 200 && body.matches("\"metric\"").count() == 1, "{body}");
    assert_eq!(query("node_load1").await.1.matches("\"metric\"").count(), 0);
}

/// What each word changes in what a component says: a path, and a text that is there with the fault or without it only.
#[tokio::test]
async fn a_word_shows_in_what_a_component_says() {
    use Component::{Alertmanager, Blackbox, Grafana, Vlogs, Vmalert, Vmetrics, Vtraces};
    let infra_up = "/api/v1/query?query=infra_up%5B90s%5D";
    let hits = |labels: &str| format!("/select/logsql/hits?query={labels}&step=1m");
    let nginx = hits("%7Bjob=%22nginx%22,ins=%22nginx-1%22%7D");
    let syslog = hits("%7Bjob=%22syslog%22,ip=%22127.0.0.1%22%7D");
    for (component, word, path, text, with_fault) in [
        (Vmetrics, Word::Retention, "/flags", "-retentionPeriod=\"15d\"\n", false),
        (
            Vmetrics,
            Word::Retention,
            "/metrics",
            "flag{name=\"retentionPeriod\", value=\"30d\", is_set=\"true\"} 1",
            true,
        ),
        (Vmetrics, Word::ScrapeInterval, "/api/v1/status/config", "scrape_interval: 10s", false),
        (Vmetrics, Word::NoJob, "/api/v1/status/config", "job_name: node\\n", false),
        (Vmetrics, Word::Disk, "/metrics", "vm_free_disk_space_bytes{path=\"/infra/metrics\"} 500000000\n", true),
        (Vmetrics, Word::Readonly, infra_up, "\"infra_up\"", false),
        (Vlogs, Word::Retention, "/flags", "-retentionPeriod=\"15d\"\n", false),
        (Vlogs, Word::Disk, "/metrics", "vl_free_disk_space_bytes{path=\"/infra/logs\"} 500000000\n", true),
        (Vlogs, Word::NoLogs, &nginx, "\"total\":3", false),
        (Vlogs, Word::NoSyslog, &syslog, "\"hits\":[]", true),
        (Vtraces, Word::Retention, "/flags", "-retentionPeriod=\"30d\"\n", true),
        (Vtraces, Word::Disk, "/metrics", "vt_free_disk_space_bytes{path=\"/infra/traces\"} 500000000\n", true),
        (Vmalert, Word::RuleError, "/api/v1/rules", "\"health\":\"err\"", true),
        (Vmalert, Word::NoRules, "/api/v1/rules", "\"infra-alert\"", false),
        (Vmalert, Word::NoNotifier, "/api/v1/notifiers", ":9093/api/v2/alerts", true),
        (Vmalert, Word::NotifierError, "/api/v1/notifiers", "\"lastError\":\"\"", false),
        (Vmalert, Word::Interval, "/flags", "-evaluationInterval=\"10s\"\n", false),
        (Alertmanager, Word::OtherAddress, "/api/v2/status", "\"address\":\"127.0.0.1:", false),
        (Alertmanager, Word::Settling, "/api/v2/status", "\"status\":\"ready\"", false),
        (Blackbox, Word::NoModule, "/config", "tcp_connect:", false),
        (Grafana, Word::NoAnonymous, "/ui/api/org", "\"name\":\"Pigsty\"", false),
        (Grafana, Word::NoOrganisation, "/ui/api/frontend/settings", "ds-prometheus", false),
        (Grafana, Word::NoDatasource, "/ui/api/frontend/settings", "ds-prometheus", false),
        (Grafana, Word::NoPeerDatasource, "/ui/api/frontend/settings", "\"vlogs-1\"", false),
        (Grafana, Word::NoDashboards, "/ui/api/search?type=dash-db&limit=5000", "\"uid\":\"infra-overview\"", false),
        (Grafana, Word::NoDashboards, "/ui/api/dashboards/home", "\"title\":\"Home\"", true),
        (Grafana, Word::NoHome, "/ui/api/dashboards/home", "\"redirectUri\":\"/ui/d/pigsty/pigsty\"", false),
        (Grafana, Word::NoSubpath, "/ui/api/health", "\"database\": \"ok\"", false),
        (Grafana, Word::NoSubpath, "/metrics", "grafana_build_info", true),
    ] {
        assert_eq!(ask(component, Some(word), path).await.1.contains(text), with_fault, "{word:?}: {path}");
        assert_eq!(ask(component, None, path).await.1.contains(text), !with_fault, "{component:?}: {path}");
    }
}

#[tokio::test]
async fn what_a_rule_stores_is_as_old_as_its_vmalert_is_dead() {
    for (word, fresh) in [(None, true), (Some(Word::StaleOutput), false), (Some(Word::Refuse), false)] {
        let mut node = Node::new(1, &[]);
        node.faults.extend(word.map(|word| (Component::Vmalert, word)));
        let here = Here { nodes: [node].into(), at: 0, component: Component::Vmetrics };
        let request = Request::builder().uri("/api/v1/query?query=infra_up%5B90s%5D").body(Bytes::new()).unwrap();
        let body = answer(&here, false, request).await.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("\"resultType\":\"matrix\""), "{body}");
        assert_eq!(body.matches("\"ins\"").count(), if fresh { 8 } else { 0 }, "{word:?}: {body}");
    }
}
