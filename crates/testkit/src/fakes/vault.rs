//! A vault without ciphers, for secrets of tests only.

use secrecy::{ExposeSecret, SecretString};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use switchyard_ports::vault::{Binding, KeyRotation, RotationError, Vault, VaultError};

/// Seals by writing the binding in front, so that a sealed text opens at its own place only. The key in use can be changed
/// for another, as an operator does by accident.
#[derive(Debug)]
pub struct BoundVault {
    /// The keys of the file, the one that seals first.
    keys: Mutex<Vec<String>>,
    /// Those that were retired: this process still opens with them, as the real one does.
    retired: Mutex<Vec<String>>,
    lost: Mutex<bool>,
    sealed: AtomicU64,
}

impl Default for BoundVault {
    fn default() -> Self {
        Self {
            keys: Mutex::new(vec!["k1".to_owned()]),
            retired: Mutex::default(),
            lost: Mutex::new(false),
            sealed: AtomicU64::new(0),
        }
    }
}

impl BoundVault {
    /// From now on nothing opens that was sealed: the key is another.
    pub fn lose_key(&self) {
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// From now on this is the only key, as in a process that was started with another one.
    pub fn start_with(&self, key: &str) {
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = vec![key.to_owned()];
        self.retired.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn in_file(&self) -> Vec<String> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn has(&self, key: &str) -> bool {
        let retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        retired.iter().any(|known| known == key) || self.in_file().iter().any(|known| known == key)
    }
}

fn place(binding: &Binding) -> String {
    format!("{}/{}/{}/{}", binding.table, binding.row, binding.owner, binding.column)
}

impl Vault for BoundVault {
    fn seal(&self, secret: &SecretString, binding: &Binding) -> Result<String, VaultError> {
        let nonce = self.sealed.fetch_add(1, Ordering::Relaxed);
        Ok(format!("v1.{}.{nonce}.{}|{}", self.active_key_id(), place(binding), secret.expose_secret()))
    }

    fn open(&self, sealed: &str, binding: &Binding) -> Result<SecretString, VaultError> {
        if *self.lost.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(VaultError::UnknownKey { key_id: self.active_key_id() });
        }
        let key = sealed.split('.').nth(1).ok_or(VaultError::Malformed)?;
        if !self.has(key) {
            return Err(VaultError::UnknownKey { key_id: key.to_owned() });
        }
        let text = sealed.splitn(4, '.').nth(3).ok_or(VaultError::Malformed)?;
        let (sealed_for, secret) = text.split_once('|').ok_or(VaultError::Malformed)?;
        if sealed_for == place(binding) { Ok(SecretString::from(secret)) } else { Err(VaultError::Tampered) }
    }

    fn active_key_id(&self) -> String {
        self.in_file().into_iter().next().unwrap_or_default()
    }

    fn check_value(&self, key_id: &str) -> Option<String> {
        self.has(key_id).then(|| format!("check of {key_id}"))
    }
}

impl KeyRotation for BoundVault {
    fn key_ids(&self) -> Result<Vec<String>, RotationError> {
        Ok(self.in_file())
    }

    fn file_key_ids(&self) -> Result<Option<Vec<String>>, RotationError> {
        Ok(Some(self.in_file()))
    }

    fn begin(&self) -> Result<String, RotationError> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = keys
            .iter()
            .chain(retired.iter())
            .filter_map(|key| key.strip_prefix('k')?.parse::<u32>().ok())
            .max();
        let key = format!("k{}", newest.unwrap_or(0) + 1);
        keys.insert(0, key.clone());
        Ok(key)
    }

    fn retire(&self, key_id: &str) -> Result<(), RotationError> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let place = keys.iter().position(|key| key == key_id).filter(|&place| place > 0);
        let key = keys.remove(place.ok_or_else(|| RotationError::InUse(key_id.to_owned()))?);
        self.retired.lock().unwrap_or_else(PoisonError::into_inner).push(key);
        Ok(())
    }
}
