//! The database as the repositories see it: reads, snapshots, writes.

use crate::config::{DatabaseConfig, DatabaseTarget};
use crate::connection::{AnyConnection, ConnectError, Connector, Purpose};
use crate::error::{DatabaseError, Fault};
use crate::lane::{GivenUp, LONG, Lane, SHORT};
use crate::transaction::{Begin, in_transaction};
use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use switchyard_ports::audit_seal::AuditSeal;
use switchyard_ports::repositories::{DatabaseState, PoolState, RepositoryError};

/// A database, and every repository on it. Clones share it.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
    seal: Option<Arc<dyn AuditSeal>>,
}

struct Inner {
    reading: Arc<Lane>,
    writing: Arc<Lane>,
    /// For what takes minutes: it waits for its like, and nobody waits for it.
    proving: Arc<Lane>,
    is_connected: AtomicBool,
    kept_changes: i64,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("is_connected", &self.is_connected()).finish_non_exhaustive()
    }
}

impl Database {
    /// Opens the database and proves that it answers; makes the file of a SQLite database that is absent. Migrates nothing.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`] when it does not answer within seconds, or is none.
    pub async fn open(config: DatabaseConfig) -> Result<Self, DatabaseError> {
        let [reading, writing, proving] =
            lanes(&config).map_err(|error| DatabaseError::Unavailable(error.to_string()))?;
        let inner = Inner {
            reading,
            writing,
            proving,
            is_connected: AtomicBool::new(false),
            kept_changes: config.kept_changes,
        };
        let database = Self { inner: Arc::new(inner), seal: None };
        // The writer first: it makes a SQLite file and puts it into WAL mode.
        let nothing = |connection: &mut AnyConnection| Ok(connection.batch_execute("SELECT 1")?);
        database.write(nothing).await.map_err(not_opened)?;
        database.read(nothing).await.map_err(not_opened)?;
        match database.read(encoding).await.map_err(not_opened)? {
            Some(encoding) if !COMPLETE.contains(&encoding.as_str()) => {
                Err(DatabaseError::Encoding { encoding })
            }
            _ => Ok(database),
        }
    }

    /// The same database, whose audit log is sealed by `seal`. Without a seal no configuration can be written.
    #[must_use]
    pub fn with_audit_seal(self, seal: Arc<dyn AuditSeal>) -> Self {
        Self { seal: Some(seal), ..self }
    }

    pub(crate) fn audit_seal(&self) -> Option<Arc<dyn AuditSeal>> {
        self.seal.clone()
    }

    pub(crate) fn kept_changes(&self) -> i64 {
        self.inner.kept_changes
    }

    /// Reads with one statement.
    pub(crate) async fn read<T, J>(&self, job: J) -> Result<T, RepositoryError>
    where
        T: Send + 'static,
        J: Fn(&mut AnyConnection) -> Result<T, Fault> + Send + 'static,
    {
        self.note(self.inner.reading.run(SHORT, move |connection, _| job(connection)).await)
    }

    /// Reads one state with several statements.
    pub(crate) async fn snapshot<T, J>(&self, job: J) -> Result<T, RepositoryError>
    where
        T: Send + 'static,
        J: Fn(&mut AnyConnection) -> Result<T, Fault> + Send + 'static,
    {
        let job = move |connection: &mut AnyConnection, _: &GivenUp| {
            in_transaction(connection, Begin::Snapshot, &job)
        };
        self.note(self.inner.reading.run(SHORT, job).await)
    }

    /// Reads one state with statements that may take minutes, one such reader after the other.
    pub(crate) async fn long_snapshot<T, J>(&self, job: J) -> Result<T, RepositoryError>
    where
        T: Send + 'static,
        J: Fn(&mut AnyConnection) -> Result<T, Fault> + Send + 'static,
    {
        let job = move |connection: &mut AnyConnection, _: &GivenUp| {
            in_transaction(connection, Begin::Snapshot, |connection| {
                if let AnyConnection::Postgres(postgres) = connection {
                    postgres.batch_execute("SET LOCAL statement_timeout = '15min'")?;
                }
                job(connection)
            })
        };
        // That it waited in vain for its like says nothing about the database.
        self.inner.proving.run(LONG, job).await
    }

