//! One connection type over both databases, and the maker of its connections.

use crate::config::DatabaseTarget;
use crate::{postgres_url, sqlite_file};
use diesel::connection::SimpleConnection as _;
use diesel::r2d2::{ManageConnection, R2D2Connection as _};
use diesel::{Connection as _, PgConnection, SqliteConnection};
use secrecy::{ExposeSecret as _, SecretString};

/// A connection to either database. Most queries run on it as they are.
#[derive(diesel::MultiConnection)]
pub(crate) enum AnyConnection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Compiles one expression for both databases: for what diesel can't put through [`AnyConnection`] itself, which is batch
/// inserts, `RETURNING`, `ON CONFLICT`, and transaction control.
macro_rules! each {
    ($connection:expr, $inner:ident => $expression:expr) => {
        match $connection {
            $crate::connection::AnyConnection::Sqlite($inner) => $expression,
            $crate::connection::AnyConnection::Postgres($inner) => $expression,
        }
    };
}
pub(crate) use each;

/// What a connection is for. On SQLite only one connection of the process may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Reading,
    Writing,
}

/// A pooled connection.
pub(crate) struct Link {
    pub(crate) connection: AnyConnection,
    /// Set when the connection must not go back to the pool: the server is gone, or has become a read-only standby.
    pub(crate) is_spoilt: bool,
}

/// Why there is no connection. Names host and user, never the password.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ConnectError(String);

/// Makes connections to one database. It chooses by the target alone and never tries one database after the other: a mistyped
/// URL must not end up as a new SQLite file of that name.
#[derive(Clone)]
pub(crate) struct Connector {
    place: Place,
    purpose: Purpose,
}

#[derive(Clone)]
enum Place {
    Sqlite(String),
    Postgres(SecretString),
}

const SQLITE_SETTINGS: &str =
    "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;";
const SQLITE_READER: &str = "PRAGMA synchronous = NORMAL; PRAGMA query_only = ON;";
// The writer's commits reach the disk: the usage journal forgets its records once they are recorded here, so a power cut must not
// take a commit back. That costs a few milliseconds a transaction and no processor time. The page cache and the rarer checkpoints
// save a quarter of the processor time of recording. What a savepoint changes is remembered in memory, as a batch is bounded; it
// would be written to a temporary file otherwise, page by page.
const SQLITE_WRITER: &str = "PRAGMA synchronous = FULL; PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 4000; \
     PRAGMA temp_store = MEMORY;";

// A replica that hangs inside a transaction holds the revision's row lock: the server ends it. And what is committed is on the
// server's disk, whatever its own default is: the usage journal forgets its records by that. Stricter settings stay.
const POSTGRES_SETTINGS: &str = "SET statement_timeout = 5000; SET idle_in_transaction_session_timeout = 15000; \
     SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';";

impl Connector {
    /// Reads the target; makes the file of a SQLite database that is absent.
    pub(crate) fn new(target: &DatabaseTarget, purpose: Purpose) -> Result<Self, ConnectError> {
        let place = match target {
            DatabaseTarget::SqliteMemory => Place::Sqlite(":memory:".to_owned()),
            DatabaseTarget::SqliteFile(path) => {
                Place::Sqlite(sqlite_file::prepare(path).map_err(|error| explained(&error))?)
            }
            DatabaseTarget::Postgres(url) => {
                let url = postgres_url::with_defaults(url.expose_secret());
                Place::Postgres(url.map_err(|error| ConnectError(error.to_string()))?.into())
            }
        };
        Ok(Self { place, purpose })
    }

    /// Whether a network lies between.
    pub(crate) fn is_remote(&self) -> bool {
        matches!(self.place, Place::Postgres(_))
    }

    fn connect_sqlite(&self, url: &str) -> Result<AnyConnection, ConnectError> {
        let mut connection = SqliteConnection::establish(url).map_err(|error| explained(&error))?;
        let role = match self.purpose {
            Purpose::Reading => SQLITE_READER,
            Purpose::Writing => SQLITE_WRITER,
        };
        connection
            .batch_execute(SQLITE_SETTINGS)
            .and_then(|()| connection.batch_execute(role))
            .map_err(|error| explained(&error))?;
        Ok(AnyConnection::Sqlite(connection))
    }

    fn connect_postgres(url: &str) -> Result<AnyConnection, ConnectError> {
        let mut connection = PgConnection::establish(url).map_err(|error| explained_of(url, &error))?;
        connection.batch_execute(POSTGRES_SETTINGS).map_err(|error| explained(&error))?;
        Ok(AnyConnection::Postgres(connection))
    }
}

fn explained_of(url: &str, error: &dyn std::error::Error) -> ConnectError {
    let explained = explained(error);
    if !postgres_url::may_repeat_password(url, &explained.0) {
        return explained;
    }
    let advice = "the database URL is misread, or its server can't be reached: write `%`, `@`, `/` and `:` in its user and \
                  password percent-encoded, as %25, %40, %2F and %3A";
    ConnectError(advice.to_owned())
}

// libpq repeats a URL that it can't read, password included.
fn explained(error: &dyn std::error::Error) -> ConnectError {
    let text = error.to_string();
    if text.contains("://") {
        return ConnectError("the database URL can't be read".to_owned());
    }
    ConnectError(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

impl ManageConnection for Connector {
    type Connection = Link;
    type Error = ConnectError;

    fn connect(&self) -> Result<Link, ConnectError> {
        let connection = match &self.place {
            Place::Sqlite(url) => self.connect_sqlite(url)?,
            Place::Postgres(url) => Self::connect_postgres(url.expose_secret())?,
        };
        Ok(Link { connection, is_spoilt: false })
    }

    // A round trip to PostgreSQL before each use, so that a restarted server fails nobody's first query. SQLite has no server.
    fn is_valid(&self, link: &mut Link) -> Result<(), ConnectError> {
        match &mut link.connection {
            AnyConnection::Sqlite(_) => Ok(()),
            AnyConnection::Postgres(connection) => connection.ping().map_err(|error| explained(&error)),
        }
    }

    fn has_broken(&self, link: &mut Link) -> bool {
        link.is_spoilt || std::thread::panicking() || each!(&mut link.connection, inner => inner.is_broken())
    }
}
