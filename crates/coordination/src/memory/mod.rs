//! Coordination within one process.

mod clock;
mod day;
mod health;
mod limiter;
mod permit;
mod purses;
mod scopes;
mod window;

pub use clock::SystemClock;
pub use health::CooldownHealth;
pub use limiter::MemoryLimiter;
