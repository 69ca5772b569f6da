//! TLS settings and what a handshake shows.
