//! What the portal answers under which name, broken and well.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::*;

/// Asks the portal of a node by a name.
async fn visit(estate: &Estate, seq: usize, name: &str, path: &str, headers: &str) -> Reply {
    let question = format!("GET {path} HTTP/1.1\r\nhost: {name}:80\r\n{headers}connection: close\r\n\r\n");
    ask(estate.nodes[seq - 1].address("nginx_port"), &question).await.unwrap()
}

#[tokio::test]
async fn the_name_decides_who_answers() {
    let estate = Estate::start(2, &[]).await.unwrap();
    for (name, status, shown) in [
        ("i.pigsty", 200, "<title>Pigsty v4.5.0</title>"),
        ("nobody.pigsty", 200, "<title>Pigsty v4.5.0</title>"),
        ("g.pigsty", 301, "/ui/"),
        ("P.pigsty", 200, "<h2>Single-node VictoriaMetrics</h2>"),
        ("a.pigsty", 401, "401 Authorization Required"),
        ("f.pigsty", 200, "<title>Files</title>"),
    ] {
        for seq in [1, 2] {
            let reply = visit(&estate, seq, name, "/", "").await;
            assert!(reply.status == status && reply.body.contains(shown), "{name}: {} {}", reply.status, reply.body);
        }
    }
    assert_eq!(visit(&estate, 1, "app.pigsty", "/", "").await.status, 200);
    assert_eq!(visit(&estate, 2, "app.pigsty", "/", "").await.status, 502);
    let login = visit(&estate, 1, "a.pigsty", "/", "").await;
    assert_eq!(login.header("www-authenticate"), Some("Basic realm=\"Auth alertmanager\""));
}

#[tokio::test]
async fn the_home_page_leads_to_the_components_of_its_own_node() {
    let estate = Estate::start(2, &[fault("vlogs@infra-2=refuse"), fault("vtraces@infra-2=garbage")]).await.unwrap();
    for (path, first, second) in [
        ("/ui/api/health", 200, 200),
        ("/vmetrics/health", 200, 200),
        ("/vlogs/health", 200, 502),
        ("/vtraces/health", 200, 502),
        ("/vmalert/api/v1/rules", 200, 200),
        ("/alertmgr/-/ready", 200, 200),
        ("/blackbox/-/healthy", 200, 200),
        ("/vlogs", 404, 404),
        ("/ca.crt", 200, 200),
        ("/pigsty/repo_complete", 200, 200),
    ] {
        let replies = [visit(&estate, 1, "i.pigsty", path, "").await, visit(&estate, 2, "i.pigsty", path, "").await];
        assert_eq!(replies.map(|reply| reply.status), [first, second], "{path}");
    }
    let page = visit(&estate, 2, "i.pigsty", "/index.html", "").await.body;
    assert!(
        page.contains("class=\"tp-ip tp-admin\">127.0.0.1<") && page.contains("class=\"tp-ip\">127.0.0.2<"),
        "{page}"
    );
}

#[tokio::test]
async fn a_fault_of_the_portal_shows_where_it_is_and_nowhere_else() {
    for (word, name, path, status, elsewhere) in [
        ("enforce", "p.pigsty", "/x?y", 301, "i.pigsty"),
        ("home-auth", "i.pigsty", "/", 401, "p.pigsty"),
        ("home-auth", "i.pigsty", "/vmetrics/health", 401, "p.pigsty"),
        ("no-ca", "i.pigsty", "/ca.crt", 404, "i.pigsty"),
        ("bad-gateway", "p.pigsty", "/", 502, "i.pigsty"),
        ("bad-gateway", "i.pigsty", "/ui/api/health", 502, "f.pigsty"),
        ("no-location", "i.pigsty", "/vlogs/health", 404, "p.pigsty"),
        ("no-location", "i.pigsty", "/ui/api/health", 404, "p.pigsty"),
        ("no-auth", "a.pigsty", "/-/ready", 200, "i.pigsty"),
        ("no-repo", "i.pigsty", "/pigsty/repo_complete", 404, "i.pigsty"),
    ] {
        let broken = Estate::start(1, &[fault(&format!("nginx@infra-1={word}"))]).await.unwrap();
        assert_eq!(visit(&broken, 1, name, path, "").await.status, status, "{word}: {name}{path}");
        assert_eq!(visit(&broken, 1, elsewhere, "/", "").await.status, 200, "{word}: {elsewhere}");
        let well = Estate::start(1, &[]).await.unwrap();
        assert_ne!(visit(&well, 1, name, path, "").await.status, status, "{name}{path}");
    }
    let faults = ["enforce", "no-portal", "stale-index"].map(|word| fault(&format!("nginx@infra-1={word}")));
    let enforced = Estate::start(1, &faults[..1]).await.unwrap();
    let reply = visit(&enforced, 1, "p.pigsty", "/x?y", "").await;
    assert_eq!(reply.header("location"), Some("https://p.pigsty/x?y"));
    let unknown = Estate::start(1, &faults[1..]).await.unwrap();
    let reply = visit(&unknown, 1, "p.pigsty", "/", "").await;
    assert!(reply.body.contains("<title>Pigsty v4.5.0") && reply.body.contains(">infra-7<"), "{}", reply.body);
}

