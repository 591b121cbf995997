//! Which encryption keys the data was sealed under.

use crate::configuration::revision;
use crate::connection::{AnyConnection, each};
use crate::database::Database;
use crate::error::Fault;
use crate::schema::{credentials, keyring};
use crate::stored::number;
use async_trait::async_trait;
use diesel::dsl::count_star;
use diesel::prelude::*;
use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::{KeyringEntry, KeyringRepository, RepositoryError};

#[async_trait]
impl KeyringRepository for Database {
    async fn entries(&self) -> Result<Vec<KeyringEntry>, RepositoryError> {
        self.read(|connection| {
            let rows: Vec<(String, String, i64)> = keyring::table
                .filter(keyring::retired_at.is_null())
                .order((keyring::created_at, keyring::key_id))
                .select((keyring::key_id, keyring::check_value, keyring::created_at))
                .load(connection)?;
            let entry = |(key_id, check_value, created_at)| KeyringEntry {
                key_id,
                check_value,
                created_at: Timestamp(created_at),
            };
            Ok(rows.into_iter().map(entry).collect())
        })
        .await
    }

    async fn register(&self, entry: KeyringEntry) -> Result<(), RepositoryError> {
        self.write(move |connection| {
            insert(connection, &entry)?;
            Ok(())
        })
        .await
    }

    async fn register_first(&self, entry: KeyringEntry) -> Result<bool, RepositoryError> {
        self.write(move |connection| {
            revision::queue(connection)?;
            let in_use = keyring::table.filter(keyring::retired_at.is_null());
            let known: i64 = in_use.select(count_star()).first(connection)?;
            if known == 0 {
                insert(connection, &entry)?;
            }
            Ok(known == 0)
        })
        .await
    }

    async fn retire(&self, key_id: &str, at: Timestamp) -> Result<bool, RepositoryError> {
        let key_id = key_id.to_owned();
        self.write(move |connection| {
            // Behind every other writer: none is between its look at the key and its row.
            revision::queue(connection)?;
            let theirs = credentials::table.filter(credentials::sealed_under.eq(&key_id));
            let stored: i64 = theirs.select(count_star()).first(connection)?;
            if stored == 0 {
                diesel::update(keyring::table.find(&key_id))
                    .set(keyring::retired_at.eq(at.0))
                    .execute(connection)?;
            }
            Ok(stored == 0)
        })
        .await
    }

    async fn sealed_counts(&self) -> Result<Vec<(String, u64)>, RepositoryError> {
        self.read(|connection| {
            let rows: Vec<(String, i64)> = credentials::table
                .group_by(credentials::sealed_under)
                .order(credentials::sealed_under)
                .select((credentials::sealed_under, count_star()))
                .load(connection)?;
            rows.into_iter().map(|(key, count)| Ok((key, number(count, "count")?))).collect()
        })
        .await
    }
}

fn insert(connection: &mut AnyConnection, entry: &KeyringEntry) -> Result<(), Fault> {
    let row = (
        keyring::key_id.eq(&entry.key_id),
        keyring::check_value.eq(&entry.check_value),
        keyring::created_at.eq(entry.created_at.0),
    );
    each!(connection, inner => diesel::insert_into(keyring::table)
        .values(row)
        .on_conflict(keyring::key_id)
        .do_update()
        .set(keyring::retired_at.eq(None::<i64>))
        .execute(inner))?;
    Ok(())
}
