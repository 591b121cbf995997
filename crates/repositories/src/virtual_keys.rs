//! Virtual keys.

use crate::configuration::revision::Written;
use crate::connection::{AnyConnection, each};
use crate::database::Database;
use crate::error::{Fault, check_version, corrupt, not_found};
use crate::schema::{credentials, virtual_keys};
use crate::stored::{LimitColumns, MetaColumns, from_json, json, limit_columns, limits, meta, name};
use async_trait::async_trait;
use diesel::prelude::*;
use std::collections::BTreeMap;
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::name::Name;
use switchyard_domain::provider::CredentialOwner;
use switchyard_domain::time::Timestamp;
use switchyard_domain::virtual_key::{KeyHash, VirtualKey};
use switchyard_ports::repositories::{
    Author, ChangeKind, KeyPatch, NewVirtualKey, RepositoryError, VirtualKeyRepository,
};

/// Ids in one statement; SQLite takes at most 32,766 parameters.
const IDS_AT_ONCE: usize = 10_000;

#[async_trait]
impl VirtualKeyRepository for Database {
    async fn create(&self, key: NewVirtualKey, author: &Author) -> Result<VirtualKeyId, RepositoryError> {
        let author = author.clone();
        self.change(ChangeKind::VirtualKey, move |connection| {
            let id = create(connection, &key, &author)?;
            Ok(Written::Changed { id, value: VirtualKeyId(id) })
        })
        .await
    }

    async fn update(
        &self,
        id: VirtualKeyId,
        patch: KeyPatch,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let author = author.clone();
        self.change(ChangeKind::VirtualKey, move |connection| update(connection, id, &patch, &author)).await
    }

    async fn delete(&self, id: VirtualKeyId, _author: &Author) -> Result<(), RepositoryError> {
        self.change(ChangeKind::VirtualKey, move |connection| {
            let rows = diesel::delete(virtual_keys::table.find(id.0)).execute(connection)?;
            if rows == 0 {
                return Err(missing(id));
            }
            let theirs = credentials::owner.eq(CredentialOwner::VirtualKey(id.0).to_word());
            diesel::delete(credentials::table.filter(theirs)).execute(connection)?;
            Ok(Written::changed(id.0))
        })
        .await
    }

    async fn page(
        &self,
        after: Option<VirtualKeyId>,
        limit: u32,
    ) -> Result<Vec<VirtualKey>, RepositoryError> {
        let after = after.map_or(i64::MIN, |id| id.0);
        self.read(move |connection| {
            let rows: Vec<KeyRow> = virtual_keys::table
                .filter(virtual_keys::id.gt(after))
                .order(virtual_keys::id)
                .limit(i64::from(limit))
                .select(KEY_COLUMNS)
                .load(connection)?;
            rows.into_iter().map(key).collect()
        })
        .await
    }

    async fn by_ids(&self, ids: &[VirtualKeyId]) -> Result<Vec<VirtualKey>, RepositoryError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        self.read(move |connection| {
            let mut keys = Vec::with_capacity(ids.len());
            for ids in ids.chunks(IDS_AT_ONCE) {
                let rows: Vec<KeyRow> = virtual_keys::table
                    .filter(virtual_keys::id.eq_any(ids))
                    .select(KEY_COLUMNS)
                    .load(connection)?;
                for row in rows {
                    keys.push(key(row)?);
                }
            }
            Ok(keys)
        })
        .await
    }

    async fn by_name(&self, name: &Name) -> Result<Option<VirtualKey>, RepositoryError> {
        let name = name.to_string();
        self.read(move |connection| {
            let row: Option<KeyRow> = virtual_keys::table
                .filter(virtual_keys::name.eq(&name))
                .select(KEY_COLUMNS)
                .first(connection)
                .optional()?;
            row.map(key).transpose()
        })
        .await
    }

    // Keys by time: to the minute there are few times, and each is one statement. In the order of ids, so that two replicas do not
    // wait for each other in a circle.
    async fn touch(&self, used: &[(VirtualKeyId, Timestamp)]) -> Result<(), RepositoryError> {
        let mut by_time: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for (id, at) in used {
            by_time.entry(at.0).or_default().push(id.0);
        }
        by_time.values_mut().for_each(|ids| ids.sort_unstable());
        self.write(move |connection| {
            for (at, ids) in &by_time {
                for ids in ids.chunks(IDS_AT_ONCE) {
                    let is_older = virtual_keys::last_used_at
                        .is_null()
                        .or(virtual_keys::last_used_at.lt(*at).assume_not_null());
                    diesel::update(virtual_keys::table.filter(virtual_keys::id.eq_any(ids)).filter(is_older))
                        .set(virtual_keys::last_used_at.eq(*at))
                        .execute(connection)?;
                }
            }
            Ok(())
        })
        .await
    }
}

