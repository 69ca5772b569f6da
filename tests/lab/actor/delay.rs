//! A way to a component that takes long: the right answer comes, later than anybody waits.

use anyhow::{Result, bail};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// Hands on every connection to another address after this time.
pub(super) fn forward(from: &str, to: &str, after: Duration) -> Result<()> {
    for near in TcpListener::bind(from)?.incoming() {
        let (near, to) = (near?, to.to_owned());
        thread::spawn(move || -> io::Result<()> {
            thread::sleep(after);
            let far = TcpStream::connect(to)?;
            let (mut back, mut home) = (far.try_clone()?, near.try_clone()?);
            thread::spawn(move || io::copy(&mut back, &mut home));
            io::copy(&mut &near, &mut &far)?;
            Ok(())
        });
    }
    bail!("{from}: no connection comes any more")
}
