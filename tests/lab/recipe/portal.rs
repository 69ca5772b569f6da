//! Nginx and its exporter.

use super::Certificate::{Days, ForeignAuthority, HomeOnly};
use super::{Recipe, Step};

const HOME: &str = "etc/nginx/conf.d/home.conf";

pub(super) const NGINX: &[Recipe] = &[
    Recipe {
        word: "installing",
        steps: &[
            Step::Edit(
                "etc/nginx/nginx.conf",
                &[("include conf.d/*.conf;", "server { listen {{ nginx_port }}; root /www; }")],
            ),
            Step::Edit(
                "www/index.html",
                &[("<title>Pigsty {{ version }}", "<title>Pigsty {{ version }} - Installing")],
            ),
        ],
    },
    Recipe { word: "no-index", steps: &[Step::Remove("www/index.html")] },
    Recipe { word: "no-status", steps: &[Step::Edit(HOME, &[("stub_status on;", "return 404;")])] },
    Recipe { word: "no-tls", steps: &[Step::Vars(&[("nginx_sslmode", "\"disable\"")])] },
    Recipe {
        word: "other-site",
        steps: &[
            Step::Edit(
                "etc/nginx/conf.d/*.conf",
                &[("listen {{ nginx_ssl_port }} ssl default_server;", ""), ("listen {{ nginx_ssl_port }} ssl;", "")],
            ),
            Step::Write(
                "etc/nginx/conf.d/other.conf",
                "server { listen {{ nginx_ssl_port }} ssl; ssl_certificate conf.d/cert/pigsty.crt; ssl_certificate_key conf.d/cert/pigsty.key; \
                 default_type text/html; return 200 '<html><title>It works!</title></html>'; }",
            ),
        ],
    },
    Recipe { word: "expired", steps: &[Step::Certificate(Days(-397, -1))] },
    Recipe { word: "expiring", steps: &[Step::Certificate(Days(-390, 7))] },
    Recipe { word: "not-yet-valid", steps: &[Step::Certificate(Days(1, 397))] },
    Recipe { word: "foreign-ca", steps: &[Step::Certificate(ForeignAuthority)] },
    Recipe { word: "uncovered", steps: &[Step::Certificate(HomeOnly)] },
    Recipe { word: "other-ca", steps: &[Step::Offered] },
    Recipe { word: "no-ca", steps: &[Step::Remove("www/ca.crt")] },
    Recipe { word: "enforce", steps: &[Step::Vars(&[("nginx_sslmode", "\"enforce\"")])] },
    Recipe { word: "home-auth", steps: &[Step::Vars(&[("infra_portal.home.auth", "true")])] },
    Recipe {
        word: "no-portal",
        steps: &[Step::Edit("etc/nginx/nginx.conf", &[("include conf.d/*.conf;", "include conf.d/home.conf;")])],
    },
    Recipe {
        word: "bad-gateway", // a network to which no machine here has a way
        steps: &[Step::Edit(
            "etc/nginx/conf.d/*.conf",
            &[
                ("http://127.0.0.1:", "http://192.0.2.1:"),
                ("{ server 127.0.0.1:", "{ server 192.0.2.1:"),
                ("{ server {{ admin_ip }}:", "{ server 192.0.2.1:"),
            ],
        )],
    },
    Recipe {
        word: "no-location",
        steps: &[Step::Edit(
            HOME,
            &[
                ("location /ui/", "location /not/ui/"),
                ("location ~ ^/ui/", "location ~ ^/not/ui/"),
                ("location /vmetrics/", "location /not/vmetrics/"),
                ("location /vlogs/", "location /not/vlogs/"),
                ("location /vtraces/", "location /not/vtraces/"),
                ("location /vmalert/", "location /not/vmalert/"),
                ("location /alertmgr/", "location /not/alertmgr/"),
                ("location /blackbox/", "location /not/blackbox/"),
            ],
        )],
    },
    Recipe {
        word: "stale-portal",
        steps: &[Step::Vars(&[("infra_portal.prometheus.endpoint", "\"${admin_ip}:9428\"")])],
    },
    Recipe { word: "no-auth", steps: &[Step::Vars(&[("infra_portal.alertmanager.auth", "false")])] },
    Recipe {
        word: "no-upgrade",
        steps: &[Step::Edit("etc/nginx/conf.d/*.conf", &[("proxy_set_header Upgrade $http_upgrade;", "")])],
    },
    Recipe {
        word: "stale-index",
        steps: &[Step::Edit("www/index.html", &[("infra-{{ last.seq }}</a>", "infra-{{ last.seq + 6 }}</a>")])],
    },
    Recipe { word: "no-repo", steps: &[Step::Remove("www/pigsty/repo_complete")] },
];

pub(super) const EXPORTER: &[Recipe] =
    &[Recipe { word: "blind", steps: &[Step::Line("http://127.0.0.1:80/nginx", "http://127.0.0.1:81/nginx")] }];
