//! Virtual keys.

mod row;
mod write;

pub(crate) use write::lend;

use crate::configuration::revision::Written;
use crate::database::Database;
use crate::error::check_version;
use crate::quotas;
use crate::schema::{credentials, virtual_keys};
use async_trait::async_trait;
use diesel::prelude::*;
use row::{KEY_COLUMNS, KeyRow, key};
use std::collections::BTreeMap;
use switchyard_domain::audit::AuditAction;
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::name::Name;
use switchyard_domain::provider::CredentialOwner;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::time::Timestamp;
use switchyard_domain::virtual_key::VirtualKey;
use switchyard_ports::repositories::{
    Author, ChangeKind, KeyPatch, NewVirtualKey, RepositoryError, VirtualKeyRepository,
};

/// Ids in one statement; SQLite takes at most 32,766 parameters.
const IDS_AT_ONCE: usize = 10_000;

#[async_trait]
impl VirtualKeyRepository for Database {
    async fn create(&self, key: NewVirtualKey, author: &Author) -> Result<VirtualKeyId, RepositoryError> {
        let by = author.clone();
        self.change(ChangeKind::VirtualKey, AuditAction::Create, author, move |connection| {
            let id = write::create(connection, &key, &by)?;
            let quota = match &key.budget {
                Some(budget) => {
                    let scope = QuotaScope::Key(VirtualKeyId(id));
                    quotas::put_budget(connection, scope, Some(budget), &by)?
                }
                None => None,
            };
            let written = Written::made(id, VirtualKeyId(id)).with("name", key.name.as_str());
            Ok(written.also(ChangeKind::Quota, quota))
        })
        .await
    }

    async fn update(
        &self,
        id: VirtualKeyId,
        patch: KeyPatch,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let by = author.clone();
        let action = if patch.rotation.is_some() { AuditAction::Rotate } else { AuditAction::Update };
        self.change(ChangeKind::VirtualKey, action, author, move |connection| {
            write::update(connection, id, &patch, &by)
        })
        .await
    }

    async fn delete(
        &self,
        id: VirtualKeyId,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let by = author.clone();
        self.change(ChangeKind::VirtualKey, AuditAction::Delete, author, move |connection| {
            let (name, version) = write::stored(connection, id)?;
            check_version(expected_version, version)?;
            diesel::delete(virtual_keys::table.find(id.0)).execute(connection)?;
            let theirs = credentials::owner.eq(CredentialOwner::VirtualKey(id.0).to_word());
            diesel::delete(credentials::table.filter(theirs)).execute(connection)?;
            let quota = quotas::put_budget(connection, QuotaScope::Key(id), None, &by)?;
            Ok(Written::changed(id.0).with("name", name).also(ChangeKind::Quota, quota))
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
            Ok(rows.into_iter().map(key).collect())
        })
        .await
    }

    async fn page_of(
        &self,
        user: UserId,
        after: Option<VirtualKeyId>,
        limit: u32,
    ) -> Result<Vec<VirtualKey>, RepositoryError> {
        let after = after.map_or(i64::MIN, |id| id.0);
        self.read(move |connection| {
            let rows: Vec<KeyRow> = virtual_keys::table
                .filter(virtual_keys::user_id.eq(user.0))
                .filter(virtual_keys::id.gt(after))
                .order(virtual_keys::id)
                .limit(i64::from(limit))
                .select(KEY_COLUMNS)
                .load(connection)?;
            Ok(rows.into_iter().map(key).collect())
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
                keys.extend(rows.into_iter().map(key));
            }
            Ok(keys)
        })
        .await
    }

    async fn by_name(&self, name: &Name) -> Result<Vec<VirtualKey>, RepositoryError> {
        let name = name.to_string();
        self.read(move |connection| {
            let rows: Vec<KeyRow> = virtual_keys::table
                .filter(virtual_keys::name.eq(&name))
                .order(virtual_keys::id)
                .select(KEY_COLUMNS)
                .load(connection)?;
            Ok(rows.into_iter().map(key).collect())
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
