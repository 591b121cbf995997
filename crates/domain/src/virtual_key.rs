//! Virtual keys: secrets that we issue. Only a keyed hash is kept; the key itself is shown once.

use crate::ids::VirtualKeyId;
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
    /// Version, owner, times.
    pub meta: RowMeta,
}

impl VirtualKey {
    /// Whether calls may use it now.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.is_active && self.expires_at.is_none_or(|end| now < end)
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
            is_active: true,
            models: models.map(|list| list.iter().map(|&entry| entry.to_owned()).collect()),
            limits: Limits::NONE,
            expires_at: Some(Timestamp(10)),
            last_used_at: None,
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
    fn a_key_ends_at_its_expiry_and_when_switched_off() {
        let mut key = key(None);
        assert!(key.is_usable(Timestamp(9)));
        assert!(!key.is_usable(Timestamp(10)));
        key.is_active = false;
        assert!(!key.is_usable(Timestamp(0)));
    }
}
