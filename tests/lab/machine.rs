//! The machine of a node: a network namespace with its own address and host name, and a root folder of its own that
//! borrows the programs of this machine, so that Pigsty's absolute paths stay what they are.

use super::component::Component;
use super::enclosure::{HOME, cache, sh, succeed};
use super::node::Node;
use super::render::Files;
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where `infra-verify` runs.
pub const CLIENT: &str = "10.10.10.200";

/// Where the cache of components lies on every machine: other users may not look into root's home.
const PROGRAMS: &str = "/opt/lab";

const FOLDERS: &str = "dev proc sys tmp run/chrony opt/lab data infra/metrics infra/logs infra/traces infra/alertmgr \
    var/log/nginx var/log/grafana var/lib/nginx var/lib/grafana var/lib/chrony etc/grafana/provisioning/plugins \
    etc/grafana/provisioning/notifiers etc/grafana/provisioning/alerting etc/grafana/provisioning/dashboards";

/// The bridge that the machines hang on, and the client's own address on it.
pub fn bridge() -> Result<()> {
    sh(&format!("ip link set lo up; ip link add lab type bridge; ip addr add {CLIENT}/24 dev lab; ip link set lab up"))
}

/// A machine that is up.
pub struct Machine {
    pub root: PathBuf,
    interface: String,
    /// What was written last, so that what is no longer rendered can be taken away.
    written: Files,
    /// What the network drops.
    drops: Vec<String>,
    /// A process that does nothing, and by that keeps the namespaces.
    holder: Child,
}

impl Machine {
    /// Makes the machine of a node, on which nothing is written and nothing runs yet.
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
        let machine = Self { root, interface: node.name.clone(), written: Files::new(), drops: Vec::new(), holder };
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
        self.sh(&format!(
            "ip link set lo up; ip addr add {ip}/24 dev eth0; ip link set eth0 up; ip route add default via {CLIENT}; ip route add unreachable 192.0.2.0/24; hostname {name}"
        ))
    }

    /// Makes the machine's files these, as a playbook does that runs again; gives the paths of those that changed.
    pub fn write(&mut self, files: Files) -> Result<Vec<String>> {
        let mut changed = Vec::new();
        for (path, text) in &files {
            let text = format!("{}\n", text.trim_end());
            let file = self.root.join(path);
            if fs::read_to_string(&file).is_ok_and(|old| old == text) {
                continue;
            }
            fs::create_dir_all(file.parent().unwrap_or(&file))?;
            fs::write(&file, text).with_context(|| file.display().to_string())?;
            changed.push(path.clone());
        }
        for path in self.written.keys().filter(|path| !files.contains_key(*path)) {
            fs::remove_file(self.root.join(path)).ok();
            changed.push(path.clone());
        }
        self.written = files;
        self.hand_over()?;
        Ok(changed)
    }

    /// Takes away a file that a playbook did not write.
    pub fn own(&mut self, path: &str) {
        self.written.insert(path.to_owned(), String::new());
    }

    /// Hands the files to the users that Pigsty's units run as.
    fn hand_over(&self) -> Result<()> {
        succeed(self.inside("/").args(["sh", "-euc", "chown -R victoria:infra /infra; chown -R prometheus:infra /infra/alertmgr; chown -R grafana:grafana /var/lib/grafana /var/log/grafana /etc/grafana"]))
    }

    /// Starts a component as a user and with arguments.
    pub fn start(&self, component: &Component, user: &str, arguments: &str) -> Result<Child> {
        if component.program.is_empty() {
            return self.act(component.name, arguments);
        }
        let mut command = self.inside(component.directory);
        command
            .args(["setpriv", "--reuid", user, "--regid", component.group, "--clear-groups", "--"])
            .arg(format!("{PROGRAMS}/bin/{}", component.program))
            .args(arguments.split_whitespace());
        self.spawn(command, component.name)
    }

    /// Has an actor play a part on the machine.
    pub fn act(&self, part: &str, arguments: &str) -> Result<Child> {
        let mut command = self.enter();
        // This program, though its file may be another by now.
        command.args(["--", "/proc/1/exe", super::actor::WORD, part]);
        command.args(arguments.split_whitespace()).env(super::actor::ROOT, &self.root);
        self.spawn(command, part)
    }

    /// Runs a shell script on the machine as root; `$P` is where the programs lie, `$PORT` this one.
    pub fn run(&self, script: &str, port: &str) -> Result<Child> {
        let mut command = self.inside("/");
        command.args([&format!("P={PROGRAMS}/bin"), &format!("PORT={port}"), "sh", "-euc", script]);
        self.spawn(command, "stranger")
    }

    /// In a process group of its own, with its output in `/var/log/<name>.log`.
    fn spawn(&self, mut command: Command, name: &str) -> Result<Child> {
        let log = self.root.join(format!("var/log/{name}.log"));
        let log = File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        command.spawn().with_context(|| name.to_owned())
    }

    /// Takes the machine off the network, or puts it back.
    pub fn link(&self, state: &str) -> Result<()> {
        sh(&format!("ip link set {} {state}", self.interface))
    }

    /// Throws away what the machine would send and this rule matches, as a firewall may. A rule of routing is all it
    /// takes, and every kernel has those.
    pub fn drop(&mut self, rule: &str) -> Result<()> {
        self.sh(&format!("ip rule add pref {} {rule}", 100 + self.drops.len()))?;
        self.drops.push(rule.to_owned());
        Ok(())
    }

    /// Lets everything through again.
    pub fn pass(&mut self) -> Result<()> {
        for number in 0..std::mem::take(&mut self.drops).len() {
            self.sh(&format!("ip rule del pref {}", 100 + number))?;
        }
        Ok(())
    }

    /// Runs a shell script in the machine's network, still with this machine's files.
    pub fn sh(&self, script: &str) -> Result<()> {
        succeed(self.enter().args(["--", "sh", "-euc", script]))
    }

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
