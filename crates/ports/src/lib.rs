//! What the use cases need from the world, as small object-safe traits: providers, repositories, the vault, key hashing,
//! passwords, tokens, the clock, entropy, limits, the journal, prices, tokens, health. A trait's documentation is its contract; the contract suites
//! run every adapter, and the fakes, against it.
//!
//! This crate does not know about any adapter: no socket, no SQL, no file, no cipher. Its traits have no default bodies, so
//! that an adapter can't leave something out in silence.

pub mod audit_seal;
pub mod backup_file;
pub mod client_call;
pub mod clock;
pub mod entropy;
pub mod external;
pub mod health;
pub mod idempotency;
pub mod journal;
pub mod limiter;
pub mod passwords;
pub mod prices;
pub mod probe;
pub mod provider;
pub mod repositories;
pub mod request_body;
pub mod throttle;
pub mod tokenizer;
pub mod tokens;
pub mod vault;
pub mod virtual_keys;
