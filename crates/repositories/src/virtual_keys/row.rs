//! Virtual keys as rows.

use crate::error::corrupt;
use crate::schema::virtual_keys;
use crate::stored::{LimitColumns, MetaColumns, Readable, from_json, limits, meta, unread_meta};
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::limits::Limits;
use switchyard_domain::name::Name;
use switchyard_domain::time::Timestamp;
use switchyard_domain::virtual_key::{KeyGrant, KeyHash, PreviousHash, VirtualKey};

/// A row in the order of [`KEY_COLUMNS`].
pub(super) type KeyRow = (
    i64,
    String,
    String,
    Vec<u8>,
    bool,
    Option<String>,
    LimitColumns,
    (Option<i64>, Option<i64>),
    OwnColumns,
    MetaColumns,
);

/// User, tags, previous hash and until when it is good.
type OwnColumns = (Option<i64>, Option<String>, Option<Vec<u8>>, Option<i64>, GrantColumns);

/// Whether it is lent, whether it is barred, and who made it.
type GrantColumns = (bool, bool, Option<String>);

type LimitSelection = (virtual_keys::rpm, virtual_keys::tpm, virtual_keys::rpd, virtual_keys::concurrency);

type OwnSelection = (
    virtual_keys::user_id,
    virtual_keys::tags,
    virtual_keys::previous_hash,
    virtual_keys::previous_until,
    (virtual_keys::lent, virtual_keys::barred, virtual_keys::made_by),
);

type MetaSelection = (
    virtual_keys::version,
    virtual_keys::owner,
    virtual_keys::created_at,
    virtual_keys::updated_at,
    virtual_keys::updated_by,
);

pub(super) type KeySelection = (
    virtual_keys::id,
    virtual_keys::name,
    virtual_keys::prefix,
    virtual_keys::hash,
    virtual_keys::is_active,
    virtual_keys::models,
    LimitSelection,
    (virtual_keys::expires_at, virtual_keys::last_used_at),
    OwnSelection,
    MetaSelection,
);

/// The columns of a key.
pub(super) const KEY_COLUMNS: KeySelection = (
    virtual_keys::id,
    virtual_keys::name,
    virtual_keys::prefix,
    virtual_keys::hash,
    virtual_keys::is_active,
    virtual_keys::models,
    (virtual_keys::rpm, virtual_keys::tpm, virtual_keys::rpd, virtual_keys::concurrency),
    (virtual_keys::expires_at, virtual_keys::last_used_at),
    (
        virtual_keys::user_id,
        virtual_keys::tags,
        virtual_keys::previous_hash,
        virtual_keys::previous_until,
        (virtual_keys::lent, virtual_keys::barred, virtual_keys::made_by),
    ),
    (
        virtual_keys::version,
        virtual_keys::owner,
        virtual_keys::created_at,
        virtual_keys::updated_at,
        virtual_keys::updated_by,
    ),
);

/// The key of a row. One of which something can't be read is switched off.
pub(super) fn key(row: KeyRow) -> VirtualKey {
    let (
        id,
        stored_name,
        prefix,
        hash,
        is_active,
        models,
        limit_columns,
        (expires_at, last_used_at),
        (user, tags, previous_hash, previous_until, (is_lent, is_barred, made_by)),
        columns,
    ) = row;
    let mut row = Readable::row("virtual key", id);
    let hash_of = |bytes: Vec<u8>| {
        let bytes = bytes.try_into();
        bytes.map(KeyHash).map_err(|_| corrupt(format_args!("a hash of key {id} has not 32 bytes")))
    };
    let previous = match (previous_hash, previous_until) {
        (Some(hash), Some(until)) => {
            let hash = row.part(hash_of(hash).map(Some), || None);
            hash.map(|hash| PreviousHash { hash, until: Timestamp(until) })
        }
        _ => None,
    };
    let tags = tags.map_or_else(|| Ok(Vec::new()), |text| from_json(&text, "virtual_keys.tags"));
    let models = models.map(|text| from_json(&text, "virtual_keys.models")).transpose();
    let (version, updated_by) = (columns.0, columns.4.clone());
    let key = VirtualKey {
        id: VirtualKeyId(id),
        name: Name::stored(stored_name),
        prefix,
        hash: row.part(hash_of(hash), || no_hash(id)),
        previous,
        user: user.map(UserId),
        tags: row.part(tags, Vec::new),
        is_active,
        models: row.part(models, || Some(Vec::new())),
        limits: row.part(limits(limit_columns), || Limits::NONE),
        expires_at: expires_at.map(Timestamp),
        last_used_at: last_used_at.map(Timestamp),
        grant: KeyGrant { is_lent, is_barred, made_by },
        meta: row.part(meta(columns), || unread_meta(version, updated_by)),
    };
    VirtualKey { is_active: is_active && row.is_whole(), ..key }
}

/// A place in the directory for a key that nothing hashes to.
fn no_hash(id: i64) -> KeyHash {
    let mut hash = [0; 32];
    for (slot, byte) in hash.iter_mut().zip(id.to_be_bytes()) {
        *slot = byte;
    }
    KeyHash(hash)
}
