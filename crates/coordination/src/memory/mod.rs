//! Coordination within one process.

mod clock;
mod day;
mod health;
mod idempotency;
mod limiter;
mod scopes;
mod throttle;
mod window;

pub use clock::SystemClock;
pub use health::CooldownHealth;
pub use idempotency::MemoryIdempotency;
pub use limiter::MemoryLimiter;
pub use throttle::MemoryThrottle;
