//! Servers that answer at once, in a process of their own.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// The word with which this program serves.
pub const WORD: &str = "serve";

/// Where the servers listen, until this is dropped.
pub struct Servers {
    child: Child,
    ports: Vec<u16>,
}

impl Servers {
    pub fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command.arg(WORD).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, ports: line.split_whitespace().map(|port| port.parse().unwrap()).collect() }
    }

    /// What is probed, by the names of the modules.
    pub fn targets(&self) -> [(&'static str, String); 4] {
        let [http, tcp, dns] = self.ports[..] else { unreachable!("there are three servers") };
        [
            ("http", format!("http://127.0.0.1:{http}/")),
            ("tcp", format!("127.0.0.1:{tcp}")),
            ("icmp", "127.0.0.1".to_owned()),
            ("dns", format!("127.0.0.1:{dns}")),
        ]
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Serves until its input ends.
pub fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let [http, tcp] =
            [TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap()];
        let dns = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = |address: std::io::Result<std::net::SocketAddr>| address.unwrap().port();
        println!("{} {} {}", port(http.local_addr()), port(tcp.local_addr()), port(dns.local_addr()));
        tokio::spawn(accept(http, true));
        tokio::spawn(accept(tcp, false));
        tokio::spawn(resolve(dns));
    });
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

async fn accept(listener: TcpListener, http: bool) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let _ = if http { answer(stream).await } else { hold(stream).await };
        });
    }
}

/// Answers one request.
async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") && stream.read_buf(&mut request).await? > 0 {}
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n").await?;
    hold(stream).await
}

/// Waits until the client hangs up.
async fn hold(mut stream: TcpStream) -> std::io::Result<()> {
    stream.read_to_end(&mut Vec::new()).await.map(drop)
}

/// Answers every question with one address.
async fn resolve(socket: UdpSocket) {
    let mut buffer = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let question_end = buffer[12..length].iter().position(|&byte| byte == 0).map_or(length, |root| 12 + root + 5);
        let mut reply = buffer[..question_end].to_vec();
        reply[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
        reply.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
        let _ = socket.send_to(&reply, from).await;
    }
}
