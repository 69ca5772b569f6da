//! VictoriaMetrics: what it scrapes, how it is configured, and what is asked of its series.

use std::fmt::Write;
use std::time::SystemTime;

use hyper::StatusCode;
use serde_json::json;

use super::target::{self, Target};
use super::victoria::{Product, UPTIME, disk, hosted, refused, retention, shared};
use super::{Answer, Question, json, series};
use crate::sim::fault::Word;
use crate::sim::layout::Here;

/// The jobs of Pigsty's scrape configuration, with the path that each scrapes.
const JOBS: [(&str, &str); 12] = [
    ("ping", "/probe"),
    ("infra", "/metrics"),
    ("node", "/metrics"),
    ("docker", "/metrics"),
    ("etcd", "/metrics"),
    ("minio", "/minio/metrics/v3"),
    ("pgsql", "/metrics"),
    ("pgrds", "/metrics"),
    ("redis", "/scrape"),
    ("mysql", "/metrics"),
    ("kafka", "/metrics"),
    ("juice", "/metrics"),
];

pub(super) fn answer(here: &Here, question: &Question) -> Answer {
    match question.path() {
        "/api/v1/query" | "/api/v1/export" if here.is(Word::QueryFailed) => {
            let why = "couldn't start executing the request, since the concurrency limit is reached";
            refused(StatusCode::SERVICE_UNAVAILABLE, why)
        }
        "/api/v1/query" => series::query(here, question),
        "/api/v1/export" => series::export(here, question),
        "/api/v1/import/prometheus" => series::import(here, question),
        "/api/v1/admin/tsdb/delete_series" => series::delete(here, question),
        "/api/v1/targets" => targets(here, question),
        "/api/v1/status/config" => {
            hosted(json(StatusCode::OK, &json!({"status": "success", "data": {"yaml": config(here)}})))
        }
        _ => shared(here, question, &product(here)),
    }
}

fn product(here: &Here) -> Product {
    let loaded = u8::from(!here.is(Word::ReloadFailed));
    let path = "/infra/metrics";
    Product {
        title: "Single-node VictoriaMetrics",
        version: "victoria-metrics-20260801-tags-v1.148.0",
        uptime: if here.is(Word::Young) { 3 } else { UPTIME },
        flags: vec![
            ("httpListenAddr", format!(":{}", here.node().inside("vmetrics_port").port())),
            ("promscrape.config", "/infra/prometheus.yml".to_owned()),
            ("promscrape.fileSDCheckInterval", "5s".to_owned()),
            ("retentionPeriod", retention(here)),
            ("storageDataPath", path.to_owned()),
        ],
        metrics: format!(
            "vm_promscrape_config_last_reload_successful {loaded}\n\
             vm_free_disk_space_limit_bytes{{path=\"{path}\"}} 100000000\n{}",
            disk(here, "vm", path)
        ),
    }
}

/// The scrape configuration as it is run.
fn config(here: &Here) -> String {
    let interval = if here.is(Word::ScrapeInterval) { "1m" } else { "10s" };
    let mut yaml = format!("global:\n  scrape_interval: {interval}\n  scrape_timeout: 8s\nscrape_configs:\n");
    for (job, path) in JOBS.into_iter().filter(|(job, _)| !(here.is(Word::NoJob) && *job == "node")) {
        let _ = write!(
            yaml,
            "- job_name: {job}\n  metrics_path: {path}\n  file_sd_configs:\n  - files:\n    - /infra/targets/{job}/*.yml\n"
        );
    }
    yaml
}

/// Everything that it scrapes, or one pool of it.
fn targets(here: &Here, question: &Question) -> Answer {
    let pool = question.parameter("scrapePool");
    let wanted = |target: &&Target| pool.as_ref().is_none_or(|pool| *pool == target.job);
    let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    let scraped = target::all(here);
    let active: Vec<_> = scraped.iter().filter(wanted).map(|target| target.describe(&now)).collect();
    let data = json!({"activeTargets": active, "droppedTargets": []});
    hosted(json(StatusCode::OK, &json!({"status": "success", "data": data})))
}
