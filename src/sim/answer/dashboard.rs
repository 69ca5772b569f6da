//! The dashboards that Pigsty gives to Grafana, and the one that it shows first.

use serde_json::json;

use crate::sim::fault::Word;
use crate::sim::layout::Here;
use crate::value::Value;

/// The dashboards of Pigsty v4.5.0 by their folders; the first is in none.
const FOLDERS: [(&str, &str); 9] = [
    ("", "pigsty"),
    ("app", "pglog-overview pglog-session"),
    (
        "infra",
        "alertmanager-instance etcd-overview grafana-instance infra-overview inventory-cmdb logs-instance nginx-instance \
         vlogs-instance vmalert-instance vmetrics-instance vtraces-instance",
    ),
    ("kafka", "kafka-consumer kafka-instance kafka-overview kafka-topic"),
    ("minio", "minio-instance minio-overview"),
    ("mysql", "mysql-alert mysql-cluster mysql-instance mysql-overview mysql-replication"),
    (
        "node",
        "claude-code node-alert node-cluster node-disk node-haproxy node-instance node-juice node-overview node-vector \
         node-vip",
    ),
    (
        "pgsql",
        "pgcat-database pgcat-instance pgcat-locks pgcat-query pgcat-schema pgcat-table pgrds-cluster pgrds-instance \
         pgsql-activity pgsql-alert pgsql-cluster pgsql-database pgsql-databases pgsql-exporter pgsql-instance \
         pgsql-overview pgsql-patroni pgsql-persist pgsql-pgbouncer pgsql-pitr pgsql-proxy pgsql-query \
         pgsql-replication pgsql-service pgsql-session pgsql-shard pgsql-table pgsql-tables pgsql-xacts",
    ),
    ("redis", "redis-cluster redis-instance redis-overview"),
];

/// Every dashboard, as a search shows it.
pub(super) fn search(here: &Here) -> Value {
    let names = FOLDERS.into_iter().filter(|_| !here.is(Word::NoDashboards));
    let names = names.flat_map(|(folder, names)| names.split_whitespace().map(move |name| (folder, name)));
    names.zip(1..).map(|((folder, name), id)| found(folder, name, id)).collect()
}

fn found(folder: &str, name: &str, id: u32) -> Value {
    let url = format!("/ui/d/{name}/{name}");
    let mut found = json!({
        "id": id, "uid": name, "title": name, "uri": format!("db/{name}"), "url": url, "type": "dash-db", "tags": [],
        "isStarred": false,
    });
    if !folder.is_empty() {
        found["folderUid"] = json!(folder);
        found["folderTitle"] = json!(folder.to_ascii_uppercase());
    }
    found
}

/// Where the first page leads: to Pigsty's dashboard, or nowhere if nobody said so or it is not there.
pub(super) fn home(here: &Here) -> Value {
    if here.node().first(here.component, &[Word::NoHome, Word::NoDashboards]).is_some() {
        return json!({"meta": {"isHome": true, "canStar": false, "slug": ""}, "dashboard": {"title": "Home", "panels": []}});
    }
    json!({"redirectUri": "/ui/d/pigsty/pigsty"})
}
