//! Opens an inventory file and refuses, by name, what cannot be read yet.
//!
//! Directories, and `group_vars` or `host_vars` beside the file, are legal for Ansible; passing over them would give a
//! wrong answer.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::InventoryError;

/// How large a file may be, in bytes: ten thousand hosts take five megabytes.
pub(super) const BYTES: u64 = 64 * 1024 * 1024;

/// What the user calls standard input.
pub(super) const STDIN: &str = "-";

/// The text of the file at `path`, which the user calls `name`.
pub(super) fn text(path: &Path, name: &str) -> Result<String, InventoryError> {
    let unreadable = |reason: String| InventoryError::Unreadable { name: name.to_owned(), reason };
    if path.is_dir() {
        return Err(unsupported(name, "it is a directory of inventories", "name one YAML file"));
    }
    let mut bytes = Vec::new();
    let file: Box<dyn Read> = match name {
        STDIN => Box::new(std::io::stdin()),
        _ => Box::new(File::open(path).map_err(|error| unreadable(reason(&error)))?),
    };
    file.take(BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(reason(&error)))?;
    if bytes.len() as u64 > BYTES {
        return Err(unreadable(format!("it is larger than {} MiB, too large for an inventory", BYTES >> 20)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].split(|byte| *byte == b'\n').count();
        unreadable(format!("line {line} is not UTF-8 text"))
    })
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission to read it is denied".to_owned(),
        _ => error.to_string(),
    }
}

/// Refuses files in `group_vars` and `host_vars` that Ansible would read for a group or host of this inventory.
pub(super) fn refuse_neighbours(
    path: &Path,
    is_group: impl Fn(&str) -> bool,
    is_host: impl Fn(&str) -> bool,
) -> Result<(), InventoryError> {
    let directory = path.parent().unwrap_or(Path::new(""));
    refuse_directory(directory, "group_vars", is_group)?;
    refuse_directory(directory, "host_vars", is_host)
}

fn refuse_directory(beside: &Path, folder: &str, names: impl Fn(&str) -> bool) -> Result<(), InventoryError> {
    let beside = if beside.as_os_str().is_empty() { Path::new(".") } else { beside };
    let Ok(entries) = fs::read_dir(beside.join(folder)) else { return Ok(()) };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = [".yml", ".yaml", ".json"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        if (names(stem) || names(&name)) && holds_a_file(&path) {
            let what = format!("the inventory has {folder}/{name} beside it");
            return Err(unsupported(&beside.display().to_string(), &what, "move its variables into the inventory"));
        }
    }
    Ok(())
}

/// Ansible passes over hidden files.
fn holds_a_file(path: &Path) -> bool {
    let hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
    !path.is_dir() || fs::read_dir(path).is_ok_and(|entries| entries.flatten().any(|entry| !hidden(&entry.file_name())))
}

fn unsupported(place: &str, what: &str, remedy: &str) -> InventoryError {
    InventoryError::Unsupported { place: place.to_owned(), what: what.to_owned(), remedy: remedy.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::inventory::Inventory;

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
        let directory = Inventory::read(folder.path()).unwrap_err().to_string();
        assert!(directory.contains("it is a directory of inventories, which is not read yet"), "{directory}");
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.yml");
        std::fs::File::create(&path).unwrap().set_len(65 * 1024 * 1024).unwrap();
        let shown = Inventory::read(&path).unwrap_err().to_string();
        assert!(shown.ends_with("it is larger than 64 MiB, too large for an inventory"), "{shown}");
    }

    #[test]
    fn variables_beside_the_file_are_refused_only_where_ansible_would_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pigsty.yml");
        std::fs::write(&path, "infra: {hosts: {10.10.10.10: }}\n").unwrap();
        let put = |name: &str| {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "x: 1\n").unwrap();
            Inventory::read(&path)
        };
        assert!(put("group_vars/absent.yml").is_ok());
        assert!(put("group_vars/all/.gitkeep").is_ok());
        assert!(put("host_vars/README.md").is_ok());
        let group = put("group_vars/infra.yml").unwrap_err().to_string();
        assert!(group.contains("the inventory has group_vars/infra.yml beside it, which is not read yet"), "{group}");
        std::fs::remove_dir_all(folder.path().join("group_vars")).unwrap();
        let host = put("host_vars/10.10.10.10/x.yml").unwrap_err().to_string();
        assert!(host.contains("the inventory has host_vars/10.10.10.10 beside it"), "{host}");
    }
}
