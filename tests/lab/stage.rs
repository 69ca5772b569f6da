//! The lab itself: brings nodes up as Pigsty's playbooks do, lets recipes break them, and puts everything right again.
//!
//! What is deployed follows from the inventory, and from what a recipe says the deployment does differently. To put
//! things right is to deploy once more without that: files that changed are written again, and whoever reads them
//! learns of it; what runs otherwise than it should is started again.

use super::certificate::{Authority, Pair, VALID};
use super::component::{COMPONENTS, Component, absent, named};
use super::enclosure::{HOME, cache, sh};
use super::machine::{self, Machine};
use super::node::{Node, Original};
use super::question;
use super::render::{self, domains, fill};
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Child;

mod settle;

/// Nodes that run.
pub struct Lab {
    original: Original,
    off: Vec<&'static str>,
    pub authority: Authority,
    portal: Pair,
    /// As the inventory says.
    nodes: Vec<Node>,
    machines: Vec<Machine>,
    /// What the deployment does differently: variables of nodes.
    differs: BTreeMap<String, Map<String, Value>>,
    running: BTreeMap<Place, Process>,
    /// What runs in the place of components, or beside them.
    strangers: Vec<Child>,
    /// What lost or must lose the data that it was told by others.
    told: BTreeSet<Place>,
    /// What runs as it should and was harmed all the same.
    harmed: BTreeSet<Place>,
    /// The Grafanas that must be told what Pigsty tells them.
    untold: BTreeSet<String>,
    /// What starts only when somebody looks.
    due: Vec<Place>,
}

