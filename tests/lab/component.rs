//! The components as Pigsty's units start them: program, user, command line, ports.

use std::path::Path;

/// One component of one node.
pub struct Component {
    /// As the faults call it.
    pub name: &'static str,
    /// The variables that must all be true for it to run; its own is the first.
    pub flags: &'static [&'static str],
    /// What `tests/lab/install` put into the cache; empty for what the test program does itself, under the same name.
    pub program: &'static str,
    pub user: &'static str,
    pub group: &'static str,
    pub directory: &'static str,
    /// A template of the command line, split at blanks as systemd does.
    pub arguments: &'static str,
    /// A template of the TCP port it listens on; chronyd has none.
    pub port: &'static str,
    /// The other ports that it has, over TCP or UDP.
    pub more: &'static str,
    /// Where it keeps what it was told by others.
    pub data: &'static str,
    /// Whether the lab may run without it: not every registry has it.
    pub optional: bool,
}

const ROOT: Component = Component {
    name: "",
    flags: &[],
    program: "",
    user: "root",
    group: "root",
    directory: "/",
    arguments: "",
    port: "",
    more: "",
    data: "",
    optional: false,
};
const VICTORIA: Component = Component { user: "victoria", group: "infra", directory: "/infra", ..ROOT };
const EXPORTER: Component = Component { user: "prometheus", group: "infra", ..ROOT };

/// Every component of an INFRA node, and the two things beside them that their checks meet: what ships the logs, and
/// the application behind a portal of the admin node.
#[rustfmt::skip]
pub const COMPONENTS: [Component; 13] = [
    Component { name: "nginx", flags: &["nginx_enabled"], program: "nginx", arguments: "-c /etc/nginx/nginx.conf", port: "{{ nginx_port }}", more: "{{ nginx_ssl_port }}", ..ROOT },
    Component {
        name: "nginx-exporter", flags: &["nginx_exporter_enabled", "nginx_enabled"], program: "nginx-prometheus-exporter",
        arguments: "--nginx.scrape-uri=http://127.0.0.1:80/nginx --web.listen-address=:{{ nginx_exporter_port }}", port: "{{ nginx_exporter_port }}", ..EXPORTER
    },
    Component {
        name: "grafana", flags: &["grafana_enabled"], program: "grafana-server", user: "grafana", group: "grafana", directory: "/var/lib/grafana",
        arguments: "--config=/etc/grafana/grafana.ini", port: "{{ grafana_port }}", data: "/var/lib/grafana", optional: true, ..ROOT
    },
    Component {
        name: "vmetrics", flags: &["vmetrics_enabled"], program: "victoria-metrics",
        arguments: "-storageDataPath=/infra/metrics -httpListenAddr=:{{ vmetrics_port }} -promscrape.config=/infra/prometheus.yml {{ vmetrics_options }}",
        port: "{{ vmetrics_port }}", data: "/infra/metrics", ..VICTORIA
    },
    Component {
        name: "vlogs", flags: &["vlogs_enabled"], program: "victoria-logs",
        arguments: "-storageDataPath=/infra/logs -httpListenAddr=:{{ vlogs_port }} {{ vlogs_options }}", port: "{{ vlogs_port }}", data: "/infra/logs", ..VICTORIA
    },
    Component {
        name: "vtraces", flags: &["vtraces_enabled"], program: "victoria-traces",
        arguments: "-storageDataPath=/infra/traces -httpListenAddr=:{{ vtraces_port }} {{ vtraces_options }}",
        port: "{{ vtraces_port }}", data: "/infra/traces", optional: true, ..VICTORIA
    },
    Component {
        name: "vmalert", flags: &["vmalert_enabled", "vmetrics_enabled"], program: "vmalert",
        arguments: "-datasource.url=http://127.0.0.1:{{ vmetrics_port }} -remoteRead.url=http://127.0.0.1:{{ vmetrics_port }} \
            -remoteWrite.url=http://127.0.0.1:{{ vmetrics_port }} -notifier.url=http://127.0.0.1:{{ alertmanager_port }} -rule=/infra/rules/*.yml \
            -evaluationInterval={{ vmetrics_scrape_interval }} -httpListenAddr=:{{ vmalert_port }} {{ vmalert_options }}",
        port: "{{ vmalert_port }}", ..VICTORIA
    },
    // It gossips with nobody as often as this, so that it settles within a second instead of ten.
    Component {
        name: "alertmanager", flags: &["alertmanager_enabled"], program: "alertmanager", directory: "/infra",
        arguments: "--config.file=/etc/alertmanager.yml --web.listen-address=:{{ alertmanager_port }} --cluster.advertise-address={{ ip }}:{{ alertmanager_port }} \
            --storage.path=/infra/alertmgr --web.external-url=http://localhost/alertmgr --web.route-prefix=/ --cluster.gossip-interval=50ms {{ alertmanager_options }}",
        port: "{{ alertmanager_port }}", ..EXPORTER
    },
    Component {
        name: "blackbox", flags: &["blackbox_enabled"], program: "blackbox_exporter",
        arguments: "--config.file=/etc/blackbox.yml --web.listen-address=:{{ blackbox_port }} {{ blackbox_options }}", port: "{{ blackbox_port }}", ..ROOT
    },
    Component {
        name: "dnsmasq", flags: &["dns_enabled"], program: "dnsmasq",
        arguments: "--keep-in-foreground --conf-file=/etc/dnsmasq.conf --user=dnsmasq --group=dnsmasq --pid-file=", port: "{{ dns_port }}", ..ROOT
    },
    // -x: the machine's clock is not the lab's to set.
    Component { name: "chronyd", flags: &["node_ntp_enabled"], program: "chronyd", arguments: "-d -x -u root -f /etc/chrony/chrony.conf", more: "123", ..ROOT },
    Component { name: "shipper", flags: &["vector_enabled"], arguments: "{{ ip }} {{ infra_seq }} {{ log_receivers }}", ..ROOT },
    Component { name: "application", flags: &["is_admin"], arguments: "127.0.0.1:18888", ..ROOT },
];

/// The component of that name.
pub fn named(name: &str) -> anyhow::Result<&'static Component> {
    COMPONENTS
        .iter()
        .find(|component| component.name == name)
        .ok_or_else(|| anyhow::anyhow!("no component is called {name}"))
}

/// What the lab cannot do without, and the cache has not.
pub fn missing(cache: &Path) -> Vec<&'static str> {
    COMPONENTS
        .iter()
        .filter(|component| !component.optional && !component.is_in(cache))
        .map(|component| component.program)
        .collect()
}

/// What the lab runs without, as the cache has it not.
pub fn absent(cache: &Path) -> Vec<&'static Component> {
    COMPONENTS.iter().filter(|component| component.optional && !component.is_in(cache)).collect()
}

impl Component {
    fn is_in(&self, cache: &Path) -> bool {
        self.program.is_empty() || cache.join("bin").join(self.program).exists()
    }

    /// Whether every VictoriaMetrics scrapes it; nginx counts once, by its exporter's port.
    pub fn is_scraped(&self) -> bool {
        !["nginx-exporter", "dnsmasq", "chronyd", "shipper", "application"].contains(&self.name)
    }
}