/// A key that the standard shows, and its answer.
const GREETING: &str =
    "upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const GREETED: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

#[tokio::test]
async fn another_protocol_is_spoken_through_the_portal_where_it_hands_the_wish_on() {
    let estate = Estate::start(2, &[fault("nginx@infra-2=no-upgrade")]).await.unwrap();
    let path = "/ui/api/live/ws";
    for name in ["g.pigsty", "i.pigsty"] {
        let question = format!("GET {path} HTTP/1.1\r\nhost: {name}\r\nconnection: Upgrade, close\r\n{GREETING}\r\n");
        let reply = ask(estate.nodes[0].address("nginx_port"), &question).await.unwrap();
        assert_eq!((reply.status, reply.header("sec-websocket-accept")), (101, Some(GREETED)), "{name}");
        assert_eq!(ask(estate.nodes[1].address("nginx_port"), &question).await.unwrap().status, 400, "{name}");
        assert_eq!(visit(&estate, 1, name, path, "").await.status, 400, "{name}");
    }
}

/// Whether who trusts the authority that a node offers trusts its portal under a name.
async fn is_trusted(node: &Node, name: &'static str) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(node.authority.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(node.address("nginx_ssl_port")).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name).unwrap(), stream).await.is_ok()
}

#[tokio::test]
async fn the_authority_that_is_offered_vouches_for_every_name_of_the_portal() {
    let well = Estate::start(2, &[]).await.unwrap();
    assert_eq!(well.nodes[0].authority, well.nodes[1].authority);
    for name in ["i.pigsty", "g.pigsty", "app.pigsty", "localhost", "127.0.0.1"] {
        assert!(is_trusted(&well.nodes[1], name).await, "{name}");
    }
    assert!(!is_trusted(&well.nodes[1], "127.0.0.2").await);
    for (word, home, entry) in [("foreign-ca", false, false), ("other-ca", false, false), ("uncovered", true, false)] {
        let estate = Estate::start(1, &[fault(&format!("nginx@infra-1={word}"))]).await.unwrap();
        let node = &estate.nodes[0];
        assert_eq!((is_trusted(node, "i.pigsty").await, is_trusted(node, "g.pigsty").await), (home, entry), "{word}");
    }
}

#[tokio::test]
async fn a_grafana_knows_whether_its_datasources_answer() {
    let faults = ["vmetrics@infra-1=refuse", "grafana@infra-2=datasource-error"].map(fault);
    let estate = Estate::start(2, &faults).await.unwrap();
    let login = "authorization: Basic YWRtaW46RGVtby5HcmFmYW5h\r\n";
    for (uid, first, second) in [
        ("ds-prometheus", 400, 400),
        ("ds-vlogs", 200, 200),
        ("ds-vtraces", 200, 200),
        ("ds-meta", 400, 400),
        ("x", 404, 404),
    ] {
        let path = format!("/ui/api/datasources/uid/{uid}/health");
        let replies =
            [visit(&estate, 1, "i.pigsty", &path, login).await, visit(&estate, 2, "i.pigsty", &path, login).await];
        assert_eq!(replies.map(|reply| reply.status), [first, second], "{uid}");
    }
}
