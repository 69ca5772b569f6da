//! Opens what `ansible-vault` has locked: AES-256 in counter mode under a key that is derived from a password.
//!
//! Passwords are tried as Ansible tries them: those of the text's own vault id first, then all others.
//! Deriving a key takes milliseconds, on purpose; so a text is opened when somebody needs it, and only once.
//! It never locks anything, and no message names a password or what a text says.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use aes::Aes256;
use ctr::cipher::{KeyIvInit, StreamCipher};
use data_encoding::HEXLOWER_PERMISSIVE;
use ring::{hmac, pbkdf2};

use crate::value::Secret;

/// How every locked text begins.
const HEADER: &str = "$ANSIBLE_VAULT";

/// The only cipher that Ansible still reads.
const CIPHER: &str = "AES256";

/// How often the password is hashed, as Ansible does it.
const ROUNDS: NonZeroU32 = NonZeroU32::new(10_000).unwrap();

/// The bytes of one block of the cipher, to whose multiple a text is filled up.
const BLOCK: usize = 16;

/// The bytes of the cipher's key, and of the key of the checksum.
const KEY: usize = 32;

/// The passwords of a run, each with its vault id, and what they have opened so far.
#[derive(Clone, Default)]
pub struct Vault {
    passwords: Vec<(String, Secret)>,
    opened: Arc<Mutex<HashMap<String, Result<Secret, VaultError>>>>,
}

/// Why a locked text stays locked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Nobody gave a password.
    #[error("is locked with ansible-vault{}: give its password with --vault-password-file or --vault-id", of(.0.as_deref()))]
    NoPassword(Option<String>),
    /// None of the passwords fits.
    #[error("is locked with ansible-vault{}, and no password given opens it", of(.0.as_deref()))]
    WrongPassword(Option<String>),
    /// It was cut off or changed, or is of a kind that nobody reads.
    #[error("is locked with ansible-vault, but damaged: {0}")]
    Damaged(&'static str),
}

fn of(id: Option<&str>) -> String {
    id.map(|id| format!(" (vault id {id})")).unwrap_or_default()
}

/// A locked text, taken apart.
struct Locked {
    id: Option<String>,
    salt: Vec<u8>,
    checksum: Vec<u8>,
    ciphertext: Vec<u8>,
}

impl Vault {
    /// The vault id of a password that was given without one.
    pub const DEFAULT: &str = "default";

    /// Adds a password, which is tried after those that were added before.
    pub fn add(&mut self, id: &str, password: Secret) {
        self.passwords.push((id.to_owned(), password));
    }

    /// Whether a text is one that `ansible-vault` has locked.
    pub fn is_locked(text: &str) -> bool {
        text.starts_with(HEADER) && text.is_ascii()
    }

    /// What a locked text says.
    pub fn open(&self, text: &str) -> Result<Secret, VaultError> {
        if let Some(known) = self.opened().get(text) {
            return known.clone();
        }
        let result = Locked::parse(text).and_then(|locked| self.unlock(&locked));
        self.opened().insert(text.to_owned(), result.clone());
        result
    }

    /// Everything that was opened so far, none of which may be printed.
    pub fn secrets(&self) -> Vec<Secret> {
        self.opened().values().filter_map(|result| result.clone().ok()).collect()
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, HashMap<String, Result<Secret, VaultError>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unlock(&self, locked: &Locked) -> Result<Secret, VaultError> {
        if self.passwords.is_empty() {
            return Err(VaultError::NoPassword(locked.id.clone()));
        }
        let own = locked.id.as_deref().unwrap_or(Self::DEFAULT);
        let (first, rest): (Vec<_>, Vec<_>) = self.passwords.iter().partition(|(id, _)| id == own);
        let plain = first.into_iter().chain(rest).find_map(|(_, password)| locked.open(password));
        let plain = plain.ok_or_else(|| VaultError::WrongPassword(locked.id.clone()))??;
        let text = std::str::from_utf8(&plain).map_err(|_| VaultError::Damaged("what it says is not UTF-8 text"))?;
        Ok(text.into())
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.passwords.iter().map(|(id, _)| id)).finish()
    }
}

