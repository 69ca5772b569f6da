//! Noise on ports, over TCP and UDP: bytes that mean nothing in any protocol.

use anyhow::{Result, bail};
use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::thread;

/// No protocol of a component begins with these.
const NOISE: [u8; 61] = [0xa7; 61];

/// Answers whoever comes to one of these ports.
pub(super) fn make(ports: &[&str]) -> Result<()> {
    let mut servers = Vec::new();
    for port in ports {
        let (stream, datagram) =
            (TcpListener::bind(format!("0.0.0.0:{port}"))?, UdpSocket::bind(format!("0.0.0.0:{port}"))?);
        servers.push(thread::spawn(move || {
            stream.incoming().flatten().for_each(|mut connection| drop(connection.write_all(&NOISE)));
        }));
        servers.push(thread::spawn(move || {
            while let Ok((_, from)) = datagram.recv_from(&mut [0; 512]) {
                drop(datagram.send_to(&NOISE, from));
            }
        }));
    }
    for server in servers {
        drop(server.join());
    }
    bail!("no port to make noise on")
}
