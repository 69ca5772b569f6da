//! TLS for the probers: who is asked for, who is believed, and what the handshake showed as metrics.
