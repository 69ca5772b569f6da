//! A conversation by lines and bytes, as a script has it.

use std::io;
use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;

use super::tls::Tls;
use super::{Host, Stream, drain, duration};

/// One thing that a server does; behind the last it says that it is done and waits for the client to leave.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Step {
    /// Sends this text as it is.
    Send(String),
    /// Sends these bytes, written in hexadecimal.
    Hex(String),
    /// Reads a line, which must be this.
    Expect(String),
    /// Sends a line of so many letters.
    Line(usize),
    /// Sends back a line that it read.
    Echo,
    /// Lets time pass.
    Wait(#[serde(deserialize_with = "duration")] Option<Duration>),
    /// Begins TLS.
    Starttls(Tls),
    /// Sends a text again and again until nobody listens.
    Endless(String),
    /// Says nothing more until the client leaves.
    Hold,
    /// Says that it will send nothing more, and reads on.
    Shutdown,
    /// Breaks the connection.
    Reset,
}

impl Step {
    pub(super) fn is_reset(&self) -> bool {
        matches!(self, Self::Reset)
    }
}

/// Plays every step, and gives back what the conversation came to be.
pub(super) async fn play(mut stream: Stream, steps: &[Step], host: &Host) -> io::Result<Stream> {
    for step in steps {
        match step {
            Step::Starttls(tls) => {
                let Some(secure) = tls.accept(stream, &host.certificates).await? else { return Err(gone()) };
                stream = Box::new(secure);
            }
            step => take(step, &mut stream, host).await?,
        }
    }
    Ok(stream)
}

async fn take(step: &Step, stream: &mut Stream, host: &Host) -> io::Result<()> {
    match step {
        Step::Send(text) => stream.write_all(text.as_bytes()).await?,
        Step::Hex(text) => stream.write_all(&bytes(text)?).await?,
        Step::Expect(wanted) => expect(wanted, stream, host).await?,
        Step::Line(length) => stream.write_all(format!("{}\n", "x".repeat(*length)).as_bytes()).await?,
        Step::Echo => {
            let line = line(stream).await;
            stream.write_all(format!("{line}\n").as_bytes()).await?;
        }
        Step::Wait(time) => sleep(time.unwrap_or_default()).await,
        Step::Endless(text) => loop {
            stream.write_all(text.as_bytes()).await?;
        },
        Step::Hold => drain(stream).await?,
        Step::Shutdown => stream.shutdown().await?,
        Step::Starttls(_) | Step::Reset => return Err(gone()),
    }
    stream.flush().await
}

async fn expect(wanted: &str, stream: &mut Stream, host: &Host) -> io::Result<()> {
    let line = line(stream).await;
    if line == wanted {
        return Ok(());
    }
    host.witness.complain(format!("the client said {line:?}, not {wanted:?}"));
    Err(gone())
}

/// The next line without its end, or what there is of it.
async fn line(stream: &mut Stream) -> String {
    let mut line = Vec::new();
    while let Ok(byte @ (..=9 | 11..)) = stream.read_u8().await {
        line.push(byte);
    }
    String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned()
}

/// Bytes as they are written in a script.
pub(super) fn bytes(text: &str) -> io::Result<Vec<u8>> {
    let digits = text.split_whitespace().collect::<String>();
    HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).map_err(io::Error::other)
}

fn gone() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}
