//! What is written to the components is found again, where it was written and as long as it should be.

use super::*;

/// A node's component, asked as one would ask the real one.
struct Asked {
    address: SocketAddrV4,
    /// What it is sent.
    kind: &'static str,
}

impl Asked {
    fn new(estate: &Estate, seq: usize, variable: &str) -> Self {
        let kind = if variable == "vtraces_port" { "application/x-protobuf" } else { "application/json" };
        Self { address: estate.nodes[seq - 1].address(variable), kind }
    }

    async fn say(&self, method: &str, path: &str, body: &str) -> Reply {
        let length = body.len();
        let kind = self.kind;
        let head =
            format!("{method} {path} HTTP/1.1\r\nhost: here\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n");
        ask(self.address, &format!("{head}connection: close\r\n\r\n{body}")).await.unwrap()
    }

    async fn post(&self, path: &str, body: &str) -> u16 {
        self.say("POST", path, body).await.status
    }

    async fn read(&self, path: &str) -> String {
        self.say("GET", path, "").await.body
    }
}

#[tokio::test]
async fn a_sample_is_exported_until_it_is_deleted() {
    let estate = Estate::start(2, &[]).await.unwrap();
    let (own, other) = (Asked::new(&estate, 1, "vmetrics_port"), Asked::new(&estate, 2, "vmetrics_port"));
    let found = "/api/v1/export?match[]=infra_verify_canary%7Brun=%22R1%22%7D";
    let deleted = "/api/v1/admin/tsdb/delete_series?match[]=infra_verify_canary%7Brun=%22R1%22%7D";
    let sample = "infra_verify_canary{run=\"R1\",target=\"a\"} 42\n";
    assert_eq!(own.read(found).await, "");
    assert_eq!(own.post("/api/v1/import/prometheus?timestamp=1795336940123", sample).await, 204);
    assert_eq!(own.post("/internal/force_flush", "").await, 200);
    let line = own.read(found).await;
    assert!(line.contains("\"values\":[42]") && line.contains("\"timestamps\":[1795336940123]"), "{line}");
    assert_eq!(other.read(found).await, "");
    assert_eq!(own.say("GET", deleted, "").await.status, 405);
    assert_eq!(own.post(deleted, "").await, 204);
    assert_eq!(own.read(found).await, "");
}

#[tokio::test]
async fn a_line_is_found_by_its_stream_and_by_its_words() {
    let estate = Estate::start(1, &[]).await.unwrap();
    let logs = Asked::new(&estate, 1, "vlogs_port");
    let found = "/select/logsql/query?query=%7Bjob=%22infra-verify%22,run=%22R1%22%7D";
    let insert = "/insert/jsonline?_stream_fields=job,run&_msg_field=message&_time_field=_time";
    let line = r#"{"_time":"2026-11-22T08:42:20Z","job":"infra-verify","run":"R1","message":"canary R1"}"#;
    assert_eq!(logs.read(found).await, "");
    assert_eq!(logs.say("GET", insert, "").await.status, 405);
    assert_eq!(logs.post(insert, line).await, 200);
    let shown = logs.read(found).await;
    assert!(shown.contains("\"_msg\":\"canary R1\"") && shown.lines().count() == 1, "{shown}");
}

#[tokio::test]
async fn a_visit_to_a_portal_reaches_the_logs_of_every_node_that_takes_any() {
    let estate = Estate::start(3, &[fault("vlogs@infra-3=no-logs")]).await.unwrap();
    assert_eq!(Asked::new(&estate, 2, "nginx_port").say("GET", "/?infra-verify=R1", "").await.status, 200);
    let line = |ins| format!("/select/logsql/hits?query=%7Bjob=%22nginx%22,ins=%22{ins}%22%7D%20%22R1%22&step=1m");
    for (seq, ins, total) in [(1, "nginx-2", "1"), (2, "nginx-2", "1"), (1, "nginx-1", "0"), (3, "nginx-2", "0")] {
        let hits = Asked::new(&estate, seq, "vlogs_port").read(&line(ins)).await;
        assert_eq!(hits.contains("\"total\":1"), total == "1", "{seq} {ins}: {hits}");
    }
}

