//! The versions of TLS that our own library does not speak any more, by OpenSSL where it is installed.
//!
//! For each connection it starts a server of its own, which shows a web page to whoever asks for one.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::task::block_in_place;

use super::{Certificates, Stream};

/// What the server says before the address that it listens at.
const ACCEPT: &str = "ACCEPT ";

/// A server that ends with its connection.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Whether old versions can be spoken here.
pub(crate) fn is_spoken() -> bool {
    let version = Command::new("openssl").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// Passes a client on to a server of one version, which is written as an option of OpenSSL.
pub(super) async fn serve(mut stream: Stream, version: &str, certificates: &Certificates) -> io::Result<()> {
    let (_server, address) = block_in_place(|| start(version, certificates))?;
    let mut server = TcpStream::connect(address).await?;
    copy_bidirectional(&mut stream, &mut server).await.map(drop)
}

fn start(version: &str, certificates: &Certificates) -> io::Result<(Server, SocketAddr)> {
    let [certificate, key] = certificates.files();
    let mut command = Command::new("openssl");
    command.args(["s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-www", version]);
    command.args(["-cipher", "ALL:@SECLEVEL=0", "-cert"]).arg(certificate).arg("-key").arg(key);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let output = child.stdout.take();
    let server = Server(child);
    for line in BufReader::new(output.ok_or(io::ErrorKind::BrokenPipe)?).lines() {
        if let Some(address) = line?.strip_prefix(ACCEPT) {
            return Ok((server, address.parse().map_err(io::Error::other)?));
        }
    }
    Err(io::Error::other("openssl s_server does not listen"))
}
