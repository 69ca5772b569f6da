//! The inventories that tests read: ours, and Pigsty's own configuration templates where they are at hand.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own files has nothing to say")]

use std::path::{Path, PathBuf};

pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of `inventories/`.
pub(crate) fn own() -> Vec<PathBuf> {
    files(&project().join("inventories"))
}

/// Pigsty's templates, beside the project in `shared/pigsty-conf` or where `INFRA_VERIFY_PIGSTY_CONF` says; or why they
/// are not at hand.
pub(crate) fn templates() -> Result<Vec<PathBuf>, String> {
    let named = std::env::var_os("INFRA_VERIFY_PIGSTY_CONF").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| project().join("../shared/pigsty-conf"));
    let absent = "INFRA_VERIFY_PIGSTY_CONF does not name a folder of Pigsty's configurations";
    if folder.is_dir() { Ok(files(&folder)) } else { Err(absent.to_owned()) }
}

/// The last two parts of a path, by which a test is called.
pub(crate) fn name(file: &Path) -> String {
    let parts: Vec<_> = file.iter().map(|part| part.to_string_lossy()).collect();
    parts[parts.len().saturating_sub(2)..].join("/")
}

/// Every YAML file below a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let below = paths.iter().filter(|path| path.is_dir()).flat_map(|path| files(path)).collect::<Vec<_>>();
    paths.retain(|path| path.extension().is_some_and(|end| end == "yml"));
    paths.into_iter().chain(below).collect()
}