/// A component on a node.
type Place = (String, &'static str);

struct Process {
    child: Child,
    user: String,
    line: String,
}

impl Process {
    /// Whether it runs like this; nothing if it has ended.
    fn is(&mut self, user: &str, line: &str) -> Result<Option<bool>> {
        let runs = self.child.try_wait()?.is_none();
        Ok(runs.then(|| self.user == user && self.line == line))
    }
}

impl Lab {
    /// A world without any node.
    pub fn open() -> Result<Self> {
        rustls::crypto::ring::default_provider().install_default().ok();
        sh(&format!("mount -t tmpfs -o mode=755 lab {HOME}"))?;
        machine::bridge()?;
        let off = absent(&cache()).iter().filter_map(|component| component.flags.first().copied()).collect();
        Ok(Self {
            original: Original::replace()?,
            off,
            authority: Authority::new()?,
            portal: Pair { certificate: String::new(), key: String::new() },
            nodes: Vec::new(),
            machines: Vec::new(),
            differs: BTreeMap::new(),
            running: BTreeMap::new(),
            strangers: Vec::new(),
            told: BTreeSet::new(),
            harmed: BTreeSet::new(),
            untold: BTreeSet::new(),
            due: Vec::new(),
        })
    }

    /// Adds nodes until there are this many, as `infra.yml` would, and waits until all are well.
    pub fn grow(&mut self, count: usize) -> Result<()> {
        if self.nodes.len() >= count {
            return Ok(());
        }
        self.nodes = self.original.write(count, &self.off)?;
        if self.portal.key.is_empty() {
            let first = self.nodes.first().context("no node")?;
            self.portal = self.authority.certify(&domains(&first.vars), &first.ip, VALID)?; // made once for the fleet
        }
        for node in &self.nodes[self.machines.len()..] {
            self.machines.push(Machine::boot(node)?);
        }
        self.tell_again();
        self.deploy()?;
        self.settle()
    }

    /// How many nodes there are.
    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    /// Whether a component can run here.
    pub fn has(&self, component: &str) -> bool {
        named(component).is_ok_and(|component| !component.flags.iter().any(|flag| self.off.contains(flag)))
    }

    /// Writes every file, lets its reader learn of it, and starts what should run and does not, or runs otherwise.
    pub fn deploy(&mut self) -> Result<()> {
        let deployed = self.deployed();
        let mut learn = BTreeSet::new();
        for (machine, node) in self.machines.iter_mut().zip(&deployed) {
            let files = render::node(node, &deployed, &self.portal, &self.authority.pem())?;
            let changed = machine.write(files)?;
            learn.extend(changed.iter().filter_map(|path| Some((node.name.clone(), reader(path)?))));
        }
        for (node, component) in self.expected() {
            let place = (node.clone(), component.name);
            let line = self.line(&node, component)?;
            let usual = self.running.get_mut(&place).map(|process| process.is(component.user, &line)).transpose()?;
            match usual.flatten() {
                None => self.start(&node, component.name)?,
                Some(false) => self.restart(&node, component.name)?,
                Some(true) if learn.contains(&place) => self.learn(&node, component.name)?,
                Some(true) => {}
            }
        }
        Ok(())
    }

    /// Ends whatever was broken, deploys again, and waits until all is well.
    pub fn restore(&mut self) -> Result<()> {
        for machine in &mut self.machines {
            machine.pass()?;
            machine.link("up")?;
        }
        for mut stranger in std::mem::take(&mut self.strangers) {
            signal("KILL", &stranger)?;
            stranger.wait()?;
        }
        for process in self.running.values() {
            signal("CONT", &process.child)?;
        }
        self.due.clear();
        if !std::mem::take(&mut self.differs).is_empty() {
            self.tell_again();
        }
        for (node, component) in std::mem::take(&mut self.harmed) {
            self.restart(&node, component)?;
        }
        for (node, component) in std::mem::take(&mut self.told) {
            self.wipe(&node, component)?;
        }
        self.deploy()?;
        self.settle()
    }

    /// Kills a component and throws its data away; it is started when it is next deployed.
    pub fn wipe(&mut self, node: &str, component: &'static str) -> Result<()> {
        if self.running.contains_key(&(node.to_owned(), component)) {
            self.stop(node, component)?;
        }
        if component == "grafana" {
            self.untold.insert(node.to_owned());
        }
        let data = named(component)?.data;
        ensure!(!data.is_empty(), "{component} keeps no data");
        let data = format!("{}{data}", self.machine(node)?.root.display());
        sh(&format!("umount {data} 2>&- || true; chmod 755 {data}; find {data} -xdev -mindepth 1 -delete"))
    }

    /// Starts a component as it should run.
    pub fn start(&mut self, node: &str, component: &str) -> Result<()> {
        let component = named(component)?;
        let line = self.line(node, component)?;
        self.start_otherwise(node, component.name, component.user, &line)
    }

    /// Starts a component as another user or with another command line.
    pub fn start_otherwise(&mut self, node: &str, component: &str, user: &str, line: &str) -> Result<()> {
        let component = named(component)?;
        let child = self.machine(node)?.start(component, user, line)?;
        let process = Process { child, user: user.to_owned(), line: line.to_owned() };
        self.running.insert((node.to_owned(), component.name), process);
        Ok(())
    }

    /// The command line that a component should have.
    pub fn line(&self, node: &str, component: &Component) -> Result<String> {
        fill(component.name, component.arguments, &self.facts(node)?)
    }

    /// Kills a component, and waits until it is dead.
    pub fn stop(&mut self, node: &str, component: &str) -> Result<()> {
        let component = named(component)?;
        let process = self.running.remove(&(node.to_owned(), component.name));
        let Process { mut child, .. } = process.with_context(|| format!("{node}: no {} runs", component.name))?;
        signal("KILL", &child)?;
        child.wait()?;
        if component.port.is_empty() {
            return Ok(());
        }
        let (ip, port) = self.address(node, component)?;
        // The workers of nginx outlive their master by a moment.
        question::until(|| question::connects(&ip, &port).is_err().then_some(()).context("still answers"))
    }

    fn restart(&mut self, node: &str, component: &'static str) -> Result<()> {
        self.stop(node, component)?;
        self.start(node, component)
    }

    /// Sends a signal to every process of a component.
    pub fn signal(&self, node: &str, component: &str, name: &str) -> Result<()> {
        let process = self.running.get(&(node.to_owned(), named(component)?.name));
        signal(name, &process.with_context(|| format!("{node}: no {component} runs"))?.child)
    }

    /// Lets a component know that its files are others: the way that Pigsty's handlers do.
    fn learn(&mut self, node: &str, component: &'static str) -> Result<()> {
        match component {
            "grafana" | "dnsmasq" | "chronyd" => self.restart(node, component),
            _ => self.signal(node, component, "HUP"),
        }
    }

    /// Changes a file of a node, and lets its reader know.
    pub fn rewrite(&mut self, node: &str, path: &str, text: Option<&str>) -> Result<()> {
        let machine = self.machine_mut(node)?;
        machine.own(path);
        let file = machine.root.join(path);
        match text {
            Some(text) => fs::write(&file, text),
            None => fs::remove_file(&file),
        }
        .with_context(|| file.display().to_string())?;
        let reader = reader(path).filter(|reader| self.running.contains_key(&(node.to_owned(), reader)));
        reader.map_or(Ok(()), |reader| self.learn(node, reader))
    }

    /// A file of a node.
    pub fn read(&self, node: &str, path: &str) -> Result<String> {
        let file = self.machine(node)?.root.join(path);
        fs::read_to_string(&file).with_context(|| file.display().to_string())
    }

    /// Deploys a node with other variables, and stops what they turn off if `stopping`.
    pub fn differ(&mut self, node: &str, vars: &[(String, Value)], stopping: bool) -> Result<()> {
        let differs = self.differs.entry(node.to_owned()).or_default();
        differs.extend(vars.iter().cloned());
        self.tell_again();
        self.deploy()?;
        let due = self.expected();
        let over = self.running.keys().filter(|(of, _)| of == node);
        let over = over.filter(|place| !due.iter().any(|(node, due)| *node == place.0 && due.name == place.1));
        for (node, component) in over.cloned().collect::<Vec<_>>() {
            if stopping {
                self.stop(&node, component)?;
            }
        }
        Ok(())
    }

    /// Remembers that a component was told something, or that its disk is another one.
    pub fn told(&mut self, node: &str, component: &'static str) {
        self.told.insert((node.to_owned(), component));
    }

    /// Remembers that a component must start again, though it runs as it should.
    pub fn harmed(&mut self, node: &str, component: &'static str) {
        self.harmed.insert((node.to_owned(), component));
    }

    /// Remembers what runs in the place of a component.
    pub fn stand_in(&mut self, child: Child) {
        self.strangers.push(child);
    }

    /// Stops a component, and starts it when somebody looks.
    pub fn start_later(&mut self, node: &str, component: &'static str) -> Result<()> {
        self.stop(node, component)?;
        self.due.push((node.to_owned(), component));
        Ok(())
    }

    /// Whether something starts only when somebody looks.
    pub fn awaits(&self) -> bool {
        !self.due.is_empty()
    }

    /// Starts what was to start when somebody looks.
    pub fn start_due(&mut self) -> Result<()> {
        let due = std::mem::take(&mut self.due);
        due.iter().try_for_each(|(node, component)| self.start(node, component))
    }

    fn tell_again(&mut self) {
        let grafanas = self.nodes.iter().filter(|node| node.has("grafana_enabled"));
        self.untold.extend(grafanas.map(|node| node.name.clone()));
    }

    /// The nodes as they are deployed, with what follows for them from one another.
    fn deployed(&self) -> Vec<Node> {
        let mut nodes = self.nodes.clone();
        for node in &mut nodes {
            for (name, value) in self.differs.get(&node.name).into_iter().flatten() {
                set(&mut node.vars, name, value.clone());
            }
        }
        let logs = nodes.iter().filter(|node| node.has("vlogs_enabled"));
        let logs = logs.map(|node| format!("{}:{}/{}", node.ip, node.vars["vlogs_port"], node.text("log_jobs")));
        let logs = logs.collect::<Vec<_>>().join(",");
        for node in &mut nodes {
            node.vars.insert("log_receivers".into(), json!(logs));
            node.vars.insert("is_admin".into(), json!(node.text("admin_ip") == node.ip));
        }
        nodes
    }

    /// The variables of a node as it is deployed, with `last`, the node added last, and `other`, one beside this.
    pub fn facts(&self, node: &str) -> Result<Map<String, Value>> {
        let deployed = self.deployed();
        let this = deployed.iter().find(|it| it.name == node).with_context(|| format!("no node is called {node}"))?;
        let mut facts = this.vars.clone();
        let last = deployed.last().unwrap_or(this);
        facts.insert("last".into(), json!({ "ip": last.ip, "name": last.name, "seq": last.vars["infra_seq"] }));
        let other = deployed.iter().find(|it| it.name != node).unwrap_or(this);
        facts.insert("other".into(), json!({ "ip": other.ip }));
        facts.insert("client".into(), json!(machine::CLIENT));
        facts.insert("root".into(), json!(self.machine(node)?.root));
        Ok(facts)
    }

    /// What runs where nothing is broken but what the deployment does differently.
    fn expected(&self) -> Vec<(String, &'static Component)> {
        let on = |node: &Node| {
            let wanted = COMPONENTS.iter().filter(|component| component.flags.iter().all(|flag| node.has(flag)));
            wanted.map(|component| (node.name.clone(), component)).collect::<Vec<_>>()
        };
        self.deployed().iter().flat_map(on).collect()
    }

    fn address(&self, node: &str, component: &Component) -> Result<(String, String)> {
        let facts = self.facts(node)?;
        Ok((facts["ip"].as_str().unwrap_or_default().to_owned(), fill(component.name, component.port, &facts)?))
    }

    /// The machine of a node.
    pub fn machine(&self, node: &str) -> Result<&Machine> {
        let index = self.nodes.iter().position(|it| it.name == node);
        index.and_then(|index| self.machines.get(index)).with_context(|| format!("no node is called {node}"))
    }

    /// The machine of a node, to change it.
    pub fn machine_mut(&mut self, node: &str) -> Result<&mut Machine> {
        let index = self.nodes.iter().position(|it| it.name == node);
        index.and_then(|index| self.machines.get_mut(index)).with_context(|| format!("no node is called {node}"))
    }
}

/// Who reads a file, and does not look by itself.
fn reader(path: &str) -> Option<&'static str> {
    const READERS: [(&str, &str); 8] = [
        ("etc/nginx/", "nginx"),
        ("etc/grafana/", "grafana"),
        ("infra/prometheus.yml", "vmetrics"),
        ("infra/rules/", "vmalert"),
        ("etc/alertmanager.yml", "alertmanager"),
        ("etc/blackbox.yml", "blackbox"),
        ("etc/dnsmasq", "dnsmasq"),
        ("etc/chrony/", "chronyd"),
    ];
    READERS.iter().find(|(prefix, _)| path.starts_with(prefix)).map(|(_, reader)| *reader)
}

/// Sets a variable, or with `a.b` what lies within one.
fn set(vars: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        None => drop(vars.insert(name.to_owned(), value)),
        Some((outer, inner)) => {
            let within = vars.entry(outer).or_insert_with(|| json!({}));
            if let Some(within) = within.as_object_mut() {
                set(within, inner, value);
            }
        }
    }
}

/// To the process group of a component: nginx is more than one process.
fn signal(name: &str, child: &Child) -> Result<()> {
    ensure!(child.id() > 1, "no process");
    // One that has ended by itself has no group any more.
    sh(&format!("kill -{name} -{} 2>/dev/null || true", child.id()))
}
