//! The lab itself: brings the nodes up, breaks and mends them.

use super::certificate::Authority;
use super::component::{COMPONENTS, Component, absent, named};
use super::enclosure::{HOME, cache, sh};
use super::machine::{self, Machine};
use super::node::{Node, nodes, switch_off};
use super::{question, render};
use anyhow::{Context, Result, anyhow, bail, ensure};
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::process::Child;

/// As much of a log as tells why its component died.
const LOG_LINES: usize = 5;

/// Two nodes that run.
pub struct Lab {
    authority: Authority,
    nodes: Vec<Node>,
    machines: Vec<Machine>,
    running: BTreeMap<(String, &'static str), Child>,
}

impl Lab {
    /// Brings both nodes up, and waits until they are well.
    pub fn up() -> Result<Self> {
        rustls::crypto::ring::default_provider().install_default().ok();
        sh(&format!("mount -t tmpfs -o mode=755 lab {HOME}"))?;
        machine::bridge()?;
        switch_off(absent(&cache()).iter().filter_map(|component| component.flags.first().copied()))?;
        let mut lab =
            Self { authority: Authority::new()?, nodes: nodes()?, machines: Vec::new(), running: BTreeMap::new() };
        lab.boot()?;
        for (node, component) in lab.expected() {
            lab.start(&node, component.name)?;
        }
        lab.settle()?;
        Ok(lab)
    }

    fn boot(&mut self) -> Result<()> {
        for node in &self.nodes {
            let machine = Machine::boot(node)?;
            render::node(node, &self.nodes, &self.authority, &machine.root)?;
            machine.hand_over()?;
            self.machines.push(machine);
        }
        Ok(())
    }

    /// Whether a component runs here.
    pub fn has(&self, component: &str) -> bool {
        self.expected().iter().any(|(_, expected)| expected.name == component)
    }

    /// Starts a component that does not run.
    pub fn start(&mut self, node: &str, component: &str) -> Result<()> {
        let component = named(component)?;
        let child = self.machine(node)?.start(component)?;
        self.running.insert((node.to_owned(), component.name), child);
        Ok(())
    }

    /// Kills a component, and waits until it is dead.
    pub fn stop(&mut self, node: &str, component: &str) -> Result<()> {
        let component = named(component)?;
        let mut child = self
            .running
            .remove(&(node.to_owned(), component.name))
            .with_context(|| format!("{node}: no {} runs", component.name))?;
        signal("KILL", &child)?;
        child.wait()?;
        if component.port.is_empty() {
            return Ok(());
        }
        let (ip, port) = self.address(node, component)?;
        // The workers of nginx outlive their master by a moment.
        question::until(|| question::connects(&ip, &port).is_err().then_some(()).context("still answers"))
    }

    /// Stops a component from running without ending it.
    pub fn freeze(&self, node: &str, component: &str) -> Result<()> {
        signal("STOP", self.child(node, component)?)
    }

    /// Lets a frozen component run again.
    pub fn thaw(&self, node: &str, component: &str) -> Result<()> {
        signal("CONT", self.child(node, component)?)
    }

    /// Tells a component to read its configuration again.
    pub fn reload(&self, node: &str, component: &str) -> Result<()> {
        signal("HUP", self.child(node, component)?)
    }

    /// Replaces a text in a file of a node.
    pub fn edit(&self, node: &str, path: &str, from: &str, to: &str) -> Result<()> {
        let file = self.machine(node)?.root.join(path);
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        ensure!(text.contains(from), "{}: no \"{from}\"", file.display());
        Ok(fs::write(&file, text.replace(from, to))?)
    }

    /// Gives a node's portal a certificate that is valid between days from now.
    pub fn certify(&self, node: &str, from: i64, until: i64) -> Result<()> {
        let machine = self.machine(node)?;
        render::certificate(self.node(node)?, &self.authority, &machine.root, from, until)
    }

    /// Takes a node off the network.
    pub fn cut(&self, node: &str) -> Result<()> {
        self.machine(node)?.link("down")
    }

    /// Throws away a node's answers to the client's ping, or lets them through again.
    pub fn drop_ping(&self, node: &str, drop: bool) -> Result<()> {
        self.machine(node)?.drop_ping(drop)
    }

