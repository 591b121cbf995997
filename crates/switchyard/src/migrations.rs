//! The database's schema: looked at and moved by hand.

use crate::builder::Builder;
use crate::error::OpenError;
use switchyard_repositories::Database;

/// The schema of a database.
pub struct Migrations {
    database: Database,
}

/// Where the schema stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaState {
    /// Migrations that were applied, oldest first.
    pub applied: Vec<String>,
    /// Migrations that wait, oldest first.
    pub pending: Vec<String>,
}

impl Migrations {
    pub(crate) async fn open(builder: Builder) -> Result<Self, OpenError> {
        Ok(Self { database: Database::open(builder.database).await? })
    }

    /// Where the schema stands.
    ///
    /// # Errors
    /// When the database can't be read, or was written by a newer version.
    pub async fn state(&self) -> Result<SchemaState, OpenError> {
        let status = self.database.migration_status().await?;
        Ok(SchemaState { applied: status.applied, pending: status.pending })
    }

    /// Applies what waits; answers what was applied.
    ///
    /// # Errors
    /// When the database can't be written, or was written by a newer version.
    pub async fn up(&self) -> Result<Vec<String>, OpenError> {
        Ok(self.database.migrate_up().await?)
    }

    /// Takes the last `steps` back, with the data in what they made; answers what was taken back.
    ///
    /// # Errors
    /// When the database can't be written.
    pub async fn down(&self, steps: u32) -> Result<Vec<String>, OpenError> {
        Ok(self.database.migrate_down(steps).await?)
    }
}
