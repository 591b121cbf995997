//! What a client gets and what is recorded when a provider or the network fails, in each way that either can: seen
//! through the real server, with the simulator's own log as the truth. The identifiers in the comments are the rows of the
//! fault matrix.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that can not go on fails where it stands, owns its tasks and its time, and prints what it measured"
)]

mod amplification;
mod answers;
mod bodies;
mod bytes_on_the_wire;
mod connecting;
mod cuts;
mod events;
mod headers;
mod matrix;
mod of_three;
mod scene;
mod silence;
mod statuses;
mod throttling;
mod usage;
