//! The use cases against fakes of their ports and a clock that stands still.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod administration;
mod audit;
mod backups;
mod budgets;
mod concurrent_keys;
mod costs;
mod credentials;
mod crowd;
mod declared;
mod documents;
mod external;
mod failover;
mod fairness;
mod leaving;
mod ledger;
mod limits;
mod listing;
mod metering;
mod operations;
mod own_password;
mod people;
mod proof;
mod recording;
mod rekey;
mod resolving;
mod retries;
mod settling;
mod sign_in;
mod snapshots;
mod strictness;
mod tables;
mod world;
