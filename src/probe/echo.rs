//! ICMP echoes: a request goes out once, and whoever sent it hears the reply, or what routers complain of.
//!
//! Thousands may be under way at once: they share a socket per kind of request (`line`), the unprivileged kind where the
//! kernel allows it, the raw kind where it must be. Nothing here decides what an answer means.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use tokio::sync::oneshot;

use super::ProbeError;
use super::blame::blame_on;

mod complaint;
mod line;
mod packet;
mod socket;

pub(super) use self::complaint::Complaint;
use self::line::Line;
pub(super) use self::packet::unique;
pub(super) use self::socket::open;

/// What a person can do who may not ping.
const REMEDY: &str = "this machine may not send ICMP echo requests: allow it to everyone \
    (`sysctl -w net.ipv4.ping_group_range='0 2147483647'`) or to this program \
    (`setcap cap_net_raw+ep $(command -v infra-verify)`)";

/// What fits behind an echo's header into the 16 bits of a length; over IPv4, whose own header counts, it is less.
pub(super) const LARGEST: usize = 65_527;

/// How often another line is tried where one is full; a new one has room for any packet, unless others fill it first.
const LINES: usize = 8;

/// What an echo request is to look like.
pub(super) struct Request {
    /// The target, with its zone where it has one, and without a port.
    pub(super) to: SocketAddr,
    pub(super) payload: Vec<u8>,
    pub(super) options: Options,
}

/// What is set on a socket: requests that agree in it share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    /// Hops it may travel; none, or 0, is the system's default.
    pub(super) ttl: Option<u8>,
    pub(super) fragments: Fragments,
    /// The address of this machine that asks.
    pub(super) source: Option<IpAddr>,
}

/// Whether routers may cut a packet into pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fragments {
    Allowed,
    Forbidden,
    /// As the system is set: by default no router may, and this machine does, once it has learnt what the path carries.
    System,
}

/// Why a request did not leave.
pub(super) enum Unsent {
    /// No socket could be had.
    Closed(io::Error),
    /// The address to ask from is none of this machine's.
    Source(io::Error),
    /// The socket did not take the packet.
    Refused(io::Error),
}

impl Unsent {
    /// Whether the request itself is to blame, on any machine like this one.
    pub(super) fn is_own_fault(&self) -> bool {
        matches!(self, Self::Source(_)) || self.is_too_large()
    }

    fn is_too_large(&self) -> bool {
        matches!(self, Self::Refused(error) if error.raw_os_error() == Some(Errno::EMSGSIZE as i32))
    }

    /// Whose fault that is, and what to do.
    pub(super) fn blame(&self, request: &Request) -> ProbeError {
        let to = request.to.ip();
        match (self, request.options.source) {
            (Self::Closed(error), _) if error.kind() == io::ErrorKind::PermissionDenied => {
                ProbeError::Local(REMEDY.to_owned())
            }
            _ if self.is_too_large() => ProbeError::Local(too_large(request.payload.len(), to)),
            (Self::Source(_), Some(source)) => ProbeError::Local(foreign(source, to)),
            (Self::Closed(error) | Self::Source(error) | Self::Refused(error), _) => {
                blame_on(error, to, &to.to_string())
            }
        }
    }
}

/// An address to ask from that this machine does not have, or that cannot speak to the target's.
pub(super) fn foreign(source: IpAddr, to: IpAddr) -> String {
    format!("{source} is no address that this machine can ask {to} from: take one of its own, of the same family")
}

/// A packet of this payload was not taken.
pub(super) fn too_large(payload_size: usize, to: IpAddr) -> String {
    format!("{payload_size} bytes do not fit in one packet of this machine's own link to {to}: lower payload_size")
}

/// What came back.
pub(super) enum Heard {
    /// Our echo.
    Reply {
        from: IpAddr,
        /// What the reply's time to live had come to.
        ttl: Option<u8>,
        /// From sending to the kernel's receipt.
        took: Duration,
    },
    /// A router, or our own kernel, says why there will be none.
    Complaint(Complaint),
}

/// A request that went out.
pub(super) struct Echo {
    line: Arc<Line>,
    number: u16,
    sent: Instant,
    inbox: oneshot::Receiver<Heard>,
}

impl Echo {
    /// Sends a request, once.
    pub(super) fn send(request: &Request) -> Result<Self, Unsent> {
        let mut full = None;
        for _ in 0..LINES {
            let line = Line::shared(request.to.is_ipv6(), &request.options, full.as_ref())?;
            let (tell, inbox) = oneshot::channel();
            match line.send(request, tell) {
                Ok((number, sent)) => return Ok(Self { line, number, sent, inbox }),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => full = Some(line),
                Err(error) => return Err(Unsent::Refused(error)),
            }
        }
        Err(Unsent::Refused(Errno::ENOBUFS.into()))
    }

    /// When the request left.
    pub(super) fn sent(&self) -> Instant {
        self.sent
    }

    /// Waits for the reply or a complaint, and meanwhile listens for all who share the socket.
    ///
    /// One waiter listens at a time, and the others rely on it: this future must be polled until it is dropped.
    pub(super) async fn hear(&mut self) -> io::Result<Heard> {
        tokio::select! {
            biased;
            heard = &mut self.inbox => heard.map_err(io::Error::other),
            error = self.line.listen() => Err(error),
        }
    }

    /// Who else answered in the target's place.
    pub(super) fn stray(&self) -> Option<IpAddr> {
        self.line.stray(self.number)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // Only who has closed his ear is forgotten: the number may be another's by now.
        self.inbox.close();
        self.line.forget(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_ping_is_told_what_to_do_and_the_target_is_not_blamed() {
        let options = Options { ttl: None, fragments: Fragments::System, source: "10.9.9.9".parse().ok() };
        let request = Request { to: "10.10.10.10:0".parse().unwrap(), payload: vec![0; 9000], options };
        for errno in [Errno::EPERM, Errno::EACCES] {
            assert_eq!(Unsent::Closed(errno.into()).blame(&request), ProbeError::Local(REMEDY.to_owned()));
        }
        assert!(REMEDY.contains("net.ipv4.ping_group_range") && REMEDY.contains("setcap cap_net_raw+ep"));
        for (unsent, said) in [
            (Unsent::Closed(Errno::EMFILE.into()), "ulimit -n"),
            (Unsent::Refused(Errno::EMSGSIZE.into()), "9000 bytes do not fit"),
            (Unsent::Source(Errno::EADDRNOTAVAIL.into()), "10.9.9.9 is no address"),
            (Unsent::Refused(Errno::ENOBUFS.into()), "network buffers"),
        ] {
            let error = unsent.blame(&request);
            assert!(matches!(&error, ProbeError::Local(reason) if reason.contains(said)), "{error}");
        }
    }
}
