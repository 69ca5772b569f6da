//! The application behind a portal: a page, and a websocket that sends back what it is sent.

use super::head;
use anyhow::{Result, bail};
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

const PAGE: &str = "<!DOCTYPE html><html><head><title>Application</title></head><body>It runs</body></html>\n";

/// What RFC 6455 appends to a client's key.
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Serves at an address.
pub(super) fn serve(address: &str) -> Result<()> {
    for stream in TcpListener::bind(address)?.incoming() {
        let stream = stream?;
        thread::spawn(move || answer(stream));
    }
    bail!("{address}: no connection comes any more")
}

fn answer(mut stream: TcpStream) -> Result<()> {
    let head = head(&mut stream)?;
    let header = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    };
    let Some(key) = header("sec-websocket-key") else {
        return Ok(write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{}{PAGE}", end(PAGE.len()))?);
    };
    if header("upgrade").is_none_or(|protocol| !protocol.eq_ignore_ascii_case("websocket")) {
        // What stands between has kept that to itself.
        return Ok(write!(stream, "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n{}", end(0))?);
    }
    let accept = base64(&sha1(format!("{key}{MAGIC}").as_bytes()));
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )?;
    io::copy(&mut stream.try_clone()?, &mut stream)?;
    Ok(())
}

fn end(length: usize) -> String {
    format!("Content-Length: {length}\r\nConnection: close\r\n\r\n")
}

/// SHA-1, which a websocket's handshake asks for and nothing else here does.
fn sha1(message: &[u8]) -> Vec<u8> {
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((message.len() as u64 * 8).to_be_bytes());
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    for block in padded.chunks(64) {
        let mut words: Vec<u32> =
            block.chunks(4).map(|word| word.iter().fold(0, |all, byte| all << 8 | u32::from(*byte))).collect();
        for at in 16..80 {
            words.push((words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1));
        }
        let mut round = state;
        for (at, word) in words.iter().enumerate() {
            let [first, b, c, d, last] = round;
            let (mixed, constant) = match at / 20 {
                0 => ((b & c) | (!b & d), 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6_u32),
            };
            let sum = [mixed, last, constant, *word].into_iter().fold(first.rotate_left(5), u32::wrapping_add);
            round = [sum, first, b.rotate_left(30), c, d];
        }
        for (sum, part) in state.iter_mut().zip(round) {
            *sum = sum.wrapping_add(part);
        }
    }
    state.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0, |all, at| all << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        let letter = |at: usize| char::from(LETTERS[(bits >> (18 - 6 * at) & 63) as usize]);
        text.extend((0..4).map(|at| if at <= three.len() { letter(at) } else { '=' }));
    }
    text
}
