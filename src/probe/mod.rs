//! Probes: one small honest client per protocol, which measures and never judges.
//!
//! A probe takes an address and a deadline, makes one attempt, and returns [`Facts`] or says whose fault it was that there
//! are none. It follows no proxy, caches nothing, retries nothing and chooses no second address.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;

use crate::value::{Object, Path, Value, show};

mod answer;
/// Probes by the modules of blackbox_exporter.
pub mod blackbox;
mod blame;
mod certificate;
mod dial;
mod dns;
mod echo;
mod exposition;
mod field;
mod http;
mod icmp;
mod ntp;
mod promql;
mod record;
mod request;
mod socket;
mod tcp;
mod tls;
mod trust;
mod witness;

pub use self::icmp::permitted as icmp_permitted;
pub use self::trust::is_authority;
pub use self::witness::Exporter;
pub use self::{dns::Dns, http::Http, icmp::Icmp, ntp::Ntp, promql::Promql, tcp::Tcp, witness::Witness};

/// What a probe measured, by name: `status`, `time`, `json`, `tls.not_after`, `answers`.
#[derive(Clone, Debug, Default, Serialize, PartialEq)]
pub struct Facts(pub BTreeMap<String, Value>);

impl Facts {
    /// The fact of a name, or what stands at a path below one: `status`, `json.database`, `metric.nginx_up`.
    pub fn get(&self, fact: &str) -> Option<Value> {
        if let Some(value) = self.0.get(fact) {
            return Some(value.clone());
        }
        let path = Path::parse(fact).ok()?;
        let (root, below) = path.split()?;
        if root == "row" {
            let (metric, below) = below.split()?;
            return below.find(&self.rows(metric)?);
        }
        below.find(self.0.get(root)?)
    }

    /// The series of a metric, each as its labels: what `label` has by column.
    fn rows(&self, metric: &str) -> Option<Value> {
        let columns = self.0.get("label")?.get(metric)?.as_object()?;
        let cell = |values: &Value, at: usize| match values {
            Value::Array(values) => values.get(at).cloned(),
            single => (at == 0).then(|| single.clone()),
        };
        let row = |at| -> Option<Object> {
            columns.iter().map(|(label, values)| Some((label.clone(), cell(values, at)?))).collect()
        };
        let rows = (0..).map_while(|at| row(at).filter(|row| !row.is_empty()).map(Value::Object));
        Some(rows.collect())
    }

    /// Records a fact.
    pub fn insert(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }
}

/// Why there are no facts, and whose fault that is.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
pub enum ProbeError {
    /// The target refused, was silent, or spoke nonsense.
    #[error("{reason}")]
    Target {
        /// How it failed.
        kind: Failure,
        /// What happened, as a person would say it: `connection refused by 10.10.10.11:3000`.
        reason: String,
    },
    /// The service that was to testify about the target could not.
    #[error("{0}")]
    Witness(String),
    /// This machine could not look: no permission, no descriptors, no route of its own.
    #[error("{0}")]
    Local(String),
}

/// How a target failed, as far as the runner needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Failure {
    /// Nothing answered in time.
    Silent,
    /// A router, or our own stack, says that the host cannot be reached.
    Unreachable,
    /// The host answered that nothing listens there: proof that the host lives.
    Refused,
    /// The connection was made, and what came over it was wrong, too big or cut off.
    Protocol,
}

/// One question to the network.
#[derive(Clone, Debug, PartialEq)]
pub enum Probe {
    /// An HTTP request.
    Http(Http),
    /// A TCP connection.
    Tcp(Tcp),
    /// An ICMP echo request.
    Icmp(Icmp),
    /// A DNS query.
    Dns(Dns),
    /// An NTP request.
    Ntp(Ntp),
    /// An instant query.
    Promql(Promql),
    /// A probe that a Blackbox Exporter makes.
    Witness(Witness),
}

/// What a kind of probe is called, which fields it takes and which facts it gives.
#[derive(Debug)]
pub struct Kind {
    /// The key in a suite.
    pub name: &'static str,
    /// Every field it accepts.
    pub fields: &'static [&'static str],
    /// Every fact it may give; one that ends in `.` or `[` opens a tree that is addressed by path.
    pub facts: &'static [&'static str],
    /// What is expected where a check expects nothing, by fact.
    pub default: &'static [(&'static str, &'static str)],
}

/// The fields that say what is asked by which method.
const METHODS: [&str; 4] = ["get", "head", "post", "delete"];

/// The fields that may hold a secret, of the kinds whose fields are shown.
const CLOSED: [&str; 2] = ["query_response", "tls_config"];

