//! The tcp probe: whether a port accepts connections, and whether who is behind it speaks as is expected.
//!
//! It connects once and closes. Without `query_response` and `tls` it sends nothing and reads nothing, so that it proves
//! that something listens, not what.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::blackbox::{Metrics, Task, TcpModule, tcp};
use super::dial::{Dial, span};
use super::{Facts, Kind, ProbeError};
use crate::probe::field::{text, truth};
use crate::value::{Object, Value};

pub(super) mod field;

pub(super) const KIND: Kind = Kind {
    name: "tcp",
    fields: &["connect", "query_response", "tls", "tls_config", "source_ip_address"],
    facts: &[
        "open",
        "time",
        "label.",
        "tls.version",
        "tls.verified",
        "tls.trusted",
        "tls.named",
        "tls.problem",
        "tls.names",
        "tls.names[",
        "tls.subject",
        "tls.issuer",
        "tls.not_before",
        "tls.not_after",
        "tls.age",
        "tls.expires_in",
    ],
    default: &[("open", "true")],
};

/// A port that is to accept a connection, and what is to be said over it.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(try_from = "Fields")]
pub struct Tcp {
    dial: Dial,
    port: u16,
    module: TcpModule,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    connect: String,
    query_response: Option<Value>,
    tls: Option<Value>,
    tls_config: Option<Object>,
    source_ip_address: Option<Value>,
}

impl TryFrom<Fields> for Tcp {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let dial: Dial = fields.connect.parse().map_err(|error| format!("connect: {error}"))?;
        let port = dial.port.ok_or_else(|| format!("connect: `{}` has no port; write host:port", fields.connect))?;
        let module = TcpModule {
            source_ip_address: text("source_ip_address", fields.source_ip_address)?.unwrap_or_default(),
            query_response: field::steps(fields.query_response)?,
            tls: truth("tls", fields.tls)?,
            tls_config: field::tls(fields.tls_config)?,
            ..TcpModule::default()
        };
        let source = Some(module.source_ip_address.as_str()).filter(|source| !source.is_empty());
        if source.is_some_and(|source| source.parse::<IpAddr>().is_err()) {
            return Err("source_ip_address: is not an ip address".to_owned());
        }
        tcp::check(&module).map_err(|failed| failed.reason)?;
        Ok(Self { dial, port, module })
    }
}

impl Tcp {
    pub(super) fn asked(&self) -> String {
        format!("connect to {}", self.dial)
    }

    /// The port as `host:port`, where nothing but a connection is asked of it.
    pub(super) fn plain(&self) -> Option<String> {
        (self.module == TcpModule::default()).then(|| self.dial.to_string())
    }

