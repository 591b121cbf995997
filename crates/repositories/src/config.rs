//! Which database, and how many connections.

use secrecy::SecretString;
use std::path::PathBuf;

/// Which database.
#[derive(Clone, Debug)]
pub enum DatabaseTarget {
    /// A SQLite file; made if absent.
    SqliteFile(PathBuf),
    /// A SQLite database that lives in this process and ends with the [`Database`](crate::Database).
    SqliteMemory,
    /// A PostgreSQL server, by `postgres://` or `postgresql://` URL.
    Postgres(SecretString),
}

/// How the database is used.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// Which database.
    pub target: DatabaseTarget,
    /// SQLite file: connections that read, beside the one that writes. SQLite memory: ignored, there is one connection.
    /// PostgreSQL: queries at one time; after a hang the server may see up to twice as many connections. At least 1.
    pub read_connections: u32,
    /// How many changes of configuration are kept for readers that catch up; one that is further behind loads whole.
    pub kept_changes: i64,
}

impl DatabaseConfig {
    /// The usual numbers for a target.
    #[must_use]
    pub fn new(target: DatabaseTarget) -> Self {
        let read_connections = match target {
            DatabaseTarget::SqliteFile(_) => 4,
            DatabaseTarget::SqliteMemory => 1,
            DatabaseTarget::Postgres(_) => 8,
        };
        Self { target, read_connections, kept_changes: 100_000 }
    }
}
