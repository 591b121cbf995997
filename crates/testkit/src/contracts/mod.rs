//! The contracts of the ports as test suites, which every adapter and every fake runs.

pub mod backup_file;
pub mod budgets;
pub mod health;
pub mod idempotency;
pub mod journal;
pub mod limiter;
pub mod provider;
pub mod repositories;
pub mod throttle;

/// What a suite is given to try: itself, or `None` where this machine has not what it needs.
pub fn made<T>(made: impl Into<Option<T>>) -> Option<T> {
    made.into()
}