    pub(super) async fn measure(&self, timeout: Duration) -> Result<Facts, ProbeError> {
        let started = Instant::now();
        let deadline = started + timeout;
        let late = |_| ProbeError::Local(format!("{}: not resolved within {}", self.dial.host, span(timeout)));
        let peer = timeout_at(deadline, self.dial.address(self.port)).await.map_err(late)??;
        let task = Task { target: &self.dial.host, hostname: None, deadline, timeout };
        let mut metrics = Metrics::default();
        let shown = tcp::converse(&self.module, &self.dial.host, peer, task, &mut metrics).await?;
        let mut facts = Facts::default();
        facts.insert("open", true);
        facts.insert("time", started.elapsed().as_secs_f64());
        if let Some(info) = metrics.iter().find(|metric| metric.name == "probe_expect_info") {
            let labels = info.labels.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
            let labels = Value::Object(labels.collect());
            facts.insert("label", Value::Object([("probe_expect_info".to_owned(), labels)].into_iter().collect()));
        }
        if let Some(shown) = shown {
            shown.facts(&mut facts);
        }
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use std::sync::Arc;

    use rcgen::{CertificateParams, KeyPair};
    use rustls::ServerConfig;
    use rustls::pki_types::PrivateKeyDer;
    use serde_json::json;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio_rustls::TlsAcceptor;

    use super::super::blame::target;
    use super::super::{Failure, trust};
    use super::*;

    fn tcp(connect: &str) -> Result<Tcp, String> {
        serde_json::from_value(json!({ "connect": connect })).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_listening_port_is_open() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let probe = tcp(&listener.local_addr().unwrap().to_string()).unwrap();
        let facts = probe.measure(Duration::from_secs(5)).await.unwrap();
        assert_eq!(facts.0["open"], true);
        assert!(facts.0["time"].as_f64().unwrap() > 0.0);
    }

    #[tokio::test]
    async fn a_refused_connection_names_the_port() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = tcp(&address.to_string()).unwrap().measure(Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(error, target(Failure::Refused, format!("connection refused by {address}")));
    }

    #[tokio::test]
    async fn a_full_backlog_is_silence() {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
        socket.listen(0).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let probe = tcp(&address.to_string()).unwrap();
        let mut held = Vec::new();
        let error = loop {
            match timeout_at(Instant::now() + Duration::from_millis(100), TcpStream::connect(address)).await {
                Ok(stream) => held.push(stream.unwrap()),
                Err(_) => break probe.measure(Duration::from_millis(100)).await.unwrap_err(),
            }
        };
        assert_eq!(error, target(Failure::Silent, format!("no answer from {address} within 100 ms")));
    }

    #[tokio::test]
    async fn a_broadcast_address_is_the_targets_fault() {
        let error = tcp("127.255.255.255:80").unwrap().measure(Duration::from_secs(5)).await.unwrap_err();
        assert!(matches!(error, ProbeError::Target { kind: Failure::Unreachable, .. }), "{error}");
    }

    #[test]
    fn a_port_is_required_and_nothing_else_is_known() {
        assert!(tcp("10.10.10.10").unwrap_err().contains("no port"));
        let unknown = serde_json::from_value::<Tcp>(json!({"connect": "a:1", "tsl": true})).unwrap_err();
        assert!(unknown.to_string().contains("unknown field `tsl`"), "{unknown}");
    }

    fn read(mut fields: Value) -> Result<Tcp, String> {
        fields["connect"] = "127.0.0.1:1".into();
        serde_json::from_value(fields).map_err(|error| error.to_string())
    }

    #[test]
    fn fields_are_those_of_a_module_and_a_wrong_one_is_named() {
        let steps = json!([
            { "expect": "^220 (.*)$", "labels": [{ "name": "who", "value": "$1" }], "send": "EHLO me" },
            { "expect_bytes": "250", "starttls": "yes" },
        ]);
        let tls = json!({ "ca_file": "ca.crt", "server_name": "i.pigsty", "min_version": "TLS13" });
        let fields = json!({ "query_response": steps, "tls_config": tls, "source_ip_address": "127.0.0.1" });
        assert!(read(fields).is_ok());
        for (fields, error) in [
            (json!({ "query_response": [{ "sned": "x" }] }), "query_response[0].sned: unknown"),
            (json!({ "query_response": "x" }), "query_response: is not a list"),
            (json!({ "query_response": ["x"] }), "query_response[0]: is not a step"),
            (json!({ "query_response": [{ "expect": "(" }] }), "query_response[0].expect: is no regular expression"),
            (json!({ "query_response": [{ "expect": "", "expect_bytes": "x" }] }), "goes without expect_bytes"),
            (json!({ "query_response": [{ "labels": [{ "name": "x", "vaule": "y" }] }] }), "is not a list of labels"),
            (json!({ "tls": true, "query_response": [{ "starttls": true }] }), "TLS begins twice"),
            (json!({ "tls": "perhaps" }), "tls: is neither true nor false"),
            (json!({ "tls_config": { "ca": "x", "ca_file": "y" } }), "keep one"),
            (json!({ "tls_config": { "cert": "x" } }), "cert and key go together"),
            (json!({ "tls_config": { "max_version": "1.2" } }), "tls_config.max_version: is none of TLS10"),
            (json!({ "tls_config": { "server_name_file": "x" } }), "tls_config.server_name_file: unknown"),
            (json!({ "source_ip_address": "me" }), "source_ip_address: is not an ip address"),
        ] {
            let found = read(fields).unwrap_err();
            assert!(found.contains(error), "{found}");
        }
    }

    /// A server that treats its one connection like this, and what a probe of it finds.
    async fn measured<F: Future<Output = ()> + Send>(
        fields: Value,
        serve: impl FnOnce(TcpStream) -> F + Send + 'static,
    ) -> Result<Facts, ProbeError> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut fields = fields;
        fields["connect"] = listener.local_addr().unwrap().to_string().into();
        let probe: Tcp = serde_json::from_value(fields).unwrap();
        tokio::spawn(async move { serve(listener.accept().await.unwrap().0).await });
        probe.measure(Duration::from_millis(500)).await
    }

