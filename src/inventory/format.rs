//! Which format an inventory's text is in, decided as Ansible decides it.
//!
//! A name that ends in `.yml`, `.yaml`, `.json` or in nothing is YAML if its text is, and INI otherwise; any other name is
//! INI. TOML and the configurations of inventory plugins are refused by name. Beyond Ansible, a file may hold the JSON of
//! `ansible-inventory --list`.

use std::path::Path;

use super::builder::Builder;
use super::yaml::{self, Document};
use super::{InventoryError, ansible, ini, listing};

/// Reads the text of a file; `name` says which formats it may be in, and is what places will print.
pub(super) fn read(builder: &mut Builder, name: &str, text: &str) -> Result<(), InventoryError> {
    builder.text(name, text);
    let end = Path::new(name).extension().map(|end| end.to_string_lossy());
    match end.as_deref() {
        Some("toml") => {
            let remedy = "convert it with ansible-inventory --list --yaml";
            Err(unsupported(name, "it is an inventory in TOML format", remedy))
        }
        None | Some("yml" | "yaml" | "json") => match tree(name, text) {
            Ok(document) => content(builder, name, document),
            Err(fault) => ini::read(builder, name, text).map_err(|error| told(name, text, fault, error)),
        },
        Some(end) => ini::read(builder, name, text).map_err(|error| {
            if tree(name, text).is_err() {
                return told(name, text, None, error);
            }
            let what = format!("it is YAML in a file that ends in .{end}, which Ansible reads as INI");
            unreadable(name, format!("{what}; let its name end in .yml"))
        }),
    }
}

/// The mapping that a text is in YAML; else why it is none, if its author meant one.
fn tree(name: &str, text: &str) -> Result<Document, Option<InventoryError>> {
    let document = yaml::read(name, text).map_err(|error| Some(error.into()))?;
    match document.root.entries() {
        Some(_) => Ok(document),
        None if document.root.items().is_some() => {
            Err(Some(unreadable(name, format!("it is {}, not a mapping of groups", document.root.noun()))))
        }
        None => Err(None),
    }
}

fn content(builder: &mut Builder, name: &str, document: Document) -> Result<(), InventoryError> {
    let entries = document.root.entries().unwrap_or_default();
    if entries.is_empty() {
        return Err(unreadable(name, "it holds no group".to_owned()));
    }
    if listing::is_listing(&document) {
        return listing::read(builder, &document).map(|_| ());
    }
    match entries.iter().find(|(key, _)| key.text == "plugin") {
        Some((key, node)) if !node.is_false() => {
            let what = "it is the configuration of an inventory plugin";
            let remedy = "save what ansible-inventory --list --yaml says as a file";
            Err(unsupported(&key.place.to_string(), what, remedy))
        }
        _ => ansible::read(builder, document),
    }
}

/// Of the two reasons why a text is neither YAML nor INI the one that its author can use.
fn told(name: &str, text: &str, yaml: Option<InventoryError>, ini: InventoryError) -> InventoryError {
    if text.starts_with("#!") {
        return unreadable(name, "it is a script that may not be executed; chmod +x it".to_owned());
    }
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with(['#', ';']));
    match yaml {
        Some(yaml) if !first.is_some_and(is_section) => yaml,
        _ => ini,
    }
}

/// `[infra]` or `[infra:vars]`, which nobody begins a YAML inventory with.
fn is_section(line: &str) -> bool {
    line.strip_prefix('[').and_then(|rest| rest.split_once(']')).is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || "._-: ".contains(char))
    })
}

fn unreadable(name: &str, reason: String) -> InventoryError {
    InventoryError::Unreadable { name: name.to_owned(), reason }
}

fn unsupported(place: &str, what: &str, remedy: &str) -> InventoryError {
    InventoryError::Unsupported { place: place.to_owned(), what: what.to_owned(), remedy: remedy.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::inventory::Inventory;

    fn fault(name: &str, text: &str) -> String {
        Inventory::parse(name, text).unwrap_err().to_string()
    }

    #[test]
    fn a_text_is_read_in_the_format_that_ansible_would_take() {
        for (name, text) in [
            ("pigsty.yml", "infra: {hosts: {h: }}\n"),
            ("pigsty", "infra: {hosts: {h: }}\n"),
            ("pigsty.json", "{\"infra\":{\"hosts\":{\"h\":null}}}"),
            ("list", "{\"infra\":{\"hosts\":[\"h\"]},\"_meta\":{\"hostvars\":{}}}"),
            ("pigsty.yml", "[infra]\nh\n"),
            ("pigsty.ini", "[infra]\nh x=1\n"),
            ("hosts.prod", "# hosts\n[infra]\nh\n"),
        ] {
            let inventory = Inventory::parse(name, text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(inventory.hosts_in("infra"), Some(vec!["h"]), "{name}");
        }
        assert_eq!(Inventory::parse("empty.yml", "# nothing\n").unwrap().hosts_in("all"), Some(vec![]));
    }

    #[test]
    fn what_is_no_inventory_is_refused() {
        for (name, text, reason) in [
            ("pigsty.yml", "- a\n", "pigsty.yml: it is a list, not a mapping of groups"),
            ("pigsty.yml", "{}\n", "pigsty.yml: it holds no group"),
            ("pigsty.yml", "a: [\n", "pigsty.yml:1:4: "),
            ("pigsty.yml", "a b\n", "pigsty.yml:1: behind a host stand its variables"),
            ("pigsty.yml", "# ini\n[infra]\nh x\n", "pigsty.yml:3: behind a host stand its variables"),
            ("pigsty.yml", "plugin: aws_ec2\n", "pigsty.yml:1: it is the configuration of an inventory plugin, which"),
            ("list.sh", "#!/bin/sh\necho a\n", "list.sh: it is a script that may not be executed; chmod +x it"),
            ("hosts.toml", "[infra]\n", "hosts.toml: it is an inventory in TOML format, which is not read yet; "),
            (
                "pigsty.conf",
                "a: {hosts: {h: }}\n",
                "pigsty.conf: it is YAML in a file that ends in .conf, which Ansible",
            ),
        ] {
            let shown = fault(name, text);
            assert!(shown.starts_with(reason), "{text}: {shown}");
        }
    }
}
