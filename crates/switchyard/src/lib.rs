//! Assembles the application as a library: reads the settings, chooses the adapters, and hands out what the binary, an
//! embedder and the tests all start from.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use switchyard::chat::{ChatRequest, Message, Role};
//!
//! let app = switchyard::Builder::in_memory().open().await?;
//! let request = ChatRequest {
//!     model: "sim/swift".to_owned(),
//!     messages: vec![Message::text(Role::User, "hello")],
//!     ..ChatRequest::default()
//! };
//! let answer = app.chat().complete(request).await?;
//! println!("{}", answer.text());
//! app.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! This crate does not know about HTTP, command lines, signals or the process environment: whoever embeds it passes the
//! settings in and opens the sockets.

mod adapters;
mod administration;
mod builder;
mod chat_client;
mod declaring;
mod embedded;
mod error;
mod first_start;
mod identity;
mod inspection;
mod keyring_check;
mod migrations;
mod panics;
mod program_call;
pub mod settings;
mod shared_models;
mod sharing;

pub use administration::Administration;
pub use builder::{Builder, RedisUse, Store, UsageJournal};
pub use chat_client::ChatClient;
pub use embedded::Embedded;
pub use error::OpenError;
pub use inspection::{DatabaseFound, Inspection};
pub use keyring_check::KeyringError;
pub use migrations::{Migrations, SchemaState};
pub use panics::panics_tell_their_place_only;
/// Whether this build can speak TLS to PostgreSQL.
pub use switchyard_repositories::POSTGRES_TLS;
/// What a guess at a password costs.
pub use switchyard_security::passwords::Cost as PasswordCost;

/// The wire formats, for vendors that a program adds.
pub use switchyard_dialects as dialects;
/// The canonical chat form, for programs that embed the library.
pub use switchyard_domain::chat;
/// Configuration as a program declares it.
pub use switchyard_domain::declared;
pub use switchyard_domain::name::Name;
/// Faults and time, of which the hooks of a vendor speak.
pub use switchyard_domain::{budget, fault, money, quota, time};
pub use switchyard_orchestrator as orchestrator;
pub use switchyard_ports as ports;
/// What a vendor is, for those that a program adds ([`Builder::vendor`]).
pub use switchyard_providers::vendors;

/// The machine's clock, as the application uses it.
#[must_use]
pub fn system_clock() -> std::sync::Arc<dyn ports::clock::Clock> {
    std::sync::Arc::new(switchyard_coordination::memory::SystemClock::new())
}
