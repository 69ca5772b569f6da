//! Redirects.

use std::sync::mpsc::TryRecvError;

use serde_json::json;

use crate::server::{LONG, ask, get, listening, ok};

fn found(location: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 5\r\n\r\nmoved")
}

#[tokio::test]
async fn a_redirect_is_the_answer_unless_it_is_to_be_followed() {
    let (address, asked) =
        listening(|asked| if asked.starts_with("GET /there ") { ok("there") } else { found("/there") });
    let facts = get(address).await.unwrap().0;
    assert_eq!((&facts["status"], &facts["redirects"], &facts["body"]), (&json!(302), &json!(0), &json!("moved")));
    let followed = ask(json!({"get": format!("http://{address}/"), "follow_redirects": "true"}), LONG).await.unwrap().0;
    assert_eq!((&followed["status"], &followed["redirects"]), (&json!(200), &json!(1)));
    assert_eq!(followed["url"], format!("http://{address}/there"));
    assert_eq!(asked.iter().take(3).count(), 3);
}

#[tokio::test]
async fn a_loop_ends_with_the_tenth_redirect() {
    let (address, asked) = listening(|_| found("/again"));
    let facts = ask(json!({"get": format!("http://{address}/"), "follow_redirects": true}), LONG).await.unwrap().0;
    assert_eq!((&facts["status"], &facts["redirects"]), (&json!(302), &json!(10)));
    assert_eq!(asked.try_iter().count(), 11);
}

#[tokio::test]
async fn a_redirect_to_another_host_is_the_answer() {
    let (elsewhere, visits) = listening(|_| ok("elsewhere"));
    for location in [format!("http://localhost:{}/", elsewhere.port()), "ftp://127.0.0.1/".into(), "http://[".into()] {
        let there = location.clone();
        let (address, _asked) = listening(move |_| found(&there));
        let facts = ask(json!({"get": format!("http://{address}/"), "follow_redirects": true}), LONG).await.unwrap().0;
        assert_eq!((&facts["status"], &facts["redirects"]), (&json!(302), &json!(0)));
        assert_eq!(facts["header"]["location"], location);
    }
    assert_eq!(visits.try_recv(), Err(TryRecvError::Empty));
}

#[tokio::test]
async fn a_named_host_is_followed_at_the_address_that_was_asked() {
    let (other, asked_other) = listening(|_| ok("other port"));
    let port = other.port();
    let (address, asked) = listening(move |_| found(&format!("http://i.pigsty:{port}/x")));
    let fields = json!({"get": "http://i.pigsty/", "address": address.to_string(), "follow_redirects": true});
    let facts = ask(fields, LONG).await.unwrap().0;
    assert_eq!((&facts["body"], &facts["redirects"]), (&json!("other port"), &json!(1)));
    assert!(asked.recv().unwrap().contains("\r\nhost: i.pigsty\r\n"));
    assert!(asked_other.recv().unwrap().contains(&format!("\r\nhost: i.pigsty:{port}\r\n")));
}

#[tokio::test]
async fn credentials_follow_to_the_same_host_alone() {
    let secrets = json!({"X-Kind": "kept", "Cookie": "session=1"});
    let (bare, asked_bare) = listening(|_| ok("bare"));
    let (named, asked_named) = listening(move |asked| match asked.split(' ').nth(1) {
        Some("/") => found("/same"),
        _ => found(&format!("http://{bare}/")),
    });
    let fields = json!({"get": "http://i.pigsty/", "address": named.to_string(), "follow_redirects": true,
        "user": "admin", "password": "pigsty", "headers": secrets});
    assert_eq!(ask(fields, LONG).await.unwrap().0["redirects"], 2);
    for asked in asked_named.iter().take(2) {
        assert!(asked.contains("authorization: Basic") && asked.contains("cookie: "), "{asked}");
    }
    let asked = asked_bare.recv().unwrap();
    assert!(!asked.contains("authorization") && !asked.contains("cookie") && asked.contains("x-kind: kept"), "{asked}");
}

#[tokio::test]
async fn a_posted_body_is_sent_again_only_where_the_status_says_so() {
    for (status, method) in [(301, "GET"), (303, "GET"), (307, "POST"), (308, "POST")] {
        let (address, asked) = listening(move |asked| match asked.split(' ').nth(1) {
            Some("/") => format!("HTTP/1.1 {status} Moved\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n"),
            _ => ok(""),
        });
        let fields = json!({"post": format!("http://{address}/"), "body": "a=1", "follow_redirects": true});
        assert_eq!(ask(fields, LONG).await.unwrap().0["status"], 200);
        let next = asked.iter().nth(1).unwrap();
        assert!(next.starts_with(&format!("{method} /next ")), "{status}: {next}");
        assert_eq!(next.contains("content-length: 3"), method == "POST", "{status}: {next}");
    }
}
