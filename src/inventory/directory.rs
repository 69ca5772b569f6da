//! A directory of sources: every file in it is one, in the order of their names, directories within it too.
//!
//! What Ansible passes over by its name is passed over here: hidden files, backups, texts for people, and the folders of
//! variables. Everything else must be an inventory.

use std::path::Path;

use super::builder::Builder;
use super::{InventoryError, Reading, folder, source};

/// The ends of names that Ansible passes over: `INVENTORY_IGNORE_EXTS` of ansible-core 2.19.
const PASSED_OVER: [&str; 12] =
    [".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry"];

/// Reads every source in a directory.
pub(super) fn read(builder: &mut Builder, directory: &Path, reading: &Reading) -> Result<(), InventoryError> {
    let files = folder::files(directory, |_, name| !is_passed_over(name))?;
    if files.is_empty() {
        let reason = "there is no inventory in this directory".to_owned();
        return Err(InventoryError::Unreadable { name: directory.display().to_string(), reason });
    }
    files.iter().try_for_each(|path| source::read(builder, path, reading))
}

fn is_passed_over(name: &str) -> bool {
    name.starts_with('.')
        || ["host_vars", "group_vars", "vars_plugins"].contains(&name)
        || PASSED_OVER.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::inventory::Inventory;

    fn put(folder: &Path, name: &str, text: &str) {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    #[test]
    fn files_are_read_by_name_and_the_last_holds() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "b.yml", "infra: {hosts: {h: {x: b, y: b}}}\n");
        put(folder.path(), "a/z.yml", "infra: {hosts: {h: {x: a, y: a, z: a}, i: }}\n");
        put(folder.path(), "c", "infra: {hosts: {h: {y: c}}}\n");
        let inventory = Inventory::read(folder.path()).unwrap();
        let value = |name: &str| inventory.vars("h").get(name).cloned().unwrap();
        assert_eq!((value("x"), value("y"), value("z")), ("b".into(), "c".into(), "a".into()));
        assert_eq!(inventory.hosts_in("infra"), Some(vec!["h", "i"]));
        assert_eq!(inventory.name(), folder.path().display().to_string());
    }

    #[test]
    fn what_ansible_passes_over_is_no_source() {
        let folder = tempfile::tempdir().unwrap();
        let names = [".hidden.yml", "a.yml~", "a.yml.orig", "ansible.cfg", "README.md", "x.retry", "host_vars/h.txt"];
        for name in names {
            put(folder.path(), name, "- no inventory\n");
        }
        let shown = Inventory::read(folder.path()).unwrap_err().to_string();
        assert!(shown.ends_with(": there is no inventory in this directory"), "{shown}");
        put(folder.path(), "pigsty.yml", "infra: {hosts: {h: }}\n");
        assert_eq!(Inventory::read(folder.path()).unwrap().hosts_in("infra"), Some(vec!["h"]));
    }

    #[test]
    fn a_file_that_is_no_inventory_is_named() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "a.yml", "infra: {hosts: {h: }}\n");
        put(folder.path(), "b.yml", "- x\n");
        let shown = Inventory::read(folder.path()).unwrap_err().to_string();
        assert!(shown.ends_with("b.yml: it is a list, not a mapping of groups"), "{shown}");
    }
}
