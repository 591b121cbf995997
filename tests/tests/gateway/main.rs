//! The main job, end to end: a client with a virtual key, the real server, a simulated provider, and the ledger.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test that can not go on fails where it stands, owns its tasks and its time, and prints what it measured"
)]

mod answer_losses;
mod answers;
mod breakers;
mod budgets;
mod client_headers;
mod doors;
mod edge;
mod explain;
mod google;
mod idempotency;
mod keys;
mod limits;
mod models;
mod operations;
mod routes;
mod routing;
mod secrets;
mod selection;
mod server_errors;
mod shared_limits;
