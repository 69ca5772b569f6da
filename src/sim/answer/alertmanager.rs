//! Alertmanager, a cluster of one.

use hyper::StatusCode;
use serde_json::json;

use super::{Answer, Question, json, metrics, missing, text, with};
use crate::sim::fault::Word;
use crate::sim::layout::Here;

pub(super) fn answer(here: &Here, question: &Question) -> Answer {
    match question.path() {
        // Both say OK as long as it runs, whatever state it is in.
        "/-/healthy" | "/-/ready" => text(StatusCode::OK, "OK"),
        "/metrics" => metrics(exported(!here.is(Word::ReloadFailed))),
        "/api/v2/status" => status(here, !here.is(Word::NoConfig)),
        "/api/v2/alerts" => with(json(StatusCode::OK, &json!([])), "cache-control", "no-store"),
        _ => missing(),
    }
}

fn exported(loaded: bool) -> String {
    format!(
        "# TYPE alertmanager_alerts gauge\n\
         alertmanager_alerts{{state=\"active\"}} 0\n\
         # HELP alertmanager_build_info A metric with a constant '1' value labeled by version.\n\
         # TYPE alertmanager_build_info gauge\n\
         alertmanager_build_info{{branch=\"HEAD\",goarch=\"amd64\",goos=\"linux\",version=\"0.33.1\"}} 1\n\
         # TYPE alertmanager_cluster_members gauge\n\
         alertmanager_cluster_members 1\n\
         # TYPE alertmanager_config_last_reload_successful gauge\n\
         alertmanager_config_last_reload_successful {}\n",
        u8::from(loaded)
    )
}

fn status(here: &Here, shown: bool) -> Answer {
    let original = "global:\n  resolve_timeout: 5m\nroute:\n  receiver: default\nreceivers:\n- name: default\n";
    let name = "01M816MYVDXZZ5JDY6NFW1BFRQ";
    let peer = json!({"address": here.node().address("alertmanager_port").to_string(), "name": name});
    let body = json!({
        "cluster": {"name": name, "peers": [peer], "status": "ready"},
        "config": {"original": if shown { original } else { "" }},
        "uptime": "2026-11-22T08:41:02.574Z",
        "versionInfo": {"branch": "HEAD", "goVersion": "go1.26", "revision": "e1cdc9b", "version": "0.33.1"},
    });
    with(json(StatusCode::OK, &body), "cache-control", "no-store")
}
