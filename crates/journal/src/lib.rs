//! The local append-only usage journal: where what a call used is safe before the client sees the end of its answer.
//!
//! This crate does not know about databases, ledgers, prices or HTTP: it keeps usage events in order until somebody who
//! drained them says that they may go.
//!
//! [`FileJournal`] is for servers: its records survive the death of the process. [`MemoryJournal`] is for tests and for
//! programs that embed the gateway and accept to lose what was not drained.

pub mod disk;

mod file;
mod memory;
mod record;
mod row;
mod seats;

pub use file::{FileJournal, Fsync, OpenError, Options};
pub use memory::MemoryJournal;
pub use record::{Decoded, decode as read_segment, encode as write_record};
