//! Transactions, begun as each database needs them.

use crate::connection::{AnyConnection, each};
use crate::error::Fault;
use diesel::connection::{AnsiTransactionManager, TransactionManager as _};

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// Reads, then writes. On SQLite the write lock is taken at once: a reader that becomes a writer fails when another one
    /// was quicker.
    Write,
    /// Several reads of one state.
    Snapshot,
    /// A rebuild of the schema. On SQLite nobody else reads or writes meanwhile; PostgreSQL has locks of its own for that.
    Rebuild,
}

impl Begin {
    fn sql(self, connection: &AnyConnection) -> &'static str {
        match (self, connection) {
            (Self::Write, AnyConnection::Sqlite(_)) => "BEGIN IMMEDIATE",
            (Self::Snapshot, AnyConnection::Sqlite(_)) => "BEGIN",
            (Self::Rebuild, AnyConnection::Sqlite(_)) => "BEGIN EXCLUSIVE",
            (Self::Write | Self::Rebuild, AnyConnection::Postgres(_)) => "BEGIN",
            (Self::Snapshot, AnyConnection::Postgres(_)) => {
                "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
            }
        }
    }
}

/// Runs a job in a transaction: committed when it returns a value, rolled back when it returns a fault.
pub(crate) fn in_transaction<T>(
    connection: &mut AnyConnection,
    begin: Begin,
    job: impl FnOnce(&mut AnyConnection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let sql = begin.sql(connection);
    each!(connection, inner => AnsiTransactionManager::begin_transaction_sql(inner, sql))?;
    match job(connection) {
        Ok(value) => {
            each!(connection, inner => AnsiTransactionManager::commit_transaction(inner))?;
            Ok(value)
        }
        Err(fault) => {
            // When even this fails the connection is marked as broken and leaves the pool; the first fault says more.
            let _ = each!(connection, inner => AnsiTransactionManager::rollback_transaction(inner));
            Err(fault)
        }
    }
}
