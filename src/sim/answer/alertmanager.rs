//! Alertmanager, a cluster of one.

use hyper::StatusCode;
use serde_json::json;

use super::{Answer, Question, alert, json, metrics, missing, refused_method, text, typed, with};
use crate::sim::dns::ELSEWHERE;
use crate::sim::fault::Word;
use crate::sim::layout::Here;

pub(super) fn answer(here: &Here, question: &Question) -> Answer {
    match question.path() {
        path if path.starts_with("/api/v2/") && path != "/api/v2/status" => alert::answer(here, question),
        _ if !question.is_read() => refused_method(),
        "/" => typed(StatusCode::OK, "text/html; charset=utf-8", "<title>Alertmanager</title>\n"),
        // Both say OK as long as it runs, whatever state it is in.
        "/-/healthy" | "/-/ready" => text(StatusCode::OK, "OK"),
        "/metrics" => metrics(exported(!here.is(Word::ReloadFailed))),
        "/api/v2/status" => status(here, !here.is(Word::NoConfig)),
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
    let mut address = here.node().address("alertmanager_port");
    if here.is(Word::OtherAddress) {
        address.set_ip(ELSEWHERE);
    }
    let peer = json!({"address": address.to_string(), "name": name});
    let state = if here.is(Word::Settling) { "settling" } else { "ready" };
    let body = json!({
        "cluster": {"name": name, "peers": [peer], "status": state},
        "config": {"original": if shown { original } else { "" }},
        "uptime": "2026-11-22T08:41:02.574Z",
        "versionInfo": {"branch": "HEAD", "goVersion": "go1.26", "revision": "e1cdc9b", "version": "0.33.1"},
    });
    with(json(StatusCode::OK, &body), "cache-control", "no-store")
}
