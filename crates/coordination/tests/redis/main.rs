//! The Redis adapters keep their ports' contracts, and decide as those in memory do.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod contract;
mod decisions;
mod faults;
mod names;
mod server;
mod shares;
mod traffic;
mod tries;
