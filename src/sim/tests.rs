use std::io::ErrorKind;
use std::time::Duration;

use clap::ValueEnum;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::*;

mod portal;
mod written;

/// Longer than an answer takes that comes at all.
const PATIENT: Duration = Duration::from_secs(20);

/// Long enough to see that a silent port is silent; whoever answers within it is not.
const HASTY: Duration = Duration::from_millis(300);

fn fault(text: &str) -> Fault {
    text.parse().unwrap()
}

async fn refusal(nodes: usize, faults: &[&str]) -> String {
    let faults: Vec<_> = faults.iter().map(|text| fault(text)).collect();
    Estate::start(nodes, &faults).await.err().unwrap().to_string()
}

/// What came back.
struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

async fn get(address: SocketAddrV4, path: &str) -> io::Result<Reply> {
    ask(address, &format!("GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n")).await
}

/// Sends a question as it stands, and reads until the end.
async fn ask(address: SocketAddrV4, question: &str) -> io::Result<Reply> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(question.as_bytes()).await?;
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENT, stream.read_to_end(&mut answer)).await??;
    let answer = String::from_utf8(answer).map_err(io::Error::other)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(ErrorKind::InvalidData)?;
    let status = head.get(9..12).and_then(|status| status.parse().ok()).ok_or(ErrorKind::InvalidData)?;
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(Reply { status, headers, body: body.to_owned() })
}

/// Whether a scrape brings metrics, redirects followed.
async fn can_be_scraped(address: SocketAddrV4, patience: Duration) -> bool {
    let scrape = async {
        let reply = get(address, "/metrics").await?;
        match reply.header("location") {
            Some(path) => get(address, path).await,
            None => Ok(reply),
        }
    };
    matches!(tokio::time::timeout(patience, scrape).await, Ok(Ok(Reply { status: 200, .. })))
}

#[tokio::test]
async fn an_estate_that_cannot_be_is_refused() {
    assert_eq!(refusal(0, &[]).await, "an estate has 1 to 3 nodes, not 0");
    assert_eq!(refusal(4, &[]).await, "an estate has 1 to 3 nodes, not 4");
    let outside = "grafana@infra-3=refuse: the estate has 2 nodes, and none is infra-3";
    assert_eq!(refusal(2, &["grafana@infra-3=refuse"]).await, outside);
    let dead = "node@infra-2=dead: one node can be dead, and another one is";
    assert_eq!(refusal(2, &["node@infra-1=dead", "node@infra-2=dead"]).await, dead);
}

#[tokio::test]
async fn a_refusing_port_is_closed_over_both_protocols_and_stays_so() {
    let faults = ["dnsmasq@infra-1=refuse", "grafana@infra-1=refuse"].map(fault);
    let estate = Estate::start(1, &faults).await.unwrap();
    for variable in ["grafana_port", "dns_port"] {
        let refused = TcpStream::connect(estate.nodes[0].address(variable)).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused, "{variable}");
    }
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(estate.nodes[0].address("dns_port")).await.unwrap();
    socket.send(b"?").await.unwrap();
    let refused = tokio::time::timeout(PATIENT, socket.recv(&mut [0])).await.unwrap().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn an_estate_ends_when_it_is_dropped() {
    let estate = Estate::start(1, &[]).await.unwrap();
    let address = estate.nodes[0].address("vlogs_port");
    assert_eq!(get(address, "/health").await.unwrap().status, 200);
    drop(estate);
    let end = async { while TcpStream::connect(address).await.is_ok() {} };
    assert_eq!(tokio::time::timeout(PATIENT, end).await, Ok(()));
}

/// Everything on the first node that can be broken in this way is.
fn all_broken(word: Word) -> Vec<Fault> {
    let broken = Component::value_variants().iter().filter(|component| component.words().contains(&word));
    broken.map(|component| Fault { component: *component, seq: 1, word }).collect()
}

