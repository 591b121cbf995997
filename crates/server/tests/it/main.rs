//! The binary as people and scripts meet it: commands, exit codes, what it writes and what it must never say.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests, of which some print how much they tried, or skipped"
)]

mod admin;
mod backups;
mod certificate;
mod check;
mod coming_from;
mod commands;
mod documents;
mod effects;
mod logs;
mod other_keys;
mod own_exports;
mod place;
mod redis;
mod refusals;
mod reloading;
mod restarts;
mod running;
mod signals;
mod weak_secrets;
