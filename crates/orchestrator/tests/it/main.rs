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
mod days;
mod declared;
mod documents;
mod external;
mod failover;
mod fairness;
mod followers;
mod health_checks;
mod key_administration;
mod leaving;
mod ledger;
mod limits;
mod listing;
mod lost_models;
mod managed_providers;
mod metering;
mod operations;
mod own_password;
mod people;
mod proof;
mod reading_on;
mod recording;
mod rekey;
mod resolving;
mod retries;
mod routing;
mod settling;
mod shared_credentials;
mod sign_in;
mod snapshots;
mod stale_views;
mod strictness;
mod tables;
mod world;
mod wrong_keys;
