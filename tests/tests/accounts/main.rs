//! People over the whole server: registering, signing in, staying signed in, and what each may do.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests, of which some print how much they tried"
)]

mod audit;
mod browser;
mod call_log;
mod chains;
mod codes;
mod cookies;
mod documented;
mod doubled;
mod dry_runs;
mod external;
mod foreign;
mod lent_keys;
mod looks;
mod managed_providers;
mod no_room;
mod open_minting;
mod own_bounds;
mod own_keys;
mod pages;
mod people;
mod provider_keys;
mod proxied;
mod reloading;
mod replicas;
mod requests;
mod rights;
mod scene;
mod shown_once;
mod signing_in;
mod status;
mod usage;
mod virtual_keys;
