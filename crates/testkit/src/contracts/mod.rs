//! The contracts of the ports as test suites, which every adapter and every fake runs.

pub mod budgets;
pub mod idempotency;
pub mod journal;
pub mod limiter;
pub mod provider;
pub mod repositories;
pub mod throttle;
