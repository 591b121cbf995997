//! Keeps configuration, virtual keys, people, usage and the ledger in SQLite or PostgreSQL, behind the repository ports.
//!
//! This crate does not know about what the objects mean to a call: it plans nothing, prices nothing, seals and hashes nothing, and
//! checks no permission. It does not know the time (authors bring it) nor the settings (a [`DatabaseConfig`] comes ready-made).
//!
//! [`Database`] implements every repository port. Queries are diesel's, written once for both databases; where the two differ, a
//! macro compiles one expression for each. No caller's thread ever blocks: a bounded queue stands before a pool, jobs run on
//! blocking threads, and whoever waits longer than a few seconds is told that the database is unavailable.

mod audit;
mod config;
mod configuration;
mod connection;
mod credentials;
mod database;
mod error;
mod keyring;
mod lane;
mod migrations;
mod postgres_url;
mod quotas;
mod schema;
mod sessions;
mod sqlite_file;
mod stored;
mod transaction;
mod usage;
mod users;
mod virtual_keys;

pub use config::{DatabaseConfig, DatabaseTarget};
pub use database::Database;
pub use error::DatabaseError;
pub use migrations::MigrationStatus;

/// Whether this build can speak TLS to PostgreSQL. Where it can't, a URL that does not say `sslmode` would go out in the clear,
/// so the settings refuse remote ones.
pub const POSTGRES_TLS: bool = cfg!(feature = "postgres-tls");
