//! Servers over UDP: answers datagrams, or stays silent, or sends noise.

use tokio::net::UdpSocket;

use super::fault::{Component, Word};
use super::layout::Here;
use super::stream::LATE;
use super::{dns, noise, ntp};

/// The largest datagram that is read: more than any query has.
const LONGEST: usize = 4096;

/// Serves until it is dropped.
pub(super) async fn serve(socket: UdpSocket, here: Here) {
    use Word::{Garbage, Silence, Slow, UdpSilence};
    let manner = here.node().first(here.component, &[Silence, UdpSilence, Garbage, Slow]);
    let mut datagram = vec![0; LONGEST];
    loop {
        // An error here is an earlier reply that nobody took.
        let Ok((length, from)) = socket.recv_from(&mut datagram).await else { continue };
        let reply = match manner {
            Some(Silence | UdpSilence) => None,
            Some(Garbage) => Some(noise()),
            _ => reply(&here, &datagram[..length]),
        };
        if manner == Some(Slow) {
            tokio::time::sleep(LATE).await;
        }
        if let Some(reply) = reply {
            let _ = socket.send_to(&reply, from).await;
        }
    }
}

fn reply(here: &Here, datagram: &[u8]) -> Option<Vec<u8>> {
    match here.component {
        Component::Dnsmasq => dns::reply(here, datagram),
        // A stranger on this port does not speak the protocol.
        Component::Chronyd if here.is(Word::Wrong) => Some(b"what?\r\n".to_vec()),
        Component::Chronyd => ntp::reply(here, datagram),
        _ => None,
    }
}
