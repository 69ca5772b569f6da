//! What Pigsty's playbooks write onto a node, written from the templates.
//!
//! `templates/` is laid out like the node: a file goes where it lies, rendered if it ends in `.j2`. The templates at
//! its top are the ones that make several files.

use super::certificate::Pair;
use super::node::Node;
use anyhow::{Context, Result};
use infra_verify::value::{Value, is_true};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::Map;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const TEMPLATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/templates");

/// The files of a node, by their paths below its root.
pub type Files = BTreeMap<String, String>;

/// Fills a template with variables.
pub fn fill(name: &str, template: &str, vars: &Map<String, Value>) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None); // a template quotes by itself, as Pigsty's do
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict); // an undefined variable is a mistake, not an empty string
    environment.add_filter("bool", |value: Serde<Value>| is_true(&value.0));
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).build()?); // as Ansible does
    environment.render_named_str(name, template, Serde(vars)).with_context(|| name.to_owned())
}

/// Every file of one node of these.
pub fn node(node: &Node, all: &[Node], portal: &Pair, authority: &str) -> Result<Files> {
    let mut files = Files::new();
    let mut vars = node.vars.clone();
    vars.insert("infra".into(), all.iter().map(|node| Value::Object(node.vars.clone())).collect());
    for folder in ["etc", "infra", "www"] {
        tree(folder, &vars, &mut files)?;
    }
    portals(&vars, &mut files)?;
    for other in all {
        let path = format!("infra/targets/infra/{}.yml", other.name); // every infra host is registered on every infra host
        files.insert(path, top("targets.yml.j2", &other.vars)?);
    }
    if !node.has("repo_enabled") {
        files.remove("www/pigsty/repo_complete");
    }
    for path in ["etc/pki/ca.crt", "www/ca.crt"] {
        files.insert(path.into(), authority.to_owned());
    }
    files.insert("etc/nginx/conf.d/cert/pigsty.crt".into(), portal.certificate.clone());
    files.insert("etc/nginx/conf.d/cert/pigsty.key".into(), portal.key.clone());
    Ok(files)
}

/// The names that the portal's certificate is for.
pub fn domains(vars: &Map<String, Value>) -> Vec<String> {
    let portals = vars["infra_portal"].as_object().into_iter().flatten();
    portals.filter_map(|(_, portal)| portal["domain"].as_str()).chain(["localhost"]).map(str::to_owned).collect()
}

/// Every entry of the portal but its home, from the template of those with a path or of those with an endpoint.
fn portals(vars: &Map<String, Value>, files: &mut Files) -> Result<()> {
    for (name, portal) in vars["infra_portal"].as_object().into_iter().flatten().filter(|(name, _)| *name != "home") {
        let mut vars = vars.clone();
        vars.insert("name".into(), name.as_str().into());
        vars.insert("portal".into(), portal.clone());
        files.insert(format!("etc/nginx/conf.d/{name}.conf"), top("portal.conf.j2", &vars)?);
    }
    Ok(())
}

fn top(name: &str, vars: &Map<String, Value>) -> Result<String> {
    fill(name, &fs::read_to_string(format!("{TEMPLATES}/{name}"))?, vars)
}

fn tree(folder: &str, vars: &Map<String, Value>, files: &mut Files) -> Result<()> {
    for entry in fs::read_dir(Path::new(TEMPLATES).join(folder)).with_context(|| folder.to_owned())? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let plain = name.strip_suffix(".j2");
        let to = format!("{folder}/{}", plain.unwrap_or(&name));
        if path.is_dir() {
            tree(&to, vars, files)?;
            continue;
        }
        let text = fs::read_to_string(&path)?;
        files.insert(to, if plain.is_some() { fill(&name, &text, vars)? } else { text });
    }
    Ok(())
}
