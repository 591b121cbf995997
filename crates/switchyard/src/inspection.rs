//! A look at an installation that changes nothing in it: no database, table, secret or row is made.

use crate::adapters::Adapters;
use crate::administration::Administration;
use crate::builder::{Builder, SecretSource};
use crate::error::OpenError;
use crate::migrations::SchemaState;
use crate::sharing::address;
use std::path::PathBuf;
use switchyard_repositories::{Database, DatabaseTarget};
use switchyard_security::secrets::SecretStore;

/// What was found.
pub struct Inspection {
    /// The database.
    pub database: DatabaseFound,
    /// The secrets that are neither given nor in their files: the first start makes them.
    pub missing_secrets: Vec<PathBuf>,
    /// What Redis says, where one is set: why it can't be used, if it can't.
    pub redis: Option<Result<(), String>>,
    /// The administrative use cases, where the database and the secrets are there for them.
    pub administration: Option<Administration>,
}

/// The state of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseFound {
    /// There is none yet: the first start makes it.
    Absent,
    /// Migrations wait: the next start applies them.
    Behind(SchemaState),
    /// It is as this version has it.
    Current,
}

impl Inspection {
    pub(crate) async fn of(mut builder: Builder) -> Result<Self, OpenError> {
        let redis = match builder.redis.take() {
            None => None,
            Some(redis) => Some(address(&redis)?.probe().await),
        };
        let missing_secrets = match &builder.secrets {
            SecretSource::Ephemeral => Vec::new(),
            SecretSource::Directory { path, given } => SecretStore::missing(path, given),
        };
        let Some(opened) = open(&builder.database.target, &builder).await? else {
            return Ok(Self {
                database: DatabaseFound::Absent,
                missing_secrets,
                redis,
                administration: None,
            });
        };
        let status = opened.migration_status().await?;
        if !status.pending.is_empty() {
            let state = SchemaState { applied: status.applied, pending: status.pending };
            return Ok(Self {
                database: DatabaseFound::Behind(state),
                missing_secrets,
                redis,
                administration: None,
            });
        }
        // Where nothing waits this only asks whether the schema is a newer version's.
        opened.migrate_up().await?;
        let administration = if missing_secrets.is_empty() {
            let adapters = Adapters::inspect(&mut builder, opened).await?;
            Some(Administration::over(&adapters, &builder, None))
        } else {
            None
        };
        Ok(Self { database: DatabaseFound::Current, missing_secrets, redis, administration })
    }
}

/// The database, if there is one: opening a SQLite file that is absent would make it.
async fn open(target: &DatabaseTarget, builder: &Builder) -> Result<Option<Database>, OpenError> {
    let is_there = match target {
        DatabaseTarget::SqliteMemory => false,
        DatabaseTarget::SqliteFile(path) => path.exists(),
        DatabaseTarget::Postgres(_) => true,
    };
    Ok(if is_there { Some(Database::open(builder.database.clone()).await?) } else { None })
}
