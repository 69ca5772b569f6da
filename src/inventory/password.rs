//! Where the vault's passwords come from: files, and whoever the caller lets ask.
//!
//! Sources are written as Ansible writes them, `[ID@]FILE` or `[ID@]prompt`. A source that gives no password is refused,
//! also where Ansible would go on with the others: the program was told to use it.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::source::reason;
use super::vault::Vault;
use crate::value::Secret;

/// How large a file with a password may be, in bytes; one that is larger is some other file.
const BYTES: u64 = 64 * 1024;

/// Adds the password of a source to the vault; `prompt` asks a person for the password of a vault id.
pub fn add(vault: &mut Vault, source: &str, prompt: impl FnOnce(&str) -> Result<String, String>) -> Result<(), String> {
    let (id, source) = source.split_once('@').unwrap_or(("", source));
    let id = if id.is_empty() { Vault::DEFAULT } else { id };
    let password = match source {
        "prompt" | "prompt_ask_vault_pass" => prompt(id)?.trim().to_owned(),
        path => from_file(vault, &home(path))
            .map_err(|reason| format!("{path}: no password of the vault is read: {reason}"))?,
    };
    if password.is_empty() {
        return Err(format!("{source}: the password of the vault is empty"));
    }
    vault.add(id, Secret::from(password.as_str()));
    Ok(())
}

/// The password that a file holds; one that is locked itself is opened with the passwords so far.
fn from_file(vault: &Vault, path: &Path) -> Result<String, String> {
    let metadata = path.metadata().map_err(|error| reason(&error))?;
    if metadata.is_dir() {
        return Err("it is a directory".to_owned());
    }
    if metadata.permissions().mode() & 0o111 != 0 {
        return Err("it may be executed, and programs are not asked for passwords yet".to_owned());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| reason(&error))?;
    file.take(BYTES + 1).read_to_end(&mut bytes).map_err(|error| reason(&error))?;
    if bytes.len() as u64 > BYTES {
        return Err(format!("it is larger than {} KiB", BYTES >> 10));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| "it is not UTF-8 text".to_owned())?.trim();
    if !Vault::is_locked(text) {
        return Ok(text.to_owned());
    }
    let password = vault.open(text).map_err(|error| format!("it is locked with ansible-vault, and {error}"))?;
    Ok(password.expose().trim_end_matches(['\r', '\n']).to_owned())
}

/// A path without the tilde that a shell leaves behind an `@`.
fn home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const SHORT: &str = include_str!("../../tests/vault/short.txt");

    fn asked(_: &str) -> Result<String, String> {
        Err("there is no terminal".to_owned())
    }

    fn file(text: &str, mode: u32) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let path = path.display().to_string();
        (folder, path)
    }

    #[test]
    fn a_file_gives_its_text_without_the_blanks_around_it() {
        let (_folder, path) = file(" sesame\r\n\n", 0o600);
        let mut vault = Vault::default();
        add(&mut vault, &format!("prod@{path}"), asked).unwrap();
        assert_eq!(vault.open(SHORT).unwrap().expose(), "hello");
        assert_eq!(format!("{vault:?}"), r#"["prod"]"#);
    }

    #[test]
    fn a_locked_file_is_opened_with_the_passwords_before_it() {
        let (_folder, path) = file(SHORT, 0o600);
        let mut vault = Vault::default();
        let shown = add(&mut vault, &path, asked).unwrap_err();
        assert!(shown.contains("it is locked with ansible-vault"), "{shown}");
        vault.add("x", "sesame".into());
        add(&mut vault, &path, asked).unwrap();
        assert_eq!(format!("{vault:?}"), r#"["x", "default"]"#);
    }

    #[test]
    fn a_person_is_asked_by_the_vault_id() {
        let mut vault = Vault::default();
        add(&mut vault, "prod@prompt", |id| Ok(format!("sesame{}\n", &id[4..]))).unwrap();
        assert_eq!(vault.open(SHORT).unwrap().expose(), "hello");
        assert_eq!(add(&mut vault, "prompt", asked), Err("there is no terminal".to_owned()));
        assert_eq!(
            add(&mut vault, "prompt", |_| Ok(" \n".to_owned())).unwrap_err(),
            "prompt: the password of the vault is empty"
        );
    }

    #[test]
    fn what_gives_no_password_is_refused() {
        let (folder, path) = file("\n", 0o600);
        let mut vault = Vault::default();
        let fault = |vault: &mut Vault, source: &str| add(vault, source, asked).unwrap_err();
        assert!(fault(&mut vault, &path).ends_with("the password of the vault is empty"));
        assert!(fault(&mut vault, "nowhere").ends_with("no password of the vault is read: there is no such file"));
        assert!(fault(&mut vault, &folder.path().display().to_string()).contains("it is a directory"));
        fs::write(&path, "x".repeat(70_000)).unwrap();
        assert!(fault(&mut vault, &path).contains("it is larger than 64 KiB"));
    }
}
