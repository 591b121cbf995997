//! Migrated databases of every kind, empty and of the test's own.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, SqliteConnection};
use secrecy::ExposeSecret as _;
use std::path::PathBuf;
use std::sync::Arc;
use switchyard_repositories::{Database, DatabaseConfig, DatabaseTarget};
use switchyard_testkit::fakes::audit_seal::PlainSeal;
use switchyard_testkit::postgres::PrivatePostgres;
use tempfile::TempDir;

/// Changes of configuration that the databases keep: few, so that a suite can see beyond them.
pub(crate) const KEPT_CHANGES: i64 = 100;

/// A database and what must live as long.
pub(crate) struct Opened {
    pub(crate) database: Database,
    pub(crate) target: DatabaseTarget,
    _folder: Option<TempDir>,
}

impl Opened {
    /// Runs statements behind the repositories' backs, as another program would.
    pub(crate) fn tamper(&self, sql: &str) {
        match &self.target {
            DatabaseTarget::SqliteFile(path) => {
                let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                connection.batch_execute(sql).unwrap();
            }
            DatabaseTarget::Postgres(url) => {
                let mut connection = PgConnection::establish(url.expose_secret()).unwrap();
                connection.batch_execute(sql).unwrap();
            }
            DatabaseTarget::SqliteMemory => panic!("nobody else reaches a database in memory"),
        }
    }

    /// A second program on the same database.
    pub(crate) async fn again(&self) -> Database {
        sealed(Database::open(config(self.target.clone())).await.unwrap())
    }
}

pub(crate) fn config(target: DatabaseTarget) -> DatabaseConfig {
    DatabaseConfig { kept_changes: KEPT_CHANGES, ..DatabaseConfig::new(target) }
}

/// With an audit log that can be written.
pub(crate) fn sealed(database: Database) -> Database {
    database.with_audit_seal(Arc::new(PlainSeal::default()))
}

async fn opened(target: DatabaseTarget, folder: Option<TempDir>) -> Opened {
    let database = sealed(Database::open(config(target.clone())).await.unwrap());
    Opened { database, target, _folder: folder }
}

async fn migrated(opened: Opened) -> Opened {
    opened.database.migrate_up().await.unwrap();
    opened
}

pub(crate) async fn memory() -> Opened {
    migrated(opened(DatabaseTarget::SqliteMemory, None).await).await
}

pub(crate) async fn file() -> Opened {
    migrated(empty_file().await).await
}

pub(crate) async fn empty_file() -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("switchyard.db");
    opened(DatabaseTarget::SqliteFile(path), Some(folder)).await
}

pub(crate) async fn postgres() -> Option<Opened> {
    Some(migrated(empty_postgres().await?).await)
}

pub(crate) async fn empty_postgres() -> Option<Opened> {
    Some(opened(postgres_target(PrivatePostgres::shared()?), None).await)
}

pub(crate) fn postgres_target(server: &PrivatePostgres) -> DatabaseTarget {
    DatabaseTarget::Postgres(server.create_database().into())
}

/// Both databases that other programs can reach; PostgreSQL only where it is not skipped.
pub(crate) async fn shared_ones() -> Vec<Opened> {
    let mut all = vec![file().await];
    all.extend(postgres().await);
    all
}
