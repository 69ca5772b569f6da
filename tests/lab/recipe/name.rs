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
        word: "forwarded", // to one that lets its answers be kept: what dnsmasq has not kept it hands on as it came
        steps: &[
            Step::Copy(RECORDS, "tmp/records", ("", "")),
            Step::Remove(RECORDS),
            Step::Stranger(
                "exec $P/dnsmasq --keep-in-foreground --conf-file=/dev/null --no-hosts --addn-hosts=/tmp/records --local-ttl=600 \
                 --no-resolv --port=5353 --pid-file=",
            ),
            Step::Line("--keep-in-foreground", "--keep-in-foreground --no-resolv --server=127.0.0.1#5353"),
        ],
    },
    Recipe {
        word: "nxdomain",
        steps: &[Step::Remove(RECORDS), Step::Line("--keep-in-foreground", "--keep-in-foreground --address=/pigsty/")],
    },
];
