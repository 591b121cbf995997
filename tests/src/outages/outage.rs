//! Ways to take a database away, and to give it back.

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use std::fmt;
use std::path::{Path, PathBuf};
use switchyard::Store;
use switchyard_harness::testkit::postgres::{PrivatePostgres, Signal};

/// Why there is no database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Another program holds SQLite's file for writing.
    SqliteLocked,
    /// PostgreSQL was shut down: connections are refused.
    PostgresStopped,
    /// PostgreSQL hangs: connections are open, and nothing is answered.
    PostgresHung,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::SqliteLocked, Self::PostgresStopped, Self::PostgresHung];
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SqliteLocked => "SQLite, its file locked by another program",
            Self::PostgresStopped => "PostgreSQL, shut down",
            Self::PostgresHung => "PostgreSQL, hung (SIGSTOP)",
        })
    }
}

/// A database that can be taken away.
pub struct Outage {
    cause: Cause,
    database: Database,
}

enum Database {
    Sqlite { path: PathBuf, other: Option<SqliteConnection> },
    Postgres { server: PrivatePostgres, url: String },
}

impl Outage {
    /// A database of its own; `None` where PostgreSQL is left out on this machine.
    #[must_use]
    pub fn prepare(cause: Cause, folder: &Path) -> Option<Self> {
        let database = if cause == Cause::SqliteLocked {
            Database::Sqlite { path: folder.join("switchyard.db"), other: None }
        } else {
            let server = PrivatePostgres::start()?;
            let url = server.create_database();
            Database::Postgres { server, url }
        };
        Some(Self { cause, database })
    }

    /// The database, for the server.
    #[must_use]
    pub fn store(&self) -> Store {
        match &self.database {
            Database::Sqlite { path, .. } => Store::SqliteFile(path.clone()),
            Database::Postgres { url, .. } => Store::Postgres(url.clone().into()),
        }
    }

    /// Takes it away.
    ///
    /// # Panics
    /// When it can't be.
    pub fn begin(&mut self) {
        match &mut self.database {
            Database::Sqlite { path, other } => {
                let path = path.to_str().expect("a path of UTF-8");
                let mut connection = SqliteConnection::establish(path).expect("a connection");
                connection.batch_execute("PRAGMA busy_timeout = 10000; BEGIN EXCLUSIVE").expect("the lock");
                *other = Some(connection);
            }
            Database::Postgres { server, .. } if self.cause == Cause::PostgresStopped => server.stop(),
            Database::Postgres { server, .. } => server.signal(Signal::Stop),
        }
    }

    /// Gives it back.
    ///
    /// # Panics
    /// When it can't be.
    pub fn end(&mut self) {
        match &mut self.database {
            Database::Sqlite { other, .. } => {
                let mut connection = other.take().expect("the lock is held");
                connection.batch_execute("COMMIT").expect("the lock is let go");
            }
            Database::Postgres { server, .. } if self.cause == Cause::PostgresStopped => server.start_again(),
            Database::Postgres { server, .. } => server.signal(Signal::Continue),
        }
    }
}
