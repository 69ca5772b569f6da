//! Grafana.

use super::{Recipe, Step};

const INI: &str = "etc/grafana/grafana.ini";

pub(super) const GRAFANA: &[Recipe] = &[
    Recipe {
        word: "slow",
        steps: &[
            Step::Edit(INI, &[("http_port = {{ grafana_port }}", "http_port = {{ grafana_port + 1 }}")]),
            Step::Actor("delay", "0.0.0.0:{{ grafana_port }} 127.0.0.1:{{ grafana_port + 1 }} 60"),
        ],
    },
    Recipe {
        word: "no-metrics",
        steps: &[Step::Edit(INI, &[("[analytics]", "[metrics]\nenabled = false\n\n[analytics]")])],
    },
    Recipe {
        word: "password",
        steps: &[Step::Tell("PUT", "/ui/api/admin/users/1/password", "{ \"password\": \"changed-in-the-web-page\" }")],
    },
    Recipe {
        word: "no-anonymous",
        steps: &[Step::Edit(INI, &[("[auth.anonymous]\nenabled = true", "[auth.anonymous]\nenabled = false")])],
    },
    Recipe { word: "no-organisation", steps: &[Step::Tell("PUT", "/ui/api/orgs/1", "{ \"name\": \"Main Org.\" }")] },
    Recipe { word: "no-datasource", steps: &[Step::Tell("DELETE", "/ui/api/datasources/uid/ds-prometheus", "")] },
    Recipe {
        word: "no-peer-datasource",
        steps: &[
            Step::Tell("DELETE", "/ui/api/datasources/name/vmetrics-{{ last.seq }}", ""),
            Step::Tell("DELETE", "/ui/api/datasources/name/vlogs-{{ last.seq }}", ""),
            Step::Tell("DELETE", "/ui/api/datasources/name/vtraces-{{ last.seq }}", ""),
        ],
    },
    Recipe {
        word: "datasource-error",
        steps: &[Step::Edit(
            "etc/grafana/provisioning/datasources/pigsty.yml",
            &[("\"http://127.0.0.1:{{ vmetrics_port }}\"", "\"http://127.0.0.1:9\"")],
        )],
    },
    Recipe {
        word: "no-dashboards",
        steps: &[
            Step::Tell("DELETE", "/ui/api/dashboards/uid/pigsty", ""),
            Step::Tell("DELETE", "/ui/api/dashboards/uid/infra-overview", ""),
        ],
    },
    Recipe {
        word: "no-home",
        steps: &[Step::Tell("PUT", "/ui/api/org/preferences", "{ \"homeDashboardUID\": \"\" }")],
    },
    Recipe {
        word: "no-subpath",
        steps: &[Step::Edit(
            INI,
            &[("root_url = /ui/\nserve_from_sub_path = true", "root_url = /\nserve_from_sub_path = false")],
        )],
    },
];
