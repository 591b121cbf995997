//! The machine's clock.

use std::time::Duration;
use switchyard_coordination::memory::SystemClock;
use switchyard_ports::clock::Clock;

#[tokio::test]
async fn sleeping_moves_both_times_on() {
    let clock = SystemClock::new();
    let (now, monotonic) = (clock.now(), clock.monotonic());
    clock.sleep(Duration::from_millis(20)).await;
    assert!(clock.monotonic().since(monotonic) >= Duration::from_millis(20));
    assert!(clock.now().since(now) >= Duration::from_millis(15));
}

#[test]
fn the_calendar_is_later_than_the_day_this_was_written() {
    assert!(SystemClock::default().now().to_string().as_str() > "2026-01-01");
}
