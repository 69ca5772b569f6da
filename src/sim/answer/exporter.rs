//! The exporter that reads Nginx's status page: well itself whatever becomes of the server that it speaks for.

use std::time::Duration;

use hyper::StatusCode;

use super::{Answer, Question, metrics, missing, typed};
use crate::sim::fault::{Component, Word};
use crate::sim::layout::Here;

/// How long it waits for Nginx, unless it is told otherwise.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn answer(here: &Here, question: &Question) -> Answer {
    if question.path() == "/metrics" && here.node().has(Component::Nginx, Word::Silence) {
        tokio::time::sleep(PATIENCE).await;
    }
    match question.path() {
        "/" => typed(StatusCode::OK, "text/html; charset=utf-8", "<title>NGINX Prometheus Exporter</title>\n"),
        "/metrics" => metrics(exported(!here.is(Word::Blind) && sees_status(here))),
        _ => missing(),
    }
}

fn sees_status(here: &Here) -> bool {
    let node = here.node();
    let hidden = node.first(Component::Nginx, &[Word::Installing, Word::NoStatus]).is_some();
    node.works(Component::Nginx) && !hidden && !here.is(Word::Leftover)
}

fn exported(up: bool) -> String {
    let build = "# HELP nginx_exporter_build_info A metric with a constant '1' value labeled by version.\n\
                 # TYPE nginx_exporter_build_info gauge\n\
                 nginx_exporter_build_info{branch=\"HEAD\",goarch=\"amd64\",goos=\"linux\",version=\"1.5.1\"} 1\n";
    let connections = "# TYPE nginx_connections_active gauge\nnginx_connections_active 1\n\
                       # TYPE nginx_http_requests_total counter\nnginx_http_requests_total 20\n";
    let state = "# HELP nginx_up Status of the last metric scrape\n# TYPE nginx_up gauge\n";
    format!("{}{build}{state}nginx_up {}\n", if up { connections } else { "" }, u8::from(up))
}
