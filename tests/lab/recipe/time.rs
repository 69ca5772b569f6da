//! chronyd. Its clock is the machine's and stays right: what it says of it is what can be wrong.

use super::{Recipe, Step};

const CONF: &str = "etc/chrony/chrony.conf";

pub(super) const CHRONYD: &[Recipe] = &[
    // Its source is lost now, not a day ago: a row that waits for that sets ntp_reference_age.
    Recipe { word: "old-reference", steps: &[Step::Drop("ipproto udp dport 123 to {{ admin_ip }} blackhole")] },
    Recipe {
        word: "unsynchronised",
        steps: &[Step::Edit(CONF, &[("local stratum 10", ""), ("server {{ admin_ip }} ", "server 10.10.10.99 ")])],
    },
    Recipe {
        word: "far",
        steps: &[
            Step::Actor("clock", "127.0.0.1:11123 5"),
            Step::Write(
                CONF,
                "server 127.0.0.1 port 11123 iburst minpoll -2 maxpoll 0\nmaxdistance 16\nallow 10.0.0.0/8\n",
            ),
        ],
    },
    Recipe {
        word: "wrong-clock",
        steps: &[
            Step::Actor("clock", "127.0.0.1:11123 0"),
            Step::Write(CONF, "server 127.0.0.1 port 11123 iburst minpoll -2 maxpoll 0 offset 5\nallow 10.0.0.0/8\n"),
        ],
    },
    Recipe {
        word: "drifting",
        steps: &[
            Step::Actor("clock", "127.0.0.1:11123 0"),
            Step::Write(CONF, "server 127.0.0.1 port 11123 iburst minpoll -2 maxpoll 0 offset 0.2\nallow 10.0.0.0/8\n"),
        ],
    },
];
