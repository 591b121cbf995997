//! The repositories on real databases: SQLite in memory and in a file, and a PostgreSQL server of the tests' own.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and some print how much they tried"
)]

mod audit_chain;
mod books;
mod busy_sqlite;
mod concurrency;
mod contracts;
mod databases;
mod hanging_postgres;
mod migrations;
mod newer;
mod old_versions;
mod opening;
mod parity;
mod unreadable_rows;
