//! Echo requests where it matters what the machine allows and what stands between it and its target: each trial has a network
//! of its own, made and thrown away with it, in which this program runs again and pings.
//!
//! Needs root and `unshare`; without them every trial is ignored with its reason.

#![expect(unreachable_pub, reason = "the modules of a test program are its own")]

mod beside;
mod play;
mod responder;
mod stage;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};

use self::stage::{Kind, Scene};

/// Every trial: what the machine allows, the network, and what must be true there.
const SCENES: &[Scene] = &[
    Scene {
        name: "of 5000 hosts at once none is lost over an unprivileged socket",
        kind: Kind::Unprivileged,
        network: "",
        play: play::many,
    },
    Scene {
        name: "of 5000 hosts at once none is lost over a raw socket",
        kind: Kind::Raw,
        network: "",
        play: play::many,
    },
    Scene {
        name: "another ping's flood disturbs nobody on an unprivileged socket",
        kind: Kind::Free,
        network: "",
        play: play::flooded,
    },
    Scene {
        name: "another ping's flood disturbs nobody on a raw socket",
        kind: Kind::Raw,
        network: "",
        play: play::flooded,
    },
    Scene { name: "who may not ping is told what to do", kind: Kind::Forbidden, network: "", play: play::forbidden },
    Scene {
        name: "routers' words end the wait on an unprivileged socket",
        kind: Kind::Unprivileged,
        network: stage::TWO_HOPS,
        play: play::routed,
    },
    Scene {
        name: "routers' words end the wait on a raw socket",
        kind: Kind::Raw,
        network: stage::TWO_HOPS,
        play: play::routed,
    },
    Scene {
        name: "only the whole reply from the right address counts on an unprivileged socket",
        kind: Kind::Free,
        network: stage::DEAF,
        play: play::answered,
    },
    Scene {
        name: "only the whole reply from the right address counts on a raw socket",
        kind: Kind::Raw,
        network: stage::DEAF,
        play: play::answered,
    },
    Scene {
        name: "the dead of a network keep nobody waiting",
        kind: Kind::Unprivileged,
        network: stage::SPARSE,
        play: play::sparse,
    },
    Scene {
        name: "behind a router the exporter says the same over an unprivileged socket",
        kind: Kind::Unprivileged,
        network: stage::TWO_HOPS,
        play: beside::routed,
    },
    Scene {
        name: "behind a router the exporter says the same over a raw socket",
        kind: Kind::Raw,
        network: stage::TWO_HOPS,
        play: beside::routed,
    },
    Scene {
        name: "of packets that must stay whole the exporter says the same",
        kind: Kind::Free,
        network: stage::TWO_HOPS,
        play: beside::whole,
    },
    Scene {
        name: "packets that must stay whole need no raw socket, unlike the exporter's",
        kind: Kind::Unprivileged,
        network: "",
        play: beside::unprivileged,
    },
    Scene {
        name: "who may not ping fails as the exporter does",
        kind: Kind::Forbidden,
        network: "",
        play: beside::forbidden,
    },
    Scene {
        name: "of wrong replies the exporter says the same over an unprivileged socket",
        kind: Kind::Free,
        network: stage::DEAF,
        play: beside::answered,
    },
    Scene {
        name: "of wrong replies the exporter says the same over a raw socket",
        kind: Kind::Raw,
        network: stage::DEAF,
        play: beside::answered,
    },
];

fn main() -> ExitCode {
    if let Some(played) = stage::inside(SCENES) {
        return played;
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(2); // thousands of echoes each
    let obstacle = stage::obstacle();
    let trial = |scene: &'static Scene| {
        let alone = || scene.name.contains("exporter").then(beside::obstacle).flatten();
        let obstacle = obstacle.clone().or_else(alone);
        Trial::ignorable_test(scene.name, move || match obstacle {
            Some(reason) => Ok(Completion::ignored_with(reason)),
            None => Ok(stage::enter(scene).map(|()| Completion::Completed)?),
        })
    };
    libtest_mimic::run(&arguments, SCENES.iter().map(trial).collect()).exit_code()
}
