//! Secrets of one use: 43 characters of 256 random bits; an HMAC is kept of them.

use crate::derive::SubKey;
use crate::random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;
use std::fmt;
use switchyard_ports::tokens::{OneTimeSecrets, SecretHash};
use zeroize::Zeroizing;

/// Secrets whose hashes are under the sub-key of their own.
pub struct HashedSecrets {
    keyed: Hmac<Sha256>,
}

impl HashedSecrets {
    /// Hashes under this key.
    #[must_use]
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    pub fn new(key: &SubKey) -> Self {
        Self { keyed: Hmac::new_from_slice(key.expose()).expect("HMAC takes 32 bytes") }
    }
}

impl OneTimeSecrets for HashedSecrets {
    fn mint(&self) -> (SecretString, SecretHash) {
        let mut bytes = Zeroizing::new([0; 32]);
        random::fill(bytes.as_mut());
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_ref()));
        let hash = self.hash(&text);
        (SecretString::from(text.as_str()), hash)
    }

    fn hash(&self, presented: &str) -> SecretHash {
        SecretHash(self.keyed.clone().chain_update(presented.as_bytes()).finalize().into_bytes().into())
    }
}

impl fmt::Debug for HashedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashedSecrets(..)")
    }
}
