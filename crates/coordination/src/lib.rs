//! What calls must agree on while they run: limits over scopes, which named requests were answered, and the clock that limits
//! go by.
//!
//! This crate does not know about databases, HTTP, keys, routes or money: a scope is a name, and what it stands for is the
//! caller's matter.

pub mod memory;
