//! What tests of the other crates stand on: a simulated provider whose every fault can be scripted, fakes of the ports, and the
//! suites that say what an adapter of each port does.
//!
//! This crate does not know about any adapter, the use cases or the HTTP surface, and is never part of
//! the product: it is only ever a dev-dependency.

pub mod aws_frames;
pub mod call;
pub mod clock;
pub mod contracts;
pub mod corpus;
pub mod entropy;
pub mod fakes;
pub mod hostile_urls;
pub mod log;
pub mod plan_model;
mod port;
pub mod postgres;
pub mod redis;
pub mod simulator;
