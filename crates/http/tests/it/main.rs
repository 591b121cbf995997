//! The surfaces over real sockets, with real use cases over fakes of the ports.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests, of which some print how much they tried"
)]

mod access;
mod bodies;
mod calls;
mod connections;
mod cors;
mod document;
mod edge;
mod idempotency;
mod log;
mod operations;
mod streams;
mod tls;
mod wire;
mod world;
