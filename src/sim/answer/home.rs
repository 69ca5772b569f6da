//! Nginx's home server: the home page, what lies beside it, and the components of its node below it.

use std::fmt::Write;

use hyper::StatusCode;
use hyper::header::HOST;

use super::nginx::{error, is_portal, login, page};
use super::proxy::Way;
use super::{Answer, Question, proxy, refused_method, typed};
use crate::sim::fault::{Component, Word};
use crate::sim::layout::Here;
use crate::sim::memory::{Line, remember};

/// What is proxied below the home page: its prefix, which is taken away, and the variable of the port behind it.
const LOCATIONS: [(&str, &str); 6] = [
    ("/vmetrics/", "vmetrics_port"),
    ("/vlogs/", "vlogs_port"),
    ("/vtraces/", "vtraces_port"),
    ("/vmalert/", "vmalert_port"),
    ("/alertmgr/", "alertmanager_port"),
    ("/blackbox/", "blackbox_port"),
];

/// Where Grafana is, which knows its prefix itself.
const DASHBOARDS: &str = "/ui/";

/// Where Grafana speaks WebSocket.
const LIVE: &str = "/ui/api/live/";

/// The number that the last node had before, where the page is stale.
const BEFORE: u8 = 7;

/// The query of a request that shall be found again in the logs.
const TRACED: &str = "infra-verify";

pub(super) async fn answer(here: &Here, question: &Question) -> Answer {
    let answer = serve(here, question).await;
    if is_portal(here) && question.parameter(TRACED).is_some() {
        log(here, question, answer.status());
    }
    answer
}

async fn serve(here: &Here, question: &Question) -> Answer {
    let path = question.path();
    let own = !here.is(Word::NoLocation) && !here.is(Word::Installing);
    if own && path.starts_with(DASHBOARDS) {
        return below(here, question, "grafana_port", 0).await;
    }
    let location = LOCATIONS.into_iter().find(|(prefix, _)| own && path.starts_with(prefix));
    match location {
        _ if asks_for_login(here, path, location.is_some()) => login("Pigsty Home Auth"),
        Some((prefix, variable)) => below(here, question, variable, prefix.len() - 1).await,
        None if !question.is_read() => refused_method(),
        None => file(here, path),
    }
}

/// The server asks for it as a whole, and lies open where plain files are.
fn asks_for_login(here: &Here, path: &str, proxied: bool) -> bool {
    here.is(Word::HomeAuth) && (proxied || matches!(path, "/" | "/zh" | "/pev"))
}

/// Hands on what is left of the target without a prefix; only the portal of a node has components behind it.
async fn below(here: &Here, question: &Question, variable: &str, prefix: usize) -> Answer {
    if !is_portal(here) || here.is(Word::BadGateway) {
        return error(StatusCode::BAD_GATEWAY);
    }
    let target = question.target.get(prefix..).unwrap_or("/");
    let upgrades = question.path().starts_with(LIVE) && !here.is(Word::NoUpgrade);
    let host = question.header(HOST).unwrap_or_default();
    let way = Way { address: here.node().inside(variable), target, upgrades, host };
    proxy::hand_on(question, &way).await
}

fn file(here: &Here, path: &str) -> Answer {
    let installing = here.is(Word::Installing);
    match path {
        "/" | "/index.html" if installing => page(StatusCode::OK, "Pigsty v4.5.0 - Installing"),
        "/" | "/index.html" if !here.is(Word::NoIndex) => typed(StatusCode::OK, "text/html", index(here)),
        "/ca.crt" if !here.is(Word::NoCa) && !installing => {
            typed(StatusCode::OK, "application/x-x509-ca-cert", here.node().authority.clone())
        }
        "/pigsty/" => page(StatusCode::OK, "Index of /pigsty/"),
        "/pigsty/repo_complete" if !here.is(Word::NoRepo) => typed(StatusCode::OK, "text/plain", "complete\n"),
        path if path.starts_with("/nginx") && has_status(here) => status(),
        _ => page(StatusCode::NOT_FOUND, "404 - Page Not Found | Pigsty"),
    }
}

fn has_status(here: &Here) -> bool {
    let unwanted = here.node().has(Component::NginxExporter, Word::Leftover);
    !here.is(Word::NoStatus) && !here.is(Word::Installing) && !unwanted
}

fn status() -> Answer {
    let lines =
        "Active connections: 2 \nserver accepts handled requests\n 3 3 19 \nReading: 0 Writing: 1 Waiting: 1 \n";
    typed(StatusCode::OK, "text/plain", lines)
}

/// The home page with a row for every node, as it was when Pigsty wrote it.
fn index(here: &Here) -> String {
    let mut page = String::from(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n    <meta charset=\"UTF-8\">\n    <title>Pigsty v4.5.0</title>\n\
         </head>\n<body>\n<table class=\"tp-table\" id=\"topologyTable\">\n<tbody>\n",
    );
    for node in here.nodes.iter() {
        let stale = node.seq == here.last().seq && here.is(Word::StaleIndex);
        let seq = if stale { BEFORE } else { node.seq };
        let (class, tip) = if node.ip == here.admin().ip {
            ("tp-ip tp-admin", "<span class=\"admin-tip\">Admin Node</span>")
        } else {
            ("tp-ip", "")
        };
        let ip = node.ip;
        let _ = write!(
            page,
            "<tr data-ip=\"{ip}\">\n    <td data-col=\"node\">\n        \
             <a href=\"/ui/d/node-instance?var-id={ip}\" class=\"{class}\">{ip}{tip}</a>\n    </td>\n    \
             <td data-col=\"pgsql\">\n        <span class=\"tp-pill empty\">-</span>\n    </td>\n    \
             <td data-col=\"infra\">\n        \
             <a href=\"/ui/d/infra-overview\" class=\"tp-pill\">infra-{seq}</a>\n    </td>\n</tr>\n"
        );
    }
    page.push_str("</tbody>\n</table>\n</body>\n</html>\n");
    page
}

/// Vector ships the line to the VictoriaLogs of every node.
fn log(here: &Here, question: &Question, status: StatusCode) {
    let node = here.node();
    let time = humantime::format_rfc3339_millis(std::time::SystemTime::now()).to_string();
    let message = format!(
        "127.0.0.1 - - [{time}] \"{} {} HTTP/1.1\" {} 1024 \"-\" \"-\"",
        question.method,
        question.target,
        status.as_u16()
    );
    let stream = [
        ("job", "nginx".to_owned()),
        ("ins", format!("nginx-{}", node.seq)),
        ("ip", node.ip.to_string()),
        ("cls", "nginx".to_owned()),
    ];
    let stream: Vec<_> = stream.map(|(label, value)| (label.to_owned(), value)).into();
    for keeper in here.nodes.iter() {
        let line = Line { stream: stream.clone(), message: message.clone(), time: time.clone() };
        remember(&mut keeper.memory.open().lines, line);
    }
}