    /// Puts a node back on the network.
    pub fn mend(&self, node: &str) -> Result<()> {
        self.machine(node)?.link("up")
    }

    /// Waits until every component answers, has been scraped by every node, and knows the time.
    pub fn settle(&mut self) -> Result<()> {
        for (node, component) in self.expected() {
            self.answers(&node, component).or_else(|error| self.explain(&node, component, &error))?;
        }
        self.name_grafana_organization()?;
        for node in self.nodes.iter().filter(|node| node.has("vmetrics_enabled")) {
            let port = &node.vars["vmetrics_port"];
            question::until(|| question::scrapes(&node.ip, port, self.targets()))?;
            question::until(|| question::stores(&node.ip, port, self.targets()))?;
        }
        Ok(())
    }

    /// What runs on a healthy lab.
    fn expected(&self) -> Vec<(String, &'static Component)> {
        let on = |node: &Node| {
            COMPONENTS
                .iter()
                .filter(|component| component.flags.iter().all(|flag| node.has(flag)))
                .map(|component| (node.name.clone(), component))
                .collect::<Vec<_>>()
        };
        self.nodes.iter().flat_map(on).collect()
    }

    /// How many targets every VictoriaMetrics has: nginx counts once, by its exporter; dnsmasq and chronyd have none.
    fn targets(&self) -> usize {
        self.expected()
            .iter()
            .filter(|(_, component)| !["nginx_exporter", "dnsmasq", "chronyd"].contains(&component.name))
            .count()
    }

    /// As Pigsty's playbook does: anonymous visitors are let into the organization of this name.
    fn name_grafana_organization(&self) -> Result<()> {
        for node in self.nodes.iter().filter(|node| node.has("grafana_enabled")) {
            let url = format!("http://{}:{}/ui/api/orgs/1", node.ip, node.vars["grafana_port"]);
            let login = node.vars["grafana_admin_username"].as_str().zip(node.vars["grafana_admin_password"].as_str());
            question::ask(Method::PUT, &url, login, Some(&json!({ "name": "Pigsty" }))).context(url)?;
        }
        Ok(())
    }

    /// Waits until a component answers; one that ended never will.
    fn answers(&mut self, node: &str, component: &Component) -> Result<()> {
        let (ip, port) = self.address(node, component)?;
        let mut ended = None;
        question::until(|| {
            ended =
                self.running.get_mut(&(node.to_owned(), component.name)).map(Child::try_wait).transpose()?.flatten();
            if ended.is_some() {
                return Ok(());
            }
            if port.is_empty() { question::tells_time(&ip) } else { question::connects(&ip, &port) }
        })?;
        ended.map_or(Ok(()), |status| Err(anyhow!("{status}")))
    }

    /// The error with the end of the component's log.
    fn explain(&self, node: &str, component: &Component, error: &anyhow::Error) -> Result<()> {
        let log = fs::read_to_string(self.machine(node)?.root.join(format!("var/log/{}.log", component.name)))
            .unwrap_or_default();
        let end = log.lines().count().saturating_sub(LOG_LINES);
        bail!("{node}/{}: {error:#}\n{}", component.name, log.lines().skip(end).collect::<Vec<_>>().join("\n"))
    }

    fn address(&self, node: &str, component: &Component) -> Result<(String, String)> {
        let node = self.node(node)?;
        Ok((node.ip.clone(), render::fill(component.name, component.port, &node.vars)?))
    }

    fn node(&self, name: &str) -> Result<&Node> {
        self.nodes.iter().find(|node| node.name == name).with_context(|| format!("no node is called {name}"))
    }

    fn machine(&self, node: &str) -> Result<&Machine> {
        let index = self.nodes.iter().position(|it| it.name == node);
        index.and_then(|index| self.machines.get(index)).with_context(|| format!("no node is called {node}"))
    }

    fn child(&self, node: &str, component: &str) -> Result<&Child> {
        self.running
            .get(&(node.to_owned(), named(component)?.name))
            .with_context(|| format!("{node}: no {component} runs"))
    }
}

/// To the process group of a component: nginx is more than one process.
fn signal(name: &str, child: &Child) -> Result<()> {
    ensure!(child.id() > 1, "no process");
    sh(&format!("kill -{name} -{}", child.id()))
}
