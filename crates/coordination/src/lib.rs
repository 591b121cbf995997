//! What calls must agree on while they run: limits over scopes, tries, which named requests were answered, and the clock that limits
//! go by. Within one process, or among many through Redis.
//!
//! This crate does not know about databases, HTTP, keys, routes or money: a scope is a name, and what it stands for is the
//! caller's matter.

pub mod memory;
pub mod redis;
