//! Answers echo requests to 127.0.0.0/8 in the place of a kernel that is told not to, each host in a manner of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Result;
use nix::sys::socket::{MsgFlags, recv};
use socket2::{Domain, Protocol, Socket, Type};

/// How a host answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Manner {
    Well,
    /// After all who answer well, the last first.
    Late,
    /// Three times, after the reply to somebody else's request.
    Often,
    OtherPayload,
    CutOff,
    Longer,
    OtherNumber,
    OtherId,
    OtherAddress,
    BadSum,
    Unlike,
}

/// What the hosts whose address ends so do, and how the silence is worded that follows; nothing where a reply counts.
pub const MANNERS: &[(u8, Manner, Option<&str>)] = &[
    (1, Manner::Well, None),
    (2, Manner::Late, None),
    (3, Manner::Often, None),
    (4, Manner::OtherPayload, Some("within 400 ms")),
    (5, Manner::CutOff, Some("within 400 ms")),
    (6, Manner::Longer, Some("within 400 ms")),
    (7, Manner::OtherNumber, Some("within 400 ms")),
    (8, Manner::OtherId, Some("within 400 ms")),
    (9, Manner::OtherAddress, Some("within 400 ms, only one from 127.99.99.99")),
    (10, Manner::BadSum, Some("within 400 ms")),
    (11, Manner::Unlike, Some("within 400 ms")),
];

/// How long the late wait.
const LATE: Duration = Duration::from_millis(300);

/// A thread that answers until it is dropped.
pub struct Responder {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Responder {
    pub fn start() -> Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))?;
        socket.set_header_included_v4(true)?;
        socket.set_recv_buffer_size(4 << 20)?;
        socket.set_read_timeout(Some(Duration::from_millis(20)))?;
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let thread = std::thread::spawn(move || answer(&socket, &told));
        Ok(Self { over, thread: Some(thread) })
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn answer(socket: &Socket, over: &AtomicBool) -> io::Result<()> {
    let mut late: Vec<(Instant, Vec<u8>)> = Vec::new();
    let mut buffer = [0; 2048];
    while !over.load(Ordering::Relaxed) {
        let length = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()).unwrap_or_default();
        if length > 28 && buffer[20] == 8 {
            reply(socket, &buffer[..length], &mut late)?;
        }
        if late.last().is_some_and(|(heard, _)| heard.elapsed() > LATE) {
            while let Some((_, packet)) = late.pop() {
                send(socket, &packet)?;
            }
        }
    }
    Ok(())
}

/// Answers a request, which stands behind a header of IPv4, as its host does.
fn reply(socket: &Socket, request: &[u8], late: &mut Vec<(Instant, Vec<u8>)>) -> io::Result<()> {
    let host = request[19];
    let Some(&(_, manner, _)) = MANNERS.iter().find(|(number, ..)| *number == host) else { return Ok(()) };
    let well = |change: fn(&mut Vec<u8>)| packet(request, change);
    match manner {
        Manner::Well => send(socket, &well(|_| {})),
        Manner::Late => {
            late.push((Instant::now(), well(|_| {})));
            Ok(())
        }
        Manner::Often => {
            send(socket, &well(|echo| echo[6] ^= 0x40))?;
            (0..3).try_for_each(|_| send(socket, &well(|_| {})))
        }
        Manner::OtherPayload => send(socket, &well(|echo| echo[20] ^= 1)),
        Manner::CutOff => send(socket, &well(|echo| echo.truncate(20))),
        Manner::Longer => send(socket, &well(|echo| echo.push(0))),
        Manner::OtherNumber => send(socket, &well(|echo| echo[6] ^= 0x40)),
        Manner::OtherId => send(socket, &well(|echo| echo[5] ^= 1)),
        Manner::Unlike => send(socket, &well(|echo| echo[0] = 13)),
        Manner::OtherAddress => {
            let mut packet = well(|_| {});
            packet[12..16].copy_from_slice(&[127, 99, 99, 99]);
            send(socket, &packet)
        }
        Manner::BadSum => {
            let mut packet = well(|_| {});
            packet[22] ^= 1;
            send(socket, &packet)
        }
    }
}

/// The packet with the reply to a request, its addresses exchanged, changed before its checksum is made.
fn packet(request: &[u8], change: fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut echo = request[20..].to_vec();
    echo[..4].fill(0);
    change(&mut echo);
    let words = echo.chunks(2).map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |&low| u32::from(low)));
    let sum = words.sum::<u32>();
    let folded = (sum & 0xFFFF) + (sum >> 16);
    let sum = !u16::try_from((folded & 0xFFFF) + (folded >> 16)).unwrap_or_default();
    echo[2..4].copy_from_slice(&sum.to_be_bytes());
    // The kernel fills in the length and the checksum.
    let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0];
    packet.extend(&request[16..20]);
    packet.extend(&request[12..16]);
    packet.extend(echo);
    packet
}

fn send(socket: &Socket, packet: &[u8]) -> io::Result<()> {
    let to = Ipv4Addr::new(packet[16], packet[17], packet[18], packet[19]);
    socket.send_to(packet, &SocketAddr::from((to, 0)).into()).map(drop)
}
