//! The http and promql probes against little servers that behave, and that misbehave in every way we know.
#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage shall fail there")]

mod plain;
mod promql;
mod redirect;
mod server;
mod tls;
mod trust;
