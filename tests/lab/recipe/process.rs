//! What can happen to every process, and to the machine itself.

use super::{Recipe, Step};

/// The machine itself.
pub(super) const NODE: &[Recipe] = &[
    Recipe { word: "dead", steps: &[Step::Unplug] },
    Recipe { word: "mute", steps: &[Step::Drop("ipproto icmp to {{ client }} blackhole")] },
    Recipe {
        word: "firewalled",
        steps: &[
            Step::Drop("ipproto icmp to {{ client }} lookup main"),
            Step::Drop("ipproto tcp sport {{ nginx_port }} to {{ client }} lookup main"),
            Step::Drop("ipproto tcp sport {{ nginx_ssl_port }} to {{ client }} lookup main"),
            Step::Drop("to {{ client }} blackhole"),
        ],
    },
];

/// What can happen to this process.
pub(super) fn common(component: &str) -> &'static [Recipe] {
    match component {
        "nginx" => &NGINX,
        "nginx-exporter" | "alertmanager" => &BLACKBOX_STANDS_IN,
        "grafana" => &NGINX_STANDS_IN,
        "vmetrics" => &VLOGS_STANDS_IN,
        "vlogs" | "vmalert" => &VMETRICS_STANDS_IN,
        "vtraces" => &VMALERT_STANDS_IN,
        "blackbox" => &ALERTMANAGER_STANDS_IN,
        "dnsmasq" => &EMPTY_DNSMASQ_STANDS_IN,
        _ => &DNSMASQ_STANDS_IN,
    }
}

/// The common recipes with the step that puts another product in the place of the component.
macro_rules! common {
    ($($step:expr),+) => {
        [
            Recipe { word: "refuse", steps: &[Step::Kill] },
            Recipe { word: "silence", steps: &[Step::Freeze] },
            Recipe { word: "garbage", steps: &[Step::Kill, Step::Noise] },
            Recipe { word: "wrong", steps: &[Step::Kill, $($step),+] },
            Recipe { word: "absent", steps: &[Step::Off { stopping: true }] },
            Recipe { word: "leftover", steps: &[Step::Off { stopping: false }] },
            Recipe { word: "restart", steps: &[Step::Later] },
        ]
    };
}

const NGINX: [Recipe; 7] = common!(
    Step::Stranger(
        "cd /tmp; export GF_PATHS_DATA=/tmp/one GF_SERVER_HTTP_PORT={{ nginx_port }}; exec $P/grafana-server --config=/etc/grafana/grafana.ini"
    ),
    Step::Stranger(
        "cd /tmp; export GF_PATHS_DATA=/tmp/two GF_SERVER_HTTP_PORT={{ nginx_ssl_port }} GF_SERVER_PROTOCOL=https \
         GF_SERVER_CERT_FILE=/etc/nginx/conf.d/cert/pigsty.crt GF_SERVER_CERT_KEY=/etc/nginx/conf.d/cert/pigsty.key; \
         exec $P/grafana-server --config=/etc/grafana/grafana.ini"
    )
);
const NGINX_STANDS_IN: [Recipe; 7] = common!(Step::Stranger(
    "rm -rf /tmp/nginx; cp -r /etc/nginx /tmp/nginx; cd /tmp/nginx
     sed -i 's/listen {{ nginx_port }}/listen {{ grafana_port }}/; /ssl/d' conf.d/*.conf
     sed -i 's/run.nginx.pid/tmp\\/nginx\\/pid/' nginx.conf
     exec $P/nginx -c /tmp/nginx/nginx.conf"
));
const BLACKBOX_STANDS_IN: [Recipe; 7] =
    common!(Step::Stranger("exec $P/blackbox_exporter --config.file=/etc/blackbox.yml --web.listen-address=:$PORT"));
const ALERTMANAGER_STANDS_IN: [Recipe; 7] = common!(Step::Stranger(
    "exec $P/alertmanager --config.file=/etc/alertmanager.yml --web.listen-address=:$PORT --cluster.listen-address= --storage.path=/tmp/alertmgr"
));
const VLOGS_STANDS_IN: [Recipe; 7] =
    common!(Step::Stranger("exec $P/victoria-logs -storageDataPath=/tmp/logs -httpListenAddr=:$PORT"));
const VMETRICS_STANDS_IN: [Recipe; 7] =
    common!(Step::Stranger("exec $P/victoria-metrics -storageDataPath=/tmp/metrics -httpListenAddr=:$PORT"));
const VMALERT_STANDS_IN: [Recipe; 7] = common!(Step::Stranger(
    "exec $P/vmalert -datasource.url=http://127.0.0.1:{{ vmetrics_port }} -remoteWrite.url=http://127.0.0.1:9 -notifier.blackhole -rule=/infra/rules/infra.yml -httpListenAddr=:$PORT"
));
const EMPTY_DNSMASQ_STANDS_IN: [Recipe; 7] = common!(Step::Stranger(
    "exec $P/dnsmasq --keep-in-foreground --conf-file=/dev/null --no-hosts --no-resolv --port=$PORT --pid-file="
));
const DNSMASQ_STANDS_IN: [Recipe; 7] = common!(Step::Stranger(
    "exec $P/dnsmasq --keep-in-foreground --conf-file=/dev/null --no-hosts --no-resolv --port=123 --pid-file="
));
