//! One socket for many echoes, as a party line: whoever waits listens for all, and passes on what is for others.
//!
//! A line lives as long as somebody waits on it, in the runtime that he waits in; there is no task, no thread and no socket
//! behind it when nobody does. It takes no more requests than it has sequence numbers and buffers for: then a new one is
//! opened beside it.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use nix::sys::socket::{MsgFlags, SockaddrStorage, recv, sendto};
use socket2::Socket;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;

use super::packet::{self, Packet};
use super::socket::{Received, configure, open, receive};
use super::{Heard, Options, Request, Unsent};
use crate::probe::socket::{DATAGRAM, random};

/// Half of the sequence numbers: an answer that comes late meets nobody who was given its number again.
const MOST: usize = 1 << 15;
/// How much is read in one go: a flood must not keep those who wait from their deadlines.
const BATCH: usize = 256;
/// How often a packet is offered: the kernel reports the error of another's echo to whoever sends next, instead of sending.
const OFFERS: usize = 3;

/// The lines that are open, each with the runtime whose reactor it hangs on.
static OPEN: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

struct Entry {
    runtime: runtime::Id,
    v6: bool,
    options: Options,
    line: Weak<Line>,
}

/// A socket, and those who wait for something from it.
pub(super) struct Line {
    /// Tokio's type for any socket that carries datagrams.
    socket: UdpSocket,
    v6: bool,
    raw: bool,
    id: u16,
    party: Mutex<Party>,
    /// Held by the one who listens.
    listener: tokio::sync::Mutex<()>,
}

struct Party {
    next: u16,
    waiting: HashMap<u16, Waiter>,
    buffer: Vec<u8>,
}

/// One who sent a request.
struct Waiter {
    to: SocketAddr,
    packet: Packet,
    clock: SystemTime,
    sent: Instant,
    tell: oneshot::Sender<Heard>,
    /// Who else answered.
    stray: Option<IpAddr>,
}

