//! The seal of the audit log: HMAC-SHA256 under a sub-key of `SECRET_KEY`, and of those that were in use before.

use crate::derive::{Purpose, SubKey, expand};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;
use std::fmt;
use switchyard_ports::audit_seal::AuditSeal;

const ID_SALT: &[u8] = b"switchyard/audit-key-id/v1";

/// A key of the chain, keyed once.
struct ChainKey {
    id: String,
    keyed: Hmac<Sha256>,
}

impl ChainKey {
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes keys of every length; without one no entry could be sealed"
    )]
    fn of(secret_key: &SecretString) -> Self {
        let key = SubKey::of(secret_key, Purpose::AuditChain);
        let id = expand(ID_SALT, key.expose(), b"key-id");
        Self {
            id: id.iter().take(4).map(|byte| format!("{byte:02x}")).collect(),
            keyed: Hmac::new_from_slice(key.expose()).expect("HMAC takes 32 bytes"),
        }
    }

    fn seal(&self, message: &[u8]) -> [u8; 32] {
        self.keyed.clone().chain_update(message).finalize().into_bytes().into()
    }
}

/// Seals under the key of the `SECRET_KEY` in use, and checks under those that were in use before, as far as they are given.
pub struct ChainSeal {
    active: ChainKey,
    older: Vec<ChainKey>,
}

impl ChainSeal {
    /// The seal of this `SECRET_KEY`.
    #[must_use]
    pub fn new(secret_key: &SecretString) -> Self {
        Self { active: ChainKey::of(secret_key), older: Vec::new() }
    }

    /// The same, which can check what was sealed under another `SECRET_KEY` too.
    #[must_use]
    pub fn with_older(mut self, secret_key: &SecretString) -> Self {
        self.older.push(ChainKey::of(secret_key));
        self
    }
}

impl fmt::Debug for ChainSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainSeal").field("key_id", &self.active.id).finish_non_exhaustive()
    }
}

impl AuditSeal for ChainSeal {
    fn key_id(&self) -> &str {
        &self.active.id
    }

    fn seal(&self, message: &[u8]) -> [u8; 32] {
        self.active.seal(message)
    }

    fn seal_under(&self, key_id: &str, message: &[u8]) -> Option<[u8; 32]> {
        let mut keys = std::iter::once(&self.active).chain(&self.older);
        keys.find(|key| key.id == key_id).map(|key| key.seal(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(text: &str) -> ChainSeal {
        ChainSeal::new(&SecretString::from(text))
    }

    #[test]
    fn a_seal_never_changes_because_kept_entries_are_checked_by_it() {
        let seal = seal("correct horse battery staple, thrice over");
        assert_eq!((seal.key_id(), hex::encode(seal.seal(b"entry"))), (KEPT_ID, KEPT_SEAL.to_owned()));
    }

    const KEPT_ID: &str = "86de217f";
    const KEPT_SEAL: &str = "2923908d91e7d9658b645d52710224ab97936efe2f430a17b7fcac1fd25262ff";

    #[test]
    fn an_older_key_checks_and_does_not_seal() {
        let (old, new) = (seal("the first secret key of all"), seal("the second secret key of all"));
        let both = seal("the second secret key of all")
            .with_older(&SecretString::from("the first secret key of all"));
        assert_eq!(both.key_id(), new.key_id());
        assert_eq!(both.seal(b"x"), new.seal(b"x"));
        assert_eq!(both.seal_under(old.key_id(), b"x"), Some(old.seal(b"x")));
        assert_eq!(new.seal_under(old.key_id(), b"x"), None);
        assert!(format!("{both:?}").contains(new.key_id()) && !format!("{both:?}").contains("secret"));
    }
}
