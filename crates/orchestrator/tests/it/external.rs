//! Calls to addresses that people name.

use futures_util::FutureExt;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::ids::UserId;
use switchyard_orchestrator::external::{ExternalCalls, ExternalError, ExternalSettings};
use switchyard_ports::clock::Clock;
use switchyard_ports::external::{
    ExternalAnswer, ExternalFault, ExternalMethod, ExternalRequest, LONGEST_ANSWER, LONGEST_BODY,
};
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::fakes::external::{ToldWorld, answer};

const ANN: UserId = UserId(1);

type Told = Result<ExternalAnswer, ExternalFault>;

fn request(method: ExternalMethod) -> ExternalRequest {
    let url = "https://api.example/".to_owned();
    ExternalRequest { method, url, query: Vec::new(), headers: Vec::new(), body: None }
}

fn unreachable() -> Told {
    Err(ExternalFault::Unreachable("connection refused".to_owned()))
}

/// Makes a call while time passes as fast as it is waited for.
async fn called(
    method: ExternalMethod,
    told: impl IntoIterator<Item = Told>,
    settings: ExternalSettings,
) -> (Result<ExternalAnswer, ExternalError>, Vec<Duration>) {
    let (world, clock) = (Arc::new(ToldWorld::of(told)), Arc::new(ManualClock::default()));
    let calls = ExternalCalls::new(Arc::clone(&world) as _, Arc::clone(&clock) as Arc<dyn Clock>, settings);
    let asked = request(method);
    let place = match calls.place(ANN) {
        Ok(place) => place,
        Err(error) => return (Err(error), Vec::new()),
    };
    let mut call = std::pin::pin!(calls.call(&place, &asked));
    let answer = loop {
        tokio::select! {
            biased;
            answer = &mut call => break answer.map(|brought| brought.answer),
            () = clock.until_sleeping(1) => clock.advance(Duration::from_millis(100)),
        }
    };
    (answer, world.asked().into_iter().map(|(_, patience)| patience).collect())
}

#[tokio::test]
async fn what_may_be_repeated_is_tried_again_after_a_failed_connection_or_a_5xx() {
    for method in [ExternalMethod::Get, ExternalMethod::Put, ExternalMethod::Delete] {
        let told = [unreachable(), Ok(answer(500, "")), Ok(answer(503, "")), Ok(answer(200, "there"))];
        let (answered, tries) = called(method, told, ExternalSettings::default()).await;
        assert_eq!(answered, Ok(answer(200, "there")), "{method:?}");
        assert_eq!(tries.len(), 4, "{method:?}");
    }
}

#[tokio::test]
async fn a_post_is_sent_once() {
    for told in [unreachable(), Ok(answer(503, "busy"))] {
        let (answered, tries) =
            called(ExternalMethod::Post, [told.clone()], ExternalSettings::default()).await;
        assert_eq!(answered, told.map_err(ExternalError::Fault));
        assert_eq!(tries.len(), 1);
    }
}

#[tokio::test]
async fn the_last_answer_is_the_answer_whatever_its_status() {
    let (answered, tries) =
        called(ExternalMethod::Get, [Ok(answer(502, "sorry"))], ExternalSettings::default()).await;
    assert_eq!(answered, Ok(answer(502, "sorry")));
    assert_eq!(tries.len(), 4);
    let none = ExternalSettings { max_retries: 0, ..ExternalSettings::default() };
    assert_eq!(called(ExternalMethod::Get, [Ok(answer(502, "sorry"))], none).await.1.len(), 1);
}

#[tokio::test]
async fn other_answers_and_other_faults_are_final() {
    let finals: [Told; 8] = [
        Err(ExternalFault::Unresolved),
        Ok(answer(200, "")),
        Ok(answer(302, "")),
        Ok(answer(429, "")),
        Err(ExternalFault::Invalid("x".to_owned())),
        Err(ExternalFault::Refused("x".to_owned())),
        Err(ExternalFault::Failed("x".to_owned())),
        Err(ExternalFault::TimedOut),
    ];
    for told in finals {
        let (answered, tries) =
            called(ExternalMethod::Get, [told.clone()], ExternalSettings::default()).await;
        assert_eq!(answered, told.map_err(ExternalError::Fault));
        assert_eq!(tries.len(), 1);
    }
}

#[tokio::test]
async fn all_tries_share_one_time() {
    let settings = ExternalSettings {
        timeout: Duration::from_millis(1000),
        max_retries: 9,
        ..ExternalSettings::default()
    };
    let (answered, tries) = called(ExternalMethod::Get, [unreachable()], settings).await;
    assert_eq!(answered, unreachable().map_err(ExternalError::Fault));
    let millis: Vec<u128> = tries.iter().map(Duration::as_millis).collect();
    assert_eq!(millis, [1000, 800, 400], "a pause that would take the rest of the time is not begun");
}