impl Line {
    /// The line for requests of a kind; a new one if there is none, or if it is the one that was found full.
    pub(super) fn shared(v6: bool, options: &Options, full: Option<&Arc<Self>>) -> Result<Arc<Self>, Unsent> {
        let runtime = Handle::current().id();
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|entry| entry.line.strong_count() > 0 && !full.is_some_and(|full| entry.is(full)));
        let mut known = open.iter().filter(|entry| (entry.runtime, entry.v6, &entry.options) == (runtime, v6, options));
        if let Some(line) = known.find_map(|entry| entry.line.upgrade()) {
            return Ok(line);
        }
        let line = Arc::new(Self::open(v6, options)?);
        open.push(Entry { runtime, v6, options: options.clone(), line: Arc::downgrade(&line) });
        Ok(line)
    }

    fn open(v6: bool, options: &Options) -> Result<Self, Unsent> {
        let (socket, raw) = open(v6).map_err(Unsent::Closed)?;
        configure(&socket, v6, options)?;
        let [high, low, first, second, ..] = random().to_be_bytes();
        let id = u16::from_be_bytes([high, low]);
        if raw {
            socket.attach_filter(&packet::filter(v6, id)).map_err(Unsent::Closed)?;
            drain(&socket);
        }
        let party =
            Party { next: u16::from_be_bytes([first, second]), waiting: HashMap::new(), buffer: vec![0; DATAGRAM] };
        let socket = UdpSocket::from_std(socket.into()).map_err(Unsent::Closed)?;
        Ok(Self { socket, v6, raw, id, party: Mutex::new(party), listener: tokio::sync::Mutex::default() })
    }

    fn party(&self) -> MutexGuard<'_, Party> {
        self.party.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request, and says its number and when it left; `WouldBlock` is a line that is full.
    pub(super) fn send(&self, request: &Request, tell: oneshot::Sender<Heard>) -> io::Result<(u16, Instant)> {
        let mut party = self.party();
        let number = party.number().ok_or(io::ErrorKind::WouldBlock)?;
        let packet = Packet::new(self.v6, self.id, number, &request.payload);
        let to = SockaddrStorage::from(request.to);
        let (clock, sent) = self.transmit(&mut party, &packet, &to)?;
        party.waiting.insert(number, Waiter { to: request.to, packet, clock, sent, tell, stray: None });
        // Who sends much must read as much, or the answers of those who are near find no room.
        let _ = self.read(&mut party, MsgFlags::empty());
        Ok((number, sent))
    }

    fn transmit(&self, party: &mut Party, packet: &Packet, to: &SockaddrStorage) -> io::Result<(SystemTime, Instant)> {
        let mut offers = OFFERS;
        loop {
            let now = (SystemTime::now(), Instant::now());
            match sendto(self.socket.as_raw_fd(), packet.bytes(), to, MsgFlags::empty()) {
                Ok(_) => return Ok(now),
                Err(error) if error == nix::Error::EAGAIN || offers == 0 => return Err(error.into()),
                Err(_) => offers -= 1,
            }
            let _ = self.read(party, MsgFlags::MSG_ERRQUEUE);
        }
    }

    /// Listens for all who wait, until he who does is told something himself; only an error ends it.
    pub(super) async fn listen(&self) -> io::Error {
        let _listener = self.listener.lock().await;
        loop {
            // A flood must not keep the deadline from being seen.
            tokio::task::consume_budget().await;
            // An entry of the error queue makes a socket erroneous, not readable; `try_io` takes one interest at a time.
            let heard = match self.socket.ready(Interest::READABLE | Interest::ERROR).await {
                Ok(ready) if ready.is_error() => {
                    self.socket.try_io(Interest::ERROR, || self.read(&mut self.party(), MsgFlags::MSG_ERRQUEUE))
                }
                Ok(_) => self.socket.try_io(Interest::READABLE, || self.read(&mut self.party(), MsgFlags::empty())),
                Err(error) => Err(error),
            };
            match heard {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return error,
                _ => {}
            }
        }
    }

    /// Reads what there is, and tells those whom it is for; `WouldBlock` says that nothing is left.
    fn read(&self, party: &mut Party, flags: MsgFlags) -> io::Result<()> {
        let Party { waiting, buffer, .. } = party;
        for _ in 0..BATCH {
            match receive(self.socket.as_raw_fd(), buffer, flags) {
                Ok(received) => self.tell(waiting, received),
                Err(nix::Error::EAGAIN) => return Err(io::ErrorKind::WouldBlock.into()),
                // It only announces an entry of the error queue, which says whose packet it is about.
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Tells the one whom it is for what was received; a reply from elsewhere is noted, everything else is passed over.
    fn tell(&self, waiting: &mut HashMap<u16, Waiter>, received: Received<'_>) {
        let (bytes, from) = match &received {
            Received::Packet { bytes, from, .. } if self.raw && !self.v6 => (packet::behind_header(bytes), Some(*from)),
            Received::Packet { bytes, from, .. } => (*bytes, Some(*from)),
            Received::Complaint { quoted, .. } => (*quoted, None),
            Received::Nothing => return,
        };
        let Some(number) = packet::number(bytes) else { return };
        let Some(waiter) = waiting.get_mut(&number) else { return };
        if !waiter.is_meant(bytes, from.is_some(), self.raw) {
            return;
        }
        if let Some(from) = from.filter(|from| *from != waiter.to) {
            waiter.stray = Some(from.ip());
        } else if let Some(waiter) = waiting.remove(&number) {
            waiter.hear(received);
        }
    }

    /// Who else answered an echo in its target's place.
    pub(super) fn stray(&self, number: u16) -> Option<IpAddr> {
        self.party().waiting.get(&number).and_then(|waiter| waiter.stray)
    }

    /// Forgets one who no longer waits.
    pub(super) fn forget(&self, number: u16) {
        let mut party = self.party();
        if party.waiting.get(&number).is_some_and(|waiter| waiter.tell.is_closed()) {
            party.waiting.remove(&number);
        }
    }
}

impl Entry {
    fn is(&self, line: &Arc<Line>) -> bool {
        std::ptr::eq(self.line.as_ptr(), Arc::as_ptr(line))
    }
}

impl Party {
    /// A sequence number that nobody waits for.
    fn number(&mut self) -> Option<u16> {
        if self.waiting.len() >= MOST {
            return None;
        }
        while self.waiting.contains_key(&self.next) {
            self.next = self.next.wrapping_add(1);
        }
        let number = self.next;
        self.next = number.wrapping_add(1);
        Some(number)
    }
}

impl Waiter {
    fn is_meant(&self, bytes: &[u8], reply: bool, raw: bool) -> bool {
        if reply { self.packet.is_answered_by(bytes, raw) } else { self.packet.is_quoted_by(bytes, raw) }
    }

    fn hear(self, received: Received<'_>) {
        let heard = match received {
            Received::Packet { from, ttl, at, .. } => {
                Heard::Reply { from: from.ip(), ttl, took: travelled(self.clock, at, self.sent.elapsed()) }
            }
            Received::Complaint { complaint, .. } => Heard::Complaint(complaint),
            Received::Nothing => return,
        };
        // He may have given up meanwhile.
        let _ = self.tell.send(heard);
    }
}

/// Throws away what a raw socket heard before it had its filter.
fn drain(socket: &Socket) {
    while recv(socket.as_raw_fd(), &mut [0], MsgFlags::MSG_DONTWAIT).is_ok() {}
}

/// From sending to the kernel's receipt; our own clockwork where the system clock was set in between.
fn travelled(sent: SystemTime, at: Option<SystemTime>, elapsed: Duration) -> Duration {
    at.and_then(|at| at.duration_since(sent).ok()).filter(|time| *time <= elapsed).unwrap_or(elapsed)
}

#[cfg(test)]
mod tests;
