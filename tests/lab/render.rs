//! What Pigsty's playbooks write onto a node, written from the templates.
//!
//! `templates/` is laid out like the node: a file goes where it lies, rendered if it ends in `.j2`. The templates at
//! its top are the ones that make several files.

use super::certificate::Authority;
use super::node::Node;
use anyhow::{Context, Result};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::{Map, Value};
use std::fs;
use std::path::Path;

const TEMPLATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/templates");

/// Fills a template with variables.
pub fn fill(name: &str, template: &str, vars: &Map<String, Value>) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None); // a template quotes by itself, as Pigsty's do
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict); // an undefined variable is a mistake, not an empty string
    environment.render_named_str(name, template, Serde(vars)).with_context(|| name.to_owned())
}

/// Writes every file of one node below its root.
pub fn node(node: &Node, all: &[Node], authority: &Authority, root: &Path) -> Result<()> {
    let mut vars = node.vars.clone();
    vars.insert("infra".into(), all.iter().map(|node| Value::Object(node.vars.clone())).collect());
    for folder in ["etc", "infra", "www"] {
        tree(&Path::new(TEMPLATES).join(folder), &root.join(folder), &vars)?;
    }
    portals(&vars, root)?;
    targets(all, root)?;
    certificate(node, authority, root, -1, 397)?;
    write(&root.join("etc/pki/ca.crt"), &authority.pem())?;
    write(&root.join("www/ca.crt"), &authority.pem())
}

/// Writes the certificate of a node's portal, valid between days from now.
pub fn certificate(node: &Node, authority: &Authority, root: &Path, from: i64, until: i64) -> Result<()> {
    let (certificate, key) = authority.certify(&domains(&node.vars), &node.ip, from, until)?;
    write(&root.join("etc/nginx/conf.d/cert/pigsty.crt"), &certificate)?;
    write(&root.join("etc/nginx/conf.d/cert/pigsty.key"), &key)
}

/// Every infra host is registered on every infra host.
fn targets(all: &[Node], root: &Path) -> Result<()> {
    let template = fs::read_to_string(format!("{TEMPLATES}/targets.yml.j2"))?;
    all.iter().try_for_each(|node| {
        write(
            &root.join(format!("infra/targets/infra/{}.yml", node.name)),
            &fill("targets.yml.j2", &template, &node.vars)?,
        )
    })
}

fn portals(vars: &Map<String, Value>, root: &Path) -> Result<()> {
    let template = fs::read_to_string(format!("{TEMPLATES}/portal.conf.j2"))?;
    for (name, portal) in vars["infra_portal"].as_object().into_iter().flatten().filter(|(name, _)| *name != "home") {
        let mut vars = vars.clone();
        vars.insert("name".into(), name.as_str().into());
        vars.insert("portal".into(), portal.clone());
        write(&root.join(format!("etc/nginx/conf.d/{name}.conf")), &fill("portal.conf.j2", &template, &vars)?)?;
    }
    Ok(())
}

fn domains(vars: &Map<String, Value>) -> Vec<String> {
    let portals = vars["infra_portal"].as_object().into_iter().flatten();
    portals.filter_map(|(_, portal)| portal["domain"].as_str()).chain(["localhost"]).map(str::to_owned).collect()
}

fn tree(from: &Path, to: &Path, vars: &Map<String, Value>) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match name.strip_suffix(".j2") {
            _ if path.is_dir() => tree(&path, &to.join(name), vars)?,
            Some(plain) => write(&to.join(plain), &fill(&name, &fs::read_to_string(&path)?, vars)?)?,
            None => write(&to.join(&name), &fs::read_to_string(&path)?)?,
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, format!("{}\n", text.trim_end())).with_context(|| path.display().to_string())
}
