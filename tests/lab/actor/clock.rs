//! A time server that is as far from any source as it is told to be.

use anyhow::Result;
use std::net::UdpSocket;
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds from 1900, where NTP begins, to 1970.
const EPOCH: u64 = 2_208_988_800;

/// Answers with this machine's time, and with so many seconds of root dispersion.
pub(super) fn tell(address: &str, dispersion: u16) -> Result<()> {
    let socket = UdpSocket::bind(address)?;
    let mut packet = [0; 48];
    loop {
        let (length, from) = socket.recv_from(&mut packet)?;
        if length < packet.len() {
            continue;
        }
        let now = now()?.to_be_bytes();
        let mut reply = vec![(packet[0] & 0b00_111_000) | 4, 2, packet[2], 0xec, 0, 0, 0, 0];
        reply.extend(dispersion.to_be_bytes());
        reply.extend([0, 0, 192, 0, 2, 1]);
        reply.extend(now);
        reply.extend(&packet[40..]);
        reply.extend([now, now].concat());
        socket.send_to(&reply, from)?;
    }
}

/// Seconds since 1900 in the upper half, their fraction in the lower.
fn now() -> Result<u64> {
    let age = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(((age.as_secs() + EPOCH) << 32) | ((u64::from(age.subsec_nanos()) << 32) / 1_000_000_000))
}
