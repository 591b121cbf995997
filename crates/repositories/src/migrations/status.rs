//! Which migrations a database holds.

use super::{POSTGRES, SQLITE, sorted, unanswered};
use crate::connection::AnyConnection;
use crate::error::{DatabaseError, Fault};
use diesel::backend::Backend;
use diesel::migration::Migration;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use std::collections::BTreeSet;

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

/// Compares the database with both trees.
pub(super) fn of(connection: &mut AnyConnection) -> Result<MigrationStatus, DatabaseError> {
    let mut versions = applied_versions(connection).map_err(|fault| unanswered(fault.into_answer()))?;
    let known: Vec<(String, String)> = match connection {
        AnyConnection::Sqlite(_) => named(&sorted::<Sqlite>(&SQLITE)?),
        AnyConnection::Postgres(_) => named(&sorted::<Pg>(&POSTGRES)?),
    };
    let mut status = MigrationStatus::default();
    for (version, name) in known {
        if versions.remove(&version) {
            status.applied.push(name);
        } else {
            status.pending.push(name);
        }
    }
    status.unknown = versions.into_iter().collect();
    Ok(status)
}

fn named<DB: Backend>(migrations: &[Box<dyn Migration<DB>>]) -> Vec<(String, String)> {
    let names = migrations.iter().map(|migration| migration.name());
    names.map(|name| (name.version().to_string(), name.to_string())).collect()
}

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

diesel::table! {
    sqlite_master (name) {
        name -> Text,
    }
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// Null where no such table is visible.
    fn to_regclass(name: Text) -> Nullable<Text>;
}

/// Read without the migration library, which would first make the table.
fn applied_versions(connection: &mut AnyConnection) -> Result<BTreeSet<String>, Fault> {
    const TABLE: &str = "__diesel_schema_migrations";
    let is_there: bool = match connection {
        AnyConnection::Sqlite(sqlite) => {
            let tables = sqlite_master::table.filter(sqlite_master::name.eq(TABLE)).count();
            tables.get_result::<i64>(sqlite)? > 0
        }
        AnyConnection::Postgres(postgres) => {
            diesel::select(to_regclass(TABLE).is_not_null()).get_result(postgres)?
        }
    };
    if !is_there {
        return Ok(BTreeSet::new());
    }
    let versions: Vec<String> =
        __diesel_schema_migrations::table.select(__diesel_schema_migrations::version).load(connection)?;
    Ok(versions.into_iter().collect())
}
