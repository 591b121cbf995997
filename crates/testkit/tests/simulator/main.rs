//! The simulator does on the wire what it says, and remembers it rightly.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests fail where they stand, measure real time, and are clients of a loopback server"
)]

mod answers;
mod broken_bytes;
mod broken_http;
mod broken_streams;
mod control;
mod dialects;
mod errors;
mod operations;
mod records;
mod replays;
mod tools;
mod wire;
