//! vmalert: its rules, and where it sends the alerts that come of them.

use hyper::StatusCode;
use serde_json::json;

use super::victoria::{Product, UPTIME, hosted, shared};
use super::{Answer, Question, json, rule};
use crate::sim::fault::Word;
use crate::sim::layout::Here;
use crate::value::Value;

/// Where Alertmanager listens that nobody has configured, and where Pigsty's never does.
const ANOTHER: u16 = 9093;

pub(super) fn answer(here: &Here, question: &Question) -> Answer {
    let data = match question.path().strip_prefix("/vmalert").unwrap_or(question.path()) {
        "/api/v1/rules" => json!({"groups": rule::groups(here)}),
        "/api/v1/alerts" => json!({"alerts": []}),
        "/api/v1/notifiers" => json!({"notifiers": [notifier(here)]}),
        _ => return shared(here, question, &product(here)),
    };
    hosted(json(StatusCode::OK, &json!({"status": "success", "data": data})))
}

fn notifier(here: &Here) -> Value {
    let own = here.node().address("alertmanager_port").port();
    let port = if here.is(Word::NoNotifier) { ANOTHER } else { own };
    let address = format!("http://127.0.0.1:{port}/api/v2/alerts");
    let refused = format!("failed to send alerts to addr {address:?}: invalid SC 400 from {address:?}");
    let error = if here.is(Word::NotifierError) { refused } else { String::new() };
    json!({"kind": "static", "targets": [{"address": address, "labels": {}, "lastError": error}]})
}

fn product(here: &Here) -> Product {
    let secret = || "secret".to_owned();
    Product {
        title: "vmalert",
        version: "vmalert-20260801-tags-v1.148.0",
        uptime: if here.is(Word::Young) { 3 } else { UPTIME },
        flags: vec![
            ("datasource.url", secret()),
            ("evaluationInterval", if here.is(Word::Interval) { "1m0s" } else { "10s" }.to_owned()),
            ("httpListenAddr", format!(":{}", here.node().address("vmalert_port").port())),
            ("notifier.url", secret()),
            ("remoteRead.url", secret()),
            ("remoteWrite.url", secret()),
            ("rule", "/infra/rules/*.yml".to_owned()),
        ],
        metrics: format!("vmalert_config_last_reload_successful {}\n", u8::from(!here.is(Word::ReloadFailed))),
    }
}
