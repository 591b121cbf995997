//! What goes wrong in a database, and what the ports call it.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use switchyard_ports::repositories::RepositoryError;

/// Why a database can't be opened or migrated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// It does not answer. Says why, without the password.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// It can't hold every text. A name or a model's id that it refuses would keep all usage behind it out of the ledger.
    #[error(
        "the database has the encoding {encoding}, which can't hold every text: make one with \
         `createdb --encoding=UTF8 --template=template0`"
    )]
    Encoding {
        /// What the server calls it.
        encoding: String,
    },
    /// It holds migrations that this binary does not know.
    #[error(
        "the database was migrated by a newer version of this program (it holds {}); run that version, or take its \
         migrations back with it",
        unknown.join(", ")
    )]
    NewerSchema {
        /// The migrations that are not known here, by number.
        unknown: Vec<String>,
    },
    /// A migration failed. Nothing of it was applied.
    #[error("a migration failed: {0}")]
    Migration(String),
}

/// Why a job on a connection ended without a value.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Our own code decided.
    Decided(RepositoryError),
    /// The database said so.
    Database(DieselError),
}

impl From<DieselError> for Fault {
    fn from(error: DieselError) -> Self {
        Self::Database(error)
    }
}

impl From<RepositoryError> for Fault {
    fn from(error: RepositoryError) -> Self {
        Self::Decided(error)
    }
}

/// Messages that mean "another one was in the way": the transaction did nothing and may simply run again.
const CONTENTION: [&str; 4] =
    ["database is locked", "database table is locked", "database schema is locked", "deadlock detected"];

/// Messages of a PostgreSQL that can't hold a value which a client sent: a text with a zero byte, or one that is no UTF-8.
const UNHOLDABLE: [&str; 2] = ["invalid byte sequence for encoding", "unsupported Unicode escape sequence"];

/// Messages of a database that answers, but not as our queries expect: not migrated, or not ours.
const DEFECTS: [&str; 8] = [
    "no such table",
    "no such column",
    "has no column",
    "does not exist",
    "syntax error",
    "is malformed",
    "not a database",
    "constraint failed",
];

impl Fault {
    /// Whether the same job may succeed when it runs again.
    pub(crate) fn is_contention(&self) -> bool {
        match self {
            Self::Database(DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _)) => true,
            Self::Database(DieselError::DatabaseError(DatabaseErrorKind::Unknown, info)) => {
                CONTENTION.iter().any(|words| info.message().contains(words))
            }
            _ => false,
        }
    }

    /// Whether the connection is of no more use: gone, or to a server that no longer takes writes.
    pub(crate) fn spoils_connection(&self) -> bool {
        matches!(
            self,
            Self::Database(DieselError::DatabaseError(
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::ReadOnlyTransaction,
                _
            ))
        )
    }

    /// The answer to a write that may have met a name or a hash that is taken.
    pub(crate) fn or_taken(self, reason: impl FnOnce(&str) -> String) -> Self {
        match self {
            Self::Database(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, info)) => {
                let place = info.constraint_name().unwrap_or_else(|| info.message());
                Self::Decided(RepositoryError::Conflict { reason: reason(place) })
            }
            other => other,
        }
    }

    /// What the port says. An error of unknown kind counts as unavailability: a retry does no harm, and the kinds that no retry
    /// can help are told apart.
    pub(crate) fn into_answer(self) -> RepositoryError {
        match self {
            Self::Decided(answer) => answer,
            Self::Database(DieselError::DatabaseError(kind, info)) => from_kind(&kind, info.message()),
            Self::Database(DieselError::RollbackErrorOnCommit { commit_error, .. }) => {
                Self::Database(*commit_error).into_answer()
            }
            Self::Database(
                error @ (DieselError::BrokenTransactionManager
                | DieselError::NotInTransaction
                | DieselError::AlreadyInTransaction),
            ) => RepositoryError::Unavailable(error.to_string()),
            Self::Database(error) => RepositoryError::Corrupt(error.to_string()),
        }
    }
}

fn from_kind(kind: &DatabaseErrorKind, message: &str) -> RepositoryError {
    let message = message.to_owned();
    match kind {
        DatabaseErrorKind::UniqueViolation
        | DatabaseErrorKind::ForeignKeyViolation
        | DatabaseErrorKind::RestrictViolation => RepositoryError::Conflict { reason: message },
        DatabaseErrorKind::NotNullViolation | DatabaseErrorKind::CheckViolation => {
            RepositoryError::Corrupt(message)
        }
        DatabaseErrorKind::Unknown if UNHOLDABLE.iter().any(|words| message.contains(words)) => {
            RepositoryError::Conflict { reason: "the database can't hold this text".to_owned() }
        }
        DatabaseErrorKind::Unknown if DEFECTS.iter().any(|words| message.contains(words)) => {
            RepositoryError::Corrupt(message)
        }
        _ => RepositoryError::Unavailable(message),
    }
}

/// A stored value that has no meaning.
pub(crate) fn corrupt(what: impl std::fmt::Display) -> Fault {
    Fault::Decided(RepositoryError::Corrupt(what.to_string()))
}

/// An object that is not there.
pub(crate) fn not_found(what: impl Into<String>) -> Fault {
    Fault::Decided(RepositoryError::NotFound { what: what.into() })
}

/// A write that a rule stands against.
pub(crate) fn conflict(reason: impl Into<String>) -> Fault {
    Fault::Decided(RepositoryError::Conflict { reason: reason.into() })
}

/// Refuses a writer that names a stale version.
pub(crate) fn check_version(expected: Option<i64>, current: i64) -> Result<(), Fault> {
    match expected {
        Some(version) if version != current => Err(Fault::Decided(RepositoryError::Stale { current })),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: DatabaseErrorKind, message: &str) -> Fault {
        Fault::Database(DieselError::DatabaseError(kind, Box::new(message.to_owned())))
    }

    #[test]
    fn a_lock_a_full_disk_and_a_lost_server_are_unavailability() {
        for message in [
            "database is locked",
            "database or disk is full",
            "attempt to write a readonly database",
            "canceling statement due to statement timeout",
            "terminating connection due to administrator command",
        ] {
            let answer = said(DatabaseErrorKind::Unknown, message).into_answer();
            assert_eq!(answer, RepositoryError::Unavailable(message.to_owned()));
        }
        let standby = said(DatabaseErrorKind::ReadOnlyTransaction, "cannot execute UPDATE");
        assert!(standby.spoils_connection());
        assert!(matches!(standby.into_answer(), RepositoryError::Unavailable(_)));
    }

    #[test]
    fn a_missing_table_is_a_defect_and_no_outage() {
        for message in ["no such table: routes", "relation \"routes\" does not exist"] {
            let answer = said(DatabaseErrorKind::Unknown, message).into_answer();
            assert_eq!(answer, RepositoryError::Corrupt(message.to_owned()));
        }
    }

    #[test]
    fn a_text_that_the_database_cannot_hold_is_the_clients_and_no_outage() {
        let answer = said(DatabaseErrorKind::Unknown, "invalid byte sequence for encoding \"UTF8\": 0x00");
        assert!(matches!(answer.into_answer(), RepositoryError::Conflict { .. }));
    }

    #[test]
    fn only_contention_runs_again() {
        assert!(said(DatabaseErrorKind::Unknown, "deadlock detected").is_contention());
        assert!(said(DatabaseErrorKind::SerializationFailure, "could not serialize").is_contention());
        assert!(!said(DatabaseErrorKind::Unknown, "database or disk is full").is_contention());
        assert!(!said(DatabaseErrorKind::ClosedConnection, "gone").is_contention());
    }
}