impl Locked {
    /// A header `$ANSIBLE_VAULT;1.2;AES256;ID`, and below it the hexadecimal form of three hexadecimal lines.
    fn parse(text: &str) -> Result<Self, VaultError> {
        let mut lines = text.split(['\n', '\r']).filter(|line| !line.is_empty());
        let header: Vec<_> = lines.next().unwrap_or_default().split(';').map(str::trim).collect();
        let cipher =
            *header.get(2).ok_or(VaultError::Damaged("its first line is not $ANSIBLE_VAULT;VERSION;CIPHER"))?;
        if cipher != CIPHER {
            return Err(VaultError::Damaged("its cipher is not AES256, the only one that Ansible reads"));
        }
        let body = hex(lines.collect::<String>().as_bytes())?;
        let mut parts = body.splitn(3, |byte| *byte == b'\n');
        let mut part = || parts.next().ok_or(VaultError::Damaged("it ends too early")).and_then(hex);
        let locked =
            Self { id: header.get(3).map(|&id| id.to_owned()), salt: part()?, checksum: part()?, ciphertext: part()? };
        Ok(locked)
    }

    /// What it says under a password; nothing if that is not its password.
    fn open(&self, password: &Secret) -> Option<Result<Vec<u8>, VaultError>> {
        let mut derived = [0; KEY + KEY + BLOCK];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &self.salt, password.expose().as_bytes(), &mut derived);
        let (key, rest) = derived.split_at(KEY);
        let (checksum, counter) = rest.split_at(KEY);
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, checksum), &self.ciphertext, &self.checksum).ok()?;
        let mut plain = self.ciphertext.clone();
        let mut cipher = ctr::Ctr128BE::<Aes256>::new_from_slices(key, counter).ok()?;
        cipher.apply_keystream(&mut plain);
        Some(unpad(plain))
    }
}

fn hex(digits: &[u8]) -> Result<Vec<u8>, VaultError> {
    let damaged = VaultError::Damaged("it has characters that are no hexadecimal digits, or ends too early");
    HEXLOWER_PERMISSIVE.decode(digits).map_err(|_| damaged)
}

