//! What a VictoriaMetrics of the estate scrapes, and how that goes: told from the faults alone, so that it agrees with
//! what anybody who asks the targets themselves will find.

use std::net::{Ipv4Addr, SocketAddrV4};

use serde_json::json;

use crate::sim::fault::{Component, Word};
use crate::sim::layout::{Here, Node};
use crate::value::Value;

/// What Pigsty registers of a node: a component, the port that is scraped for it, and the process behind that port.
const SCRAPED: [(Component, &str, Component); 8] = [
    (Component::Nginx, "nginx_exporter_port", Component::NginxExporter),
    (Component::Vmetrics, "vmetrics_port", Component::Vmetrics),
    (Component::Vlogs, "vlogs_port", Component::Vlogs),
    (Component::Vtraces, "vtraces_port", Component::Vtraces),
    (Component::Vmalert, "vmalert_port", Component::Vmalert),
    (Component::Alertmanager, "alertmanager_port", Component::Alertmanager),
    (Component::Blackbox, "blackbox_port", Component::Blackbox),
    (Component::Grafana, "grafana_port", Component::Grafana),
];

/// Added to a node's number to make the one that it had before; no estate has so many nodes.
const BEFORE: u8 = 6;

/// The number of the node that was taken away.
const GONE: u8 = 9;

/// A scrape target.
pub(super) struct Target {
    pub(super) job: &'static str,
    class: String,
    instance_name: String,
    ip: Ipv4Addr,
    pub(super) instance: String,
    file: String,
    url: String,
    /// The samples of the last scrape, or why there are none.
    scrape: Result<u32, String>,
}

/// Everything that is scraped from here.
pub(super) fn all(here: &Here) -> Vec<Target> {
    let last = here.nodes.len() - 1;
    let mut targets = Vec::new();
    for (at, node) in here.nodes.iter().enumerate() {
        let last = at == last;
        if !(last && here.is(Word::Missing)) {
            let renumbered = last && here.is(Word::Labels);
            targets.extend(registered(here, node, if renumbered { node.seq + BEFORE } else { node.seq }, last));
        }
        if last && here.is(Word::Duplicate) {
            targets.extend(registered(here, node, node.seq + BEFORE, last));
        }
        targets.push(pinged(node));
    }
    if here.is(Word::Stale) {
        targets.extend(gone());
    }
    targets
}

/// A node's targets, as the file under a number lists them.
fn registered(here: &Here, node: &Node, seq: u8, last: bool) -> Vec<Target> {
    let present =
        SCRAPED.into_iter().filter(|(component, ..)| node.first(*component, &[Word::Absent, Word::Leftover]).is_none());
    let targets = present.map(|(component, port, process)| {
        let address = node.address(port);
        let between = here.node().first(here.component, &[Word::Unscraped, Word::EmptyScrape]);
        let scrape = match between.filter(|_| last && process == Component::Grafana) {
            Some(Word::Unscraped) => Err(silent(address)),
            Some(_) => Ok(0),
            None => scrape(node, process, address),
        };
        Target::infra(&component.name(), seq, address, scrape)
    });
    targets.collect()
}

/// What a scrape brings; whoever answers with metrics is up, whichever product it is.
fn scrape(node: &Node, process: Component, address: SocketAddrV4) -> Result<u32, String> {
    use Word::{Absent, Garbage, NoMetrics, Refuse, Silence, Slow, Wrong};
    if node.is_dead() {
        return Err(format!("cannot perform request to \"http://{address}/metrics\": network is unreachable"));
    }
    if process == Component::NginxExporter && node.has(Component::Nginx, Silence) {
        return Err(silent(address));
    }
    match node.first(process, &[Absent, Refuse, Silence, Slow, Garbage, NoMetrics, Wrong]) {
        Some(Absent | Refuse) => Err(format!(
            "cannot perform request to \"http://{address}/metrics\": dial tcp4 {address}: connect: connection refused"
        )),
        Some(Silence | Slow) => Err(silent(address)),
        Some(Garbage) => {
            Err(format!("cannot perform request to \"http://{address}/metrics\": malformed HTTP status code"))
        }
        // Nginx has no metrics of its own, and it is what answers in Grafana's place.
        Some(word) if word == NoMetrics || process == Component::Grafana => {
            Err(format!("unexpected status code returned when scraping \"http://{address}/metrics\": 404"))
        }
        _ => Ok(34),
    }
}

fn silent(address: SocketAddrV4) -> String {
    format!("cannot perform request to \"http://{address}/metrics\": context deadline exceeded")
}

/// The ping of a node, which is of another job and always comes back from the exporter that sends it.
fn pinged(node: &Node) -> Target {
    Target {
        job: "ping",
        class: "nodes".to_owned(),
        instance_name: format!("infra-{}", node.seq),
        ip: node.ip,
        instance: node.ip.to_string(),
        file: format!("targets/ping/{}.yml", node.ip),
        url: format!("http://127.0.0.1:9115/probe?module=icmp&target={}", node.ip),
        scrape: Ok(9),
    }
}

/// The targets of a node that was taken from the inventory, and whose file stayed.
fn gone() -> Vec<Target> {
    let address = |port| SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, GONE), port);
    let known = [("nginx", 9113), ("vmetrics", 8428), ("vlogs", 9428), ("grafana", 3000)];
    known.map(|(class, port)| Target::infra(class, GONE, address(port), Err(silent(address(port))))).into()
}

impl Target {
    fn infra(class: &str, seq: u8, address: SocketAddrV4, scrape: Result<u32, String>) -> Self {
        Self {
            job: "infra",
            class: class.to_owned(),
            instance_name: format!("{class}-{seq}"),
            ip: *address.ip(),
            instance: address.to_string(),
            file: format!("targets/infra/infra-{seq}.yml"),
            url: format!("http://{address}/metrics"),
            scrape,
        }
    }

    fn labels(&self) -> Value {
        json!({
            "cls": self.class, "ins": self.instance_name, "instance": self.instance, "ip": self.ip, "job": self.job,
        })
    }

    /// The labels of a series that is of this name.
    pub(super) fn series(&self, name: &str) -> Value {
        let mut labels = self.labels();
        labels["__name__"] = json!(name);
        labels
    }

    /// The value of its series `up`.
    pub(super) fn up(&self) -> f64 {
        f64::from(u8::from(self.scrape.is_ok()))
    }

    /// As the list of targets shows it.
    pub(super) fn describe(&self, now: &str) -> Value {
        let discovered = json!({
            "__address__": self.instance, "__meta_filepath": self.file, "cls": self.class, "ins": self.instance_name,
            "ip": self.ip, "job": self.job,
        });
        json!({
            "discoveredLabels": discovered,
            "labels": self.labels(),
            "scrapePool": self.job,
            "scrapeUrl": self.url,
            "lastError": self.scrape.as_ref().err().map_or("", String::as_str),
            "lastScrape": now,
            "lastScrapeDuration": 0.003,
            "lastSamplesScraped": self.scrape.as_ref().unwrap_or(&0),
            "health": if self.scrape.is_ok() { "up" } else { "down" },
        })
    }
}
