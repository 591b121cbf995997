//! Brings the schema up and down. Both trees are inside the binary; replicas that start together take turns.

use crate::connection::{AnyConnection, each};
use crate::database::Database;
use crate::error::{DatabaseError, Fault};
use crate::transaction::{Begin, in_transaction};
use diesel::backend::Backend;
use diesel::connection::SimpleConnection as _;
use diesel::migration::{Migration, MigrationSource};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use switchyard_ports::repositories::RepositoryError;

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

// The advisory lock's number is the ASCII of `switchyd`: any fixed number that no other program is likely to take. The lock is the
// session's, not the transaction's, since an index may have to be built outside of any.
const LOCK: &str = "SET statement_timeout = '14min'; SELECT pg_advisory_lock(8320818804203813220); \
     SET statement_timeout = 0; SET lock_timeout = '30s'";
const UNLOCK: &str = "SELECT pg_advisory_unlock(8320818804203813220); SET statement_timeout = 5000; SET lock_timeout = 0";

/// Which migrations a database holds, each list in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Applied, by name.
    pub applied: Vec<String>,
    /// Not applied yet, by name.
    pub pending: Vec<String>,
    /// Applied by a newer version of the program, by number; nothing but that version should work on this database.
    pub unknown: Vec<String>,
}

impl Database {
    /// Applies what is pending and returns its names. Safe to be called by several processes at once: they take turns, and those
    /// that come later find nothing left.
    ///
    /// # Errors
    /// [`DatabaseError::NewerSchema`], with the database untouched; [`DatabaseError::Migration`] when one fails, of which then
    /// nothing is applied; [`DatabaseError::Unavailable`].
    pub async fn migrate_up(&self) -> Result<Vec<String>, DatabaseError> {
        self.migrate(|connection| each!(connection, inner => up(inner))).await
    }

    /// Takes back the last `steps` migrations, with all that their tables held, and returns their names.
    ///
    /// # Errors
    /// As [`Self::migrate_up`].
    pub async fn migrate_down(&self, steps: u32) -> Result<Vec<String>, DatabaseError> {
        self.migrate(move |connection| each!(connection, inner => down(inner, steps))).await
    }

    /// Compares the database with what this binary knows.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`].
    pub async fn migration_status(&self) -> Result<MigrationStatus, DatabaseError> {
        self.migrate(|connection| each!(connection, inner => status(inner))).await
    }

    async fn migrate<T, J>(&self, job: J) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        J: Fn(&mut AnyConnection) -> Result<T, DatabaseError> + Send + 'static,
    {
        self.rebuild(move |connection| alone(connection, &job)).await.map_err(|error| match error {
            RepositoryError::Unavailable(why) => DatabaseError::Unavailable(why),
            other => DatabaseError::Migration(other.to_string()),
        })?
    }
}

/// Runs a job while no other process migrates. What the job finds is kept even when it failed half-way: every migration stands or
/// falls by itself.
fn alone<T>(
    connection: &mut AnyConnection,
    job: impl Fn(&mut AnyConnection) -> Result<T, DatabaseError>,
) -> Result<Result<T, DatabaseError>, Fault> {
    if let AnyConnection::Sqlite(_) = connection {
        return in_transaction(connection, Begin::Rebuild, |connection| Ok(job(connection)));
    }
    connection.batch_execute(LOCK)?;
    let outcome = job(connection);
    connection.batch_execute(UNLOCK)?;
    Ok(outcome)
}

/// A connection that carries its own tree.
trait Tree {
    const SOURCE: EmbeddedMigrations;
}

impl Tree for diesel::SqliteConnection {
    const SOURCE: EmbeddedMigrations = SQLITE;
}

impl Tree for diesel::PgConnection {
    const SOURCE: EmbeddedMigrations = POSTGRES;
}

fn up<C, DB>(connection: &mut C) -> Result<Vec<String>, DatabaseError>
where
    DB: Backend,
    C: Tree + MigrationHarness<DB>,
{
    refuse_newer(&status(connection)?)?;
    let pending = connection.pending_migrations(C::SOURCE).map_err(|error| failed(&*error))?;
    run(&pending, |migration| connection.run_migration(migration).map(drop))
}

fn down<C, DB>(connection: &mut C, steps: u32) -> Result<Vec<String>, DatabaseError>
where
    DB: Backend,
    C: Tree + MigrationHarness<DB>,
{
    let status = status(connection)?;
    refuse_newer(&status)?;
    let mut known: Vec<Box<dyn Migration<DB>>> = C::SOURCE.migrations().map_err(|error| failed(&*error))?;
    known.retain(|migration| status.applied.contains(&migration.name().to_string()));
    known.sort_unstable_by_key(|migration| std::cmp::Reverse(migration.name().to_string()));
    known.truncate(steps as usize);
    run(&known, |migration| connection.revert_migration(migration).map(drop))
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

fn status<C, DB>(connection: &mut C) -> Result<MigrationStatus, DatabaseError>
where
    DB: Backend,
    C: Tree + MigrationHarness<DB>,
{
    let versions = connection.applied_migrations().map_err(|error| failed(&*error))?;
    let mut versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
    let mut status = MigrationStatus::default();
    let mut known: Vec<Box<dyn Migration<DB>>> = C::SOURCE.migrations().map_err(|error| failed(&*error))?;
    known.sort_unstable_by_key(|migration| migration.name().to_string());
    for migration in &known {
        let version = migration.name().version().to_string();
        let list = match versions.iter().position(|applied| *applied == version) {
            Some(place) => {
                versions.remove(place);
                &mut status.applied
            }
            None => &mut status.pending,
        };
        list.push(migration.name().to_string());
    }
    versions.sort_unstable();
    status.unknown = versions;
    Ok(status)
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
