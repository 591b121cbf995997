//! Virtual keys as rows.

use crate::error::{Fault, corrupt};
use crate::schema::virtual_keys;
use crate::stored::{LimitColumns, MetaColumns, from_json, limits, meta, name};
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::time::Timestamp;
use switchyard_domain::virtual_key::{KeyHash, PreviousHash, VirtualKey};

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
type OwnColumns = (Option<i64>, Option<String>, Option<Vec<u8>>, Option<i64>);

type LimitSelection = (virtual_keys::rpm, virtual_keys::tpm, virtual_keys::rpd, virtual_keys::concurrency);

type OwnSelection =
    (virtual_keys::user_id, virtual_keys::tags, virtual_keys::previous_hash, virtual_keys::previous_until);

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
    (virtual_keys::user_id, virtual_keys::tags, virtual_keys::previous_hash, virtual_keys::previous_until),
    (
        virtual_keys::version,
        virtual_keys::owner,
        virtual_keys::created_at,
        virtual_keys::updated_at,
        virtual_keys::updated_by,
    ),
);

/// The key of a row.
pub(super) fn key(row: KeyRow) -> Result<VirtualKey, Fault> {
    let (
        id,
        stored_name,
        prefix,
        hash,
        is_active,
        models,
        limit_columns,
        (expires_at, last_used_at),
        (user, tags, previous_hash, previous_until),
        columns,
    ) = row;
    let hash_of = |bytes: Vec<u8>| {
        let bytes = bytes.try_into();
        bytes.map(KeyHash).map_err(|_| corrupt(format_args!("a hash of key {id} has not 32 bytes")))
    };
    let previous = match (previous_hash, previous_until) {
        (Some(hash), Some(until)) => Some(PreviousHash { hash: hash_of(hash)?, until: Timestamp(until) }),
        _ => None,
    };
    Ok(VirtualKey {
        id: VirtualKeyId(id),
        name: name(stored_name)?,
        prefix,
        hash: hash_of(hash)?,
        previous,
        user: user.map(UserId),
        tags: tags.map_or_else(|| Ok(Vec::new()), |text| from_json(&text, "virtual_keys.tags"))?,
        is_active,
        models: models.map(|text| from_json(&text, "virtual_keys.models")).transpose()?,
        limits: limits(limit_columns)?,
        expires_at: expires_at.map(Timestamp),
        last_used_at: last_used_at.map(Timestamp),
        meta: meta(columns)?,
    })
}
