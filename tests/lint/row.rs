//! What is wrong in each row, and what is found there.

use super::{MOVED, TWO};

/// The variables of the second host, those of all from line 8 on, and every finding: severity, rule, place, what.
type Row = (&'static str, &'static str, &'static [&'static str]);

pub(super) const ROWS: &[Row] = &[
    // identity
    ("infra_seq: 1", "", &["error identity 6:24 infra_seq of 10.10.10.11 is that of 10.10.10.10 too"]),
    ("", "", &["error identity 6:9 infra_seq of 10.10.10.11 is missing, not a natural number"]),
    ("infra_seq: two", "", &["error identity 6:24 infra_seq of 10.10.10.11 is \"two\", not a natural number"]),
    ("infra_seq: 1.5", "", &["error identity 6:24 infra_seq of 10.10.10.11 is 1.5, not a natural number"]),
    (
        "infra_seq: 0",
        "",
        &["warning identity 6:24 infra_seq of 10.10.10.11 is 0, which Pigsty's home page shows as nothing"],
    ),
    ("infra_seq: '2'", "", &["warning identity 6:24 infra_seq of 10.10.10.11 is text, which bin/validate refuses"]),
    // reading, typo, version, region
    (
        "infra_seq: 2, infra_seq: 3",
        "",
        &["warning reading 6:38 infra_seq is written twice, first in line 6; the last one holds"],
    ),
    (
        "infra_seq: 2, grafana_prot: 3001",
        "vmetric_enabled: false\nmy_own_port: 1\nvlogs_port_note: x",
        &[
            "warning typo 6:38 grafana_prot is no variable of Pigsty, and almost grafana_port",
            "warning typo 8:5 vmetric_enabled is no variable of Pigsty, and almost vmetrics_enabled",
        ],
    ),
    (
        TWO,
        "version: v3.7.0\nprometheus_enabled: true\nloki_port: 3100",
        &[
            "error version 8:5 version is v3.7.0, and what is known here is Pigsty 4",
            "warning version 9:5 prometheus_enabled is a variable of Pigsty 3, which Pigsty 4 does not read",
            "warning version 10:5 loki_port is a variable of Pigsty 3, which Pigsty 4 does not read",
        ],
    ),
    (
        TWO,
        "version: v5.0.0\nregion: aws",
        &[
            "warning version 8:5 version is v5.0.0, and what is known here is Pigsty 4",
            "warning region 9:5 region is \"aws\", which Pigsty has no mirrors for",
        ],
    ),
    (
        TWO,
        "infra_portal:\n  home: { domain: i.pigsty }\n  prometheus: { domain: m.pigsty, endpoint: '${admin_ip}:9090' }",
        &["warning version 10:39 portal entry prometheus leads to port 9090, where Pigsty 3 had it"],
    ),
    // admin
    (TWO, "admin_ip: 10.10.10.300", &["error admin 8:5 admin_ip is \"10.10.10.300\", not an IPv4 address"]),
    (TWO, "admin_ip: 10.10.10.99", &["warning admin 8:5 admin_ip is 10.10.10.99, which is none of the INFRA nodes"]),
    // switch, sslmode
    (
        "infra_seq: 2, vlogs_enabled: ture",
        "grafana_enabled: enabled\nblackbox_enabled: 'Yes'\nvtraces_enabled: 0\nnode_ntp_enabled:",
        &[
            "error switch 6:38 vlogs_enabled is \"ture\", which is neither true nor false, and counts as false",
            "error switch 8:5 grafana_enabled is \"enabled\", which is neither true nor false, and counts as false",
            "error switch 11:5 node_ntp_enabled is null, which is neither true nor false, and counts as false",
        ],
    ),
    (
        TWO,
        "nginx_sslmode: off",
        &["error sslmode 8:5 nginx_sslmode is false, which counts as enable: Nginx speaks TLS and enforces nothing"],
    ),
    (
        TWO,
        "nginx_sslmode: enforced",
        &[
            "error sslmode 8:5 nginx_sslmode is \"enforced\", which counts as enable: Nginx speaks TLS and enforces nothing",
        ],
    ),
    // gate
    (
        "infra_seq: 2, vmetrics_enabled: false, grafana_enabled: false",
        "",
        &[
            "warning gate 6:38 vmalert_enabled is true and vmetrics_enabled is false: there is no vmalert either, and no rule",
        ],
    ),
    (
        TWO,
        "alertmanager_enabled: false\nnginx_exporter_enabled: no\nblackbox_enabled: no",
        &[
            "warning gate 8:5 vmalert_enabled is true and alertmanager_enabled is false: its alerts go nowhere",
            "warning gate 9:5 nginx_enabled is true and nginx_exporter_enabled is false: its target is registered all the same and is down for ever",
            "warning gate 10:5 vmetrics_enabled is true and blackbox_enabled is false: it pings through it all the same, and every target of job ping is down",
        ],
    ),
    (
        "infra_seq: 2, nginx_enabled: false",
        "nginx_exporter_enabled: true",
        &["warning gate 8:5 nginx_exporter_enabled is true and nginx_enabled is false: there is no exporter either"],
    ),
    (
        TWO,
        "vmetrics_enabled: false",
        &[
            "warning gate 8:5 vmalert_enabled is true and vmetrics_enabled is false: there is no vmalert either, and no rule",
            "warning gate 8:5 grafana_enabled is true and vmetrics_enabled is false: its dashboards have no data",
        ],
    ),
    // port, clash, assumed
    (
        TWO,
        "grafana_port: 0\nvlogs_port: 9428.5\nvtraces_port: true\nvmalert_port: '8881'\nblackbox_port: '09x'",
        &[
            "error port 8:5 grafana_port is 0, not a port",
            "error port 9:5 vlogs_port is 9428.5, not a port",
            "error port 10:5 vtraces_port is true, not a port",
            "error port 12:5 blackbox_port is \"09x\", not a port",
        ],
    ),
    (
        TWO,
        "grafana_port: 9100\nvlogs_port: 9428\nvtraces_port: 9428\nalertmanager_port: 9094",
        &[
            "error clash 8:5 node_exporter_port of node_exporter is 9100, and so is grafana_port of Grafana",
            "error clash 10:5 vtraces_port of VictoriaTraces is 9428, and so is vlogs_port of VictoriaLogs",
            "error clash 11:5 Alertmanager's gossip is 9094, and so is alertmanager_port of Alertmanager",
        ],
    ),
    (
        "infra_seq: 2, pg_cluster: pg-meta",
        "vmetrics_port: 9630",
        &["warning clash 8:5 pg_exporter_port of pg_exporter is 9630, and so is vmetrics_port of VictoriaMetrics"],
    ),
    (TWO, "vlogs_port: 8428\nvlogs_enabled: false", &[]),
    (
        TWO,
        "nginx_port: 8080\nnginx_ssl_port: 8443\nblackbox_port: 9116\nnginx_sslmode: enforce",
        &[
            "warning assumed 8:5 nginx_port is 8080, and Pigsty takes 80 for granted: nginx_exporter looks there all the same, and shows Nginx as down",
            "warning assumed 8:5 nginx_port is 8080, and Pigsty takes 80 for granted: what is sent on to TLS listens there all the same",
            "warning assumed 9:5 nginx_ssl_port is 8443, and Pigsty takes 443 for granted: what is sent on to TLS is sent there all the same",
            "warning assumed 10:5 blackbox_port is 9116, and Pigsty takes 9115 for granted: VictoriaMetrics pings through it all the same, and every target of job ping is down",
        ],
    ),
    // option, scrape
    (
        TWO,
        "vmetrics_options: -dedup.minScrapeInterval=1ms\nvlogs_options: -retentionPeriod=15x\nvtraces_options: -retentionPeriod=12h",
        &[
            "warning option 8:5 vmetrics_options has no -retentionPeriod: VictoriaMetrics keeps its data for a month",
            "warning option 8:5 vmetrics_options has no -promscrape.fileSDCheckInterval: new targets are seen after a minute instead of 5s",
            "error option 9:5 vlogs_options has -retentionPeriod=15x, with which VictoriaLogs does not start",
            "error option 10:5 vtraces_options has -retentionPeriod=12h, with which VictoriaTraces does not start",
        ],
    ),
    (
        TWO,
        "vmetrics_options: -retentionPeriod=1 -promscrape.fileSDCheckInterval=5s -retention.maxDiskSpaceUsageBytes=3GiB",
        &[
            "error option 8:5 vmetrics_options has -retention.maxDiskSpaceUsageBytes, which VictoriaMetrics does not know and does not start with",
        ],
    ),
    (
        TWO,
        "vmetrics_scrape_interval: 5s",
        &["warning scrape 8:5 vmetrics_scrape_timeout is longer than vmetrics_scrape_interval, and is cut to that"],
    ),
    (
        TWO,
        "vmetrics_scrape_interval: 10x",
        &["error scrape 8:5 vmetrics_scrape_interval is \"10x\", which VictoriaMetrics cannot read"],
    ),
    // home, entry, domain, unrecorded
    (
        TWO,
        "infra_portal: { minio: { domain: m.pigsty, endpoint: '10.10.10.10:9001' } }",
        &["warning home 8:5 infra_portal has no home"],
    ),
    (TWO, "infra_portal: []", &["error entry 8:5 infra_portal is not a mapping of entries"]),
    (
        TWO,
        "infra_portal:\n  home: { domain: i.pigsty }\n  a: { endpoint: '10.10.10.10:1' }\n  m: { domain: m.pigsty }\n  x:\n  b: { domain: api.pigsty, endpoint: 'http://10.10.10.10:80' }\n  c: { domain: adm.pigsty, path: /www/c, endpoint: '10.10.10.10:1' }",
        &[
            "warning entry 10:7 portal entry a has no domain, and is left out",
            "error entry 11:7 portal entry m has neither endpoint nor path, so there is no template for it",
            "error entry 12:7 portal entry x is not a mapping",
            "error entry 13:32 endpoint of portal entry b is \"http://10.10.10.10:80\": Nginx takes no URL there",
            "warning entry 14:46 portal entry c has a path and an endpoint, and the path holds",
        ],
    ),
    (
        TWO,
        "nginx_sslmode: disable\ninfra_portal:\n  home: { domain: i.pigsty }\n  m: { domain: m.pigsty, endpoint: '10.10.10.10:99999', enforce_https: true, scheme: htps, websockets: true, auth: ja }",
        &[
            "error entry 11:30 endpoint of portal entry m is \"10.10.10.10:99999\": it has no port from 1 to 65535",
            "error entry 11:61 portal entry m has enforce_https where nginx_sslmode is disable: it leads to a closed port",
            "error entry 11:82 scheme of portal entry m is \"htps\", which Nginx refuses",
            "warning entry 11:96 websockets of portal entry m is nothing that Pigsty reads, and almost websocket",
            "error entry 11:114 auth of portal entry m is \"ja\", which is neither true nor false, and counts as false",
        ],
    ),
    (
        TWO,
        "infra_portal:\n  home: { domain: i.pigsty }\n  m: { domain: I.Pigsty, path: /www/m }\n  n: { domain: m.pigsty, domains: [i.pigsty], path: /www/n }",
        &[
            "error domain 10:12 portal entry m has the domain i.pigsty, which is that of home",
            "error domain 11:40 portal entry n has the domain i.pigsty, which is that of home",
        ],
    ),
    (
        TWO,
        "infra_portal:\n  home: { domain: i.pigsty }\n  g: { domain: g.pigsty, endpoint: '${admin_ip}:3000' }\n  cc: { domain: pigsty.cc, path: /www/cc }",
        &["warning unrecorded 10:12 domain g.pigsty of portal entry g is not in dns_records"],
    ),
    (
        TWO,
        "dns_records: ['${admin_ip} i.pigsty', '10.10.10.50 m.pigsty']\ninfra_portal:\n  home: { domain: i.pigsty }\n  m: { domain: m.pigsty, path: /www/m }",
        &["warning unrecorded 8:5 dns_records has m.pigsty of portal entry m at an address that is no INFRA node's"],
    ),
    // record, placeholder
    (
        TWO,
        "dns_records:\n  - i.pigsty 10.10.10.10\n  - ${admin_ip} i.pigsty   # the portal\n  - 10.10.10.11 i.pigsty\n  - 10.10.10.10\n  - 10.10.10.10 a,b\n  - 5\n  - '# a comment'\n  - fe80::1 six.pigsty",
        &[
            "error record 9:9 record \"i.pigsty 10.10.10.10\" does not begin with an address",
            "warning record 11:9 i.pigsty has two addresses, 10.10.10.10 and 10.10.10.11, and leads to either by turns",
            "warning record 12:9 record \"10.10.10.10\" has no name",
            "error record 13:9 \"a,b\" in record \"10.10.10.10 a,b\" is no name",
            "error record 14:9 a record of dns_records is 5, not a line of text",
        ],
    ),
    (TWO, "dns_records: i.pigsty", &["error record 8:5 dns_records is not a list"]),
    (
        TWO,
        "dns_records: ['${adminip} i.pigsty']\nnode_ntp_servers: ['pool ${ntp} iburst']\ncache_pkg_dir: 'dist/${version}'\ninfra_portal:\n  home: { domain: i.pigsty }\n  m: { domain: '${admin_ip}.pigsty', endpoint: '${host}:1' }",
        &[
            "error placeholder 8:19 dns_records has ${adminip}, which nothing fills in",
            "error placeholder 9:24 node_ntp_servers has ${ntp}, which nothing fills in",
            "error placeholder 13:12 domain of infra_portal has ${admin_ip}, which Pigsty does not replace there",
            "error placeholder 13:42 endpoint of infra_portal has ${host}, which nothing fills in",
        ],
    ),
    // leftover
    (
        MOVED,
        "node_ntp_servers: ['pool 10.10.10.10 iburst', 'pool pool.ntp.org iburst']\ninfra_portal:\n  home: { domain: i.pigsty }\n  m: { domain: m.pigsty, endpoint: '192.168.1.100:9001' }\n  api: { domain: api.pigsty, endpoint: '192.168.1.1000:9001' }",
        &[
            "warning leftover 8:24 node_ntp_servers names 10.10.10.10, an address of Pigsty's templates and no host of this inventory",
            "error leftover 12:34 infra_portal names 192.168.1.1000, which is no address: configure replaced 10.10.10.10 within a longer one",
            "error entry 12:34 endpoint of portal entry api is \"192.168.1.1000:9001\": it has no IPv4 address",
        ],
    ),
    // secret
    (
        TWO,
        "grafana_admin_password: pigsty\npg_admin_password: DBUser.DBA",
        &[
            "warning secret 8:5 grafana_admin_password is the one that Pigsty publishes",
            "warning secret 9:5 pg_admin_password is the one that Pigsty publishes",
        ],
    ),
];
