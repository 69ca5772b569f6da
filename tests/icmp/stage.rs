//! A network of a trial's own, and this program in it, with no more rights than the trial gives it.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, anyhow, ensure};

/// Says which scene is to be played, to the program that runs in its network.
const SCENE: &str = "INFRA_VERIFY_ICMP_SCENE";

/// One trial.
pub struct Scene {
    pub name: &'static str,
    pub kind: Kind,
    /// The script that makes the network.
    pub network: &'static str,
    pub play: fn() -> Result<()>,
}

/// Which sockets may be opened.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// The unprivileged kind alone, without any right that a user has not.
    Unprivileged,
    /// The raw kind alone.
    Raw,
    /// Both, with every right: the program must choose the unprivileged one.
    Free,
    /// None.
    Forbidden,
}

/// This machine, a router, and a host behind it; and the networks that the router has something to say about.
pub const TWO_HOPS: &str = "
    mount -t tmpfs tmpfs /run
    ip netns add router; ip netns add far
    ip link add near0 type veth peer name near1 netns router
    ip -n router link add far0 type veth peer name far1 netns far
    ip addr add 10.0.0.2/24 dev near0; ip addr add fd00::2/64 dev near0 nodad; ip link set near0 up
    ip -n router addr add 10.0.0.1/24 dev near1; ip -n router addr add fd00::1/64 dev near1 nodad
    ip -n router addr add 10.0.1.1/24 dev far0; ip -n router addr add fd01::1/64 dev far0 nodad
    ip -n router link set near1 up; ip -n router link set far0 mtu 1300 up
    ip -n far addr add 10.0.1.2/24 dev far1; ip -n far addr add fd01::2/64 dev far1 nodad; ip -n far link set far1 mtu 1300 up
    for last in 3 4 5; do
        ip -n far addr add 10.0.1.$last/24 dev far1; ip -n far addr add fd01::$last/64 dev far1 nodad
    done
    ip route add default via 10.0.0.1; ip -6 route add default via fd00::1
    ip -n far route add default via 10.0.1.1; ip -n far -6 route add default via fd01::1
    ip netns exec router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
        net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratelimit=0 net.ipv4.neigh.far0.retrans_time_ms=20
    ip -n router route add unreachable 10.0.2.0/24; ip -n router route add prohibit 10.0.3.0/24
    ip -n router route add blackhole 10.0.4.0/24
    ip -n router -6 route add unreachable fd02::/64; ip -n router -6 route add prohibit fd03::/64";

/// A machine that answers no echo by itself.
pub const DEAF: &str = "sysctl -qw net.ipv4.icmp_echo_ignore_all=1";

/// A network with one host besides this machine.
pub const SPARSE: &str = "
    mount -t tmpfs tmpfs /run
    ip netns add far
    ip link add near0 type veth peer name far0 netns far
    ip addr add 10.0.0.1/16 dev near0; ip link set near0 up
    ip -n far addr add 10.0.200.1/16 dev far0; ip -n far link set far0 up";

/// Why no trial can run here.
pub fn obstacle() -> Option<String> {
    let missing = ["unshare", "setpriv", "ip", "mount", "sysctl", "ping"].into_iter().find(|tool| !on_path(tool));
    if let Some(tool) = missing {
        return Some(format!("no {tool} on PATH"));
    }
    let pair = "ip link add one type veth peer name other; mount -t tmpfs tmpfs /run";
    let attempt = succeed(Command::new("unshare").args(["--net", "--mount", "--pid", "--fork", "sh", "-euc", pair]));
    attempt.err().map(|error| format!("no networks of its own for a test here, as root has them: {error:#}"))
}

/// Plays a scene in a network of its own, which ends with this process.
pub fn enter(scene: &Scene) -> Result<()> {
    let (range, rights) = match scene.kind {
        Kind::Unprivileged => ("0 2147483647", "--bounding-set=-all --inh-caps=-all"),
        Kind::Raw => ("1 0", "--nnp"),
        Kind::Free => ("0 2147483647", "--nnp"),
        Kind::Forbidden => ("1 0", "--bounding-set=-all --inh-caps=-all"),
    };
    let script = format!(
        "ip link set lo up; sysctl -qw net.ipv4.ping_group_range='{range}'; {}
         exec setpriv {rights} \"$0\"",
        scene.network
    );
    succeed(
        Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"])
            .args(["--mount-proc", "--propagation", "private", "sh", "-euc", &script])
            .arg(std::env::current_exe()?)
            .env(SCENE, scene.name),
    )
}

/// Plays the scene that this process was started for, if it was.
pub fn inside(scenes: &[Scene]) -> Option<ExitCode> {
    let name = std::env::var(SCENE).ok()?;
    let scene = scenes.iter().find(|scene| scene.name == name);
    let played = scene.ok_or_else(|| anyhow!("there is no scene `{name}`")).and_then(|scene| (scene.play)());
    Some(match played {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{error:#}\n").as_bytes());
            ExitCode::FAILURE
        }
    })
}

/// Runs a command that must succeed; its error output is the message when it does not.
fn succeed(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

fn on_path(program: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(program).is_file())
}
