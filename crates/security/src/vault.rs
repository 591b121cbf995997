//! The vault: XChaCha20-Poly1305 under a keyring.
//!
//! A sealed text is `v1.<key id>.<nonce>.<ciphertext>`, the last two as base64url without padding. Version, key id and the
//! place that the secret belongs to are bound to it as associated data.

use crate::keyring::{EncryptionKey, Keyring};
use crate::random;
use crate::secrets::{KeyringFile, Stamp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use switchyard_ports::vault::{Binding, KeyRotation, RotationError, Vault, VaultError};
use zeroize::Zeroizing;

const VERSION: &str = "v1";
const TAG_BYTES: usize = 16;

/// Seals under the keyring's active key and opens under each of its keys.
///
/// Keys from a file are read again when another process has changed it: before something is sealed, so that no two processes of
/// one data directory seal under two keys, and when something was sealed under a key that is not known yet.
#[derive(Debug)]
pub struct KeyringVault {
    keyring: RwLock<Arc<Keyring>>,
    file: Option<KeyringFile>,
    /// The keys that are given as settings, beside the file or instead of it.
    given: Vec<String>,
    /// The state of the file that was read last.
    seen: Mutex<Option<Stamp>>,
}

impl KeyringVault {
    /// A vault over a keyring.
    #[must_use]
    pub fn new(keyring: Keyring) -> Self {
        let given = keyring.ids();
        Self { keyring: RwLock::new(Arc::new(keyring)), file: None, given, seen: Mutex::default() }
    }

    /// A vault over the keyring of a file, which other processes may change.
    #[must_use]
    pub fn over_file(keyring: Keyring, file: KeyringFile) -> Self {
        let in_file = file.load().ok().flatten().map(|keys| keys.ids()).unwrap_or_default();
        let given = keyring.ids().into_iter().filter(|key| !in_file.contains(key)).collect();
        Self { file: Some(file), given, ..Self::new(keyring) }
    }

    fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the file again if it is another than was read last. A file that can't be read changes nothing.
    fn catch_up(&self) {
        let Some(file) = &self.file else { return };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = file.stamp();
        if stamp.is_none() || *seen == stamp {
            return;
        }
        if let Ok(Some(newer)) = file.load() {
            let mut keyring = self.keyring.write().unwrap_or_else(PoisonError::into_inner);
            *keyring = Arc::new(keyring.renewed(newer));
            *seen = stamp;
        }
    }

    fn file(&self) -> Result<&KeyringFile, RotationError> {
        self.file.as_ref().ok_or(RotationError::Given)
    }
}

impl KeyRotation for KeyringVault {
    fn key_ids(&self) -> Result<Vec<String>, RotationError> {
        let mut keys = self.file_key_ids()?.unwrap_or_default();
        let beside: Vec<String> = self.given.iter().filter(|key| !keys.contains(*key)).cloned().collect();
        keys.extend(beside);
        Ok(keys)
    }

    fn file_key_ids(&self) -> Result<Option<Vec<String>>, RotationError> {
        let Some(file) = &self.file else { return Ok(None) };
        let keys = file.load().map_err(|error| RotationError::File(error.to_string()))?;
        let lost = || RotationError::File("the file of the encryption keys is gone: put it back".to_owned());
        Ok(Some(keys.ok_or_else(lost)?.ids()))
    }

    fn begin(&self) -> Result<String, RotationError> {
        let added = self.file()?.add().map_err(|error| RotationError::File(error.to_string()))?;
        let added = added.ok_or_else(|| {
            RotationError::File("the file of the encryption keys is full: retire some first".to_owned())
        })?;
        self.catch_up();
        // A file that can't be read again changes nothing here: the key before would go on sealing.
        if self.keyring().active().id() == added {
            Ok(added)
        } else {
            Err(RotationError::File(format!(
                "key {added} was made and is not the one that seals: the file of the encryption keys can't be read again, or another \
                 process made one too; run this again"
            )))
        }
    }

    fn retire(&self, key_id: &str) -> Result<(), RotationError> {
        let removed = self.file()?.remove(key_id).map_err(|error| RotationError::File(error.to_string()))?;
        if removed { Ok(()) } else { Err(RotationError::InUse(key_id.to_owned())) }
    }
}

impl Vault for KeyringVault {
    fn seal(&self, secret: &SecretString, binding: &Binding) -> Result<String, VaultError> {
        self.catch_up();
        let keyring = self.keyring();
        let key = keyring.active();
        let mut nonce = XNonce::default();
        random::fill(&mut nonce);
        let secret = secret.expose_secret().as_bytes();
        // With room for the tag, so that no grown buffer leaves the plaintext behind.
        let mut sealed = Zeroizing::new(Vec::with_capacity(secret.len() + TAG_BYTES));
        sealed.extend_from_slice(secret);
        cipher(key)
            .encrypt_in_place(&nonce, &associated_data(key.id(), binding), &mut *sealed)
            .map_err(|_| VaultError::Malformed)?;
        let (nonce, sealed) = (URL_SAFE_NO_PAD.encode(nonce), URL_SAFE_NO_PAD.encode(&*sealed));
        Ok(format!("{VERSION}.{}.{nonce}.{sealed}", key.id()))
    }

    fn open(&self, sealed: &str, binding: &Binding) -> Result<SecretString, VaultError> {
        let parts = SealedParts::parse(sealed).ok_or(VaultError::Malformed)?;
        let mut keyring = self.keyring();
        if keyring.get(parts.key_id).is_none() {
            self.catch_up();
            keyring = self.keyring();
        }
        let key = keyring
            .get(parts.key_id)
            .ok_or_else(|| VaultError::UnknownKey { key_id: parts.key_id.to_owned() })?;
        let mut secret = Zeroizing::new(parts.ciphertext);
        cipher(key)
            .decrypt_in_place(&parts.nonce, &associated_data(key.id(), binding), &mut *secret)
            .map_err(|_| VaultError::Tampered)?;
        // A copy of exact size: turning the buffer itself into a string might move it and leave bytes behind.
        let text = std::str::from_utf8(&secret).map_err(|_| VaultError::Malformed)?;
        Ok(SecretString::from(text))
    }

    fn active_key_id(&self) -> String {
        self.catch_up();
        self.keyring().active().id().to_owned()
    }

    fn check_value(&self, key_id: &str) -> Option<String> {
        self.keyring().get(key_id).map(|key| key.check_value().to_owned())
    }
}

fn cipher(key: &EncryptionKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}

/// Each part preceded by its length, so that no two places have the same bytes.
fn associated_data(key_id: &str, binding: &Binding) -> Vec<u8> {
    let row = binding.row.to_be_bytes();
    let parts: [&[u8]; 6] = [
        VERSION.as_bytes(),
        key_id.as_bytes(),
        binding.table.as_bytes(),
        &row,
        binding.owner.as_bytes(),
        binding.column.as_bytes(),
    ];
    let mut data = Vec::with_capacity(128);
    for part in parts {
        data.extend_from_slice(&(part.len() as u64).to_be_bytes());
        data.extend_from_slice(part);
    }
    data
}

struct SealedParts<'a> {
    key_id: &'a str,
    nonce: XNonce,
    ciphertext: Vec<u8>,
}

impl<'a> SealedParts<'a> {
    fn parse(sealed: &'a str) -> Option<Self> {
        let mut parts = sealed.split('.');
        let (version, key_id, nonce, ciphertext) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_key_id =
            key_id.len() == 8 && key_id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if version != VERSION || parts.next().is_some() || !is_key_id {
            return None;
        }
        let nonce = URL_SAFE_NO_PAD.decode(nonce).ok()?;
        let ciphertext = URL_SAFE_NO_PAD.decode(ciphertext).ok().filter(|bytes| bytes.len() >= TAG_BYTES)?;
        Some(Self { key_id, nonce: XNonce::try_from(nonce.as_slice()).ok()?, ciphertext })
    }
}
