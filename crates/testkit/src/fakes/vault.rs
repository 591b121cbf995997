//! A vault without ciphers, for secrets of tests only.

use secrecy::{ExposeSecret, SecretString};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use switchyard_ports::vault::{Binding, Vault, VaultError};

/// Seals by writing the binding in front, so that a sealed text opens at its own place only. The key in use can be changed
/// for another, as an operator does by accident.
#[derive(Debug)]
pub struct BoundVault {
    key: &'static str,
    lost: Mutex<bool>,
    sealed: AtomicU64,
}

impl Default for BoundVault {
    fn default() -> Self {
        Self { key: "k1", lost: Mutex::new(false), sealed: AtomicU64::new(0) }
    }
}

impl BoundVault {
    /// From now on nothing opens that was sealed: the key is another.
    pub fn lose_key(&self) {
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }
}

fn place(binding: &Binding) -> String {
    format!("{}/{}/{}/{}", binding.table, binding.row, binding.owner, binding.column)
}

impl Vault for BoundVault {
    fn seal(&self, secret: &SecretString, binding: &Binding) -> Result<String, VaultError> {
        let nonce = self.sealed.fetch_add(1, Ordering::Relaxed);
        Ok(format!("v1.{}.{nonce}.{}|{}", self.key, place(binding), secret.expose_secret()))
    }

    fn open(&self, sealed: &str, binding: &Binding) -> Result<SecretString, VaultError> {
        if *self.lost.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(VaultError::UnknownKey { key_id: self.key.to_owned() });
        }
        let text = sealed.splitn(4, '.').nth(3).ok_or(VaultError::Malformed)?;
        let (sealed_for, secret) = text.split_once('|').ok_or(VaultError::Malformed)?;
        if sealed_for == place(binding) { Ok(SecretString::from(secret)) } else { Err(VaultError::Tampered) }
    }

    fn active_key_id(&self) -> &str {
        self.key
    }

    fn check_value(&self, key_id: &str) -> Option<String> {
        (key_id == self.key).then(|| format!("check of {key_id}"))
    }
}
