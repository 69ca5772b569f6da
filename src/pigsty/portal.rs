//! What Nginx is rendered from: the portal's home, and whether it speaks TLS.

use serde_json::json;

use super::Node;
use crate::value::{Value, show};

/// Derives `home_enabled`, `home_domain`, `tls_enabled` and `nginx_status_scraped`.
pub(super) fn derive(node: &mut Node) {
    match home(node) {
        Ok(domain) => {
            node.derive("home_enabled", Ok(json!(domain.is_some())));
            node.derive("home_domain", domain.ok_or_else(|| "is unset, as infra_portal has no home".to_owned()));
        }
        Err(why) => {
            node.derive("home_enabled", Err(why.clone()));
            node.derive("home_domain", Err(why));
        }
    }
    let tls = node.lookup("nginx_sslmode").map(|mode| json!(mode != json!("disable")));
    node.derive("tls_enabled", tls.map_err(|error| format!("is unknown: {error}")));
    // Pigsty's exporter looks at port 80 and at the home server only, whatever the inventory says.
    let scraped = same_port(node, "nginx_port", "nginx_exporter_scrape_port") && node.vars.is_true("home_enabled");
    node.derive("nginx_status_scraped", Ok(json!(scraped)));
}

/// The domain of the home server that Pigsty renders; none without an entry `home`, or where it has a template of its own.
fn home(node: &Node) -> Result<Option<Value>, String> {
    let portal = node.lookup("infra_portal").map_err(|error| format!("is unknown: {error}"))?;
    let portal = portal.as_object().ok_or("is unknown: infra_portal is not a mapping")?;
    let Some(home) = portal.get("home") else { return Ok(None) };
    if home.get("conf").is_some_and(|conf| !conf.is_null() && *conf != json!("") && *conf != json!(false)) {
        return Ok(None);
    }
    Ok(home.get("domain").filter(|domain| domain.as_str().is_some_and(|text| !text.is_empty())).cloned())
}

fn same_port(node: &Node, one: &str, other: &str) -> bool {
    match (node.vars.get(one), node.vars.get(other)) {
        (Some(one), Some(other)) => show(one) == show(other),
        _ => false,
    }
}