#[tokio::test]
async fn connections_that_are_kept_open_keep_nobody_from_being_answered() {
    let estate = Estate::start(1, &[]).await.unwrap();
    let address = estate.nodes[0].address("vmetrics_port");
    let mut kept = Vec::new();
    for _ in 0..200 {
        kept.push(TcpStream::connect(address).await.unwrap());
    }
    assert_eq!(get(address, "/health").await.unwrap().status, 200);
}

/// Waits for a port that is not open yet.
async fn until_open(address: SocketAddrV4) {
    let open = async {
        while TcpStream::connect(address).await.is_err() {
            // A refusal comes at once, and would leave nobody else any time.
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(tokio::time::timeout(PATIENT, open).await, Ok(()), "{address}");
}

#[tokio::test]
async fn what_is_scraped_is_up_exactly_where_the_estate_itself_can_scrape_it() {
    for word in Word::value_variants() {
        let estate = Estate::start(2, &all_broken(*word)).await.unwrap();
        let witness = Here { nodes: estate.nodes.clone(), at: 1, component: Component::Vmetrics };
        let targets = answer::scraped(&witness);
        assert!(targets.len() >= 8, "{word:?}");
        let patience = if matches!(word, Word::Silence | Word::Slow) { HASTY } else { PATIENT };
        let broken = &estate.nodes[0];
        let mut asked = JoinSet::new();
        for (address, up) in targets.into_iter().filter(|(address, _)| *address.ip() == broken.ip) {
            let port = broken.ports.iter().find(|port| port.number == address.port()).unwrap();
            let inside = SocketAddrV4::new(broken.ip, port.inside);
            asked.spawn(async move {
                if up && *word == Word::Restart {
                    until_open(inside).await;
                }
                (address, up, can_be_scraped(inside, patience).await)
            });
        }
        for (address, up, scraped) in asked.join_all().await {
            assert_eq!(up, scraped, "{word:?}: {address}");
        }
    }
}

#[tokio::test]
async fn a_process_that_starts_refuses_at_first_and_answers_soon() {
    let estate = Estate::start(1, &all_broken(Word::Restart)).await.unwrap();
    let node = &estate.nodes[0];
    for port in node.ports.iter().filter(|port| port.component != Component::Chronyd) {
        let refused = TcpStream::connect(node.address(port.variable)).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused, "{}", port.variable);
    }
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(node.address("chronyd_port")).await.unwrap();
    let mut refused = 0;
    let mut reply = [0; 48];
    let answered = async {
        loop {
            let asked = async {
                socket.send(&[&[0x23], [0; 47].as_slice()].concat()).await?;
                socket.recv(&mut reply).await
            };
            match asked.await {
                Ok(length) => return length,
                Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionRefused),
            }
            refused += 1;
        }
    };
    assert_eq!(tokio::time::timeout(PATIENT, answered).await, Ok(48));
    assert!(refused > 0);
    for port in node.ports.iter().filter(|port| port.component != Component::Chronyd) {
        until_open(node.address(port.variable)).await;
    }
}

#[tokio::test]
async fn a_firewall_lets_whoever_is_outside_reach_nginx_only() {
    let estate = Estate::start(1, &[fault("node@infra-1=firewalled")]).await.unwrap();
    let node = &estate.nodes[0];
    let mut tried = JoinSet::new();
    for port in node.ports.iter().filter(|port| port.component != Component::Nginx) {
        let (variable, address) = (port.variable, node.address(port.variable));
        if port.component != Component::Chronyd {
            tried.spawn(
                async move { (variable, tokio::time::timeout(HASTY, TcpStream::connect(address)).await.is_err()) },
            );
        }
        if matches!(port.component, Component::Chronyd | Component::Dnsmasq) {
            tried.spawn(async move {
                let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                socket.connect(address).await.unwrap();
                socket.send(&[0x23; 48]).await.unwrap();
                (variable, tokio::time::timeout(HASTY, socket.recv(&mut [0; 48])).await.is_err())
            });
        }
    }
    for (variable, silent) in tried.join_all().await {
        assert!(silent, "{variable}");
    }
    for path in ["/index.html", "/vmetrics/health", "/ui/api/health"] {
        assert_eq!(get(node.address("nginx_port"), path).await.unwrap().status, 200, "{path}");
    }
}
