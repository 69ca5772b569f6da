//! What Nginx is rendered from: the portal's home, its entries, and whether it speaks TLS.
//!
//! A home with a template of its own (`conf`) is nobody's to judge.

use serde_json::json;

use super::Node;
use super::entry::{self, Entry, LISTS, flag, has_own_certificate, is_rendered, text};
use super::fleet::Listeners;
use crate::value::{Object, Value, is_true, show};

/// Derives what is known of the portal: its home first, then its entries.
pub(super) fn derive(node: &mut Node, listeners: &Listeners) {
    let tls = node.lookup("nginx_sslmode").map(|mode| json!(mode != json!("disable")));
    node.derive("tls_enabled", tls.map_err(|error| format!("is unknown: {error}")));
    node.derive("tls_disabled", node.holds("tls_enabled").map(|enabled| json!(!enabled)));
    home(node);
    // Pigsty's exporter looks at port 80 and at the home server only, whatever the inventory says.
    node.derive("nginx_status_scraped", is_scraped(node).map(Value::Bool));
    let entries = portal(node).and_then(|portal| entry::all(node, &portal, listeners));
    for (at, list) in LISTS.iter().enumerate() {
        let chosen =
            |all: &Vec<Entry>| all.iter().filter(|entry| entry.is_in(at)).map(|entry| entry.value.clone()).collect();
        node.derive(list, entries.as_ref().map(chosen).map_err(Clone::clone));
    }
}

/// Derives `home_enabled`, `home_domain`, and of a home that is there: `home_page`, whether it shows Pigsty's own page to anybody,
/// `home_open`, whether it asks for no password, and `home_certified`, whether it shows Pigsty's certificate.
fn home(node: &mut Node) {
    let home = portal(node).map(|portal| portal.get("home").and_then(Value::as_object).cloned().unwrap_or_default());
    let rendered = home.as_ref().map(|home| is_rendered(home).then(|| text(home, "domain")).flatten());
    let truth = |holds: &dyn Fn(&Object) -> bool| {
        let there = rendered.as_ref().map(Option::is_some).map_err(|why| (*why).clone());
        there.map(|there| json!(there && home.as_ref().is_ok_and(holds)))
    };
    let facts = [
        ("home_enabled", truth(&|_| true)),
        ("home_page", truth(&|home| text(home, "path").is_none() && !is_closed(home))),
        ("home_open", truth(&|home| !flag(home, "auth"))),
        ("home_certified", truth(&|home| !has_own_certificate(home))),
    ];
    let domain = match &rendered {
        Ok(Some(domain)) => Ok(json!(domain)),
        Ok(None) => Err("is unset, as infra_portal has no home".to_owned()),
        Err(why) => Err((*why).clone()),
    };
    for (name, value) in facts {
        node.derive(name, value);
    }
    node.derive("home_domain", domain);
}

fn portal(node: &Node) -> Result<Object, String> {
    let portal = node.lookup("infra_portal").map_err(|error| format!("is unknown: {error}"))?;
    portal.as_object().cloned().ok_or_else(|| "is unknown: infra_portal is not a mapping".to_owned())
}

/// Whether the password is asked for plain files too, which Pigsty's template does where they are not to be listed.
fn is_closed(home: &Object) -> bool {
    flag(home, "auth") && home.get("index").is_some_and(|index| !is_true(index))
}

fn is_scraped(node: &Node) -> Result<bool, String> {
    let (own, scraped) = (node.known("nginx_port")?, node.known("nginx_exporter_scrape_port")?);
    let is_same = own.zip(scraped).is_some_and(|(own, scraped)| show(own) == show(scraped));
    Ok(is_same && node.holds("home_enabled")?)
}
