//! Vendors' credentials, whoever's they are.

use crate::configuration::{revision, sealing_key};
use crate::connection::AnyConnection;
use crate::database::Database;
use crate::error::Fault;
use crate::schema::credentials;
use crate::stored::{MetaColumns, meta, word};
use async_trait::async_trait;
use diesel::prelude::*;
use switchyard_domain::ids::{CredentialId, ProviderId};
use switchyard_domain::provider::{Credential, CredentialOwner};
use switchyard_ports::repositories::{CredentialRepository, RepositoryError, StoredCredential};

/// Ids in one statement; SQLite takes at most 32,766 parameters.
const IDS_AT_ONCE: usize = 10_000;

#[async_trait]
impl CredentialRepository for Database {
    async fn credentials(
        &self,
        after: Option<CredentialId>,
        limit: u32,
    ) -> Result<Vec<StoredCredential>, RepositoryError> {
        let after = after.map_or(i64::MIN, |id| id.0);
        self.read(move |connection| {
            let rows: Vec<Row> = credentials::table
                .filter(credentials::id.gt(after))
                .order(credentials::id)
                .limit(i64::from(limit))
                .select(COLUMNS)
                .load(connection)?;
            rows.into_iter().map(credential).collect()
        })
        .await
    }

    async fn credentials_by_ids(
        &self,
        ids: &[CredentialId],
    ) -> Result<Vec<StoredCredential>, RepositoryError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        self.read(move |connection| {
            let mut found = Vec::with_capacity(ids.len());
            for ids in ids.chunks(IDS_AT_ONCE) {
                let rows: Vec<Row> = credentials::table
                    .filter(credentials::id.eq_any(ids))
                    .select(COLUMNS)
                    .load(connection)?;
                for row in rows {
                    found.push(credential(row)?);
                }
            }
            Ok(found)
        })
        .await
    }

    async fn credentials_of(
        &self,
        owner: &CredentialOwner,
    ) -> Result<Vec<StoredCredential>, RepositoryError> {
        let owner = owner.to_word();
        self.read(move |connection| {
            let rows: Vec<Row> = credentials::table
                .filter(credentials::owner.eq(&owner))
                .order(credentials::id)
                .select(COLUMNS)
                .load(connection)?;
            rows.into_iter().map(credential).collect()
        })
        .await
    }

    async fn reseal(&self, id: CredentialId, before: &str, after: &str) -> Result<bool, RepositoryError> {
        let (before, after) = (before.to_owned(), after.to_owned());
        self.write(move |connection| replace(connection, id, &before, &after)).await
    }
}

fn replace(
    connection: &mut AnyConnection,
    id: CredentialId,
    before: &str,
    after: &str,
) -> Result<bool, Fault> {
    revision::queue(connection)?;
    let key = sealing_key(connection, after)?;
    let rows = diesel::update(credentials::table.find(id.0).filter(credentials::sealed.eq(before)))
        .set((credentials::sealed.eq(after), credentials::sealed_under.eq(key)))
        .execute(connection)?;
    Ok(rows == 1)
}

type Row = (i64, i64, String, String, String, MetaColumns);
type MetaSelection = (
    credentials::version,
    credentials::source,
    credentials::created_at,
    credentials::updated_at,
    credentials::updated_by,
);
type Columns = (
    credentials::id,
    credentials::provider_id,
    credentials::owner,
    credentials::sealed,
    credentials::hint,
    MetaSelection,
);
const COLUMNS: Columns = (
    credentials::id,
    credentials::provider_id,
    credentials::owner,
    credentials::sealed,
    credentials::hint,
    (
        credentials::version,
        credentials::source,
        credentials::created_at,
        credentials::updated_at,
        credentials::updated_by,
    ),
);

fn credential((id, provider, owner, sealed, hint, columns): Row) -> Result<StoredCredential, Fault> {
    let owner = word(&owner, CredentialOwner::parse, "credentials.owner")?;
    let credential = Credential { id: CredentialId(id), owner, sealed, hint, meta: meta(columns)? };
    Ok(StoredCredential { provider: ProviderId(provider), credential })
}