    /// Reads and writes in one transaction. It does not commit once the caller has stopped waiting, as far as that is known
    /// before the commit.
    pub(crate) async fn write<T, J>(&self, job: J) -> Result<T, RepositoryError>
    where
        T: Send + 'static,
        J: Fn(&mut AnyConnection) -> Result<T, Fault> + Send + 'static,
    {
        self.write_within(SHORT, job).await
    }

    /// The same with a patience of its own.
    pub(crate) async fn write_within<T, J>(&self, patience: Duration, job: J) -> Result<T, RepositoryError>
    where
        T: Send + 'static,
        J: Fn(&mut AnyConnection) -> Result<T, Fault> + Send + 'static,
    {
        let job = move |connection: &mut AnyConnection, given_up: &GivenUp| {
            in_transaction(connection, Begin::Write, |connection| {
                let value = job(connection)?;
                if given_up.is_set() {
                    let why = "the caller stopped waiting before the commit".to_owned();
                    return Err(Fault::Decided(RepositoryError::Unavailable(why)));
                }
                Ok(value)
            })
        };
        self.note(self.inner.writing.run(patience, job).await)
    }

    /// Has the writing connection to itself, with no transaction around it.
    pub(crate) async fn rebuild<T, J>(&self, job: J) -> Result<T, RepositoryError>
    where
        T: Send + 'static,
        J: Fn(&mut AnyConnection) -> Result<T, Fault> + Send + 'static,
    {
        let patience: Duration = LONG;
        self.note(self.inner.writing.run(patience, move |connection, _| job(connection)).await)
    }

    fn note<T>(&self, outcome: Result<T, RepositoryError>) -> Result<T, RepositoryError> {
        let answered = !matches!(outcome, Err(RepositoryError::Unavailable(_)));
        self.inner.is_connected.store(answered, Ordering::Relaxed);
        outcome
    }
}

diesel::define_sql_function! {
    /// A setting of a PostgreSQL server.
    fn current_setting(name: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// PostgreSQL's encodings that take every text of ours; the second one takes bytes as they come.
const COMPLETE: [&str; 2] = ["UTF8", "SQL_ASCII"];

/// The encoding of a PostgreSQL database. SQLite's are complete, all of them.
fn encoding(connection: &mut AnyConnection) -> Result<Option<String>, Fault> {
    match connection {
        AnyConnection::Sqlite(_) => Ok(None),
        AnyConnection::Postgres(postgres) => {
            Ok(Some(diesel::select(current_setting("server_encoding")).get_result(postgres)?))
        }
    }
}

/// Those for reading, for writing, and for what takes minutes.
fn lanes(config: &DatabaseConfig) -> Result<[Arc<Lane>; 3], ConnectError> {
    let writer = Connector::new(&config.target, Purpose::Writing)?;
    let lane = |connector, connections| Arc::new(Lane::new(connector, connections));
    let connections = config.read_connections;
    Ok(match config.target {
        DatabaseTarget::SqliteFile(_) => {
            let reader = Connector::new(&config.target, Purpose::Reading)?;
            [lane(reader.clone(), connections), lane(writer, 1), lane(reader, 1)]
        }
        DatabaseTarget::SqliteMemory => {
            let only = lane(writer, 1);
            [Arc::clone(&only), Arc::clone(&only), only]
        }
        DatabaseTarget::Postgres(_) => {
            let both = lane(writer.clone(), connections);
            [Arc::clone(&both), both, lane(writer, 1)]
        }
    })
}

fn not_opened(error: RepositoryError) -> DatabaseError {
    match error {
        RepositoryError::Unavailable(why) => DatabaseError::Unavailable(why),
        other => DatabaseError::Unavailable(other.to_string()),
    }
}

impl DatabaseState for Database {
    fn is_connected(&self) -> bool {
        self.inner.is_connected.load(Ordering::Relaxed)
    }

    fn pools(&self) -> Vec<PoolState> {
        let (reading, writing) = (&self.inner.reading, &self.inner.writing);
        if Arc::ptr_eq(reading, writing) {
            return vec![reading.state("both")];
        }
        vec![reading.state("reading"), writing.state("writing")]
    }
}
