//! When the lab is well: every component answers, has been told what Pigsty tells it, and shows what comes of that.

use super::Lab;
use crate::component::Component;
use crate::node::Node;
use crate::{grafana, question};
use anyhow::{Context, Result, anyhow, bail};

/// As much of a log as tells why its component died.
const LOG_LINES: usize = 5;

impl Lab {
    /// Waits until every component answers, has been scraped by every node, and shows what it has.
    pub fn settle(&mut self) -> Result<()> {
        let expected = self.expected();
        for (node, component) in &expected {
            if self.answers(node, component).is_err() && self.has_ended(node, component)? {
                self.start(node, component.name)?; // as its unit does; a busy Grafana may need that
            }
            self.answers(node, component).or_else(|error| self.explain(node, component, &error))?;
        }
        let deployed = self.deployed();
        let grafanas = expected.iter().filter(|(_, component)| component.name == "grafana");
        for (node, _) in grafanas {
            if self.untold.remove(node) {
                let node = deployed.iter().find(|deployed| deployed.name == *node).context("no node")?;
                question::until(|| grafana::tell(node, &deployed)).context("grafana")?;
            }
        }
        let targets = self.targets();
        let runs =
            |node: &Node, name| expected.iter().any(|(on, component)| *on == node.name && component.name == name);
        let shipping = || deployed.iter().filter(|node| runs(node, "shipper"));
        let system = shipping().map(|node| (&*node.ip, "syslog"));
        let portals = shipping().filter(|node| runs(node, "nginx"));
        let logs = system.chain(portals.clone().map(|node| (&*node.ip, "nginx"))).collect::<Vec<_>>();
        portals.for_each(|node| drop(question::visit(node))); // it may ask for a login
        for node in &deployed {
            if runs(node, "vmetrics") {
                question::until(|| question::scrapes(node, &targets))?;
                question::until(|| question::stores(node, &targets))?;
            }
            if runs(node, "vmalert") {
                question::until(|| question::evaluates(node))?;
                question::until(|| question::records(node))?;
            }
            if runs(node, "alertmanager") {
                question::until(|| question::is_ready(node))?;
            }
            if runs(node, "vlogs") {
                question::until(|| question::keeps_logs(node, &logs))?;
            }
        }
        Ok(())
    }

    /// The names of what every VictoriaMetrics scrapes, sorted.
    fn targets(&self) -> Vec<String> {
        let scraped = self.expected().into_iter().filter(|(_, component)| component.is_scraped());
        let mut names: Vec<_> = scraped.map(|(node, component)| node.replace("infra", component.name)).collect();
        names.sort_unstable();
        names
    }

    /// Waits until a component answers; one that ended never will.
    pub fn answers(&mut self, node: &str, component: &Component) -> Result<()> {
        let (ip, port) = self.address(node, component)?;
        let mut ended = None;
        question::until(|| {
            let process = self.running.get_mut(&(node.to_owned(), component.name));
            ended = process.map(|process| process.child.try_wait()).transpose()?.flatten();
            match component.name {
                _ if ended.is_some() => Ok(()),
                "chronyd" => question::tells_time(&ip),
                _ if port.is_empty() => Ok(()),
                _ => question::connects(&ip, &port),
            }
        })?;
        ended.map_or(Ok(()), |status| Err(anyhow!("{status}")))
    }

    fn has_ended(&mut self, node: &str, component: &Component) -> Result<bool> {
        let process = self.running.get_mut(&(node.to_owned(), component.name));
        Ok(process.map(|process| process.child.try_wait()).transpose()?.flatten().is_some())
    }

    /// The error with the end of the component's log.
    fn explain(&self, node: &str, component: &Component, error: &anyhow::Error) -> Result<()> {
        let log = self.read(node, &format!("var/log/{}.log", component.name)).unwrap_or_default();
        let end = log.lines().count().saturating_sub(LOG_LINES);
        bail!("{node}/{}: {error:#}\n{}", component.name, log.lines().skip(end).collect::<Vec<_>>().join("\n"))
    }
}
