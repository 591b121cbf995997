//! What every keeper of targets' health does. Run it with [`health_contract!`](crate::health_contract).

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use crate::clock::ManualClock;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::fault::FaultKind;
use switchyard_domain::health::{AnswerForm, BreakerState};
use switchyard_domain::ids::ProviderId;
use switchyard_domain::route::{Availability, Avoidance};
use switchyard_ports::clock::Clock as _;
use switchyard_ports::health::{
    Account, AttemptFact, Health, HeldBack, HeldBackFor, Occasion, TargetState, WatchedAttempt,
};

type Shared = Arc<dyn Health>;

/// Makes a test of each case. The argument is a function that returns fresh health in an `Arc` and the manual clock that it goes by.
#[macro_export]
macro_rules! health_contract {
    ($make:path) => {
        $crate::health_contract!(@cases $make,
            a_target_that_nobody_tried_is_ready,
            a_dead_target_gets_five_attempts_and_then_a_probe_a_second_at_most,
            of_256_that_wait_for_a_half_open_target_one_goes,
            a_target_that_works_again_gets_all_calls_within_ten_seconds,
            half_of_twenty_failures_is_too_many,
            tls_that_fails_opens_at_once,
            what_a_caller_is_to_blame_for_never_opens,
            a_probe_that_is_dropped_leaves_its_place,
            a_throttled_target_gets_no_attempt_before_it_said,
            a_refused_account_rests_and_is_tried_as_a_last_resort,
            what_the_callers_own_account_is_refused_is_nobody_elses,
            whoever_asks_once_more_has_waited,
            what_began_before_a_throttle_takes_nothing_of_its_rest,
            who_is_quick_to_refuse_is_not_quick_to_answer,
            what_a_caller_is_to_blame_for_makes_nothing_slower,
            a_client_that_leaves_shows_how_long_it_waited_at_least,
            a_probes_first_content_lets_all_pass_until_something_fails,
            models_and_providers_are_apart,
            attempts_are_in_flight_until_they_are_dropped,
            latency_is_measured_to_the_first_content,
            a_timeout_counts_as_the_time_that_it_took,
            what_is_gone_is_forgotten_whatever_its_attempts_tell_yet,
            an_attempt_that_was_not_made_says_nothing,
        );
    };
    (@cases $make:path, $($case:ident,)+) => {$(
        #[test]
        fn $case() {
            let Some((health, clock)) = $crate::contracts::made($make()) else { return };
            $crate::contracts::health::$case(&health, &clock);
        }
    )+};
}

const SECOND: Duration = Duration::from_secs(1);
const LAST: Occasion = Occasion::LastResort { is_first: true };
const MS: Duration = Duration::from_millis(1);
const FORM: AnswerForm = AnswerForm::Streamed;
const A: ProviderId = ProviderId(1);

fn begin(health: &Shared, occasion: Occasion) -> Result<Box<dyn WatchedAttempt>, HeldBack> {
    health.begin(A, "m", Account::Shared, FORM, occasion)
}

fn latency(health: &Shared) -> Option<Duration> {
    health.view(A, "m", Account::Shared, FORM).latency
}

fn availability(health: &Shared) -> Availability {
    health.view(A, "m", Account::Shared, FORM).availability
}

fn ended(health: &Shared, fact: &AttemptFact, times: u32) {
    for _ in 0..times {
        begin(health, Occasion::Turn).unwrap().ended(fact.clone());
    }
}

fn failed(kind: FaultKind) -> AttemptFact {
    AttemptFact::Failed(kind)
}

fn state(health: &Shared) -> TargetState {
    let mut states = health.states();
    assert_eq!(states.len(), 1, "{states:?}");
    states.remove(0)
}

/// See the name.
pub fn a_target_that_nobody_tried_is_ready(health: &Shared, _: &ManualClock) {
    let view = health.view(A, "m", Account::Shared, FORM);
    assert_eq!((view.availability, view.latency, view.in_flight), (Availability::Ready, None, 0));
    assert_eq!(health.states(), []);
}

