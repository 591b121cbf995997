//! What models are asked to do besides chatting, end to end: a client with a virtual key, the real server, a simulated provider,
//! and the ledger.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that can not go on fails where it stands, and owns its tasks and its time"
)]

mod canned;
mod every_route;
mod faults;
mod form;
mod leaving;
mod money;
mod named;
mod own_vendor;
mod refusals;
mod scene;
mod streams;
mod unstreamed;
mod uploads;
mod vectors;
mod verbatim;
