//! The datasources that Pigsty gives to Grafana: those of its own node, and three for every node of the estate.

use std::net::SocketAddrV4;

use hyper::StatusCode;
use serde_json::json;

use super::{Answer, json, proxy};
use crate::sim::fault::Word;
use crate::sim::layout::{Here, Node};
use crate::value::{Object, Value};

/// Where the datasource of the metrics points to when it is wrong: a port that nobody listens at.
const NOBODY: u16 = 9;

struct Datasource {
    name: String,
    uid: String,
    kind: &'static str,
    url: String,
    /// Where its health is asked for, if Grafana can ask.
    health: Option<(SocketAddrV4, &'static str)>,
}

const METRICS: &str = "prometheus";
const LOGS: &str = "victoriametrics-logs-datasource";
const TRACES: &str = "jaeger";

/// What each kind asks the component behind it.
const HEALTH: [(&str, &str); 3] =
    [(METRICS, "/api/v1/query?query=up"), (LOGS, "/health"), (TRACES, "/select/jaeger/api/services")];

/// Everything that is configured, in the order of its names' making.
fn all(here: &Here) -> Vec<Datasource> {
    let own = own(here).into_iter().filter(|source| !(here.is(Word::NoDatasource) && source.uid == "ds-prometheus"));
    let known = here.nodes.iter().filter(|node| !(here.is(Word::NoPeerDatasource) && node.seq == here.last().seq));
    own.chain(known.flat_map(of_node)).collect()
}

/// Those that Pigsty writes into a file, whether or not there is anything behind them.
fn own(here: &Here) -> [Datasource; 5] {
    let node = here.node();
    let fixed = |name: &str, uid: &str, kind, url: &str| Datasource {
        name: name.to_owned(),
        uid: uid.to_owned(),
        kind,
        url: url.to_owned(),
        health: None,
    };
    let local = |name: &str, uid: &str, kind, variable| {
        let port = node.address(variable).port();
        let mut source = fixed(name, uid, kind, &url("127.0.0.1", port, kind));
        source.health = HEALTH.into_iter().find(|(of, _)| *of == kind).map(|(_, path)| (node.inside(variable), path));
        source
    };
    let mut metrics = local("Metrics", "ds-prometheus", METRICS, "vmetrics_port");
    if here.is(Word::DatasourceError) {
        metrics.url = url("127.0.0.1", NOBODY, METRICS);
        metrics.health = Some((SocketAddrV4::new(node.ip, NOBODY), "/"));
    }
    [
        metrics,
        local("Logs", "ds-vlogs", LOGS, "vlogs_port"),
        local("Traces", "ds-vtraces", TRACES, "vtraces_port"),
        fixed("Meta", "ds-meta", "postgres", "127.0.0.1:5432"),
        fixed("Static", "ds-static", "marcusolsson-static-datasource", ""),
    ]
}

/// Those that a node registers of itself with every Grafana.
fn of_node(node: &Node) -> [Datasource; 3] {
    let known =
        [("vmetrics", "vmetrics_port", METRICS), ("vlogs", "vlogs_port", LOGS), ("vtraces", "vtraces_port", TRACES)];
    known.map(|(class, variable, kind)| Datasource {
        name: format!("{class}-{}", node.seq),
        uid: format!("P4169E866C3094{}{class}", node.seq),
        kind,
        url: url(&node.ip.to_string(), node.address(variable).port(), kind),
        health: HEALTH.into_iter().find(|(of, _)| *of == kind).map(|(_, path)| (node.inside(variable), path)),
    })
}

fn url(host: &str, port: u16, kind: &str) -> String {
    format!("http://{host}:{port}{}", if kind == TRACES { "/select/jaeger" } else { "" })
}

/// By name, as every page of Grafana is given them.
pub(super) fn settings(here: &Here) -> Value {
    let mut sources: Object =
        all(here).iter().zip(1..).map(|(source, id)| (source.name.clone(), source.shown(id))).collect();
    let builtin = json!({"id": -1, "uid": "grafana", "type": "datasource", "name": "-- Grafana --"});
    sources.insert("-- Grafana --".to_owned(), builtin);
    json!({"buildInfo": {"version": "13.1.1"}, "datasources": sources, "defaultDatasource": "Metrics"})
}

/// As a list, as an administrator sees them.
pub(super) fn list(here: &Here) -> Value {
    all(here).iter().zip(1..).map(|(source, id)| source.shown(id)).collect()
}

/// Whether what is behind a datasource answers: Grafana really asks it.
pub(super) async fn health(here: &Here, uid: &str) -> Answer {
    let Some(source) = all(here).into_iter().find(|source| source.uid == uid) else {
        return json(StatusCode::NOT_FOUND, &json!({"message": "Data source not found"}));
    };
    let error = |why: String| json(StatusCode::BAD_REQUEST, &json!({"status": "ERROR", "message": why}));
    let Some((address, path)) = source.health else {
        if source.kind == "postgres" {
            return error("dial tcp 127.0.0.1:5432: connect: connection refused".to_owned());
        }
        return json(StatusCode::NOT_FOUND, &json!({"message": "Plugin does not support health checks"}));
    };
    match proxy::get(address, path).await {
        Ok(answer) if answer.status().is_success() => {
            json(StatusCode::OK, &json!({"status": "OK", "message": "Successfully queried the API."}))
        }
        Ok(answer) => error(format!("{} - the API answered with an error", answer.status())),
        Err(why) => error(format!("{}: {why} - there was an error returned querying the API", source.url)),
    }
}

impl Datasource {
    fn shown(&self, id: u32) -> Value {
        json!({
            "id": id, "uid": self.uid, "orgId": 1, "name": self.name, "type": self.kind, "access": "proxy",
            "url": self.url, "isDefault": self.uid == "ds-prometheus", "jsonData": {}, "readOnly": false,
        })
    }
}
