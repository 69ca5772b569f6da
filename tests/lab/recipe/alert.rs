//! vmalert, Alertmanager and Blackbox Exporter.

use super::{Recipe, Step};

pub(super) const VMALERT: &[Recipe] = &[
    Recipe {
        word: "shutting-down",
        steps: &[
            Step::Line("-httpListenAddr", "-http.shutdownDelay=1h -httpListenAddr"),
            Step::Ready,
            Step::Signal("TERM"),
        ],
    },
    Recipe {
        word: "reload-failed",
        steps: &[Step::Edit("infra/rules/infra.yml", &[("expr: infra_up < 1", "expr: infra_up <")])],
    },
    Recipe { word: "no-rules", steps: &[Step::Remove("infra/rules/infra.yml")] },
    Recipe {
        word: "rule-error",
        steps: &[Step::Write(
            "infra/rules/wrong.yml",
            "groups:\n  - name: wrong-rules\n    rules:\n      - record: wrong\n        expr: up + on (job) up\n",
        )],
    },
    Recipe {
        word: "stale-output",
        steps: &[Step::Line(
            "-remoteWrite.url=http://127.0.0.1:{{ vmetrics_port }}",
            "-remoteWrite.url=http://127.0.0.1:9",
        )],
    },
    Recipe {
        word: "no-notifier",
        steps: &[Step::Line(
            "-notifier.url=http://127.0.0.1:{{ alertmanager_port }}",
            "-notifier.url=http://127.0.0.1:9",
        )],
    },
    Recipe {
        word: "interval",
        steps: &[Step::Line("-evaluationInterval={{ vmetrics_scrape_interval }}", "-evaluationInterval=3s")],
    },
];

pub(super) const ALERTMANAGER: &[Recipe] = &[
    Recipe {
        word: "reload-failed",
        steps: &[Step::Edit("etc/alertmanager.yml", &[("  receiver: default", "  receiver: nobody")])],
    },
    Recipe {
        word: "other-address",
        steps: &[Step::Line("--cluster.advertise-address={{ ip }}", "--cluster.advertise-address=10.10.10.99")],
    },
    Recipe {
        word: "settling",
        steps: &[Step::Line("--cluster.gossip-interval=50ms", "--cluster.gossip-interval=10m")],
    },
];

pub(super) const BLACKBOX: &[Recipe] = &[
    Recipe { word: "reload-failed", steps: &[Step::Edit("etc/blackbox.yml", &[("prober: tcp", "probes: tcp")])] },
    Recipe { word: "no-module", steps: &[Step::Edit("etc/blackbox.yml", &[("tcp_connect:", "tcp_other:")])] },
    Recipe { word: "no-icmp", steps: &[Step::User("nobody")] },
    Recipe {
        word: "cut-off",
        steps: &[
            // Only what the machine sends by itself has no address of its own yet; its replies to pings have.
            Step::Drop("from 0.0.0.0/32 ipproto icmp to {{ last.ip }} blackhole"),
            Step::Drop("ipproto tcp dport {{ nginx_port }} to {{ last.ip }} blackhole"),
        ],
    },
];
