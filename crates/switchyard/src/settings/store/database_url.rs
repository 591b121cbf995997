//! `DATABASE_URL`: SQLite as SQLAlchemy writes it, PostgreSQL as libpq does.

use super::PostgresUrl;
use crate::settings::problem::Reason;
use std::fmt;
use std::path::PathBuf;

/// Where the database is. `Display` names it without its credentials.
#[derive(Clone, Debug)]
pub enum DatabaseUrl {
    /// A SQLite file; a relative path starts at the working directory.
    SqliteFile(PathBuf),
    /// A SQLite database that dies with the process.
    SqliteMemory,
    /// A PostgreSQL database.
    Postgres(PostgresUrl),
}

const EXPECTED: &str = "expected sqlite:///relative.db, sqlite:////absolute.db, sqlite://, postgres://, postgresql:// \
                        or postgresql+driver://";

impl DatabaseUrl {
    /// What [`DatabaseUrl::parse`] reads.
    pub(in crate::settings) const EXPECTED: &'static str = "a `sqlite:`, `postgres:` or `postgresql:` URL";

    /// Reads a URL: three slashes before a relative SQLite path, four before an absolute one, none or `:memory:` for a
    /// database in memory; a `+driver` after the scheme, which only Python reads, is dropped.
    ///
    /// # Errors
    /// A [`Reason`] for any other scheme or form.
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let (scheme, rest) = text.split_once(':').ok_or_else(|| Reason::new(EXPECTED))?;
        let scheme = scheme.split_once('+').map_or(scheme, |(name, _driver)| name);
        match scheme.to_ascii_lowercase().as_str() {
            "sqlite" => sqlite(rest),
            "postgres" | "postgresql" => PostgresUrl::parse(rest).map(Self::Postgres),
            _ => Err(Reason::new(EXPECTED)),
        }
    }

    /// Checks that the password and the data don't cross a network in the clear, `tls` saying whether this build can
    /// speak TLS to PostgreSQL.
    ///
    /// # Errors
    /// A [`Reason`] if the URL asks for a TLS that the build lacks, or names another machine without saying
    /// `sslmode=disable`.
    pub fn check_transport(&self, tls: bool) -> Result<(), Reason> {
        match self {
            Self::Postgres(url) if !tls => url.check_without_tls(),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SqliteFile(path) => write!(f, "{}", path.display()),
            Self::SqliteMemory => f.write_str("in memory"),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

/// Reads what follows `sqlite:` or `sqlite+driver:`.
fn sqlite(rest: &str) -> Result<DatabaseUrl, Reason> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    if let Some(odd) = query.split('&').find(|item| !is_pysqlite_argument(item)) {
        let name = odd.split('=').next().unwrap_or_default();
        return Err(Reason::new(format!("a SQLite URL takes no parameter `{name}`")));
    }
    match place.strip_prefix("//") {
        Some("" | "/" | "/:memory:") => Ok(DatabaseUrl::SqliteMemory),
        Some(path) => match path.strip_prefix('/') {
            Some(file) if !file.ends_with('/') && !file.starts_with("file:") => {
                Ok(DatabaseUrl::SqliteFile(PathBuf::from(file)))
            }
            _ => Err(Reason::new(EXPECTED)
                .hint("three slashes before a relative path, four before an absolute one")),
        },
        None => Err(Reason::new(EXPECTED)),
    }
}

/// Arguments of Python's driver that mean nothing here, in URLs that are carried over from there.
fn is_pysqlite_argument(item: &str) -> bool {
    item.is_empty() || item.starts_with("check_same_thread=") || item.starts_with("timeout=")
}