fn create(connection: &mut AnyConnection, key: &NewVirtualKey, author: &Author) -> Result<i64, Fault> {
    let (rpm, tpm, rpd, concurrency) = limit_columns(&key.limits);
    let row = (
        virtual_keys::name.eq(key.name.as_str()),
        virtual_keys::prefix.eq(&key.prefix),
        virtual_keys::hash.eq(key.hash.0.as_slice()),
        virtual_keys::is_active.eq(true),
        virtual_keys::models.eq(key.models.as_ref().map(json).transpose()?),
        (
            virtual_keys::rpm.eq(rpm),
            virtual_keys::tpm.eq(tpm),
            virtual_keys::rpd.eq(rpd),
            virtual_keys::concurrency.eq(concurrency),
        ),
        virtual_keys::expires_at.eq(key.expires_at.map(|at| at.0)),
        virtual_keys::version.eq(1),
        virtual_keys::owner.eq(author.owner.to_string()),
        virtual_keys::created_at.eq(author.at.0),
        virtual_keys::updated_at.eq(author.at.0),
        virtual_keys::updated_by.eq(&author.name),
    );
    each!(connection, inner => diesel::insert_into(virtual_keys::table)
        .values(row)
        .returning(virtual_keys::id)
        .get_result(inner))
    .map_err(|error| {
        Fault::from(error).or_taken(|place| {
            if place.contains("hash") {
                "a key with the same hash exists".to_owned()
            } else {
                format!("a key named `{}` exists", key.name)
            }
        })
    })
}

fn update(
    connection: &mut AnyConnection,
    id: VirtualKeyId,
    patch: &KeyPatch,
    author: &Author,
) -> Result<Written<()>, Fault> {
    let version: Option<i64> =
        virtual_keys::table.find(id.0).select(virtual_keys::version).first(connection).optional()?;
    let version = version.ok_or_else(|| missing(id))?;
    check_version(patch.expected_version, version)?;
    if *patch == (KeyPatch { expected_version: patch.expected_version, ..KeyPatch::default() }) {
        return Ok(Written::Nothing(()));
    }
    let models = patch.models.as_ref().map(|models| models.as_ref().map(json).transpose()).transpose()?;
    let limits = patch.limits.map(|limits| {
        let (rpm, tpm, rpd, concurrency) = limit_columns(&limits);
        (
            virtual_keys::rpm.eq(rpm),
            virtual_keys::tpm.eq(tpm),
            virtual_keys::rpd.eq(rpd),
            virtual_keys::concurrency.eq(concurrency),
        )
    });
    diesel::update(virtual_keys::table.find(id.0))
        .set((
            patch.is_active.map(|active| virtual_keys::is_active.eq(active)),
            models.map(|models| virtual_keys::models.eq(models)),
            limits,
            patch.expires_at.map(|at| virtual_keys::expires_at.eq(at.map(|at| at.0))),
            virtual_keys::version.eq(version + 1),
            virtual_keys::updated_at.eq(author.at.0),
            virtual_keys::updated_by.eq(&author.name),
        ))
        .execute(connection)?;
    Ok(Written::changed(id.0))
}

fn missing(id: VirtualKeyId) -> Fault {
    not_found(format!("virtual key {id}"))
}

type KeyRow = (
    i64,
    String,
    String,
    Vec<u8>,
    bool,
    Option<String>,
    LimitColumns,
    (Option<i64>, Option<i64>),
    MetaColumns,
);

type LimitSelection =
    (virtual_keys::rpm, virtual_keys::tpm, virtual_keys::rpd, virtual_keys::concurrency);

type MetaSelection = (
    virtual_keys::version,
    virtual_keys::owner,
    virtual_keys::created_at,
    virtual_keys::updated_at,
    virtual_keys::updated_by,
);

type KeySelection = (
    virtual_keys::id,
    virtual_keys::name,
    virtual_keys::prefix,
    virtual_keys::hash,
    virtual_keys::is_active,
    virtual_keys::models,
    LimitSelection,
    (virtual_keys::expires_at, virtual_keys::last_used_at),
    MetaSelection,
);

const KEY_COLUMNS: KeySelection = (
    virtual_keys::id,
    virtual_keys::name,
    virtual_keys::prefix,
    virtual_keys::hash,
    virtual_keys::is_active,
    virtual_keys::models,
    (virtual_keys::rpm, virtual_keys::tpm, virtual_keys::rpd, virtual_keys::concurrency),
    (virtual_keys::expires_at, virtual_keys::last_used_at),
    (
        virtual_keys::version,
        virtual_keys::owner,
        virtual_keys::created_at,
        virtual_keys::updated_at,
        virtual_keys::updated_by,
    ),
);

fn key(row: KeyRow) -> Result<VirtualKey, Fault> {
    let (id, stored_name, prefix, hash, is_active, models, limit_columns, (expires_at, last_used_at), columns) = row;
    let hash = hash.try_into().map_err(|_| corrupt(format_args!("the hash of key {id} has not 32 bytes")))?;
    Ok(VirtualKey {
        id: VirtualKeyId(id),
        name: name(stored_name)?,
        prefix,
        hash: KeyHash(hash),
        is_active,
        models: models.map(|text| from_json(&text, "virtual_keys.models")).transpose()?,
        limits: limits(limit_columns)?,
        expires_at: expires_at.map(Timestamp),
        last_used_at: last_used_at.map(Timestamp),
        meta: meta(columns)?,
    })
}
