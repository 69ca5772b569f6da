//! What one named source is, and who reads it: the one place where formats part.
//!
//! Scripts, INI and TOML, plugin configurations and the output of `ansible-inventory` are all legal for Ansible; what
//! cannot be read yet is refused by name, never passed over.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::builder::Builder;
use super::yaml::{self, Document};
use super::{InventoryError, Reading, ansible, directory};

/// How large a file may be, in bytes: ten thousand hosts take five megabytes.
const BYTES: u64 = 64 * 1024 * 1024;

/// Reads what is at `path`: a directory of sources, or a file.
pub(super) fn read(builder: &mut Builder, path: &Path, reading: &Reading) -> Result<(), InventoryError> {
    if path.is_dir() {
        return directory::read(builder, path, reading);
    }
    let name = path.display().to_string();
    let text = text(path, &name)?;
    parse(builder, &name, &text)
}

/// Reads the text of a file, in whichever format it is; `name` is what places will print.
pub(super) fn parse(builder: &mut Builder, name: &str, text: &str) -> Result<(), InventoryError> {
    refuse_format(name, text)?;
    builder.text(name, text);
    let document = yaml::read(name, text)?;
    refuse_content(name, &document)?;
    ansible::read(builder, &document)
}

/// The text of the file at `path`, which the user calls `name`.
pub(super) fn text(path: &Path, name: &str) -> Result<String, InventoryError> {
    let unreadable = |reason: String| InventoryError::Unreadable { name: name.to_owned(), reason };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| unreadable(reason(&error)))?;
    file.take(BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(reason(&error)))?;
    if bytes.len() as u64 > BYTES {
        return Err(unreadable(format!("it is larger than {} MiB, too large for an inventory", BYTES >> 20)));
    }
    if bytes.starts_with(b"$ANSIBLE_VAULT;") {
        return Err(unsupported(
            name,
            "it is encrypted with ansible-vault",
            "name what ansible-vault decrypt makes of it",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].split(|byte| *byte == b'\n').count();
        unreadable(format!("line {line} is not UTF-8 text"))
    })
}

pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission to read it is denied".to_owned(),
        _ => error.to_string(),
    }
}

/// Refuses what is an inventory, but no YAML.
fn refuse_format(name: &str, text: &str) -> Result<(), InventoryError> {
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let first = lines.find(|(_, line)| !line.is_empty() && !line.starts_with(['#', ';']));
    if text.starts_with("#!") {
        return Err(unsupported(&format!("{name}:1"), "it is a script that prints an inventory", SAVE));
    }
    match first {
        Some((line, text)) if is_section(text) => {
            let what = "it is an inventory in INI or TOML format";
            Err(unsupported(&format!("{name}:{line}"), what, "convert it with ansible-inventory --list --yaml"))
        }
        _ => Ok(()),
    }
}

const SAVE: &str = "save what ansible-inventory --list --yaml says as a file";

/// `[infra]` or `[infra:vars]`, which nobody begins a YAML inventory with.
fn is_section(line: &str) -> bool {
    line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(|name| {
        !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || "._-:".contains(char))
    })
}

/// Refuses YAML that is not an inventory in itself.
fn refuse_content(name: &str, document: &Document) -> Result<(), InventoryError> {
    let root = &document.root;
    let Some(entries) = root.entries() else {
        let reason = format!("it is {}, not a mapping of groups", root.noun());
        return Err(InventoryError::Unreadable { name: name.to_owned(), reason });
    };
    if entries.is_empty() {
        return Err(InventoryError::Unreadable { name: name.to_owned(), reason: "it holds no group".to_owned() });
    }
    for (key, node) in entries {
        let what = match key.text.as_str() {
            "_meta" if node.get("hostvars").is_some() => "it is the JSON of ansible-inventory --list",
            "plugin" if !node.is_false() => "it is the configuration of an inventory plugin",
            _ => continue,
        };
        return Err(unsupported(&key.place.to_string(), what, SAVE));
    }
    Ok(())
}

fn unsupported(place: &str, what: &str, remedy: &str) -> InventoryError {
    InventoryError::Unsupported { place: place.to_owned(), what: what.to_owned(), remedy: remedy.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::inventory::Inventory;

    fn fault(text: &str) -> String {
        Inventory::parse("pigsty.yml", text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_inventory_is_refused() {
        for (text, reason) in [
            ("", "pigsty.yml: it is empty, not a mapping of groups"),
            ("- a\n", "pigsty.yml: it is a list, not a mapping of groups"),
            ("{}\n", "pigsty.yml: it holds no group"),
            (
                "# ini\n[infra]\n10.10.10.10\n",
                "pigsty.yml:2: it is an inventory in INI or TOML format, which is not read yet; ",
            ),
            ("#!/bin/sh\n", "pigsty.yml:1: it is a script that prints an inventory, which is not read yet; "),
            (
                "plugin: aws_ec2\n",
                "pigsty.yml:1: it is the configuration of an inventory plugin, which is not read yet; ",
            ),
            (
                "{\"_meta\": {\"hostvars\": {}}}\n",
                "pigsty.yml:1: it is the JSON of ansible-inventory --list, which is not",
            ),
        ] {
            let shown = fault(text);
            assert!(shown.starts_with(reason), "{text}: {shown}");
        }
    }

    #[test]
    fn files_that_cannot_be_read_say_why() {
        let folder = tempfile::tempdir().unwrap();
        let shown = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            Inventory::read(&path).unwrap_err().to_string()
        };
        assert!(shown("latin.yml", b"a:\n  b: \xe9\n").ends_with("latin.yml: line 2 is not UTF-8 text"));
        let absent = Inventory::read(&folder.path().join("absent.yml")).unwrap_err().to_string();
        assert!(absent.ends_with("absent.yml: there is no such file"), "{absent}");
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.yml");
        std::fs::File::create(&path).unwrap().set_len(65 * 1024 * 1024).unwrap();
        let shown = Inventory::read(&path).unwrap_err().to_string();
        assert!(shown.ends_with("it is larger than 64 MiB, too large for an inventory"), "{shown}");
    }
}
