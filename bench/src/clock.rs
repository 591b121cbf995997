//! The clock that everything here is measured with.

use std::time::Instant;

/// Now.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time; there is no clock to inject")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
