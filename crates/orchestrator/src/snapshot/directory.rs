//! All virtual keys by their hash: what turns a presented key into a principal without a database.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::virtual_key::{KeyHash, VirtualKey};

const SHARDS: usize = 64;

/// Virtual keys by hash, in shards so that a change locks one of 64 for the moment of an insert. A look-up takes a shard's
/// read lock, never across an await.
#[derive(Debug)]
pub struct KeyDirectory {
    shards: Vec<RwLock<HashMap<KeyHash, Arc<VirtualKey>>>>,
    hashes: RwLock<HashMap<VirtualKeyId, Hashes>>,
}

/// A key's own hash, and the one before its rotation.
type Hashes = (KeyHash, Option<KeyHash>);

impl Default for KeyDirectory {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| RwLock::default()).collect(), hashes: RwLock::default() }
    }
}

impl KeyDirectory {
    fn shard(&self, hash: &KeyHash) -> Option<&RwLock<HashMap<KeyHash, Arc<VirtualKey>>>> {
        let [first, ..] = hash.0;
        self.shards.get(usize::from(first) % SHARDS)
    }

    /// The key of this hash, which may be the one that it had before its rotation: whether that is still good is for the asker to
    /// see. Timing tells nothing of use: the hash is keyed, so nobody can aim at a neighbour's.
    #[must_use]
    pub fn find(&self, hash: &KeyHash) -> Option<Arc<VirtualKey>> {
        self.shard(hash)?.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned()
    }

    /// Adds a key or replaces it.
    pub fn put(&self, key: VirtualKey) {
        let hashes = (key.hash, key.previous.map(|previous| previous.hash));
        let old = self.hashes.write().unwrap_or_else(PoisonError::into_inner).insert(key.id, hashes);
        let key = Arc::new(key);
        for hash in each(hashes) {
            if let Some(shard) = self.shard(&hash) {
                shard.write().unwrap_or_else(PoisonError::into_inner).insert(hash, Arc::clone(&key));
            }
        }
        for old in old.into_iter().flat_map(each).filter(|old| each(hashes).all(|hash| hash != *old)) {
            self.forget(&old);
        }
    }

    /// Removes a key.
    pub fn remove(&self, id: VirtualKeyId) {
        let old = self.hashes.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
        old.into_iter().flat_map(each).for_each(|old| self.forget(&old));
    }

    fn forget(&self, hash: &KeyHash) {
        if let Some(shard) = self.shard(hash) {
            shard.write().unwrap_or_else(PoisonError::into_inner).remove(hash);
        }
    }

    /// The keys that have a limit of requests in a day. One shard after the other is looked at, so that no call waits for all.
    #[must_use]
    pub fn with_day_limits(&self) -> Vec<VirtualKeyId> {
        let mut limited = Vec::new();
        for shard in &self.shards {
            let keys = shard.read().unwrap_or_else(PoisonError::into_inner);
            limited.extend(keys.values().filter(|key| key.limits.rpd.is_some()).map(|key| key.id));
        }
        limited
    }

    /// The ids of all keys.
    #[must_use]
    pub fn ids(&self) -> Vec<VirtualKeyId> {
        self.hashes.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }
}

fn each((own, previous): Hashes) -> impl Iterator<Item = KeyHash> {
    std::iter::once(own).chain(previous)
}
