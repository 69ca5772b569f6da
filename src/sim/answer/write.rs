//! What becomes of a write that its component does not take as it should.

use hyper::{Method, StatusCode};

use super::{Answer, Question, text};
use crate::sim::fault::{Component, Word};
use crate::sim::layout::Here;

/// The answer in the place of a write that is refused, or that is taken and comes to nothing; none for all others.
pub(super) fn refusal(here: &Here, question: &Question) -> Option<Answer> {
    let path = question.path();
    let deletes = question.method == Method::DELETE || path.ends_with("/delete_series");
    let alerts = path == "/api/v2/alerts";
    match here
        .node()
        .first(here.component, &[Word::NoWrites, Word::NoAlerts, Word::Forgets, Word::NoDelete, Word::Keeps])?
    {
        _ if question.is_read() => None,
        Word::NoDelete if deletes => Some(text(StatusCode::UNAUTHORIZED, "The provided authKey doesn't match\n")),
        Word::Keeps if deletes => Some(done(here)),
        // Resolved is an alert that is sent again with its end.
        Word::Keeps if alerts && here.node().memory.open().alerts.is_empty() => None,
        Word::Keeps if alerts => Some(done(here)),
        Word::NoWrites if !deletes => Some(text(StatusCode::FORBIDDEN, "Forbidden\n")),
        Word::NoAlerts if alerts => Some(text(StatusCode::FORBIDDEN, "Forbidden\n")),
        // A silence is answered with its name, and what it is for is forgotten.
        Word::Forgets if !deletes && path != "/api/v2/silences" => Some(done(here)),
        _ => None,
    }
}

/// As a component answers that did what it was told.
fn done(here: &Here) -> Answer {
    let status = if here.component == Component::Vmetrics { StatusCode::NO_CONTENT } else { StatusCode::OK };
    text(status, "")
}
