//! Instant queries.

use std::net::{SocketAddr, TcpListener};

use infra_verify::probe::{Facts, ProbeError};
use serde_json::{Value, json};

use crate::server::{LONG, answering, listening, ok, probe};

async fn query(address: SocketAddr) -> Result<Facts, ProbeError> {
    let fields = json!({"at": format!("http://{address}"), "query": "up{job=\"infra\"}"});
    probe("promql", &fields).unwrap().measure(LONG).await
}

fn vector(result: &Value) -> String {
    ok(&json!({"status": "success", "data": {"resultType": "vector", "result": result}}).to_string())
}

#[tokio::test]
async fn series_are_listed_with_labels_and_values() {
    let (address, asked) = listening(|_| {
        vector(&json!([
            {"metric": {"__name__": "up", "ins": "grafana-1"}, "value": [1_795_336_940, "1"]},
            {"metric": {"__name__": "up", "ins": "nginx-1"}, "value": [1_795_336_940.5, "0.25"]},
            {"metric": {}, "value": [1_795_336_940, "NaN"]},
        ]))
    });
    let facts = query(address).await.unwrap().0;
    assert_eq!(facts["count"], 3);
    assert_eq!(facts["series"], json!([{"ins": "grafana-1"}, {"ins": "nginx-1"}, {}]));
    assert_eq!(facts["values"], json!([1, 0.25, "NaN"]));
    assert_eq!(facts["samples"][1], json!({"ins": "nginx-1", "value": 0.25}));
    assert!(!facts.contains_key("value"));
    let asked = asked.recv().unwrap();
    let line = "GET /api/v1/query?query=up%7Bjob%3D%22infra%22%7D&nocache=1&latency_offset=1ms HTTP/1.1\r\n";
    assert!(asked.starts_with(line), "{asked}");
}

#[tokio::test]
async fn one_series_has_a_value_and_none_has_a_count() {
    let one = query(answering(vector(&json!([{"metric": {}, "value": [1, "42"]}])))).await.unwrap().0;
    assert_eq!(one["value"], 42);
    let none = query(answering(vector(&json!([])))).await.unwrap().0;
    assert_eq!((&none["count"], &none["series"]), (&json!(0), &json!([])));
    assert!(!none.contains_key("value"));
    let scalar = ok(r#"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#);
    assert_eq!(query(answering(scalar)).await.unwrap().0["value"], 2);
}

#[tokio::test]
async fn a_range_gives_the_last_value_of_each_series() {
    let matrix = |values: &str| {
        let series = format!(r#"[{{"metric":{{"ins":"a"}},"values":{values}}}]"#);
        answering(ok(&format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":{series}}}}}"#)))
    };
    let facts = query(matrix(r#"[[1,"3"],[2,"4"]]"#)).await.unwrap().0;
    assert_eq!((&facts["value"], &facts["series"]), (&json!(4), &json!([{"ins": "a"}])));
    let error = query(matrix("[]")).await.unwrap_err();
    assert!(error.to_string().contains("samples that are none"), "{error}");
}

#[tokio::test]
async fn a_path_before_the_api_is_kept() {
    let (address, asked) = listening(|_| vector(&json!([])));
    let fields = json!({"at": format!("http://{address}/vmetrics/"), "query": "up"});
    let probe = probe("promql", &fields).unwrap();
    assert_eq!(probe.asked(), format!("up at http://{address}/vmetrics"));
    probe.measure(LONG).await.unwrap();
    assert!(asked.recv().unwrap().starts_with("GET /vmetrics/api/v1/query?"));
}

#[tokio::test]
async fn a_witness_that_cannot_testify_is_not_the_targets_fault() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    for (address, reason) in [
        (closed, "connection refused"),
        (answering("garbage\r\n\r\n"), "did not answer in HTTP"),
        (answering(ok("<html>Grafana</html>")), "it answered 200 and not as the Prometheus API does"),
        (answering(ok("{\"status\":\"success\"}")), "it answered 200"),
        (answering("HTTP/1.1 503 X\r\n\r\n{\"status\":\"error\",\"error\":\"overload\"}"), "it answered 503 overload"),
        (answering("HTTP/1.1 302 X\r\nLocation: /login\r\n\r\n"), "it answered 302"),
        (answering(vector(&json!([{"metric": {}, "value": [1]}]))), "samples that are none"),
        (answering(vector(&json!([{"metric": {}, "value": [1, "x"]}]))), "a value that is no number"),
        (
            answering(ok(r#"{"status":"success","isPartial":true,"data":{"resultType":"vector","result":[]}}"#)),
            "its answer is partial",
        ),
    ] {
        let error = query(address).await.unwrap_err();
        let begin = format!("VictoriaMetrics at http://{address} could not testify: ");
        assert!(
            matches!(&error, ProbeError::Witness(said) if said.starts_with(&begin) && said.contains(reason)),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_query_that_is_wrong_is_ours() {
    for answer in [
        "HTTP/1.1 422 X\r\n\r\n{\"status\":\"error\",\"errorType\":\"422\",\"error\":\"cannot parse\"}".to_owned(),
        ok(r#"{"status":"success","data":{"resultType":"string","result":[1,"x"]}}"#),
    ] {
        let error = query(answering(answer)).await.unwrap_err();
        assert!(matches!(&error, ProbeError::Local(said) if said.contains("`up{job=\"infra\"}`")), "{error:?}");
    }
}

#[test]
fn a_query_needs_a_server_and_words() {
    for (fields, reason) in [
        (json!({"at": "http://a"}), "missing field `query`"),
        (json!({"at": "http://a", "query": " "}), "query: is empty"),
        (json!({"at": "a:8428", "query": "up"}), "at: `a` is neither http nor https"),
        (json!({"at": "http://a?x=1", "query": "up"}), "at: is the server's address"),
        (json!({"at": "http://a", "query": "up", "time": 1}), "unknown field `time`"),
    ] {
        let error = probe("promql", &fields).unwrap_err();
        assert!(error.contains(reason), "{fields}: {error}");
    }
}