/// See the name.
pub fn a_dead_target_gets_five_attempts_and_then_a_probe_a_second_at_most(
    health: &Shared,
    clock: &ManualClock,
) {
    let mut attempts = 0;
    for _ in 0..1_000 {
        for occasion in [Occasion::Turn, LAST] {
            if let Ok(attempt) = begin(health, occasion) {
                attempts += 1;
                attempt.ended(failed(FaultKind::Connect));
            }
        }
    }
    assert_eq!(attempts, 5);
    for _ in 0..6_000 {
        clock.advance(10 * MS);
        if let Ok(attempt) = begin(health, LAST) {
            attempts += 1;
            attempt.ended(failed(FaultKind::Connect));
        }
    }
    assert!((50..=5 + 61).contains(&attempts), "{attempts} in a minute");
    assert!(matches!(state(health).breaker, BreakerState::Open { .. }));
}

/// See the name.
pub fn of_256_that_wait_for_a_half_open_target_one_goes(health: &Shared, clock: &ManualClock) {
    ended(health, &failed(FaultKind::ServerError), 5);
    clock.advance(2 * SECOND);
    assert_eq!(availability(health), Availability::Ready, "somebody must try it");
    let gone: Vec<Box<dyn WatchedAttempt>> = std::thread::scope(|scope| {
        let ask = || {
            let at = |turn: u32| if turn.is_multiple_of(2) { Occasion::Turn } else { LAST };
            (0..64).filter_map(|turn| begin(health, at(turn)).ok()).collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(gone.len(), 1);
    assert_eq!(availability(health), Availability::Avoid(Avoidance::Probed));
    assert_eq!(state(health).breaker, BreakerState::HalfOpen { is_probed: true });
}

/// See the name.
pub fn a_target_that_works_again_gets_all_calls_within_ten_seconds(health: &Shared, clock: &ManualClock) {
    ended(health, &failed(FaultKind::ServerError), 5);
    // Others serve the route, so that it is tried in its turn alone; for a minute in vain.
    for _ in 0..600 {
        clock.advance(100 * MS);
        if let Ok(attempt) = begin(health, Occasion::Turn) {
            attempt.ended(failed(FaultKind::ServerError));
        }
    }
    let mut waited = Duration::ZERO;
    while waited < 10 * SECOND {
        if let Ok(attempt) = begin(health, Occasion::Turn) {
            attempt.ended(AttemptFact::Lives);
            break;
        }
        clock.advance(100 * MS);
        waited += 100 * MS;
    }
    assert!(waited < 10 * SECOND);
    ended(health, &AttemptFact::Lives, 100);
    assert_eq!(state(health).breaker, BreakerState::Closed);
}

/// See the name.
pub fn half_of_twenty_failures_is_too_many(health: &Shared, clock: &ManualClock) {
    for turn in 0_u32..20 {
        let fact =
            if turn.is_multiple_of(2) { AttemptFact::Lives } else { failed(FaultKind::InvalidResponse) };
        ended(health, &fact, 1);
        clock.advance(100 * MS);
    }
    assert!(begin(health, Occasion::Turn).is_err());
}

/// See the name.
pub fn tls_that_fails_opens_at_once(health: &Shared, _: &ManualClock) {
    ended(health, &failed(FaultKind::Tls), 1);
    assert!(matches!(availability(health), Availability::Avoid(Avoidance::BreakerOpen { .. })));
}

/// See the name.
pub fn what_a_caller_is_to_blame_for_never_opens(health: &Shared, _: &ManualClock) {
    for kind in
        [FaultKind::Transient, FaultKind::ClosedBeforeAnswer, FaultKind::Redirect, FaultKind::Internal]
    {
        ended(health, &failed(kind), 50);
    }
    ended(health, &AttemptFact::Lives, 50);
    assert_eq!(availability(health), Availability::Ready);
}

/// See the name.
pub fn a_probe_that_is_dropped_leaves_its_place(health: &Shared, clock: &ManualClock) {
    ended(health, &failed(FaultKind::Connect), 5);
    clock.advance(2 * SECOND);
    let probe = begin(health, Occasion::Turn).unwrap();
    assert!(begin(health, LAST).is_err());
    drop(probe);
    begin(health, Occasion::Turn).unwrap().ended(AttemptFact::Lives);
    assert_eq!(state(health).breaker, BreakerState::Closed);
}

/// See the name.
pub fn a_throttled_target_gets_no_attempt_before_it_said(health: &Shared, clock: &ManualClock) {
    for (asked, binds) in
        [(None, SECOND), (Some(3 * SECOND), 3 * SECOND), (Some(3_600 * SECOND), 60 * SECOND)]
    {
        begin(health, LAST).unwrap().ended(AttemptFact::Throttled { retry_after: asked });
        let left = asked.unwrap_or(SECOND);
        assert_eq!(availability(health), Availability::Avoid(Avoidance::Resting { left }));
        assert_eq!(state(health).rest, Some(left));
        clock.advance(binds - MS);
        for occasion in [Occasion::Turn, LAST] {
            let refused = HeldBack {
                cause: HeldBackFor::Throttling,
                wait: if occasion == LAST { MS } else { left - binds + MS },
            };
            assert_eq!(begin(health, occasion).err(), Some(refused));
        }
        clock.advance(MS);
        drop(begin(health, LAST).unwrap());
    }
    assert!(begin(health, Occasion::Turn).is_err(), "it asked for an hour");
    begin(health, LAST).unwrap().ended(AttemptFact::Lives);
    assert_eq!(availability(health), Availability::Ready);
    assert_eq!(state(health).breaker, BreakerState::Closed);
}

/// See the name.
pub fn a_refused_account_rests_and_is_tried_as_a_last_resort(health: &Shared, clock: &ManualClock) {
    for kind in [FaultKind::AuthFailed, FaultKind::QuotaExhausted] {
        ended(health, &failed(kind), 1);
        assert_eq!(
            availability(health),
            Availability::Avoid(Avoidance::Resting { left: 300 * SECOND }),
            "{kind}"
        );
        assert!(begin(health, Occasion::Turn).is_err());
        begin(health, LAST).unwrap().ended(failed(kind));
        let elsewhere = Occasion::LastResort { is_first: false };
        let refused = begin(health, elsewhere).err();
        assert_eq!(
            refused,
            Some(HeldBack { cause: HeldBackFor::Account, wait: SECOND }),
            "it was tried a moment ago"
        );
        clock.advance(SECOND);
        begin(health, elsewhere).unwrap().ended(failed(kind));
        clock.advance(300 * SECOND);
        assert_eq!(availability(health), Availability::Ready, "{kind}");
    }
}

/// See the name.
pub fn what_the_callers_own_account_is_refused_is_nobody_elses(health: &Shared, _: &ManualClock) {
    let own = || health.begin(A, "m", Account::Own, FORM, Occasion::Turn).unwrap();
    own().ended(failed(FaultKind::AuthFailed));
    own().ended(AttemptFact::Throttled { retry_after: Some(9 * SECOND) });
    assert_eq!(availability(health), Availability::Ready);
    ended(health, &failed(FaultKind::QuotaExhausted), 1);
    assert_eq!(health.view(A, "m", Account::Own, FORM).availability, Availability::Ready);
    own().ended(AttemptFact::Lives);
    assert!(
        matches!(availability(health), Availability::Avoid(Avoidance::Resting { .. })),
        "it says nothing of it"
    );
    for _ in 0..5 {
        own().ended(failed(FaultKind::ServerError));
    }
    assert!(
        matches!(availability(health), Availability::Avoid(Avoidance::BreakerOpen { .. })),
        "that is the provider"
    );
}

/// See the name.
pub fn whoever_asks_once_more_has_waited(health: &Shared, clock: &ManualClock) {
    ended(health, &AttemptFact::Throttled { retry_after: Some(2 * SECOND) }, 1);
    let once_more = Occasion::Retry { failed_at: clock.monotonic() };
    drop(begin(health, once_more).unwrap());
    clock.advance(MS);
    begin(health, once_more).unwrap().ended(AttemptFact::Throttled { retry_after: Some(60 * SECOND) });
    let refused = HeldBack { cause: HeldBackFor::Throttling, wait: 60 * SECOND };
    assert_eq!(
        begin(health, once_more).err(),
        Some(refused),
        "somebody was told to wait for longer meanwhile"
    );
    clock.advance(60 * SECOND);
    let fails = failed(FaultKind::ServerError);
    for _ in 0..5 {
        begin(health, once_more).unwrap().ended(fails.clone());
    }
    let refused = begin(health, once_more).err().map(|held| held.cause);
    assert_eq!(refused, Some(HeldBackFor::Failures), "its breaker is open");
}

/// See the name.
pub fn what_began_before_a_throttle_takes_nothing_of_its_rest(health: &Shared, clock: &ManualClock) {
    let before = [begin(health, Occasion::Turn).unwrap(), begin(health, Occasion::Turn).unwrap()];
    clock.advance(SECOND);
    ended(health, &AttemptFact::Throttled { retry_after: Some(30 * SECOND) }, 1);
    let [well, throttled] = before;
    well.ended(AttemptFact::Lives);
    throttled.ended(AttemptFact::Throttled { retry_after: None });
    assert_eq!(availability(health), Availability::Avoid(Avoidance::Resting { left: 30 * SECOND }));
    clock.advance(30 * SECOND - MS);
    for occasion in [Occasion::Turn, LAST] {
        assert!(begin(health, occasion).is_err());
    }
}

/// See the name.
pub fn models_and_providers_are_apart(health: &Shared, _: &ManualClock) {
    ended(health, &failed(FaultKind::Connect), 5);
    for (provider, model) in [(A, "n"), (ProviderId(2), "m")] {
        assert_eq!(health.view(provider, model, Account::Shared, FORM).availability, Availability::Ready);
        drop(health.begin(provider, model, Account::Shared, FORM, Occasion::Turn).unwrap());
    }
    assert_eq!(health.states().len(), 3);
}

/// See the name.
pub fn attempts_are_in_flight_until_they_are_dropped(health: &Shared, _: &ManualClock) {
    let in_flight = || health.view(A, "m", Account::Shared, FORM).in_flight;
    let mut one = begin(health, Occasion::Turn).unwrap();
    let other = begin(health, Occasion::Turn).unwrap();
    one.first_content();
    assert_eq!((in_flight(), state(health).in_flight), (2, 2));
    one.ended(AttemptFact::Lives);
    assert_eq!(in_flight(), 1);
    drop(other);
    assert_eq!(in_flight(), 0);
}

/// See the name.
pub fn latency_is_measured_to_the_first_content(health: &Shared, clock: &ManualClock) {
    for millis in [200, 400, 300] {
        let mut attempt = begin(health, Occasion::Turn).unwrap();
        clock.advance(millis * MS);
        attempt.first_content();
        clock.advance(10 * SECOND);
        attempt.ended(AttemptFact::Lives);
    }
    let shown = state(health).latency.unwrap();
    assert_eq!((shown.p50, shown.p95, shown.measurements), (300 * MS, 400 * MS, 3));
    let expected = latency(health).unwrap();
    assert!((200 * MS..400 * MS).contains(&expected), "{expected:?}");
    clock.advance(600 * SECOND);
    let later = latency(health).unwrap();
    assert!(later < 2 * MS, "whom nobody asks is forgotten: {later:?}");
}

/// See the name.
pub fn a_timeout_counts_as_the_time_that_it_took(health: &Shared, clock: &ManualClock) {
    let attempt = begin(health, Occasion::Turn).unwrap();
    clock.advance(30 * SECOND);
    attempt.ended(failed(FaultKind::FirstByteTimeout));
    assert_eq!(latency(health), Some(30 * SECOND));
    assert_eq!(state(health).latency.unwrap().measurements, 1);
}

/// See the name.
pub fn who_is_quick_to_refuse_is_not_quick_to_answer(health: &Shared, clock: &ManualClock) {
    for fact in [failed(FaultKind::ServerError), failed(FaultKind::Redirect)] {
        ended(health, &fact, 1);
        assert!(latency(health).unwrap() > 600 * SECOND, "{fact:?}");
        assert_eq!(state(health).latency, None, "nothing was measured");
        clock.advance(30 * SECOND);
        assert_eq!(latency(health), None, "it gets another chance");
    }
}

/// See the name.
pub fn what_a_caller_is_to_blame_for_makes_nothing_slower(health: &Shared, _: &ManualClock) {
    ended(health, &AttemptFact::Nothing, 5);
    assert_eq!(latency(health), None, "nothing was measured");
    ended(health, &AttemptFact::Lives, 1);
    assert!(latency(health).unwrap() > 600 * SECOND, "who only refuses is not the quickest");
    let mut attempt = begin(health, Occasion::Turn).unwrap();
    attempt.first_content();
    attempt.ended(AttemptFact::Lives);
    [AttemptFact::Nothing, AttemptFact::Lives].iter().for_each(|fact| ended(health, fact, 5));
    assert_eq!(latency(health), Some(Duration::ZERO));
    let whole = health.view(A, "m", Account::Shared, AnswerForm::Whole);
    assert_eq!(whole.latency, None, "each form is known by itself");
    assert_eq!(state(health).last_answer.map(|(_, form)| form), Some(FORM));
}

/// See the name.
pub fn a_client_that_leaves_shows_how_long_it_waited_at_least(health: &Shared, clock: &ManualClock) {
    let attempt = begin(health, Occasion::Turn).unwrap();
    clock.advance(30 * MS);
    drop(attempt);
    assert!(
        latency(health).unwrap() > 600 * SECOND,
        "who was never measured is not quick because somebody left at once"
    );
    let mut attempt = begin(health, Occasion::Turn).unwrap();
    clock.advance(SECOND);
    attempt.first_content();
    attempt.ended(AttemptFact::Lives);
    for (waited, expected) in [(20, 20), (5, 20), (25, 25)] {
        let attempt = begin(health, Occasion::Turn).unwrap();
        clock.advance(waited * SECOND);
        // While it waits, nothing of what is known is forgotten.
        drop(attempt);
        let known = latency(health).unwrap();
        assert!(known <= expected * SECOND, "{known:?}");
        assert!(waited < 20 || known == expected * SECOND, "{known:?}");
    }
    assert_eq!(availability(health), Availability::Ready);
}

/// See the name.
pub fn a_probes_first_content_lets_all_pass_until_something_fails(health: &Shared, clock: &ManualClock) {
    ended(health, &failed(FaultKind::ServerError), 5);
    clock.advance(2 * SECOND);
    let mut probe = begin(health, Occasion::Turn).unwrap();
    assert!(begin(health, Occasion::Turn).is_err());
    probe.first_content();
    let other = begin(health, Occasion::Turn).unwrap();
    probe.ended(failed(FaultKind::Interrupted));
    assert!(matches!(state(health).breaker, BreakerState::Open { .. }));
    other.ended(AttemptFact::Lives);
    assert!(matches!(state(health).breaker, BreakerState::Open { .. }), "that began before");
}

/// See the name.
pub fn what_is_gone_is_forgotten_whatever_its_attempts_tell_yet(health: &Shared, clock: &ManualClock) {
    let [late, refused] = [(); 2].map(|()| begin(health, Occasion::Turn).unwrap());
    ended(health, &failed(FaultKind::ServerError), 5);
    refused.ended(failed(FaultKind::AuthFailed));
    health.forget(&|provider, model| (provider, model) != (A, "m"));
    assert!(matches!(availability(health), Availability::Avoid(_)), "another one is gone");
    health.forget(&|provider, model| (provider, model) == (A, "m"));
    assert_eq!((availability(health), health.states()), (Availability::Ready, Vec::new()));
    clock.advance(SECOND);
    late.ended(failed(FaultKind::Tls));
    assert_eq!(availability(health), Availability::Ready);
    assert_eq!(latency(health), None);
}

/// See the name.
pub fn an_attempt_that_was_not_made_says_nothing(health: &Shared, clock: &ManualClock) {
    let attempt = begin(health, Occasion::Turn).unwrap();
    clock.advance(SECOND);
    attempt.ended(AttemptFact::Nothing);
    let view = health.view(A, "m", Account::Shared, FORM);
    assert_eq!((view.availability, view.latency, view.in_flight), (Availability::Ready, None, 0));
    ended(health, &failed(FaultKind::ServerError), 5);
    clock.advance(2 * SECOND);
    begin(health, Occasion::Turn).unwrap().ended(AttemptFact::Nothing);
    assert!(begin(health, Occasion::Turn).is_ok(), "another one may be the probe");
}
