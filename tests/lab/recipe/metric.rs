//! VictoriaMetrics, VictoriaLogs and VictoriaTraces.

use super::{Recipe, Step};

/// The targets of the node that was added last.
const LAST: &str = "infra/targets/infra/{{ last.name }}.yml";

const SHUTTING_DOWN: Recipe = Recipe {
    word: "shutting-down",
    steps: &[
        Step::Line("-httpListenAddr", "-http.shutdownDelay=1h -httpListenAddr"),
        Step::Ready,
        Step::Signal("TERM"),
    ],
};
const READONLY: Recipe = Recipe {
    word: "readonly",
    steps: &[Step::Line("-httpListenAddr", "-storage.minFreeDiskSpaceBytes=1000TB -httpListenAddr")],
};
const RETENTION: Recipe =
    Recipe { word: "retention", steps: &[Step::Line("-retentionPeriod=15d", "-retentionPeriod=30d")] };

const QUERY_FAILED: Recipe = Recipe {
    word: "query-failed",
    steps: &[Step::Line(
        "-httpListenAddr",
        "-search.maxConcurrentRequests=0 -search.maxQueueDuration=1ms -httpListenAddr",
    )],
};
const DISK: Recipe = Recipe { word: "disk", steps: &[Step::Disk(500)] };

pub(super) const VMETRICS: &[Recipe] = &[
    SHUTTING_DOWN,
    READONLY,
    RETENTION,
    DISK,
    Recipe {
        word: "reload-failed",
        steps: &[Step::Edit("infra/prometheus.yml", &[("scrape_configs:", "scrape_config:")])],
    },
    Recipe { word: "labels", steps: &[Step::Edit(LAST, &[("-{{ last.seq }},", "-{{ last.seq + 6 }},")])] },
    Recipe {
        word: "duplicate",
        steps: &[Step::Copy(
            LAST,
            "infra/targets/infra/infra-{{ last.seq + 6 }}.yml",
            ("-{{ last.seq }},", "-{{ last.seq + 6 }},"),
        )],
    },
    Recipe { word: "missing", steps: &[Step::Remove(LAST)] },
    Recipe {
        word: "stale",
        steps: &[
            Step::Copy(LAST, "infra/targets/infra/infra-9.yml", ("{{ last.ip }}", "10.10.10.19")),
            Step::Edit("infra/targets/infra/infra-9.yml", &[("-{{ last.seq }},", "-9,")]),
        ],
    },
    Recipe {
        word: "unscraped",
        steps: &[Step::Drop("ipproto tcp dport {{ grafana_port }} to {{ last.ip }} blackhole")],
    },
    Recipe {
        word: "empty-scrape",
        steps: &[Step::Edit(LAST, &[("cls: grafana }", "cls: grafana, __metrics_path__: /ui/healthz }")])],
    },
    Recipe {
        word: "foreign-series",
        steps: &[Step::Tell(
            "POST",
            "/api/v1/import/prometheus?extra_label=job=infra",
            "up{cls=\"grafana\",ins=\"grafana-1\",instance=\"10.20.30.40:3000\",ip=\"10.20.30.40\",site=\"elsewhere\"} 1\n",
        )],
    },
    Recipe { word: "query-failed", steps: &[Step::Line("-httpListenAddr", "-search.maxQueryLen=1 -httpListenAddr")] },
    Recipe {
        word: "young",
        steps: &[
            Step::Kill,
            Step::Stranger(
                "cd /infra; while :; do timeout --foreground -s KILL 4 setpriv --reuid victoria --regid infra --clear-groups $P/victoria-metrics {{ line }} || true; done",
            ),
        ],
    },
    Recipe {
        word: "scrape-interval",
        steps: &[Step::Edit(
            "infra/prometheus.yml",
            &[("scrape_interval: {{ vmetrics_scrape_interval }}", "scrape_interval: 3s")],
        )],
    },
    Recipe { word: "no-job", steps: &[Step::Edit("infra/prometheus.yml", &[("job_name: node", "job_name: machine")])] },
];

pub(super) const VLOGS: &[Recipe] = &[
    SHUTTING_DOWN,
    READONLY,
    RETENTION,
    DISK,
    QUERY_FAILED,
    Recipe { word: "no-logs", steps: &[Step::Vars(&[("log_jobs", "\"syslog\"")]), Step::Wipe] },
    Recipe { word: "no-syslog", steps: &[Step::Vars(&[("log_jobs", "\"nginx\"")]), Step::Wipe] },
];

pub(super) const VTRACES: &[Recipe] = &[SHUTTING_DOWN, READONLY, RETENTION, DISK, QUERY_FAILED];
