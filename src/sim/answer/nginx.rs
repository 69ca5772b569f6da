//! Nginx with its home page and status page, and the exporter that reads the latter.

use hyper::StatusCode;

use super::{Answer, Question, metrics, missing, typed, with};
use crate::sim::fault::{Component, Word};
use crate::sim::layout::Here;

/// The home server, which is the default one: whatever name is asked for lands here.
pub(super) fn page(here: &Here, question: &Question) -> Answer {
    let answer = match question.path() {
        _ if here.is(Word::OtherSite) && question.is_to(here.node().address("nginx_ssl_port").port()) => {
            html(StatusCode::OK, "It works!")
        }
        "/" | "/index.html" if here.is(Word::Installing) => html(StatusCode::OK, "Pigsty v4.5.0 - Installing"),
        "/" | "/index.html" if !here.is(Word::NoIndex) => html(StatusCode::OK, "Pigsty v4.5.0"),
        path if path.starts_with("/nginx") && !here.is(Word::NoStatus) && !here.is(Word::Installing) => status(),
        _ => html(StatusCode::NOT_FOUND, "404 - Page Not Found | Pigsty"),
    };
    with(answer, "server", "nginx")
}

/// The exporter: well itself whatever becomes of the server that it speaks for.
pub(super) fn exporter(here: &Here, question: &Question) -> Answer {
    match question.path() {
        "/" => html(StatusCode::OK, "NGINX Prometheus Exporter"),
        "/metrics" => metrics(exported(!here.is(Word::Blind) && sees_status(here))),
        _ => missing(),
    }
}

fn sees_status(here: &Here) -> bool {
    use Word::{Absent, Garbage, Installing, NoStatus, Refuse, Silence, Slow, Wrong};
    let blinding = [Refuse, Silence, Garbage, Slow, Wrong, Absent, Installing, NoStatus];
    here.node().first(Component::Nginx, &blinding).is_none()
}

fn html(status: StatusCode, title: &str) -> Answer {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"UTF-8\">\n<title>{title}</title>\n</head>\n\
         <body><h1>{title}</h1></body>\n</html>\n"
    );
    typed(status, "text/html", page)
}

fn status() -> Answer {
    let lines =
        "Active connections: 2 \nserver accepts handled requests\n 3 3 19 \nReading: 0 Writing: 1 Waiting: 1 \n";
    typed(StatusCode::OK, "text/plain", lines)
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
