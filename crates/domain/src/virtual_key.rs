//! Virtual keys: secrets that we issue. Only a keyed hash is kept; the key itself is shown once.

use crate::ids::{UserId, VirtualKeyId};
use crate::limits::Limits;
use crate::meta::RowMeta;
use crate::name::Name;
use crate::time::Timestamp;

/// The keyed hash of a virtual key: what the directory is looked up by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyHash(pub [u8; 32]);

impl std::fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyHash(..)")
    }
}

/// The hash that a key had before it was rotated: both are good until a time, so that clients can be changed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreviousHash {
    /// The keyed hash.
    pub hash: KeyHash,
    /// Until when it is good.
    pub until: Timestamp,
}

/// Where a key comes from, and what whoever holds it may not undo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyGrant {
    /// An administrator said what it may: who holds it and does not administer can only say less.
    pub is_lent: bool,
    /// An administrator switched it off.
    pub is_barred: bool,
    /// Who made it; unknown of some older ones.
    pub made_by: Option<String>,
}

/// A virtual key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualKey {
    /// Its id.
    pub id: VirtualKeyId,
    /// Its unique name.
    pub name: Name,
    /// Its first characters, so that people can tell keys apart.
    pub prefix: String,
    /// Its keyed hash.
    pub hash: KeyHash,
    /// The hash before the last rotation, while it is good.
    pub previous: Option<PreviousHash>,
    /// Whose key it is: who pays beside it, whose limits hold too.
    pub user: Option<UserId>,
    /// What people sort keys by.
    pub tags: Vec<String>,
    /// Whether calls may use it.
    pub is_active: bool,
    /// The routes and models that it may call; absent means all. An entry is a route's name, `<provider>/<model>`, or
    /// `<provider>/*`.
    pub models: Option<Vec<String>>,
    /// Its limits.
    pub limits: Limits,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute; kept up lazily.
    pub last_used_at: Option<Timestamp>,
    /// Where it comes from.
    pub grant: KeyGrant,
    /// Version, owner, times.
    pub meta: RowMeta,
}

impl VirtualKey {
    /// Whether calls may use it now.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.is_active && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether what hashes to this is the key now: its own hash is, and the one before until its time.
    #[must_use]
    pub fn is_hashed_as(&self, hash: &KeyHash, now: Timestamp) -> bool {
        self.hash == *hash
            || self.previous.is_some_and(|previous| previous.hash == *hash && now < previous.until)
    }

    /// Whether it may call the route or model of this public name.
    #[must_use]
    pub fn allows(&self, public_name: &str) -> bool {
        let Some(models) = &self.models else { return true };
        models.iter().any(|entry| {
            entry == public_name
                || entry.strip_suffix("/*").is_some_and(|provider| {
                    public_name.strip_prefix(provider).is_some_and(|rest| rest.starts_with('/'))
                })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::Owner;

    fn key(models: Option<&[&str]>) -> VirtualKey {
        let at = Timestamp(0);
        VirtualKey {
            id: VirtualKeyId(1),
            name: Name::new("ci").unwrap(),
            prefix: "sy-abc".into(),
            hash: KeyHash([0; 32]),
            previous: None,
            user: None,
            tags: Vec::new(),
            is_active: true,
            models: models.map(|list| list.iter().map(|&entry| entry.to_owned()).collect()),
            limits: Limits::NONE,
            expires_at: Some(Timestamp(10)),
            last_used_at: None,
            grant: KeyGrant::default(),
            meta: RowMeta {
                version: 1,
                owner: Owner::Api,
                created_at: at,
                updated_at: at,
                updated_by: "ana".into(),
            },
        }
    }

    #[test]
    fn an_allow_list_admits_exact_names_and_whole_providers_only() {
        let key = key(Some(&["fast", "openai/*"]));
        assert!(key.allows("fast"));
        assert!(key.allows("openai/gpt-4o"));
        assert!(!key.allows("openai-eu/gpt-4o"));
        assert!(!key.allows("faster"));
        assert!(!key.allows("openai"));
    }

    #[test]
    fn a_rotated_key_is_known_by_its_previous_hash_until_its_time() {
        let (old, new) = (KeyHash([1; 32]), KeyHash([2; 32]));
        let until = Timestamp(5);
        let key = VirtualKey { hash: new, previous: Some(PreviousHash { hash: old, until }), ..key(None) };
        assert!(key.is_hashed_as(&old, Timestamp(4)) && !key.is_hashed_as(&old, until));
        assert!(key.is_hashed_as(&new, Timestamp(4)) && key.is_hashed_as(&new, Timestamp(9)));
        assert!(!key.is_hashed_as(&KeyHash([3; 32]), Timestamp(0)));
    }

    #[test]
    fn a_key_ends_at_its_expiry_and_when_switched_off() {
        let mut key = key(None);
        assert!(key.is_usable(Timestamp(9)));
        assert!(!key.is_usable(Timestamp(10)));
        key.is_active = false;
        assert!(!key.is_usable(Timestamp(0)));
    }
}
