//! Calls to addresses that people name.

use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::ids::UserId;
use switchyard_orchestrator::external::{ExternalCalls, ExternalError, ExternalSettings};
use switchyard_ports::clock::Clock;
use switchyard_ports::external::{
    ExternalAnswer, ExternalFault, ExternalMethod, ExternalRequest, LONGEST_BODY,
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
            answer = &mut call => break answer,
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
        assert_eq!(calls.call(&place, &asked).await, expected);
    }
    assert_eq!(world.asked().len(), 1);
}

#[test]
fn one_person_and_all_together_make_so_many_calls_at_once_and_no_more() {
    let settings = ExternalSettings { at_once: 5, at_once_each: 2, ..ExternalSettings::default() };
    let world = Arc::new(ToldWorld::of([Ok(answer(200, ""))]));
    let calls = ExternalCalls::new(world, Arc::new(ManualClock::default()), settings);
    let refused = |person: i64| calls.place(UserId(person)).err();
    let of_ann = [calls.place(ANN).unwrap(), calls.place(ANN).unwrap()];
    assert_eq!(refused(1), Some(ExternalError::OwnPlacesTaken));
    let mut others: Vec<_> = (2..5).map(|person| calls.place(UserId(person)).unwrap()).collect();
    assert_eq!(refused(9), Some(ExternalError::AllPlacesTaken));
    assert_eq!(refused(1), Some(ExternalError::OwnPlacesTaken), "hers is the nearer reason");
    others.pop();
    let last = calls.place(UserId(9)).unwrap();
    assert_eq!(refused(9), Some(ExternalError::AllPlacesTaken));
    drop((of_ann, others, last));
    let again: Vec<_> = (0..5).map(|person| calls.place(UserId(person)).unwrap()).collect();
    assert_eq!(again.len(), 5, "whoever has ended takes no place");
}
