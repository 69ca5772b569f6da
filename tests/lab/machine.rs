//! The machine of a node: a network namespace with its own address and host name, and a root folder of its own that
//! borrows the programs of this machine, so that Pigsty's absolute paths stay what they are.

use super::component::Component;
use super::enclosure::{HOME, cache, sh, succeed};
use super::node::Node;
use super::render;
use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where `infra-verify` runs.
const CLIENT: &str = "10.10.10.200";

/// Where the cache of components lies on every machine: other users may not look into root's home.
const PROGRAMS: &str = "/opt/lab";

const FOLDERS: &str = "dev proc sys tmp run/chrony opt/lab data infra/metrics infra/logs infra/traces infra/alertmgr \
    var/log/nginx var/log/grafana var/lib/nginx var/lib/grafana/plugins var/lib/chrony etc/grafana/provisioning/plugins \
    etc/grafana/provisioning/notifiers etc/grafana/provisioning/alerting etc/grafana/provisioning/dashboards";

/// The bridge that the machines hang on, and the client's own address on it.
pub fn bridge() -> Result<()> {
    sh(&format!("ip link set lo up; ip link add lab type bridge; ip addr add {CLIENT}/24 dev lab; ip link set lab up"))
}

/// A machine that is up.
pub struct Machine {
    pub root: PathBuf,
    interface: String,
    vars: serde_json::Map<String, serde_json::Value>,
    /// A process that does nothing, and by that keeps the namespaces.
    holder: Child,
}

impl Machine {
    /// Makes the machine of a node; its configuration is rendered into `root` by others.
    pub fn boot(node: &Node) -> Result<Self> {
        let root = Path::new(HOME).join(&node.name);
        let mut holder = Command::new("unshare")
            .args(["--net", "--uts", "sh", "-c", "echo; exec sleep infinity"])
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()?;
        if let Some(output) = holder.stdout.take() {
            BufReader::new(output).read_line(&mut String::new())?; // it is in its namespaces
        }
        let machine = Self { root, interface: node.name.clone(), vars: node.vars.clone(), holder };
        machine.build_root()?;
        machine.connect(&node.ip)?;
        Ok(machine)
    }

    fn build_root(&self) -> Result<()> {
        let (root, cache) = (self.root.display(), cache());
        let mime_types = format!("{}/debian-*/root/etc/nginx/mime.types", cache.display());
        sh(&format!(
            "mkdir -p {root}; cd {root}; mkdir -p {FOLDERS} etc/nginx; chmod 1777 tmp
             for folder in usr bin sbin lib lib32 lib64 libx32; do
                 if [ -L /$folder ]; then cp -P /$folder .
                 elif [ -d /$folder ]; then mkdir -p $folder; mount --rbind /$folder $folder; fi
             done
             for folder in dev proc sys; do mount --rbind /$folder $folder; done
             mount --bind {cache} .{PROGRAMS}
             cp /etc/ld.so.cache etc/; cp -L /etc/localtime etc/ || true; cp {mime_types} etc/nginx/",
            cache = cache.display()
        ))
    }

    fn connect(&self, ip: &str) -> Result<()> {
        let (name, holder) = (&self.interface, self.holder.id());
        sh(&format!("ip link add {name} type veth peer name eth0 netns {holder}; ip link set {name} master lab up"))?;
        let script = format!(
            "ip link set lo up; ip addr add {ip}/24 dev eth0; ip link set eth0 up; ip route add default via {CLIENT}; hostname {name}"
        );
        succeed(self.enter().args(["sh", "-euc", &script]))
    }

    /// Hands the rendered files to the users that Pigsty's units run as.
    pub fn hand_over(&self) -> Result<()> {
        succeed(self.inside("/").args(["sh", "-euc", "chown -R victoria:infra /infra; chown -R prometheus:infra /infra/alertmgr; chown -R grafana:grafana /var/lib/grafana /var/log/grafana /etc/grafana"]))
    }

    /// Starts a component in a process group of its own, its output in `/var/log/<name>.log`.
    pub fn start(&self, component: &Component) -> Result<Child> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.root.join(format!("var/log/{}.log", component.name)))?;
        let arguments = render::fill(component.name, component.arguments, &self.vars)?;
        self.inside(component.directory)
            .args(["setpriv", "--reuid", component.user, "--regid", component.group, "--clear-groups", "--"])
            .arg(format!("{PROGRAMS}/bin/{}", component.program))
            .args(arguments.split_whitespace())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| component.program.to_owned())
    }

    /// Takes the machine off the network, or puts it back.
    pub fn link(&self, state: &str) -> Result<()> {
        sh(&format!("ip link set {} {state}", self.interface))
    }

    /// Throws away what the machine would answer to the client's ping, as a firewall may, or lets it through again.
    pub fn drop_ping(&self, drop: bool) -> Result<()> {
        let change = if drop { "add" } else { "del" };
        let rule = ["ip", "rule", change, "ipproto", "icmp", "to", CLIENT, "blackhole"];
        let status = self.enter().arg("--").args(rule).status()?;
        ensure!(status.success(), "{}: ping cannot be blocked", self.interface);
        Ok(())
    }

    /// A command in the machine's network, still with this machine's files.
    fn enter(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.holder.id().to_string(), "--net", "--uts"]);
        command
    }

    /// A command on the machine, in one of its folders.
    fn inside(&self, directory: &str) -> Command {
        let mut command = self.enter();
        command.arg(format!("--root={}", self.root.display())).arg("--").args([
            "env",
            "-i",
            "-C",
            directory,
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        ]);
        command
    }
}
