//! Where the vault's passwords come from: files, programs that print one, and whoever the caller lets ask.
//!
//! Sources are written as Ansible writes them, `[ID@]FILE` or `[ID@]prompt`; a file that may be executed is a program. A source that gives no password is refused,
//! also where Ansible would go on with the others: the program was told to use it.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::script;
use super::source::reason;
use super::vault::Vault;
use crate::value::Secret;

/// How large a file with a password may be, in bytes; one that is larger is some other file.
const BYTES: u64 = 64 * 1024;

/// How long a program may take to print a password: it may ask a service, or a person somewhere else.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Adds the password of a source to the vault; `prompt` asks a person for the password of a vault id.
pub fn add(vault: &mut Vault, source: &str, prompt: impl FnOnce(&str) -> Result<String, String>) -> Result<(), String> {
    let (named, source) = source.split_once('@').unwrap_or(("", source));
    let named = Some(named).filter(|id| !id.is_empty());
    let id = named.unwrap_or(Vault::DEFAULT);
    let password = match source {
        "prompt" | "prompt_ask_vault_pass" => prompt(id)?.trim().to_owned(),
        path => from_file(vault, &home(path), named)
            .map_err(|reason| format!("{path}: no password of the vault is read: {reason}"))?,
    };
    if password.is_empty() {
        return Err(format!("{source}: the password of the vault is empty"));
    }
    vault.add(id, Secret::from(password.as_str()));
    Ok(())
}

/// The password that a program prints; one whose name ends in `-client` is told the vault id.
fn from_program(path: &Path, id: Option<&str>) -> Result<String, String> {
    let is_client = path.file_stem().is_some_and(|name| name.to_string_lossy().ends_with("-client"));
    let words = id.filter(|_| is_client).map(|id| ["--vault-id", id]);
    let printed = script::output(path, words.as_ref().map_or(&[], |words| &words[..]), TIMEOUT)?;
    Ok(printed.trim_matches(['\r', '\n']).to_owned())
}

/// The password that a file holds or prints; one that is locked itself is opened with the passwords so far.
fn from_file(vault: &Vault, path: &Path, id: Option<&str>) -> Result<String, String> {
    let metadata = path.metadata().map_err(|error| reason(&error))?;
    if metadata.is_dir() {
        return Err("it is a directory".to_owned());
    }
    if metadata.permissions().mode() & 0o111 != 0 {
        return from_program(path, id);
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
    fn a_program_is_asked_and_a_client_is_told_the_vault_id() {
        let (folder, path) = file("#!/bin/sh\necho sesame$1\n", 0o700);
        let mut vault = Vault::default();
        add(&mut vault, &format!("prod@{path}"), asked).unwrap();
        assert_eq!(vault.open(SHORT).unwrap().expose(), "hello");
        let client = folder.path().join("keyring-client.sh");
        fs::write(&client, "#!/bin/sh\n[ \"$1 $2\" = '--vault-id prod' ] && echo sesame\n").unwrap();
        fs::set_permissions(&client, fs::Permissions::from_mode(0o700)).unwrap();
        let mut vault = Vault::default();
        add(&mut vault, &format!("prod@{}", client.display()), asked).unwrap();
        assert_eq!(vault.open(SHORT).unwrap().expose(), "hello");
        let shown = add(&mut vault, &client.display().to_string(), asked).unwrap_err();
        assert!(shown.contains("keyring-client.sh: no password of the vault is read: it fails with"), "{shown}");
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