    #[tokio::test]
    async fn what_a_line_gave_is_a_fact_and_a_wrong_line_is_the_targets() {
        let banner = async |mut stream: TcpStream| stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await.unwrap();
        let step = json!({ "expect": "^SSH-2.0-(.*)$", "labels": [{ "name": "soft", "value": "$1" }] });
        let facts = measured(json!({ "query_response": [step] }), banner).await.unwrap();
        assert_eq!(facts.get("open"), Some(true.into()));
        assert_eq!(facts.get("label.probe_expect_info.soft"), Some("OpenSSH_9.2".into()));
        let error = measured(json!({ "query_response": [{ "expect": "^220" }] }), banner).await.unwrap_err();
        assert!(matches!(&error, ProbeError::Target { kind: Failure::Protocol, .. }), "{error}");
        assert!(error.to_string().ends_with("its last line was `SSH-2.0-OpenSSH_9.2`"), "{error}");
    }

    #[tokio::test]
    async fn what_tls_showed_is_facts_also_where_it_is_not_verified() {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["i.pigsty".to_owned()]).unwrap().self_signed(&key).unwrap();
        let secret = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(trust::provider()).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth();
        let config = config.with_single_cert(vec![certificate.der().clone()], secret).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let serve = async move |stream: TcpStream| {
            let mut stream = acceptor.accept(stream).await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        };
        let tls = |config: Value| json!({ "tls": true, "tls_config": config });
        let known = tls(json!({ "ca": certificate.pem(), "server_name": "i.pigsty" }));
        let facts = measured(known, serve.clone()).await.unwrap();
        assert_eq!(facts.get("tls.verified"), Some(true.into()));
        assert_eq!(facts.get("tls.version"), Some("1.3".into()));
        let facts = measured(tls(json!({ "insecure_skip_verify": true, "ca": certificate.pem() })), serve.clone());
        let facts = facts.await.unwrap();
        let told = ["tls.verified", "tls.trusted", "tls.named"].map(|fact| facts.get(fact));
        assert_eq!(told, [Some(false.into()), Some(true.into()), Some(false.into())]);
        assert_eq!(facts.0["tls.names"], json!(["i.pigsty"]));
        let problem = facts.get("tls.problem").unwrap();
        assert!(problem.as_str().unwrap().starts_with("is for another name: 127.0.0.1 is not among"), "{problem}");
        let error = measured(tls(json!({ "ca": certificate.pem() })), serve).await.unwrap_err();
        assert!(error.to_string().contains("is for another name"), "{error}");
    }

    #[test]
    fn only_a_bare_connection_is_plain() {
        assert_eq!(read(json!({})).unwrap().plain().as_deref(), Some("127.0.0.1:1"));
        assert_eq!(read(json!({ "tls": true })).unwrap().plain(), None);
        assert_eq!(read(json!({ "query_response": [{ "send": "hello" }] })).unwrap().plain(), None);
    }

    #[test]
    fn what_is_sent_is_not_shown() {
        let fields = json!({ "connect": "10.10.10.10:6379", "query_response": [{ "send": "AUTH s3cret" }] });
        let sketch = KIND.sketch(fields.as_object().unwrap());
        assert_eq!(sketch, "tcp connect: 10.10.10.10:6379");
    }
}
