//! Proofs of what is promised. Of durability: that no usage is lost, doubled or wrongly billed, whatever happens to the process, the
//! database, the disk or the client. Of routing: that providers which fail are hidden, left alone and found again, and that nobody
//! notices a change of the configuration. The tests call them with small numbers, the program `prove` with those of the promises.
//!
//! This crate does not know about the product's insides, but for what `fleet` runs in virtual time: it starts the real server, plays
//! its clients and its provider, and compares what both of them wrote down with the ledger. It is no part of the product, and it
//! panics where a proof could not go on.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a proof that can not go on fails where it stands, and owns its tasks and its time"
)]

pub mod all_failing;
pub mod billing;
pub mod canaries;
pub mod changes;
pub mod client;
pub mod crowds;
pub mod dice;
pub mod disconnects;
pub mod egress;
pub mod failover;
pub mod figures;
pub mod fleet;
pub mod full_disk;
pub mod installation;
pub mod kills;
pub mod large_bodies;
pub mod ledger;
pub mod login_crowd;
pub mod login_times;
pub mod outages;
pub mod overspending;
pub mod recovery;
pub mod replicas;
pub mod rotation;
pub mod slowness;
mod targets;
pub mod traffic;
