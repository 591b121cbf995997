//! The key that stored provider credentials are sealed under.

use super::ADVICE;
use super::guessing::is_guessed_first;
use super::shapes::is_placeholder;
use crate::settings::problem::Reason;
use crate::settings::setting::Shape;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{SecretBox, SecretString};
use switchyard_security::weak::weakness_of_key;

/// The sealing key as it was given.
#[derive(Debug)]
pub enum EncryptionKey {
    /// The 256-bit key itself.
    Bytes(SecretBox<[u8; 32]>),
    /// A text that the key is derived from.
    Passphrase(SecretString),
}

impl Clone for EncryptionKey {
    fn clone(&self) -> Self {
        use secrecy::ExposeSecret;
        match self {
            Self::Bytes(bytes) => Self::Bytes(SecretBox::new(Box::new(*bytes.expose_secret()))),
            Self::Passphrase(text) => Self::Passphrase(text.clone()),
        }
    }
}

/// 32 bytes as base64url with or without padding, or as 64 hex digits.
pub(super) fn decode(text: &str) -> Option<[u8; 32]> {
    let decoded = match text.len() {
        64 => hex::decode(text).ok(),
        43 | 44 => URL_SAFE_NO_PAD.decode(text.strip_suffix('=').unwrap_or(text)).ok(),
        _ => None,
    };
    decoded.and_then(|bytes| bytes.try_into().ok())
}

/// A written 256-bit key.
pub(in crate::settings) struct KeyText;

impl Shape<SecretBox<[u8; 32]>> for KeyText {
    fn parse(&self, text: &str) -> Result<SecretBox<[u8; 32]>, Reason> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Reason::new("is empty").hint(ADVICE));
        }
        if is_placeholder(text) {
            return Err(Reason::new("is a placeholder, not a secret").hint(ADVICE));
        }
        let key =
            decode(text).ok_or_else(|| Reason::new(format!("expected {}", self.expected())).hint(ADVICE))?;
        if is_guessed_first(text) {
            return Err(Reason::new("is weak: guessing starts with it").hint(ADVICE));
        }
        if let Some(weakness) = weakness_of_key(&key) {
            return Err(Reason::new(format!("is weak: {weakness}")).hint(ADVICE));
        }
        Ok(SecretBox::new(Box::new(key)))
    }

    fn expected(&self) -> String {
        "32 bytes, as 64 hex digits or as base64url".to_owned()
    }
}
