//! How the faults of the truth table are made on real components. Nothing here says how one is mended: the lab deploys
//! again, and what is otherwise than it should be is put right.
//!
//! A recipe is data: steps that are taken on one node. Their texts are templates of the node's variables, `last` (the
//! node added last), `other` (one beside this) and `client` (where `infra-verify` runs).

mod alert;
mod grafana;
mod metric;
mod name;
mod portal;
mod process;
mod time;

use super::certificate::{Authority, VALID};
use super::component::named;
use super::question;
use super::render::{domains, fill};
use super::stage::Lab;
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// What happens to a component when it is broken in this way.
pub struct Recipe {
    /// As the faults write it.
    word: &'static str,
    steps: &'static [Step],
}

/// One thing that is done to a node.
pub enum Step {
    /// It is killed.
    Kill,
    /// It accepts connections, as the kernel does that for it, but answers nothing.
    Freeze,
    /// It is sent a signal.
    Signal(&'static str),
    /// It answers before the next step is taken.
    Ready,
    /// It is killed, and starts when somebody looks.
    Later,
    /// It loses what it was told by others, and starts again.
    Wipe,
    /// Its disk is one of so many megabytes, all of them free.
    Disk(u32),
    /// A shell script runs on the machine: `$P` is where the programs lie, `$PORT` its port, `line` its command line.
    Stranger(&'static str),
    /// An actor plays this part on the machine.
    Actor(&'static str, &'static str),
    /// The actor of noise has its ports.
    Noise,
    /// It is deployed with variables of other values, given as YAML.
    Vars(&'static [(&'static str, &'static str)]),
    /// It is deployed with its own flag off: everywhere where others know of it too.
    Off { stopping: bool },
    /// It starts with this text in its command line replaced by that.
    Line(&'static str, &'static str),
    /// It starts as another user.
    User(&'static str),
    /// In a file, every text of these that stands there is replaced by the one beside it.
    Edit(&'static str, &'static [(&'static str, &'static str)]),
    /// A file says this.
    Write(&'static str, &'static str),
    /// A file says what another does, with a text replaced.
    Copy(&'static str, &'static str, (&'static str, &'static str)),
    /// A file is missing.
    Remove(&'static str),
    /// The portal's certificate is another one.
    Certificate(Certificate),
    /// The authority that the portal offers is another one.
    Offered,
    /// Its HTTP API is told this: method, path, body. What that leaves behind is wiped.
    Tell(&'static str, &'static str, &'static str),
    /// What it sends and this rule of routing matches is dropped.
    Drop(&'static str),
    /// The machine is off the network.
    Unplug,
    /// A shell script runs in the machine's network, and harms the component.
    Network(&'static str),
}

/// What is wrong with a certificate.
#[derive(Clone, Copy)]
pub enum Certificate {
    Days(i64, i64),
    ForeignAuthority,
    HomeOnly,
}

/// The recipe of a fault, and where it happens.
pub struct Cooked {
    node: String,
    component: &'static str,
    recipe: &'static Recipe,
}

/// How a fault that is written `component@infra-N=word` is made, if it can be.
pub fn of(fault: &str) -> Option<Cooked> {
    let (component, rest) = fault.split_once('@')?;
    let (node, word) = rest.split_once('=')?;
    let (component, own) = OWN.iter().find(|(known, _)| *known == component)?;
    let common = if *component == "node" { &[] } else { process::common(component) };
    let recipe = own.iter().chain(common).find(|recipe| recipe.word == word)?;
    Some(Cooked { node: node.to_owned(), component, recipe })
}

const OWN: [(&str, &[Recipe]); 12] = [
    ("node", process::NODE),
    ("nginx", portal::NGINX),
    ("nginx-exporter", portal::EXPORTER),
    ("grafana", grafana::GRAFANA),
    ("vmetrics", metric::VMETRICS),
    ("vlogs", metric::VLOGS),
    ("vtraces", metric::VTRACES),
    ("vmalert", alert::VMALERT),
    ("alertmanager", alert::ALERTMANAGER),
    ("blackbox", alert::BLACKBOX),
    ("dnsmasq", name::DNSMASQ),
    ("chronyd", time::CHRONYD),
];

impl Cooked {
    /// Why it cannot be made here.
    pub fn obstacle(&self, lab: &Lab) -> Option<String> {
        let lacks = self.component != "node" && !lab.has(self.component);
        lacks.then(|| format!("{} not installed, see tests/lab/install", self.component))
    }

    /// Makes it happen.
    pub fn make(&self, lab: &mut Lab) -> Result<()> {
        for step in self.recipe.steps {
            self.take(step, lab).with_context(|| format!("{}@{}={}", self.component, self.node, self.recipe.word))?;
        }
        Ok(())
    }

    fn take(&self, step: &Step, lab: &mut Lab) -> Result<()> {
        let (node, component) = (&*self.node, self.component);
        match step {
            Step::Kill => lab.stop(node, component),
            Step::Freeze => lab.signal(node, component, "STOP"),
            Step::Signal(name) => lab.signal(node, component, name),
            Step::Later => lab.start_later(node, component),
            Step::Ready => lab.answers(node, named(component)?),
            Step::Wipe => {
                lab.wipe(node, component)?;
                lab.start(node, component)
            }
            Step::Disk(size) => {
                lab.wipe(node, component)?;
                lab.told(node, component);
                let data = format!("{}{}", lab.machine(node)?.root.display(), named(component)?.data);
                lab.machine(node)?.sh(&format!("mount -t tmpfs -o size={size}m,mode=777 lab {data}"))?;
                lab.start(node, component)
            }
            Step::Stranger(script) => self.stand_in(lab, script),
            Step::Actor(part, arguments) => self.act(lab, part, &self.fill(lab, arguments)?),
            Step::Noise => {
                let component = named(component)?;
                self.act(lab, "noise", &self.fill(lab, &format!("{} {}", component.port, component.more))?)
            }
            Step::Off { stopping } => {
                let flag = named(component)?.flags.first().context("no flag")?;
                lab.differ(node, &[((*flag).to_owned(), Value::Bool(false))], *stopping)
            }
            Step::Vars(vars) => {
                let vars = vars.iter().map(|(name, value)| Ok(((*name).to_owned(), serde_json::from_str(value)?)));
                lab.differ(node, &vars.collect::<Result<Vec<_>>>()?, true)
            }
            Step::Line(from, to) => self.with_line(lab, from, to),
            Step::User(user) => {
                let line = lab.line(node, named(component)?)?;
                lab.stop(node, component)?;
                lab.start_otherwise(node, component, user, &line)
            }
            Step::Unplug => lab.machine(node)?.link("down"),
            Step::Drop(rule) => {
                let rule = self.fill(lab, rule)?;
                lab.machine_mut(node)?.drop(&rule)
            }
            Step::Network(script) => {
                let script = self.fill(lab, script)?;
                lab.harmed(node, component);
                lab.machine(node)?.sh(&script)
            }
            Step::Tell(method, path, body) => self.tell(lab, method, path, body),
            file => self.file(lab, file),
        }
    }

    /// The steps that make another file of one.
    fn file(&self, lab: &mut Lab, step: &Step) -> Result<()> {
        let node = &*self.node;
        match step {
            Step::Edit(path, edits) => self.edit(lab, path, edits),
            Step::Write(path, text) => {
                let (path, text) = (self.fill(lab, path)?, self.fill(lab, text)?);
                lab.rewrite(node, &path, Some(&text))
            }
            Step::Copy(from, to, (old, new)) => {
                let (from, to) = (self.fill(lab, from)?, self.fill(lab, to)?);
                let text = lab.read(node, &from)?.replace(&self.fill(lab, old)?, &self.fill(lab, new)?);
                lab.rewrite(node, &to, Some(&text))
            }
            Step::Remove(path) => {
                let path = self.fill(lab, path)?;
                lab.rewrite(node, &path, None)
            }
            Step::Certificate(wrong) => self.certify(lab, *wrong),
            Step::Offered => lab.rewrite(node, "www/ca.crt", Some(&Authority::new()?.pem())),
            _ => Ok(()),
        }
    }

    fn fill(&self, lab: &Lab, template: &str) -> Result<String> {
        fill(self.recipe.word, template, &lab.facts(&self.node)?)
    }

    fn act(&self, lab: &mut Lab, part: &str, arguments: &str) -> Result<()> {
        let child = lab.machine(&self.node)?.act(part, arguments)?;
        lab.stand_in(child);
        Ok(())
    }

    fn stand_in(&self, lab: &mut Lab, script: &str) -> Result<()> {
        let component = named(self.component)?;
        let mut facts = lab.facts(&self.node)?;
        facts.insert("line".into(), lab.line(&self.node, component)?.into());
        let port = fill(component.name, component.port, &facts)?;
        let child = lab.machine(&self.node)?.run(&fill(self.recipe.word, script, &facts)?, &port)?;
        lab.stand_in(child);
        Ok(())
    }

    fn with_line(&self, lab: &mut Lab, from: &str, to: &str) -> Result<()> {
        let component = named(self.component)?;
        let (from, to) = (self.fill(lab, from)?, self.fill(lab, to)?);
        let line = lab.line(&self.node, component)?;
        ensure!(line.contains(&from), "no \"{from}\" in {line}");
        lab.stop(&self.node, component.name)?;
        lab.start_otherwise(&self.node, component.name, component.user, &line.replace(&from, &to))
    }

    /// Edits a file, or with `*.conf` every such file of a folder; something must be found there.
    fn edit(&self, lab: &mut Lab, path: &str, edits: &[(&str, &str)]) -> Result<()> {
        let mut found = false;
        for path in self.paths(lab, path)? {
            let old = lab.read(&self.node, &path)?;
            let mut text = old.clone();
            for (from, to) in edits {
                text = text.replace(&self.fill(lab, from)?, &self.fill(lab, to)?);
            }
            if text != old {
                found = true;
                lab.rewrite(&self.node, &path, Some(&text))?;
            }
        }
        ensure!(found, "{path}: nothing to replace");
        Ok(())
    }

    fn paths(&self, lab: &Lab, path: &str) -> Result<Vec<String>> {
        let path = self.fill(lab, path)?;
        let Some(folder) = path.strip_suffix("/*.conf") else { return Ok(vec![path]) };
        let entries = fs::read_dir(lab.machine(&self.node)?.root.join(folder))?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names
            .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "conf"))
            .map(|name| format!("{folder}/{name}"))
            .collect())
    }

    fn certify(&self, lab: &mut Lab, wrong: Certificate) -> Result<()> {
        let facts = lab.facts(&self.node)?;
        let (ip, mut domains) = (self.fill(lab, "{{ ip }}")?, domains(&facts));
        let pair = match wrong {
            Certificate::Days(from, until) => lab.authority.certify(&domains, &ip, (from, until))?,
            Certificate::ForeignAuthority => Authority::new()?.certify(&domains, &ip, VALID)?,
            Certificate::HomeOnly => {
                let home = self.fill(lab, "{{ infra_portal.home.domain }}")?;
                domains.retain(|domain| *domain == home || domain == "localhost");
                lab.authority.certify(&domains, &ip, VALID)?
            }
        };
        // The key first: the reload that follows the certificate finds both.
        lab.rewrite(&self.node, "etc/nginx/conf.d/cert/pigsty.key", Some(&pair.key))?;
        lab.rewrite(&self.node, "etc/nginx/conf.d/cert/pigsty.crt", Some(&pair.certificate))
    }

    fn tell(&self, lab: &mut Lab, method: &str, path: &str, body: &str) -> Result<()> {
        let facts = lab.facts(&self.node)?;
        let component = named(self.component)?;
        let url = self.fill(lab, &format!("http://{{{{ ip }}}}:{}{path}", component.port))?;
        let login = facts["grafana_admin_username"].as_str().zip(facts["grafana_admin_password"].as_str());
        let login = login.filter(|_| component.name == "grafana");
        let (method, body) = (Method::from_bytes(method.as_bytes())?, self.fill(lab, body)?);
        lab.told(&self.node, component.name);
        // It may just have been started.
        question::until(|| question::send(method.clone(), &url, login, body.clone()).map(drop))
    }
}
