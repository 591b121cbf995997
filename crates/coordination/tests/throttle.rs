//! The memory throttle keeps its contract, and its bounds.

use std::sync::Arc;
use std::time::Duration;
use switchyard_coordination::memory::MemoryThrottle;
use switchyard_ports::throttle::{Rate, Throttle};
use switchyard_testkit::clock::ManualClock;

fn fresh() -> (Arc<dyn Throttle>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    (Arc::new(MemoryThrottle::new(Arc::clone(&clock) as _)), clock)
}

switchyard_testkit::throttle_contract!(fresh);

const ONCE: Rate = Rate { count: 1, window: Duration::from_secs(60) };

#[tokio::test]
async fn however_many_scopes_come_only_so_many_are_kept_and_the_newest_are() {
    let clock = Arc::new(ManualClock::default());
    let throttle = MemoryThrottle::new(Arc::clone(&clock) as _).keeping(100);
    for scope in 0..10_000 {
        clock.advance(Duration::from_millis(1));
        assert_eq!(throttle.take(&format!("source:{scope}"), ONCE).await, Ok(()));
        assert!(throttle.scopes() <= 100, "{}", throttle.scopes());
    }
    for scope in 9_960..10_000 {
        assert!(throttle.take(&format!("source:{scope}"), ONCE).await.is_err(), "{scope} was forgotten");
    }
    assert_eq!(throttle.take("source:0", ONCE).await, Ok(()), "the oldest goes first");
}

#[tokio::test]
async fn scopes_of_one_kind_make_none_of_another_be_forgotten() {
    let clock = Arc::new(ManualClock::default());
    let throttle = MemoryThrottle::new(Arc::clone(&clock) as _).keeping(100);
    assert_eq!(throttle.take("password:2001:db8:7/48:ana", ONCE).await, Ok(()));
    for scope in 0..1_000 {
        clock.advance(Duration::from_millis(1));
        assert_eq!(throttle.take(&format!("refresh:{scope}"), ONCE).await, Ok(()));
    }
    assert!(throttle.take("password:2001:db8:7/48:ana", ONCE).await.is_err());
    throttle.give_back("password:2001:db8:7/48:ana");
    assert_eq!(throttle.take("password:2001:db8:7/48:ana", ONCE).await, Ok(()));
    throttle.forget("password:2001:db8:7/48:ana").await;
    assert_eq!(throttle.take("password:2001:db8:7/48:ana", ONCE).await, Ok(()));
}

#[tokio::test]
async fn what_is_over_is_forgotten_before_what_is_not() {
    let clock = Arc::new(ManualClock::default());
    let throttle = MemoryThrottle::new(Arc::clone(&clock) as _).keeping(10);
    for scope in 0..5 {
        assert_eq!(throttle.take(&format!("source:old-{scope}"), ONCE).await, Ok(()));
    }
    clock.advance(ONCE.window);
    for scope in 0..9 {
        assert_eq!(throttle.take(&format!("source:new-{scope}"), ONCE).await, Ok(()));
    }
    for scope in 0..9 {
        assert!(throttle.take(&format!("source:new-{scope}"), ONCE).await.is_err(), "{scope}");
    }
}

#[tokio::test]
async fn a_scope_costs_little_whatever_its_rate() {
    let (throttle, clock) = fresh();
    let often = Rate { count: 1_000_000, window: Duration::from_secs(60) };
    for _ in 0..100_000 {
        assert_eq!(throttle.take("busy", often).await, Ok(()));
        clock.advance(Duration::from_micros(500));
    }
    let few = Rate { count: 100_000, ..often };
    assert!(throttle.take("busy", few).await.is_err(), "each of them counted");
}
