//! The greeting with which Grafana begins to speak WebSocket; what is said afterwards is not spoken here.

use data_encoding::BASE64;
use hyper::StatusCode;
use hyper::header::{CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::{Answer, Question, text};

/// What RFC 6455 adds to a key, so that only who knows the protocol can answer it.
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Changes the protocol for who asks in its words.
pub(super) fn greet(question: &Question) -> Answer {
    let wants = |name: HeaderName, word: &str| {
        let given = question.header(name).unwrap_or_default().to_ascii_lowercase();
        given.split(',').any(|given| given.trim() == word)
    };
    let key =
        question.header(SEC_WEBSOCKET_KEY).filter(|_| wants(CONNECTION, "upgrade") && wants(UPGRADE, "websocket"));
    let accepted = key.and_then(|key| HeaderValue::try_from(accept(key)).ok());
    let Some(accepted) = accepted else { return text(StatusCode::BAD_REQUEST, "Bad Request\n") };
    let mut answer = Answer::default();
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    answer.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
    answer.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accepted);
    answer
}

fn accept(key: &str) -> String {
    BASE64.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{MAGIC}").as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_accepted_as_the_standard_shows_it() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
