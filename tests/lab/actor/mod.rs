//! What the test program does itself on a machine, as no product does it, or none that a registry has: it ships logs,
//! is the application behind a portal, makes noise, keeps a far clock, delays. Each runs as a process of its own.

mod application;
mod clock;
mod delay;
mod noise;
mod shipper;

use anyhow::{Context, Result, bail};
use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

/// The first argument of a process that is an actor; the second is its part.
pub const WORD: &str = "--act";

/// The environment variable that tells an actor the root folder of its machine.
pub const ROOT: &str = "LAB_ROOT";

/// How long an actor waits for the other side to say something.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most that an actor reads of a request: as much as a browser's headers take.
const HEAD: usize = 16 * 1024;

/// Whether this process is one; runs it then until it is killed.
pub fn act() -> Option<Result<()>> {
    let arguments = std::env::args().collect::<Vec<_>>();
    let [_, word, part, rest @ ..] = arguments.as_slice() else { return None };
    (word == WORD).then(|| play(part, &rest.iter().map(String::as_str).collect::<Vec<_>>()))
}

fn play(part: &str, rest: &[&str]) -> Result<()> {
    match (part, rest) {
        ("shipper", [ip, seq, receivers]) => shipper::ship(ip, seq, receivers),
        ("application", [address]) => application::serve(address),
        ("noise", ports) => noise::make(ports),
        ("clock", [address, dispersion]) => clock::tell(address, dispersion.parse()?),
        ("delay", [from, to, seconds]) => delay::forward(from, to, Duration::from_secs(seconds.parse()?)),
        _ => bail!("no actor plays {part} {rest:?}"),
    }
}

/// The head of a request or of an answer, as far as it comes.
fn head(stream: &mut TcpStream) -> Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD {
        stream.read_exact(&mut byte).context("the other side ended early")?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
