//! Nginx: which of its servers a name leads to, who must log in there, and what stands behind it.

use hyper::StatusCode;
use hyper::header::{HeaderValue, LOCATION, SEC_WEBSOCKET_KEY, WWW_AUTHENTICATE};

use super::proxy::Way;
use super::{Answer, Question, home, live, proxy, refused_method, typed, with};
use crate::sim::fault::{Component, Word};
use crate::sim::layout::Here;
use crate::sim::portal::{Behind, ENTRIES, Entry};

/// Answers as the portal of this node, or as an unrelated one in the place of another component.
pub(super) async fn answer(here: &Here, question: &Question) -> Answer {
    with(serve(here, question).await, "server", "nginx")
}

/// A name that has no server of its own lands on the home page.
async fn serve(here: &Here, question: &Question) -> Answer {
    let name = question.name();
    let hidden = here.node().first(here.component, &[Word::NoPortal, Word::Installing, Word::Wrong]).is_some();
    let hidden = hidden || (here.is(Word::PlainPortal) && question.secure);
    match ENTRIES.iter().find(|entry| !hidden && entry.domain == name) {
        _ if here.is(Word::OtherSite) && question.secure => page(StatusCode::OK, "It works!"),
        Some(_) if here.is(Word::Enforce) && !question.secure => moved(&name, question),
        Some(entry) if entry.auth && !here.is(Word::NoAuth) => login(&format!("Auth {}", entry.key)),
        Some(entry) => behind(here, question, entry).await,
        None => home::answer(here, question).await,
    }
}

async fn behind(here: &Here, question: &Question, entry: &Entry) -> Answer {
    let address = match entry.behind {
        Behind::Files(_) => return files(question),
        Behind::Admin(_) | Behind::Loopback(_) if here.is(Word::BadGateway) => {
            return error(StatusCode::BAD_GATEWAY);
        }
        Behind::Admin("vmetrics_port") if here.is(Word::StalePortal) => here.admin().inside("vlogs_port"),
        Behind::Admin(variable) => here.admin().inside(variable),
        Behind::Loopback(_) if here.node().seq == here.admin().seq => return application(here, question),
        Behind::Loopback(_) => return error(StatusCode::BAD_GATEWAY),
    };
    let upgrades = entry.websocket && !here.is(Word::NoUpgrade);
    proxy::hand_on(question, &Way { address, target: &question.target, upgrades, host: &question.name() }).await
}

/// An application that speaks WebSocket to whoever asks for it, and shows a page to others.
fn application(here: &Here, question: &Question) -> Answer {
    match question.header(SEC_WEBSOCKET_KEY) {
        None => page(StatusCode::OK, "An application"),
        Some(_) if here.is(Word::NoUpgrade) => error(StatusCode::UPGRADE_REQUIRED),
        Some(_) => live::greet(question),
    }
}

fn files(question: &Question) -> Answer {
    match question.path() {
        _ if !question.is_read() => refused_method(),
        "/" | "/index.html" => page(StatusCode::OK, "Files"),
        _ => error(StatusCode::NOT_FOUND),
    }
}

/// To the same address over TLS, whose port Pigsty's template never names.
fn moved(name: &str, question: &Question) -> Answer {
    let mut answer = error(StatusCode::MOVED_PERMANENTLY);
    if let Ok(to) = HeaderValue::try_from(format!("https://{name}{}", question.target)) {
        answer.headers_mut().insert(LOCATION, to);
    }
    answer
}

/// The estate has no user whom the portal would let in.
pub(super) fn login(realm: &str) -> Answer {
    let mut answer = error(StatusCode::UNAUTHORIZED);
    if let Ok(realm) = HeaderValue::try_from(format!("Basic realm=\"{realm}\"")) {
        answer.headers_mut().insert(WWW_AUTHENTICATE, realm);
    }
    answer
}

/// A page of Nginx's own.
pub(super) fn error(status: StatusCode) -> Answer {
    // Nginx's name for 401 is another one than HTTP's.
    let reason = match status {
        StatusCode::UNAUTHORIZED => "Authorization Required",
        StatusCode::GATEWAY_TIMEOUT => "Gateway Time-out",
        other => other.canonical_reason().unwrap_or_default(),
    };
    let title = format!("{} {reason}", status.as_u16());
    let page = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    typed(status, "text/html", page)
}

/// A page that somebody wrote.
pub(super) fn page(status: StatusCode, title: &str) -> Answer {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"UTF-8\">\n<title>{title}</title>\n</head>\n\
         <body><h1>{title}</h1></body>\n</html>\n"
    );
    typed(status, "text/html", page)
}

/// Whether it is this node's portal that speaks, and not an unrelated one that somebody started elsewhere.
pub(super) fn is_portal(here: &Here) -> bool {
    here.component == Component::Nginx
}
