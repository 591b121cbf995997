//! The keys that secrets are sealed under: one that seals now, and older ones that still open.

use crate::derive::expand;
use crate::random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use zeroize::Zeroizing;

const SALT: &[u8] = b"switchyard/encryption-key/v1";

/// The least number of characters of a text that a key is derived from.
pub const MIN_TEXT_CHARS: usize = 16;

/// Why a text gives no encryption key. Never holds a part of the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Not 32 bytes in a known spelling.
    #[error("an encryption key is 32 bytes, written as 64 hex digits or as base64url")]
    Form,
    /// Too short to derive a key from.
    #[error("a text that an encryption key is derived from has {MIN_TEXT_CHARS} characters or more")]
    TooShort,
    /// Two different keys have one id (or one key is given twice), so a sealed text would not say which one opens it.
    #[error("the keyring has two keys of id {0}: take one of them out")]
    Ambiguous(String),
}

/// A 256-bit key with its id. It can't be printed and is wiped when dropped.
pub struct EncryptionKey {
    bytes: Zeroizing<[u8; 32]>,
    id: String,
    check_value: String,
}

impl EncryptionKey {
    /// The key of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self::of(Zeroizing::new(*bytes))
    }

    /// Reads 32 bytes written as 64 hex digits, or as base64url with or without padding.
    ///
    /// # Errors
    /// [`InvalidKey::Form`] for any other text.
    pub fn from_hex_or_base64(text: &SecretString) -> Result<Self, InvalidKey> {
        let text = text.expose_secret().trim();
        let mut bytes = Zeroizing::new([0; 32]);
        match text.len() {
            64 => hex::decode_to_slice(text, bytes.as_mut()).map_err(|_| InvalidKey::Form)?,
            43 | 44 => {
                let digits = text.strip_suffix('=').unwrap_or(text);
                // The decoder asks for room by the length of the text, not of the answer.
                let mut room = Zeroizing::new([0; 36]);
                let length =
                    URL_SAFE_NO_PAD.decode_slice(digits, room.as_mut()).map_err(|_| InvalidKey::Form)?;
                let decoded =
                    room.get(..length).filter(|decoded| decoded.len() == 32).ok_or(InvalidKey::Form)?;
                bytes.copy_from_slice(decoded);
            }
            _ => return Err(InvalidKey::Form),
        }
        Ok(Self::of(bytes))
    }

    /// Derives the key from any text of at least [`MIN_TEXT_CHARS`] characters. Whether the text is weak is asked elsewhere.
    ///
    /// # Errors
    /// [`InvalidKey::TooShort`].
    pub fn derived(text: &SecretString) -> Result<Self, InvalidKey> {
        let text = text.expose_secret();
        if text.chars().count() < MIN_TEXT_CHARS {
            return Err(InvalidKey::TooShort);
        }
        Ok(Self::of(expand(SALT, text.as_bytes(), b"from-text")))
    }

    /// A new key from the operating system's generator.
    #[must_use]
    pub fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        random::fill(bytes.as_mut());
        Self::of(bytes)
    }

    fn of(bytes: Zeroizing<[u8; 32]>) -> Self {
        let id = expand(SALT, bytes.as_ref(), b"key-id")
            .iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let check_value = expand(SALT, bytes.as_ref(), b"check-value")
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self { bytes, id, check_value }
    }

    fn copy(&self) -> Self {
        Self { bytes: self.bytes.clone(), id: self.id.clone(), check_value: self.check_value.clone() }
    }

    /// Eight hex digits that follow from the key, so that every holder calls it by the same name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A value that only a holder of the key can compute and that reveals nothing of it.
    #[must_use]
    pub fn check_value(&self) -> &str {
        &self.check_value
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The keys at hand.
#[derive(Debug)]
pub struct Keyring {
    active: EncryptionKey,
    retired: Vec<EncryptionKey>,
}

impl Keyring {
    /// A keyring whose only key seals and opens.
    #[must_use]
    pub fn new(active: EncryptionKey) -> Self {
        Self { active, retired: Vec::new() }
    }

    /// A keyring of one key that is written as hex or base64url.
    ///
    /// # Errors
    /// As [`EncryptionKey::from_hex_or_base64`].
    pub fn from_hex_or_base64(text: &SecretString) -> Result<Self, InvalidKey> {
        EncryptionKey::from_hex_or_base64(text).map(Self::new)
    }

    /// A keyring of one key that is derived from a text.
    ///
    /// # Errors
    /// As [`EncryptionKey::derived`].
    pub fn derived(text: &SecretString) -> Result<Self, InvalidKey> {
        EncryptionKey::derived(text).map(Self::new)
    }

    /// Adds a key that opens but does not seal.
    ///
    /// # Errors
    /// [`InvalidKey::Ambiguous`] when its id is in the keyring already.
    pub fn with_retired(mut self, key: EncryptionKey) -> Result<Self, InvalidKey> {
        if self.get(key.id()).is_some() {
            return Err(InvalidKey::Ambiguous(key.id));
        }
        self.retired.push(key);
        Ok(self)
    }

    /// The keys of `newer`, and behind them those of this one that `newer` lacks: what could be opened still can be.
    #[must_use]
    pub(crate) fn renewed(&self, newer: Self) -> Self {
        let kept = std::iter::once(&self.active).chain(&self.retired);
        let kept: Vec<_> =
            kept.filter(|key| newer.get(key.id()).is_none()).map(EncryptionKey::copy).collect();
        let Self { active, mut retired } = newer;
        retired.extend(kept);
        Self { active, retired }
    }

    /// The ids of all keys, the one that seals first.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        std::iter::once(&self.active).chain(&self.retired).map(|key| key.id.clone()).collect()
    }

    /// The key that seals now.
    #[must_use]
    pub fn active(&self) -> &EncryptionKey {
        &self.active
    }

    /// The key of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&EncryptionKey> {
        std::iter::once(&self.active).chain(&self.retired).find(|key| key.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "9f1c7a52e0b84d36a1f3c85d7e29b604f8d1327ac95be06417da83bc4e50962f";

    fn written(text: &str) -> Result<EncryptionKey, InvalidKey> {
        EncryptionKey::from_hex_or_base64(&SecretString::from(text))
    }

    #[test]
    fn a_key_is_read_in_each_documented_spelling() {
        let key = written(HEX).unwrap();
        let base64 = URL_SAFE_NO_PAD.encode(hex::decode(HEX).unwrap());
        for same in [base64.clone(), format!("{base64}="), HEX.to_uppercase(), format!(" {HEX}\n")] {
            assert_eq!(written(&same).unwrap().bytes(), key.bytes(), "{same}");
        }
    }

    #[test]
    fn any_other_text_is_no_key() {
        let base64 = URL_SAFE_NO_PAD.encode(hex::decode(HEX).unwrap());
        let standard = "+".repeat(43);
        // 43 digits carry 258 bits: the last two must be zero, else two texts would be one key.
        let loose = format!("{}B", "A".repeat(42));
        for bad in [
            "",
            "abc",
            &HEX[..62],
            &format!("{HEX}00"),
            &HEX.replace('9', "g"),
            &base64[..42],
            &standard,
            &loose,
        ] {
            assert_eq!(written(bad).unwrap_err(), InvalidKey::Form, "{bad}");
        }
    }

    #[test]
    fn ids_and_check_values_never_change_because_they_stand_in_databases() {
        let key = written(HEX).unwrap();
        assert_eq!((key.id(), key.check_value()), ("0b9c4516", "a4ede391301b74e89d0af88f56b95e31"));
        let derived = EncryptionKey::derived(&SecretString::from("a passphrase of enough letters")).unwrap();
        assert_eq!(derived.id(), "72b36952");
    }

    #[test]
    fn a_key_is_derived_from_sixteen_characters_or_more() {
        let of = |text: &str| EncryptionKey::derived(&SecretString::from(text));
        assert_eq!(of("ääääääääääääääX").unwrap_err(), InvalidKey::TooShort);
        assert!(of("ääääääääääääääXY").is_ok());
    }

    #[test]
    fn a_keyring_holds_each_id_once() {
        let keyring = Keyring::new(written(HEX).unwrap());
        let both = keyring.with_retired(EncryptionKey::generate()).unwrap();
        assert_eq!(both.active().id(), "0b9c4516");
        assert_eq!(
            both.with_retired(written(HEX).unwrap()).unwrap_err(),
            InvalidKey::Ambiguous("0b9c4516".into())
        );
    }

    #[test]
    fn keys_print_as_their_ids() {
        let printed = format!("{:?}", Keyring::new(written(HEX).unwrap()));
        assert!(
            printed.contains("0b9c4516") && !printed.contains("9f1c7a52") && !printed.contains("159"),
            "{printed}"
        );
    }
}
