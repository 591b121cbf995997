//! Brings the schema up and down. Both trees are inside the binary; replicas that start together take turns.

mod status;

pub use status::MigrationStatus;

use crate::connection::{AnyConnection, each};
use crate::database::Database;
use crate::error::{DatabaseError, Fault};
use crate::transaction::{Begin, in_transaction};
use diesel::backend::Backend;
use diesel::connection::SimpleConnection as _;
use diesel::migration::{Migration, MigrationSource};
use diesel::{PgConnection, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use switchyard_ports::repositories::RepositoryError;

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

// The advisory lock's number is the ASCII of `switchyd`: any fixed number that no other program is likely to take. The lock is the
// session's, not the transaction's, since an index may have to be built outside of any.
const LOCK: [&str; 3] = [
    "SET statement_timeout = '14min'",
    "SELECT pg_advisory_lock(8320234785195194724)",
    "SET statement_timeout = 0; SET lock_timeout = '30s'",
];
const UNLOCK: &str = "SELECT pg_advisory_unlock_all(); SET statement_timeout = 5000; SET lock_timeout = 0";

// An index over all calls that were ever made is sorted outside of memory, which it may outgrow.
const SORT_ON_DISK: &str = "PRAGMA temp_store = DEFAULT";
const SORT_IN_MEMORY: &str = "PRAGMA temp_store = MEMORY";

impl Database {
    /// Applies what is pending and returns its names. Safe to be called by several processes at once: they take turns, and those
    /// that come later find nothing left. Where nothing is pending it only reads, so that a program that serves needs no right to
    /// change the schema.
    ///
    /// # Errors
    /// [`DatabaseError::NewerSchema`], with the database untouched; [`DatabaseError::Migration`] when one fails, of which then
    /// nothing is applied; [`DatabaseError::Unavailable`].
    pub async fn migrate_up(&self) -> Result<Vec<String>, DatabaseError> {
        let status = self.migration_status().await?;
        refuse_newer(&status)?;
        if status.pending.is_empty() {
            return Ok(Vec::new());
        }
        self.migrate(|connection| {
            let status = status::of(connection)?;
            each!(connection, inner => up(inner, &status))
        })
        .await
    }

    /// Takes back the last `steps` migrations, with all that their tables held, and returns their names.
    ///
    /// # Errors
    /// As [`Self::migrate_up`].
    pub async fn migrate_down(&self, steps: u32) -> Result<Vec<String>, DatabaseError> {
        self.migrate(move |connection| {
            let status = status::of(connection)?;
            each!(connection, inner => down(inner, &status, steps))
        })
        .await
    }

    /// Compares the database with what this binary knows. Changes nothing.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`].
    pub async fn migration_status(&self) -> Result<MigrationStatus, DatabaseError> {
        self.snapshot(|connection| Ok(status::of(connection))).await.map_err(unanswered)?
    }

    async fn migrate<T, J>(&self, job: J) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        J: Fn(&mut AnyConnection) -> Result<T, DatabaseError> + Send + 'static,
    {
        self.rebuild(move |connection| alone(connection, &job)).await.map_err(unanswered)?
    }
}

fn unanswered(error: RepositoryError) -> DatabaseError {
    match error {
        RepositoryError::Unavailable(why) => DatabaseError::Unavailable(why),
        other => DatabaseError::Migration(other.to_string()),
    }
}

/// Runs a job while no other process migrates. What the job did is kept even when it failed half-way: every migration stands or
/// falls by itself.
fn alone<T>(
    connection: &mut AnyConnection,
    job: impl Fn(&mut AnyConnection) -> Result<T, DatabaseError>,
) -> Result<Result<T, DatabaseError>, Fault> {
    if let AnyConnection::Sqlite(_) = connection {
        connection.batch_execute(SORT_ON_DISK)?;
        let outcome = in_transaction(connection, Begin::Rebuild, |connection| Ok(job(connection)));
        connection.batch_execute(SORT_IN_MEMORY)?;
        return outcome;
    }
    let locked = LOCK.iter().try_for_each(|step| connection.batch_execute(step));
    let outcome = locked.map(|()| job(connection));
    connection.batch_execute(UNLOCK)?;
    Ok(outcome?)
}

/// A connection that carries its own tree.
trait Tree {
    const SOURCE: EmbeddedMigrations;
}

impl Tree for SqliteConnection {
    const SOURCE: EmbeddedMigrations = SQLITE;
}

impl Tree for PgConnection {
    const SOURCE: EmbeddedMigrations = POSTGRES;
}

fn up<C, DB>(connection: &mut C, status: &MigrationStatus) -> Result<Vec<String>, DatabaseError>
where
    DB: Backend,
    C: Tree + MigrationHarness<DB>,
{
    refuse_newer(status)?;
    let mut pending: Vec<Box<dyn Migration<DB>>> = sorted(&C::SOURCE)?;
    pending.retain(|migration| status.pending.contains(&migration.name().to_string()));
    // Makes the table of the applied ones.
    connection.applied_migrations().map_err(|error| failed(&*error))?;
    run(&pending, |migration| connection.run_migration(migration).map(drop))
}

fn down<C, DB>(connection: &mut C, status: &MigrationStatus, steps: u32) -> Result<Vec<String>, DatabaseError>
where
    DB: Backend,
    C: Tree + MigrationHarness<DB>,
{
    refuse_newer(status)?;
    let mut applied: Vec<Box<dyn Migration<DB>>> = sorted(&C::SOURCE)?;
    applied.retain(|migration| status.applied.contains(&migration.name().to_string()));
    applied.reverse();
    applied.truncate(steps as usize);
    run(&applied, |migration| connection.revert_migration(migration).map(drop))
}

fn run<DB: Backend>(
    migrations: &[Box<dyn Migration<DB>>],
    mut step: impl FnMut(&dyn Migration<DB>) -> diesel::migration::Result<()>,
) -> Result<Vec<String>, DatabaseError> {
    let mut done = Vec::with_capacity(migrations.len());
    for migration in migrations {
        let name = migration.name().to_string();
        step(migration.as_ref()).map_err(|error| DatabaseError::Migration(format!("{name}: {error}")))?;
        done.push(name);
    }
    Ok(done)
}

fn sorted<DB: Backend>(source: &EmbeddedMigrations) -> Result<Vec<Box<dyn Migration<DB>>>, DatabaseError> {
    let mut known: Vec<Box<dyn Migration<DB>>> = source.migrations().map_err(|error| failed(&*error))?;
    known.sort_unstable_by_key(|migration| migration.name().to_string());
    Ok(known)
}

fn refuse_newer(status: &MigrationStatus) -> Result<(), DatabaseError> {
    if status.unknown.is_empty() {
        return Ok(());
    }
    Err(DatabaseError::NewerSchema { unknown: status.unknown.clone() })
}

fn failed(error: &(dyn std::error::Error + Send + Sync)) -> DatabaseError {
    DatabaseError::Migration(error.to_string())
}
