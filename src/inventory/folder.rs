//! The files below a folder in the order in which Ansible reads them: by name, a folder where its own name stands.
//!
//! Links are followed, as Ansible does; one that leads back up, or fans out without end, is refused.

use std::fs;
use std::path::{Path, PathBuf};

use super::{InventoryError, source};

/// How many folders may stand in one another: more than anyone keeps, and a link to above ends here.
const DEPTH: usize = 16;

/// How many files and folders are looked at: ten for every host of a large estate.
const ENTRIES: usize = 100_000;

/// The files below a folder; `is_wanted` says by path and name which of its files and folders count.
pub(super) fn files(folder: &Path, is_wanted: impl Fn(&Path, &str) -> bool) -> Result<Vec<PathBuf>, InventoryError> {
    let mut walk = Walk { is_wanted, entries: 0, files: Vec::new() };
    walk.folder(folder, 0)?;
    Ok(walk.files)
}

struct Walk<F> {
    is_wanted: F,
    entries: usize,
    files: Vec<PathBuf>,
}

impl<F: Fn(&Path, &str) -> bool> Walk<F> {
    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), InventoryError> {
        let unreadable = |reason| InventoryError::Unreadable { name: folder.display().to_string(), reason };
        if depth == DEPTH {
            return Err(unreadable(format!("folders stand in one another more than {DEPTH} deep")));
        }
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = entries.map_err(|error| unreadable(source::reason(&error)))?;
        self.entries += entries.len();
        if self.entries > ENTRIES {
            return Err(unreadable(format!("there are more than {ENTRIES} files, too many for an inventory")));
        }
        let mut names: Vec<_> = entries.iter().map(fs::DirEntry::file_name).collect();
        names.sort();
        for name in names {
            let path = folder.join(&name);
            match (self.is_wanted)(&path, &name.to_string_lossy()) {
                true if path.is_dir() => self.folder(&path, depth + 1)?,
                true => self.files.push(path),
                false => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_without_end_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        symlink(folder.path(), folder.path().join("loop")).unwrap();
        let shown = files(folder.path(), |_, _| true).unwrap_err().to_string();
        assert!(shown.ends_with("folders stand in one another more than 16 deep"), "{shown}");
    }

    #[test]
    fn links_that_fan_out_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for level in 0..8 {
            fs::create_dir(folder.path().join(level.to_string())).unwrap();
            for link in 0..10 {
                let (below, link) = (folder.path().join((level + 1).to_string()), format!("{level}/{link}"));
                symlink(below, folder.path().join(link)).unwrap();
            }
        }
        fs::create_dir(folder.path().join("8")).unwrap();
        let shown = files(folder.path(), |_, _| true).unwrap_err().to_string();
        assert!(shown.ends_with("there are more than 100000 files, too many for an inventory"), "{shown}");
    }
}
