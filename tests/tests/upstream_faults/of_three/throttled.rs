//! All three targets throttle.

use super::three::{Three, model};
use crate::scene::{BOTH, Heard};
use std::time::Duration;
use switchyard_domain::usage::Outcome;
use switchyard_harness::testkit::simulator::Script;

/// A route whose targets throttle their first call each and ask to be left alone for so many seconds.
async fn throttling(attempts: u32, mode: crate::scene::Mode, waits: [u32; 3]) -> Three {
    let three = Three::begin_with(None, attempts, "U5 of all three", mode).await;
    for (number, wait) in waits.into_iter().enumerate() {
        let once = Script::of(&format!("status=429&retry_after={wait}"));
        three.app.simulator().script(&model(number), Script::of("tokens=3"));
        three.app.simulator().enqueue(&model(number), [once]);
    }
    three
}

/// Where the calls of what a client heard went, in order, and how it was recorded.
async fn tried(three: &Three, heard: &Heard) -> (Vec<String>, Vec<(String, Outcome)>) {
    let calls = three.app.simulator().calls().into_iter();
    let mine = calls.filter(|call| call.request_id.as_deref() == Some(heard.answer.request_id()));
    let events = three.app.events_of(heard.answer.request_id()).await;
    let recorded = events.into_iter().map(|event| (event.model, event.outcome));
    (mine.map(|call| call.model).collect(), recorded.collect())
}

/// U5: the wait fits, so that it is waited for at the one that may be asked first, if the call has an attempt left for that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_all_three_throttle_for_a_short_time_the_first_that_is_ready_again_answers() {
    for mode in BOTH {
        let three = throttling(4, mode, [4, 1, 3]).await;
        let began = std::time::Instant::now();
        let heard = three.ask(mode).await;
        let took = began.elapsed();
        assert_eq!((heard.answer.status, heard.whole), (200, true), "{}", heard.answer.text);
        assert_eq!(heard.answer.header("x-switchyard-target"), "p1/model-1");
        assert_eq!(heard.answer.header("x-switchyard-attempts"), "4");
        assert!(took >= Duration::from_millis(990) && took < Duration::from_secs(3), "{took:?}");
        let (asked, recorded) = tried(&three, &heard).await;
        assert_eq!(asked, [model(0), model(1), model(2), model(1)]);
        let outcomes = recorded.into_iter().map(|(_, outcome)| outcome).collect::<Vec<_>>();
        let throttled = Outcome::Throttled;
        assert_eq!(outcomes, [throttled, throttled, throttled, Outcome::Complete]);
    }
}

/// U5: nobody waits, and the client hears the shortest of the times, within a minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_all_three_throttle_for_long_it_is_429_with_the_shortest_of_their_times() {
    for mode in BOTH {
        for (attempts, waits, shortest) in
            [(3, [40, 9, 30], 9), (4, [40, 9, 30], 9), (4, [3600, 600, 90], 60), (3, [4, 2, 3], 2)]
        {
            let three = throttling(attempts, mode, waits).await;
            let heard = three.ask(mode).await;
            let told = (heard.answer.status, heard.error.as_deref());
            assert_eq!(told, (429, Some("rate_limit_exceeded")), "{waits:?}: {}", heard.answer.text);
            assert_eq!(heard.answer.header("retry-after"), shortest.to_string(), "{waits:?}");
            let (asked, recorded) = tried(&three, &heard).await;
            assert_eq!(asked, [model(0), model(1), model(2)], "{waits:?}");
            let expected = [0, 1, 2].map(|number| (model(number), Outcome::Throttled));
            assert_eq!(recorded, expected, "{waits:?}");
            // Whoever comes now is told the same, and nobody is asked.
            three.app.simulator().take_calls();
            let next = three.ask(mode).await;
            assert_eq!(next.answer.status, 429, "{}", next.answer.text);
            let wait: u64 = next.answer.header("retry-after").parse().unwrap();
            assert!((1..=shortest).contains(&wait), "{waits:?}: {wait}");
            assert!(three.app.simulator().calls().is_empty(), "{waits:?}");
        }
    }
}