/// Takes off what fills up the last block: as many bytes as each of them says.
fn unpad(mut plain: Vec<u8>) -> Result<Vec<u8>, VaultError> {
    let fill = plain.last().map_or(0, |last| usize::from(*last));
    let kept = plain.len().checked_sub(fill).filter(|_| (1..=BLOCK).contains(&fill) && plain.len() % BLOCK == 0);
    match kept {
        Some(kept) if plain[kept..].iter().all(|byte| usize::from(*byte) == fill) => {
            plain.truncate(kept);
            Ok(plain)
        }
        _ => Err(VaultError::Damaged("its last block is not filled up as ansible-vault does it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `ansible-vault encrypt`: with the password `sesame`, and `named` with `other` and the vault id `prod`.
    const SHORT: &str = include_str!("../../tests/vault/short.txt");
    const NAMED: &str = include_str!("../../tests/vault/named.txt");
    const BLOCKS: &str = include_str!("../../tests/vault/block.txt");
    const EMPTY: &str = include_str!("../../tests/vault/empty.txt");
    const LATIN: &str = include_str!("../../tests/vault/latin.txt");

    fn vault(passwords: &[(&str, &str)]) -> Vault {
        let mut vault = Vault::default();
        passwords.iter().for_each(|(id, password)| vault.add(id, (*password).into()));
        vault
    }

    fn says(vault: &Vault, text: &str) -> String {
        vault.open(text).unwrap_or_else(|error| panic!("{error}")).expose().to_owned()
    }

    fn fault(text: &str) -> String {
        vault(&[("default", "sesame")]).open(text).unwrap_err().to_string()
    }

    #[test]
    fn what_ansible_vault_locked_is_opened() {
        let vault = vault(&[("default", "sesame"), ("prod", "other")]);
        assert_eq!(says(&vault, SHORT), "hello");
        assert_eq!(says(&vault, NAMED), "ein Paßwort\n");
        assert_eq!(says(&vault, BLOCKS), "0123456789abcdef");
        assert_eq!(says(&vault, EMPTY), "");
        assert_eq!(vault.secrets().len(), 4);
    }

    #[test]
    fn the_ends_of_lines_and_capital_digits_do_not_matter() {
        let vault = vault(&[("default", "sesame")]);
        assert_eq!(says(&vault, &SHORT.replace('\n', "\r\n")), "hello");
        assert_eq!(says(&vault, SHORT.trim_end()), "hello");
        assert_eq!(says(&vault, &SHORT.to_uppercase()), "hello");
    }

    #[test]
    fn a_vault_id_says_what_is_tried_first_and_not_what_may_open() {
        assert_eq!(says(&vault(&[("default", "wrong"), ("dev", "other")]), NAMED), "ein Paßwort\n");
        assert_eq!(says(&vault(&[("prod", "wrong"), ("prod", "other")]), NAMED), "ein Paßwort\n");
        assert_eq!(says(&vault(&[("prod", "other"), ("x", "sesame")]), SHORT), "hello");
    }

    #[test]
    fn what_stays_locked_says_why() {
        let none = Vault::default().open(NAMED).unwrap_err().to_string();
        let remedy = "give its password with --vault-password-file or --vault-id";
        assert_eq!(none, format!("is locked with ansible-vault (vault id prod): {remedy}"));
        let wrong = vault(&[("prod", "sesame")]);
        assert_eq!(wrong.open(SHORT.trim_end()).map(|_| ()), Ok(()));
        let shown = wrong.open(NAMED).unwrap_err().to_string();
        assert_eq!(shown, "is locked with ansible-vault (vault id prod), and no password given opens it");
        assert!(fault(LATIN).ends_with("damaged: what it says is not UTF-8 text"), "{}", fault(LATIN));
    }

    #[test]
    fn what_is_damaged_is_never_opened() {
        for (text, reason) in [
            ("$ANSIBLE_VAULT\n3030\n", "damaged: its first line is not"),
            ("$ANSIBLE_VAULT;1.0;AES\n3030\n", "damaged: its cipher is not AES256"),
            ("$ANSIBLE_VAULT;1.1;AES256\n", "damaged: it ends too early"),
            ("$ANSIBLE_VAULT;1.1;AES256\n3030\n", "damaged: it ends too early"),
            ("$ANSIBLE_VAULT;1.1;AES256\nxyz\n", "damaged: it has characters"),
            (&SHORT[..SHORT.len() - 4], "damaged: it has characters"),
            (&SHORT[..SHORT.len() - 5], "no password given opens it"),
            (&SHORT.replace("\n6531", "\n6532"), "no password given opens it"),
        ] {
            assert!(fault(text).contains(reason), "{text}: {}", fault(text));
        }
    }

    #[test]
    fn the_fill_of_the_last_block_is_checked() {
        assert_eq!(unpad([[7; 9].as_slice(), &[7; 7]].concat()), Ok(vec![7; 9]));
        assert_eq!(unpad(vec![16; 16]), Ok(Vec::new()));
        for wrong in [vec![], vec![0; 16], vec![17; 16], vec![1; 15], [vec![3; 14], vec![2, 3]].concat()] {
            assert!(unpad(wrong.clone()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_text_is_opened_once_and_the_passwords_do_not_show() {
        let vault = vault(&[("default", "sesame"), ("prod", "other")]);
        let begin = std::time::Instant::now();
        let first = vault.open(SHORT);
        let once = begin.elapsed();
        assert!((0..100).all(|_| vault.open(SHORT) == first));
        assert!(begin.elapsed() < once * 20, "{:?} for the first and {:?} for all", once, begin.elapsed());
        assert_eq!(format!("{vault:?}"), r#"["default", "prod"]"#);
    }

    #[test]
    fn only_a_header_makes_a_text_a_locked_one() {
        assert!(Vault::is_locked(SHORT));
        for text in ["", " $ANSIBLE_VAULT;1.1;AES256", "$ANSIBLE_VAULT;1.1;AES256\nä"] {
            assert!(!Vault::is_locked(text), "{text}");
        }
    }
}
