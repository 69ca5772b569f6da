//! vmalert with the rule groups that Pigsty gives it.

use hyper::StatusCode;
use serde_json::json;

use super::victoria::{UPTIME, hosted, metrics, shared};
use super::{Answer, Question, json};
use crate::sim::fault::Word;
use crate::sim::layout::Here;
use crate::value::Value;

const GROUPS: [&str; 6] = ["agent-rules", "infra-alert", "infra-rules", "node-alert", "node-rules", "pgsql-rules"];

pub(super) fn answer(here: &Here, question: &Question) -> Answer {
    match question.path() {
        "/metrics" => {
            let loaded = u8::from(!here.is(Word::ReloadFailed));
            metrics(
                "vmalert-20260801-tags-v1.148.0",
                UPTIME,
                &format!("vmalert_config_last_reload_successful {loaded}\n"),
            )
        }
        "/api/v1/rules" | "/vmalert/api/v1/rules" => {
            let groups: Vec<_> =
                GROUPS.into_iter().filter(|name| !(here.is(Word::NoRules) && is_infra(name))).collect();
            let groups: Vec<_> = groups.into_iter().map(group).collect();
            hosted(json(StatusCode::OK, &json!({"status": "success", "data": {"groups": groups}})))
        }
        _ => shared(here, question),
    }
}

fn is_infra(name: &str) -> bool {
    name.starts_with("infra-")
}

fn group(name: &str) -> Value {
    let file = format!("/infra/rules/{}.yml", name.split('-').next().unwrap_or_default());
    let rule = json!({
        "state": "inactive", "name": "up", "query": "up < 1", "duration": 60, "lastError": "", "health": "ok",
        "type": "alerting", "lastSamples": 0, "group_name": name, "file": file,
    });
    json!({"name": name, "rules": [rule], "interval": 10, "type": "prometheus", "file": file, "concurrency": 1})
}
