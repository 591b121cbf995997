//! The suites that every adapter passes.

mod limiter {
    use crate::server::{address, limiter};
    use std::sync::Arc;
    use switchyard_ports::limiter::Limiter;
    use switchyard_testkit::clock::ManualClock;
    use switchyard_testkit::redis::PrivateRedis;

    fn fresh() -> Option<(Arc<dyn Limiter>, Arc<ManualClock>)> {
        let clock = Arc::new(ManualClock::default());
        let address = address(PrivateRedis::shared()?);
        Some((limiter(&address, &clock, 1), clock))
    }

    switchyard_testkit::limiter_contract!(fresh);
    switchyard_testkit::budget_contract!(fresh);
}
