//! The vault: XChaCha20-Poly1305 under a keyring.
//!
//! A sealed text is `v1.<key id>.<nonce>.<ciphertext>`, the last two as base64url without padding. Version, key id and the
//! place that the secret belongs to are bound to it as associated data.

use crate::keyring::{EncryptionKey, Keyring};
use crate::random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString};
use switchyard_ports::vault::{Binding, Vault, VaultError};
use zeroize::Zeroizing;

const VERSION: &str = "v1";
const TAG_BYTES: usize = 16;

/// Seals under the keyring's active key and opens under each of its keys.
#[derive(Debug)]
pub struct KeyringVault {
    keyring: Keyring,
}

impl KeyringVault {
    /// A vault over a keyring.
    #[must_use]
    pub fn new(keyring: Keyring) -> Self {
        Self { keyring }
    }
}

impl Vault for KeyringVault {
    fn seal(&self, secret: &SecretString, binding: &Binding) -> Result<String, VaultError> {
        let key = self.keyring.active();
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
        let key = self
            .keyring
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

    fn active_key_id(&self) -> &str {
        self.keyring.active().id()
    }

    fn check_value(&self, key_id: &str) -> Option<String> {
        self.keyring.get(key_id).map(|key| key.check_value().to_owned())
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
