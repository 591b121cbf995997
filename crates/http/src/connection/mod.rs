//! One accepted connection: whose it is, what it is doing, and how long it may keep us waiting.
//!
//! The framework bounds the time of a connection's first request head and of the pause between two requests. What it
//! leaves open is bounded here, at the socket, where it can be seen: the head of a later request that comes in drops, a
//! reader that takes nothing, a body that goes on after its refusal, requests sent far ahead, line feeds alone in the first
//! head, and how many connections one source holds.

mod ahead;
mod alarm;
mod first_head;
mod guarded;
mod phase;
mod sources;
mod wire;

pub(crate) use guarded::{GuardedIo, Patience};
pub(crate) use phase::{Connection, OpenBody};
pub(crate) use sources::{Place, Sources};
pub(crate) use wire::Wire;
