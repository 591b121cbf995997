//! Coordination within one process.

mod clock;
mod day;
mod health;
mod idempotency;
mod limiter;
mod permit;
mod purses;
mod scopes;
mod throttle;
mod window;

pub use clock::SystemClock;
pub use health::MemoryHealth;
pub use idempotency::MemoryIdempotency;
pub use limiter::MemoryLimiter;
pub(crate) use permit::MemoryPermit;
pub use throttle::MemoryThrottle;