/// A field of bytes in protocol buffers, which are text as long as all that is in them is.
fn field(number: u8, text: &str) -> String {
    let length = u8::try_from(text.len()).unwrap();
    format!("{}{}{text}", char::from(number << 3 | 2), char::from(length))
}

#[tokio::test]
async fn a_span_is_found_by_its_trace() {
    let estate = Estate::start(1, &[]).await.unwrap();
    let traces = Asked::new(&estate, 1, "vtraces_port");
    let id = "61".repeat(16);
    let found = format!("/select/jaeger/api/traces/{id}");
    let begin = format!("9{}", "\0".repeat(8));
    let span = [field(1, &"a".repeat(16)), field(2, "spanspan"), field(5, "canary"), begin].concat();
    let service = [field(1, "service.name"), field(2, &field(1, "infra-verify"))].concat();
    let body = field(1, &[field(1, &field(1, &service)), field(2, &field(2, &span))].concat());
    assert!(traces.read(&found).await.contains("\"data\":[]"));
    assert_eq!(traces.post("/insert/opentelemetry/v1/traces", "nothing").await, 400);
    assert_eq!(traces.post("/insert/opentelemetry/v1/traces", &body).await, 200);
    let shown = traces.read(&found).await;
    assert!(
        shown.contains(&format!("\"traceID\":\"{id}\"")) && shown.contains("\"operationName\":\"canary\""),
        "{shown}"
    );
    assert!(traces.read("/select/jaeger/api/services").await.contains("infra-verify"));
}

#[tokio::test]
async fn an_alert_is_silent_while_it_is_silenced_and_gone_when_it_is_resolved() {
    let estate = Estate::start(1, &[]).await.unwrap();
    let manager = Asked::new(&estate, 1, "alertmanager_port");
    let found = "/api/v2/alerts?filter=run=%22R1%22&silenced=true";
    let alert = |until: &str| {
        format!(
            r#"[{{"labels":{{"alertname":"Canary","run":"R1"}},"startsAt":"2026-01-01T00:00:00Z","endsAt":"{until}"}}]"#
        )
    };
    let silence = r#"{"matchers":[{"name":"run","value":"R1","isRegex":false,"isEqual":true}],"startsAt":"2026-01-01T00:00:00Z","endsAt":"2999-01-01T00:00:00Z","createdBy":"x","comment":"x"}"#;
    let silenced = manager.say("POST", "/api/v2/silences", silence).await;
    let id = silenced.body.split('"').nth(3).unwrap().to_owned();
    assert_eq!(manager.post("/api/v2/alerts", &alert("2999-01-01T00:00:00Z")).await, 200);
    assert!(manager.read(found).await.contains("\"state\":\"suppressed\""));
    assert_eq!(manager.read(&found.replace("R1", "R2")).await, "[]");
    assert_eq!(manager.say("DELETE", &format!("/api/v2/silence/{id}"), "").await.status, 200);
    assert!(manager.read(found).await.contains("\"state\":\"active\""));
    assert_eq!(manager.post("/api/v2/alerts", &alert("2026-01-01T00:00:01Z")).await, 200);
    assert_eq!(manager.read(found).await, "[]");
    assert_eq!(manager.say("DELETE", "/api/v2/silence/unknown", "").await.status, 404);
}

#[tokio::test]
async fn a_full_disk_takes_nothing() {
    let faults = ["vmetrics@infra-1=readonly", "vlogs@infra-1=readonly", "vtraces@infra-1=readonly"].map(fault);
    let estate = Estate::start(1, &faults).await.unwrap();
    for (variable, path, status) in [
        ("vmetrics_port", "/api/v1/import/prometheus", 503),
        ("vlogs_port", "/insert/jsonline", 429),
        ("vtraces_port", "/insert/opentelemetry/v1/traces", 429),
    ] {
        assert_eq!(Asked::new(&estate, 1, variable).post(path, "{}").await, status, "{path}");
    }
}
