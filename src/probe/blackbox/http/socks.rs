//! A way through a proxy that speaks SOCKS 5, with name and password if its URL has them.

use std::io;
use std::net::IpAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::Failed;
use super::url::Url;
use super::wire::Stream;

const VERSION: u8 = 5;

/// That nobody says who asks.
const NOBODY: u8 = 0;

/// That a name and a password say who asks.
const PASSWORD: u8 = 2;

/// Whether a URL is that of such a proxy.
pub(super) fn is_socks(proxy: &Url) -> bool {
    matches!(proxy.scheme.as_str(), "socks5" | "socks5h")
}

/// Asks the proxy for a way to a host, which it looks up itself where it is a name.
pub(super) async fn open(proxy: &Url, host: &str, port: u16, stream: &mut dyn Stream) -> Result<(), Failed> {
    let wrong = |what: String| Failed::target(format!("the proxy {proxy} gave no way to {host}:{port}: {what}"));
    let broken = |error: io::Error| wrong(error.to_string());
    greet(proxy, stream).await.map_err(broken)?.map_err(|what| wrong(what.to_owned()))?;
    let mut request = vec![VERSION, 1, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => request.extend([&[1][..], &address.octets()].concat()),
        Ok(IpAddr::V6(address)) => request.extend([&[4][..], &address.octets()].concat()),
        Err(_) => {
            let length = u8::try_from(host.len()).map_err(|_| wrong("the name is too long".to_owned()))?;
            request.extend([&[3, length], host.as_bytes()].concat());
        }
    }
    request.extend(port.to_be_bytes());
    stream.write_all(&request).await.map_err(broken)?;
    answer(stream).await.map_err(broken)?.map_err(|what| wrong(what.to_owned()))
}

type Said = io::Result<Result<(), &'static str>>;

/// Agrees on how to say who asks, and says it.
async fn greet(proxy: &Url, stream: &mut dyn Stream) -> Said {
    let offer: &[u8] = if proxy.user.is_some() { &[VERSION, 2, NOBODY, PASSWORD] } else { &[VERSION, 1, NOBODY] };
    stream.write_all(offer).await?;
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen).await?;
    match (chosen, &proxy.user) {
        ([VERSION, NOBODY], _) => Ok(Ok(())),
        ([VERSION, PASSWORD], Some((user, password))) => log_in(user, password, stream).await,
        ([VERSION, _], _) => Ok(Err("it wants to know who asks in a way that is not known here")),
        _ => Ok(Err("it does not speak SOCKS 5")),
    }
}

async fn log_in(user: &str, password: &str, stream: &mut dyn Stream) -> Said {
    let (Ok(name), Ok(word)) = (u8::try_from(user.len()), u8::try_from(password.len())) else {
        return Ok(Err("its name or password is too long"));
    };
    stream.write_all(&[&[1, name], user.as_bytes(), &[word], password.as_bytes()].concat()).await?;
    let mut reply = [0; 2];
    stream.read_exact(&mut reply).await?;
    Ok(if reply == [1, 0] { Ok(()) } else { Err("it does not take the name and password") })
}

/// Reads what the proxy says to a request, and the address that it asks from.
async fn answer(stream: &mut dyn Stream) -> Said {
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let [version, code, reserved, kind] = head;
    if version != VERSION || reserved != 0 {
        return Ok(Err("it does not speak SOCKS 5"));
    }
    if code != 0 {
        return Ok(Err(match code {
            2 => "it does not allow that",
            3 => "it cannot reach the network",
            4 => "it cannot reach the host",
            5 => "the connection was refused",
            6 => "the way there is too long",
            7 | 8 => "it does not know how",
            _ => "it failed",
        }));
    }
    let length = match kind {
        1 => 4,
        3 => usize::from(stream.read_u8().await?),
        4 => 16,
        _ => return Ok(Err("it does not speak SOCKS 5")),
    };
    let mut address = vec![0; length + 2];
    stream.read_exact(&mut address).await?;
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is sent to a proxy that says this, and what comes of it.
    async fn ask(proxy: &str, host: &str, said: &[u8]) -> (Vec<u8>, Result<(), String>) {
        let (mut ours, mut theirs) = tokio::io::duplex(1024);
        theirs.write_all(said).await.unwrap();
        let outcome = open(&Url::parse(proxy).unwrap(), host, 443, &mut ours).await;
        drop(ours);
        let mut sent = Vec::new();
        theirs.read_to_end(&mut sent).await.unwrap();
        (sent, outcome.map_err(|failed| failed.reason))
    }

    #[tokio::test]
    async fn a_way_is_asked_for_by_name_or_address() {
        let (sent, outcome) = ask("socks5://p:1", "h.example", &[5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await;
        assert_eq!(outcome, Ok(()));
        assert_eq!(sent, [&[5, 1, 0, 5, 1, 0, 3, 9][..], b"h.example", &[1, 187]].concat());
        let said = [5, 2, 1, 0, 5, 0, 0, 3, 1, b'x', 0, 0];
        let (sent, outcome) = ask("socks5h://u:pw@p:1", "192.0.2.1", &said).await;
        assert_eq!(outcome, Ok(()));
        assert_eq!(sent, [&[5, 2, 0, 2, 1, 1, b'u', 2, b'p', b'w', 5, 1, 0, 1, 192, 0, 2, 1, 1, 187][..]].concat());
    }

    #[tokio::test]
    async fn a_proxy_that_gives_no_way_is_told() {
        for (said, expected) in [
            (&[5, 0xff][..], "it wants to know who asks in a way that is not known here"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it does not speak SOCKS 5"),
            (&[5, 0, 5, 5, 0, 1], "the connection was refused"),
            (&[5, 0, 5, 0, 0, 9], "it does not speak SOCKS 5"),
        ] {
            let (_, outcome) = ask("socks5://p:1", "192.0.2.1", said).await;
            let reason = format!("the proxy socks5://p:1 gave no way to 192.0.2.1:443: {expected}");
            assert_eq!(outcome, Err(reason), "{said:?}");
        }
    }
}
