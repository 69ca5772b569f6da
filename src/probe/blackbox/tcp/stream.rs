//! A connection that may turn into TLS; it reads in the portions in which Go would, since the exporter's verdict shows them.

use std::io;
use std::net::SocketAddr;

use rustls::ProtocolVersion;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout_at;
use tokio_rustls::client::TlsStream;

use crate::probe::blackbox::tls::{Setup, Shown};
use crate::probe::blackbox::{Failed, Task};
use crate::probe::dial::span;

/// Before and after TLS.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Reads what is there, of TLS one record at most; nothing is the end.
    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let stream = match self {
            Self::Plain(stream) => return stream.read(buffer).await,
            Self::Tls(stream) => stream,
        };
        match stream.fill_buf().await {
            Ok(record) => {
                let length = record.len().min(buffer.len());
                buffer[..length].copy_from_slice(&record[..length]);
                stream.consume(length);
                Ok(length)
            }
            // Go takes the end of the connection for the end of TLS where no record is cut.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Whether the end of TLS 1.2 came along with what was read, which is an error to whoever reads by Go.
    pub(super) fn has_ended(&mut self) -> bool {
        let Self::Tls(stream) = self else { return false };
        let session = stream.get_mut().1;
        let ended = session
            .process_new_packets()
            .is_ok_and(|state| state.peer_has_closed() && state.plaintext_bytes_to_read() == 0);
        ended && session.protocol_version() == Some(ProtocolVersion::TLSv1_2)
    }

    /// Sends all of it.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    /// Says goodbye, where the protocol has a word for it.
    pub(super) async fn close(&mut self) {
        if let Self::Tls(stream) = self {
            let _ = stream.shutdown().await;
        }
    }
}

/// Makes TLS of a connection, until the deadline.
pub(super) async fn secure(
    setup: &Setup,
    stream: TcpStream,
    peer: SocketAddr,
    task: Task<'_>,
) -> Result<(TlsStream<TcpStream>, Shown), Failed> {
    let late = |_| {
        let within = span(task.timeout);
        Failed::target(format!("{peer} accepted the connection but did not finish the TLS handshake within {within}"))
    };
    timeout_at(task.deadline, setup.handshake(stream, peer)).await.map_err(late)?
}
