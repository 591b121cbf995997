//! Stand-ins for the adapters: each does what its port's contract says, remembers what was asked of it, and fails, hangs or
//! forgets where a test tells it to.

pub mod audit_seal;
pub mod backup_file;
pub mod checkpoints;
pub mod external;
pub mod health;
pub mod idempotency;
pub mod identity;
pub mod journal;
pub mod limiter;
pub mod mint;
pub mod prices;
pub mod provider;
mod purses;
pub mod store;
pub mod tokenizer;
pub mod vault;
