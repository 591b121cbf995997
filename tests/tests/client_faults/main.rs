//! What happens when a client leaves, dawdles, or sends what no HTTP library would send: raw bytes against the real
//! server. The identifiers in the comments are the rows of the fault matrix.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test that can not go on fails where it stands, owns its tasks and its time, and prints what it measured"
)]

mod bodies;
mod framing;
mod heads;
mod leaving;
mod pipelining;
mod requests;
mod slowness;
mod texts;
