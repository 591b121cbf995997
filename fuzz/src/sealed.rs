//! Sealed columns: whatever stands in a database, it opens only as what was sealed there.

use secrecy::{ExposeSecret, SecretString};
use std::sync::OnceLock;
use switchyard_ports::vault::{Binding, Vault};
use switchyard_security::keyring::{EncryptionKey, Keyring};
use switchyard_security::vault::KeyringVault;

const SECRET: &str = "sk-canary-4711-credential";

fn place(row: i64) -> Binding {
    Binding { table: "credentials", row, owner: "shared".to_owned(), column: "sealed" }
}

fn vault() -> &'static (KeyringVault, String) {
    static VAULT: OnceLock<(KeyringVault, String)> = OnceLock::new();
    VAULT.get_or_init(|| {
        let vault = KeyringVault::new(Keyring::new(EncryptionKey::from_bytes(&[7; 32])));
        let sealed = vault.seal(&SecretString::from(SECRET), &place(1)).expect("a short secret is sealed");
        (vault, sealed)
    })
}

/// Opens a text, and a sealed one that was changed as the text says: in threes of a place (two bytes) and what is done there.
///
/// # Panics
/// When something does not hold.
pub fn run(data: &[u8]) {
    let (vault, sealed) = vault();
    let text = String::from_utf8_lossy(data);
    assert!(vault.open(&text, &place(1)).is_err(), "a made-up text opens");
    let mut changed = sealed.clone().into_bytes();
    for step in data.chunks_exact(3).take(64) {
        let &[high, low, byte] = step else { continue };
        let at = usize::from(u16::from_be_bytes([high, low])) % (changed.len() + 1);
        match (byte, changed.get_mut(at)) {
            (0, Some(_)) => drop(changed.remove(at)),
            (1..=127, Some(old)) => *old = byte,
            (_, _) => changed.insert(at, byte & 0x7f),
        }
    }
    let changed = String::from_utf8_lossy(&changed);
    match vault.open(&changed, &place(1)) {
        Ok(secret) => {
            assert_eq!(changed, *sealed, "a changed text opens");
            assert_eq!(secret.expose_secret(), SECRET);
        }
        Err(error) => {
            assert_ne!(changed, *sealed, "an unchanged text does not open");
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }
    assert!(vault.open(&changed, &place(2)).is_err(), "a moved text opens");
}
