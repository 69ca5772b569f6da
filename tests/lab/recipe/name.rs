//! dnsmasq.

use super::{Recipe, Step};

const RECORDS: &str = "etc/dnsmasq.d/pigsty/default";

pub(super) const DNSMASQ: &[Recipe] = &[
    Recipe { word: "udp-silence", steps: &[Step::Drop("ipproto udp sport {{ dns_port }} to {{ client }} blackhole")] },
    // The kernel closes the socket that listens; dnsmasq keeps the others.
    Recipe { word: "tcp-refuse", steps: &[Step::Network("ss -K -tln sport = :{{ dns_port }}")] },
    Recipe { word: "record", steps: &[Step::Edit(RECORDS, &[("{{ admin_ip }} ", "10.10.10.99 ")])] },
    Recipe {
        word: "stale-record",
        steps: &[Step::Copy(RECORDS, "etc/dnsmasq.d/pigsty/old", ("{{ admin_ip }} ", "10.10.10.99 "))],
    },
    Recipe {
        word: "forwarded",
        steps: &[
            Step::Remove(RECORDS),
            Step::Line("--keep-in-foreground", "--keep-in-foreground --no-resolv --server={{ other.ip }}"),
        ],
    },
    Recipe {
        word: "nxdomain",
        steps: &[Step::Remove(RECORDS), Step::Line("--keep-in-foreground", "--keep-in-foreground --address=/pigsty/")],
    },
];
