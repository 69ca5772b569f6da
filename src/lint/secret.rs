//! Passwords that everybody can read in Pigsty's repository.

use super::{Estate, Judge, Notes, Rule};
use crate::pigsty::Node;

pub(super) static SECRET: Rule = Rule {
    name: "secret",
    title: "keeps no password that Pigsty publishes",
    why: "The passwords of Pigsty's role defaults and templates stand in its repository, for everybody to try.",
    causes: &["a template was filled in without configure -g, which makes passwords of its own"],
    look: &["./configure -g", "grep -nE 'password|secret' pigsty.yml"],
    judge: Judge::Node(secrets),
};

/// What is published: the variable, its value, and what must be on for it to matter where nobody wrote it down.
const PUBLISHED: [(&str, &str, Option<&str>); 10] = [
    ("grafana_admin_password", "pigsty", Some("grafana_enabled")),
    ("grafana_view_password", "DBUser.Viewer", None),
    ("haproxy_admin_password", "pigsty", None),
    ("pg_admin_password", "DBUser.DBA", None),
    ("pg_monitor_password", "DBUser.Monitor", None),
    ("pg_replication_password", "DBUser.Replicator", None),
    ("patroni_password", "Patroni.API", None),
    ("minio_secret_key", "S3User.MinIO", None),
    ("etcd_root_password", "Etcd.Root", None),
    ("mysql_root_password", "DBUser.Root", None),
];

fn secrets(estate: &Estate<'_>, node: &Node, notes: &mut Notes) {
    for (name, published, switch) in PUBLISHED {
        let written = Estate::is_written(node, name);
        let matters = written || switch.is_some_and(|switch| notes.is_on(node, switch));
        if !matters || notes.value(node, name).is_none_or(|value| value != published) {
            continue;
        }
        let (place, what) = if written {
            (estate.place(node, name), format!("{name} is the one that Pigsty publishes"))
        } else {
            (None, format!("{name} is not set, so it is the one that Pigsty publishes"))
        };
        notes.warn(place, what, format!("choose a {name} of your own"));
    }
}
