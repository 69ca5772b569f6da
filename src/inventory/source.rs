//! What one named source is, and who reads it: a directory, an executable, a file or standard input.
//!
//! It opens files and makes text of them; what the text means is the affair of the formats.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use super::builder::Builder;
use super::vault::Vault;
use super::yaml::{self, Document};
use super::{InventoryError, Reading, directory, format, script};

/// How large a file may be, in bytes: ten thousand hosts take five megabytes.
pub(super) const BYTES: u64 = 64 * 1024 * 1024;

/// What the user calls standard input.
pub(super) const STDIN: &str = "-";

/// The text of every file that may be shown, by the name that places have; one that was locked has none.
pub(super) type Texts = IndexMap<Arc<str>, Option<Arc<str>>>;

/// Reads what is at `path`: a directory of sources, or a file.
pub(super) fn read(builder: &mut Builder, path: &Path, reading: &Reading) -> Result<(), InventoryError> {
    if path.is_dir() {
        return directory::read(builder, path, reading);
    }
    let name = path.display().to_string();
    if script::is_script(path) {
        return script::read(builder, path, &name);
    }
    let (text, was_locked) = if name == STDIN {
        opened(whole(std::io::stdin(), &name)?, &name, &reading.vault)?
    } else {
        text(path, &name, &reading.vault)?
    };
    if !was_locked {
        return format::read(builder, &name, &text);
    }
    let parsed = format::read(builder, &name, &text).map_err(without_excerpt);
    builder.hide(&name);
    parsed
}

/// The document of a file of variables, whose text is kept unless it was locked.
pub(super) fn document(path: &Path, name: &str, vault: &Vault, texts: &mut Texts) -> Result<Document, InventoryError> {
    let (text, was_locked) = text(path, name, vault)?;
    let document = yaml::read(name, &text).map_err(InventoryError::from);
    texts.insert(name.into(), (!was_locked).then(|| text.into()));
    if was_locked { document.map_err(without_excerpt) } else { document }
}

/// The same error, without anything that the file says.
fn without_excerpt(error: InventoryError) -> InventoryError {
    match error {
        InventoryError::Yaml(error) => InventoryError::Unreadable {
            name: error.place.to_string(),
            reason: "it is no YAML here, once it is opened; ansible-vault view shows it".to_owned(),
        },
        error => error,
    }
}

/// The text of the file at `path`, which the user calls `name`, and whether it was locked.
fn text(path: &Path, name: &str, vault: &Vault) -> Result<(String, bool), InventoryError> {
    let file = File::open(path).map_err(|error| unreadable(name, reason(&error)))?;
    opened(whole(file, name)?, name, vault)
}

/// What a text says, and whether it was locked.
fn opened(text: String, name: &str, vault: &Vault) -> Result<(String, bool), InventoryError> {
    if !Vault::is_locked(&text) {
        return Ok((text, false));
    }
    let plain = vault.unlock(&text);
    let plain = plain.map_err(|error| unreadable(name, format!("it is locked with ansible-vault, and {error}")))?;
    Ok((plain.expose().to_owned(), true))
}

fn whole(file: impl Read, name: &str) -> Result<String, InventoryError> {
    let unreadable = |reason: String| unreadable(name, reason);
    let mut bytes = Vec::new();
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

pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission to read it is denied".to_owned(),
        _ => error.to_string(),
    }
}

fn unreadable(name: &str, reason: String) -> InventoryError {
    InventoryError::Unreadable { name: name.to_owned(), reason }
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