impl Kind {
    /// What is asked, from the fields of a question that may not be complete, without those that may hold a secret.
    pub fn sketch(&self, fields: &Object) -> String {
        let part = |before: &str, name: &str| fields.get(name).map(|value| format!("{before}{}", show(value)));
        if self.name != "http" {
            let open = fields.iter().filter(|(name, _)| !CLOSED.contains(&name.as_str()));
            let told = open.map(|(name, value)| format!("{name}: {}", show(value)));
            return format!("{} {}", self.name, told.collect::<Vec<_>>().join(", "));
        }
        let question = METHODS.iter().find_map(|method| part(&format!("{} ", method.to_uppercase()), method));
        [question, part(" as ", "user"), part(" at ", "address")].into_iter().flatten().collect()
    }
}

/// Every kind of probe.
pub const KINDS: &[Kind] = &[http::KIND, tcp::KIND, icmp::KIND, dns::KIND, ntp::KIND, promql::KIND, witness::KIND];

impl Probe {
    /// Builds the probe of a kind from its expanded fields; the error names the field.
    pub fn new(kind: &str, fields: Object) -> Result<Self, String> {
        fn read<T: serde::de::DeserializeOwned>(fields: Object) -> Result<T, String> {
            serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| match error.path().to_string() {
                // A field that is missing or unknown is named by the message itself, and has no path.
                path if path == "." || error.inner().to_string().contains("field `") => error.into_inner().to_string(),
                path => format!("{path}: {}", error.into_inner()),
            })
        }
        match kind {
            "http" => read(fields).map(Self::Http),
            "tcp" => read(fields).map(Self::Tcp),
            "icmp" => read(fields).map(Self::Icmp),
            "dns" => read(fields).map(Self::Dns),
            "ntp" => read(fields).map(Self::Ntp),
            "promql" => read(fields).map(Self::Promql),
            "blackbox" => read(fields).map(Self::Witness),
            _ => Err(format!("unknown probe `{kind}`")),
        }
    }

    /// Asks once, within the timeout.
    pub async fn measure(&self, timeout: Duration) -> Result<Facts, ProbeError> {
        match self {
            Self::Http(probe) => probe.measure(timeout).await,
            Self::Tcp(probe) => probe.measure(timeout).await,
            Self::Icmp(probe) => probe.measure(timeout).await,
            Self::Dns(probe) => probe.measure(timeout).await,
            Self::Ntp(probe) => probe.measure(timeout).await,
            Self::Promql(probe) => probe.measure(timeout).await,
            Self::Witness(probe) => probe.measure(timeout).await,
        }
    }

    /// The same question, asked by a Blackbox Exporter from where it stands; nothing for what Pigsty's modules cannot ask.
    pub fn via(&self, exporter: &Exporter) -> Option<Self> {
        Witness::of(self, exporter).map(Self::Witness)
    }

    /// Waits until whoever is to ask has time; until what this gives is dropped, it is counted as busy.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        match self {
            Self::Witness(probe) => probe.turn().await,
            _ => None,
        }
    }

    /// Whether the question is a datagram, which the network may lose.
    pub fn is_datagram(&self) -> bool {
        match self {
            Self::Icmp(_) | Self::Ntp(_) => true,
            Self::Dns(probe) => probe.is_datagram(),
            Self::Witness(probe) => probe.is_datagram(),
            Self::Http(_) | Self::Tcp(_) | Self::Promql(_) => false,
        }
    }

    /// The address that this machine asks from, for the probes whose servers choose whom they answer.
    pub fn source(&self) -> Option<IpAddr> {
        let target = match self {
            Self::Dns(probe) => probe.server(),
            Self::Ntp(probe) => probe.server(),
            Self::Http(_) | Self::Tcp(_) | Self::Icmp(_) | Self::Promql(_) | Self::Witness(_) => return None,
        };
        blame::source(target)
    }

    /// What is asked, as a person would type it, without secrets: `GET http://10.10.10.10:3000/ui/api/health`.
    pub fn asked(&self) -> String {
        match self {
            Self::Http(probe) => probe.asked(),
            Self::Tcp(probe) => probe.asked(),
            Self::Icmp(probe) => probe.asked(),
            Self::Dns(probe) => probe.asked(),
            Self::Ntp(probe) => probe.asked(),
            Self::Promql(probe) => probe.asked(),
            Self::Witness(probe) => probe.asked(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_series_of_a_metric_is_found_by_a_label() {
        let mut facts = Facts::default();
        let flags = json!({"name": ["retentionPeriod", "dryRun"], "value": ["15d", "false"]});
        facts.insert("label", json!({"flag": flags, "build_info": {"version": "1"}}));
        assert_eq!(facts.get("row.flag[name=retentionPeriod].value"), Some(json!(["15d"])));
        assert_eq!(facts.get("row.flag[*].name"), Some(json!(["retentionPeriod", "dryRun"])));
        assert_eq!(facts.get("row.build_info[*].version"), Some(json!(["1"])));
        assert_eq!(facts.get("row.flag[name=none].value"), None);
        assert_eq!(facts.get("row.none[*].name"), None);
    }
}