#[tokio::test]
async fn what_is_switched_off_or_too_long_is_not_sent() {
    let off = ExternalSettings { enabled: false, ..ExternalSettings::default() };
    assert_eq!(
        called(ExternalMethod::Get, [Ok(answer(200, ""))], off).await,
        (Err(ExternalError::Off), Vec::new())
    );
    let world = Arc::new(ToldWorld::of([Ok(answer(200, ""))]));
    let clock = Arc::new(ManualClock::default());
    let calls = ExternalCalls::new(Arc::clone(&world) as _, clock, ExternalSettings::default());
    for (length, expected) in
        [(LONGEST_BODY, Ok(answer(200, ""))), (LONGEST_BODY + 1, Err(ExternalError::TooLong))]
    {
        let body = Some(("application/json", vec![b'x'; length].into()));
        let asked = ExternalRequest { body, ..request(ExternalMethod::Post) };
        let place = calls.place(ANN).unwrap();
        assert_eq!(calls.call(&place, &asked).await.map(|brought| brought.answer), expected);
    }
    assert_eq!(world.asked().len(), 1);
}

#[test]
fn one_person_makes_so_many_calls_at_once_and_takes_nobody_elses_places() {
    let settings = ExternalSettings { at_once_each: 2, ..ExternalSettings::default() };
    let world = Arc::new(ToldWorld::of([Ok(answer(200, ""))]));
    let calls = ExternalCalls::new(world, Arc::new(ManualClock::default()), settings);
    let of_ann = [calls.place(ANN).unwrap(), calls.place(ANN).unwrap()];
    assert_eq!(calls.place(ANN).err(), Some(ExternalError::OwnPlacesTaken));
    let others: Vec<_> = (2..500).map(|person| calls.place(UserId(person)).unwrap()).collect();
    drop(of_ann);
    assert!(calls.place(ANN).is_ok(), "whoever has ended takes no place");
    assert_eq!(others.len(), 498);
}

#[tokio::test]
async fn calls_wait_for_room_as_long_as_there_is_patience_and_an_answer_takes_what_it_is_long() {
    let settings = ExternalSettings { room: LONGEST_ANSWER + 6, ..ExternalSettings::default() };
    let world = Arc::new(ToldWorld::of([Ok(answer(200, "hello"))]));
    let clock = Arc::new(ManualClock::default());
    let calls = ExternalCalls::new(Arc::clone(&world) as _, Arc::clone(&clock) as _, settings);
    let asked = request(ExternalMethod::Get);
    let [first, second, third, fourth] =
        [ANN, UserId(2), UserId(3), UserId(4)].map(|who| calls.place(who).unwrap());
    let brought = calls.call(&first, &asked).await.unwrap();
    let of_second = calls.call(&second, &asked);
    assert!(of_second.now_or_never().is_some(), "an answer of five bytes leaves room for another call");
    let more = calls.call(&fourth, &asked).await.unwrap();
    let mut waiting = Box::pin(calls.call(&third, &asked));
    assert!(waiting.as_mut().now_or_never().is_none(), "two of them do not");
    let sent = world.asked().len();
    drop(brought);
    assert!(waiting.await.is_ok());
    assert_eq!(world.asked().len(), sent + 1);
    let again = calls.call(&first, &asked).await.unwrap();
    let refused = tokio::join!(calls.call(&third, &asked), async {
        clock.until_sleeping(1).await;
        clock.advance(Duration::from_secs(10));
    });
    assert_eq!(refused.0.map(|brought| brought.answer), Err(ExternalError::NoRoom));
    assert_eq!(world.asked().len(), sent + 2, "and nothing was sent");
    drop((more, again));
}

#[test]
fn only_what_was_sent_and_is_done_once_may_be_done_without_an_answer() {
    let (failed, late) = (ExternalFault::Failed("x".to_owned()), ExternalFault::TimedOut);
    for fault in [failed, late] {
        let error = ExternalError::Fault(fault);
        assert!(error.may_be_done(ExternalMethod::Post));
        for method in [ExternalMethod::Get, ExternalMethod::Put, ExternalMethod::Delete] {
            assert!(!error.may_be_done(method), "{method:?} may be repeated");
        }
    }
    for error in [
        ExternalError::Fault(ExternalFault::Unreachable("x".to_owned())),
        ExternalError::Fault(ExternalFault::Unresolved),
        ExternalError::Fault(ExternalFault::Refused("x".to_owned())),
        ExternalError::NoRoom,
        ExternalError::TooLong,
    ] {
        assert!(!error.may_be_done(ExternalMethod::Post), "{error:?}");
    }
}
