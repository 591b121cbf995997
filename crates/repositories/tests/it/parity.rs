//! Both migration trees make the same schema.

use crate::databases::{file, postgres};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::{PgConnection, SqliteConnection};
use secrecy::ExposeSecret as _;
use std::collections::{BTreeMap, BTreeSet};
use switchyard_repositories::DatabaseTarget;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    required: bool,
    /// 0, or the place in the primary key.
    #[diesel(sql_type = BigInt)]
    key_place: i64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
struct Index {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    index_name: String,
    #[diesel(sql_type = Bool)]
    is_unique: bool,
    /// In the index's order.
    #[diesel(sql_type = Text)]
    columns: String,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
struct Reference {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    other_table: String,
    #[diesel(sql_type = Text)]
    on_delete: String,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Schema {
    columns: BTreeSet<Column>,
    indexes: BTreeSet<Index>,
    references: BTreeSet<Reference>,
}

const SQLITE_COLUMNS: &str = "
    SELECT m.name AS table_name, c.name AS column_name, c.\"notnull\" AS required, c.pk AS key_place,
        CASE WHEN m.sql LIKE '%AUTOINCREMENT%' AND c.pk = 1 THEN 'bigint' ELSE lower(c.type) END AS kind
    FROM sqlite_master m JOIN pragma_table_info(m.name) c
    WHERE m.type = 'table' AND m.name NOT GLOB 'sqlite_*' AND m.name NOT GLOB '__*'";

const SQLITE_INDEXES: &str = "
    SELECT m.name AS table_name, i.name AS index_name, i.\"unique\" AS is_unique,
        (SELECT group_concat(c.name, ',') FROM (SELECT * FROM pragma_index_info(i.name) ORDER BY seqno) c) AS columns
    FROM sqlite_master m JOIN pragma_index_list(m.name) i
    WHERE m.type = 'table' AND i.origin <> 'pk' AND m.name NOT GLOB '__*'";

const SQLITE_REFERENCES: &str = "
    SELECT m.name AS table_name, f.\"from\" AS column_name, f.\"table\" AS other_table, lower(f.on_delete) AS on_delete
    FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'";

const POSTGRES_COLUMNS: &str = "
    SELECT c.table_name::text, c.column_name::text, c.data_type::text AS kind, c.is_nullable = 'NO' AS required,
        coalesce((SELECT array_position(x.indkey::int2[], a.attnum) + 1
            FROM pg_index x JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attname = c.column_name
            WHERE x.indrelid = c.table_name::regclass AND x.indisprimary), 0)::bigint AS key_place
    FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name NOT LIKE '\\_\\_%'";

const POSTGRES_INDEXES: &str = "
    SELECT t.relname::text AS table_name, i.relname::text AS index_name, x.indisunique AS is_unique,
        (SELECT string_agg(a.attname, ',' ORDER BY array_position(x.indkey::int2[], a.attnum))
            FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = ANY (x.indkey::int2[]))::text AS columns
    FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    WHERE t.relnamespace = 'public'::regnamespace AND NOT x.indisprimary AND t.relname NOT LIKE '\\_\\_%'";

const POSTGRES_REFERENCES: &str = "
    SELECT k.conrelid::regclass::text AS table_name, a.attname::text AS column_name,
        k.confrelid::regclass::text AS other_table,
        CASE k.confdeltype WHEN 'c' THEN 'cascade' WHEN 'r' THEN 'restrict' ELSE k.confdeltype::text END AS on_delete
    FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'f'";

macro_rules! schema {
    ($connection:expr, $columns:expr, $indexes:expr, $references:expr) => {{
        #[expect(
            clippy::disallowed_methods,
            reason = "the catalogues of the databases are no tables of ours"
        )]
        let query = diesel::sql_query::<&str>;
        Schema {
            columns: query($columns).load($connection).unwrap().into_iter().map(in_common_words).collect(),
            indexes: query($indexes).load($connection).unwrap().into_iter().collect(),
            references: query($references).load($connection).unwrap().into_iter().collect(),
        }
    }};
}

fn in_common_words(mut column: Column) -> Column {
    let kind = match column.kind.as_str() {
        "bytea" | "blob" => "bytes",
        "text" => "text",
        "bigint" => "bigint",
        "integer" => "integer",
        "boolean" => "boolean",
        other => panic!("{other} is no portable type: {column:?}"),
    };
    column.kind = kind.to_owned();
    column
}

#[tokio::test]
async fn both_databases_have_the_same_columns_keys_indexes_and_references() {
    let sqlite = file().await;
    let DatabaseTarget::SqliteFile(path) = &sqlite.target else { panic!() };
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let one = schema!(&mut connection, SQLITE_COLUMNS, SQLITE_INDEXES, SQLITE_REFERENCES);
    assert!(one.columns.len() > 100 && one.indexes.len() > 10 && one.references.len() == 7, "{one:#?}");
    let mut widths: BTreeMap<&str, usize> = BTreeMap::new();
    for column in &one.columns {
        *widths.entry(&column.table_name).or_default() += 1;
    }
    assert!(widths.values().all(|columns| *columns <= 32), "the query builder takes 32 columns: {widths:?}");

    let Some(postgres) = postgres().await else { return };
    let DatabaseTarget::Postgres(url) = &postgres.target else { panic!() };
    let mut connection = PgConnection::establish(url.expose_secret()).unwrap();
    let other = schema!(&mut connection, POSTGRES_COLUMNS, POSTGRES_INDEXES, POSTGRES_REFERENCES);
    let only_sqlite: Vec<_> = one.columns.difference(&other.columns).collect();
    let only_postgres: Vec<_> = other.columns.difference(&one.columns).collect();
    assert!(only_sqlite.is_empty() && only_postgres.is_empty(), "{only_sqlite:#?} {only_postgres:#?}");
    assert_eq!(one.indexes, other.indexes);
    assert_eq!(one.references, other.references);
}
