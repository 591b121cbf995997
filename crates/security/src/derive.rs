//! Sub-keys: from one secret that people keep, an independent key for each use.

use hkdf::Hkdf;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

const SECRET_KEY_SALT: &[u8] = b"switchyard/secret-key/v1";

/// What a sub-key of `SECRET_KEY` is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Hashing virtual keys, so that a stolen table of hashes can't be searched without this key.
    VirtualKeyPepper,
    /// Tokens against forged requests from other sites.
    Csrf,
    /// The chain over the audit log.
    AuditChain,
    /// Hashing the secrets of links that open once.
    OneTimeSecrets,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::VirtualKeyPepper => b"virtual-key-pepper",
            Self::Csrf => b"csrf",
            Self::AuditChain => b"audit-chain",
            Self::OneTimeSecrets => b"one-time-secrets",
        }
    }
}

/// A derived 256-bit key. It can't be printed and is wiped when dropped.
#[derive(Clone)]
pub struct SubKey(Zeroizing<[u8; 32]>);

impl SubKey {
    /// The sub-key of `SECRET_KEY` for a purpose. The same secret gives the same key for ever: what was hashed under it
    /// must be found again.
    #[must_use]
    pub fn of(secret_key: &SecretString, purpose: Purpose) -> Self {
        Self(expand(SECRET_KEY_SALT, secret_key.expose_secret().as_bytes(), purpose.label()))
    }

    /// The key's bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SubKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubKey(..)")
    }
}

/// HKDF-SHA256 to 32 bytes.
#[expect(
    clippy::expect_used,
    reason = "HKDF-SHA256 refuses outputs over 8160 bytes only; a zero key would be far worse"
)]
pub(crate) fn expand(salt: &[u8], secret: &[u8], label: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(salt), secret).expand(label, key.as_mut()).expect("32 bytes are within bounds");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sub_key_never_changes_because_kept_hashes_depend_on_it() {
        let secret = SecretString::from("correct horse battery staple, thrice over");
        let hex_of = |purpose| hex::encode(SubKey::of(&secret, purpose).expose());
        assert_eq!(
            hex_of(Purpose::VirtualKeyPepper),
            "14c0c7fb64ee0f9da9a4991de738b241e5c0c53dee7f473dbdd3c18ca7586acf"
        );
        assert_eq!(hex_of(Purpose::Csrf), "84d9e6038bf59143f7e1fa08084bd04b32e06e96ef21737d597c5d2916669288");
        assert_eq!(
            hex_of(Purpose::AuditChain),
            "b0f9580dca8fc72e3968ec825b0f252d9c52fbfe12f7dda217e84a11c7a24d25"
        );
    }

    #[test]
    fn a_sub_key_does_not_print() {
        let key = SubKey::of(&SecretString::from("s"), Purpose::Csrf);
        assert_eq!(format!("{key:?}"), "SubKey(..)");
    }
}
