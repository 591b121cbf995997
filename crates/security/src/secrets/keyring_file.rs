//! The file of the encryption keys: the first line's key seals, those of the others still open.

use super::file::{KeyFile, MOST_KEYS, Stamp, new_key};
use super::{ENCRYPTION_KEY_FILE, SecretError};
use crate::keyring::{EncryptionKey, Keyring};
use secrecy::SecretString;
use std::fmt;
use std::path::Path;

/// The file of the encryption keys in a data directory. Processes that share it take turns when they change it.
pub struct KeyringFile {
    file: KeyFile,
}

impl KeyringFile {
    /// The file in this directory.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { file: KeyFile::new(dir, ENCRYPTION_KEY_FILE) }
    }

    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    pub(super) fn load_or_generate(&self) -> Result<(Keyring, bool), SecretError> {
        let (keys, is_new) = self.file.read_all_or_generate()?;
        Ok((self.keyring(&keys)?, is_new))
    }

    /// The keys that stand in the file now.
    pub(crate) fn load(&self) -> Result<Option<Keyring>, SecretError> {
        self.file.read()?.map(|keys| self.keyring(&keys)).transpose()
    }

    /// What tells one state of the file from another.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.file.stamp()
    }

    /// Puts a new key before the others. Answers its id; `None` where there was no room for it.
    pub(crate) fn add(&self) -> Result<Option<String>, SecretError> {
        let key = new_key();
        let malformed = |_| SecretError::Malformed { path: self.path().to_owned() };
        let id = EncryptionKey::from_hex_or_base64(&key).map_err(malformed)?.id().to_owned();
        let added = self.file.rewrite(|mut keys| {
            keys.insert(0, key);
            (keys.len() <= MOST_KEYS).then_some(keys)
        })?;
        Ok(added.then_some(id))
    }

    /// Takes a key out that does not seal. Answers whether it was there.
    pub(crate) fn remove(&self, id: &str) -> Result<bool, SecretError> {
        self.file.rewrite(|mut keys| {
            let is_it =
                |key: &SecretString| EncryptionKey::from_hex_or_base64(key).is_ok_and(|key| key.id() == id);
            let place = keys.iter().position(is_it).filter(|&place| place > 0)?;
            keys.remove(place);
            Some(keys)
        })
    }

    fn keyring(&self, keys: &[SecretString]) -> Result<Keyring, SecretError> {
        let malformed = || SecretError::Malformed { path: self.path().to_owned() };
        let mut keys = keys.iter().map(|key| EncryptionKey::from_hex_or_base64(key).map_err(|_| malformed()));
        let first = Keyring::new(keys.next().ok_or_else(malformed)??);
        keys.try_fold(first, |keyring, key| {
            let place = || self.path().display().to_string();
            keyring.with_retired(key?).map_err(|reason| SecretError::Keys { place: place(), reason })
        })
    }
}

impl fmt::Debug for KeyringFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringFile").field("path", &self.path()).finish()
    }
}
