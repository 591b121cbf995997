//! Several shared credentials of a provider: whose turn it is, and which are set back.

use crate::world::{SECOND, World, buffered, named, poll_once, route, streamed, until};
use secrecy::SecretString;
use std::task::Poll;
use std::time::Duration;
use switchyard_domain::declared::DeclaredRoute;
use switchyard_domain::fault::{FailoverOn, FaultKind, ProviderFault};
use switchyard_domain::meta::Writer;
use switchyard_domain::provider::SharedPlace;
use switchyard_domain::usage::Outcome;
use switchyard_orchestrator::error::{AdminError, CallErrorKind};
use switchyard_orchestrator::snapshot::{CredentialState, Setback};
use switchyard_ports::health::{AttemptFact, Occasion};
use switchyard_ports::repositories::ProviderPatch;
use switchyard_testkit::fakes::provider::Act;
use switchyard_testkit::log::LogCapture;

const MINUTES: Duration = Duration::from_secs(60);

pub(crate) fn key(number: u8) -> String {
    format!("sk-key-{number}-0123456789")
}

pub(crate) fn place(number: u8) -> SharedPlace {
    SharedPlace::new(number).unwrap()
}

/// A provider `p` of the model `m` with so many shared credentials, and the providers `a`, `b` and `c`.
pub(crate) async fn with_keys(count: u8) -> World {
    let world = World::usual().await;
    world.provider_of("locked", "p", &["m"]).await;
    for number in 1..=count {
        assert_eq!(world.add(&key(number)).await.unwrap(), place(number));
    }
    world
}

impl World {
    pub(crate) async fn add(&self, secret: &str) -> Result<SharedPlace, AdminError> {
        self.shared.add(&named("p"), &SecretString::from(secret), &Writer::API).await
    }

    /// From now on the provider answers every call with this key so.
    fn key_does(&self, number: u8, act: Act) {
        self.factory.with_credential(&key(number), Some(act));
    }

    fn key_works(&self, number: u8) {
        self.factory.with_credential(&key(number), None);
    }

    /// The numbers of the keys that calls came with since this was asked last.
    pub(crate) fn keys_of(&self, calls: &mut usize) -> Vec<u8> {
        let sent = self.factory.credentials();
        let fresh = sent.iter().skip(*calls).flatten();
        let numbers = fresh.map(|sent| (1..=16).find(|number| *sent == key(*number)).unwrap()).collect();
        *calls = sent.len();
        numbers
    }

    async fn states(&self) -> Vec<&'static str> {
        let listed = self.shared.list(&named("p")).await.unwrap();
        listed.into_iter().map(|entry| entry.state.map_or("unknown", CredentialState::as_str)).collect()
    }
}

fn throttled(retry_after: Option<Duration>) -> Act {
    Act::Fail(ProviderFault { retry_after, ..ProviderFault::new(FaultKind::Throttled, "slow down") })
}

#[tokio::test]
async fn calls_take_turns_with_the_keys() {
    let (world, mut seen) = (with_keys(3).await, 0);
    for _ in 0..6 {
        world.ask("p/m").await.unwrap();
    }
    assert_eq!(world.keys_of(&mut seen), [1, 2, 3, 1, 2, 3]);
    assert_eq!(world.states().await, ["usable"; 3]);
    world.is_idle();
}

#[tokio::test]
async fn a_refused_key_is_benched_and_the_call_goes_on_with_another_at_the_same_target() {
    let (world, mut seen) = (with_keys(2).await, 0);
    world.key_does(1, Act::fail(FaultKind::AuthFailed));
    let reply = world.ask("p/m").await.unwrap();
    assert_eq!((reply.head.target.as_str(), reply.head.attempts), ("p/m", 2));
    assert_eq!(world.keys_of(&mut seen), [1, 2]);
    assert_eq!(world.outcomes(), [Outcome::Failed, Outcome::Complete]);
    let facts = [AttemptFact::Nothing, AttemptFact::Lives];
    assert_eq!(world.health.facts_of("m"), facts, "the target is not cooled as a whole");
    for _ in 0..5 {
        world.ask("p/m").await.unwrap();
    }
    assert_eq!(world.keys_of(&mut seen), [2; 5], "nobody tries it meanwhile");
    let listed = world.shared.list(&named("p")).await.unwrap();
    let Some(CredentialState::SetBack { why: Setback::Refused, since, until }) = listed[0].state else {
        panic!("{listed:?}")
    };
    assert_eq!(until.0 - since.0, 300_000);
    assert_eq!(world.states().await, ["benched", "usable"]);
    let snapshot = world.keeper.snapshot();
    let budget = *snapshot.providers["p"].retry_budget.lock().unwrap();
    assert_eq!(budget, switchyard_domain::retry::RetryBudget::default(), "it is no retry that is paid for");
    world.is_idle();
}

#[tokio::test]
async fn a_benched_key_is_tried_by_one_call_after_five_minutes() {
    let (world, mut seen) = (with_keys(2).await, 0);
    world.key_does(1, Act::fail(FaultKind::AuthFailed));
    world.ask("p/m").await.unwrap();
    world.clock.advance(5 * MINUTES - SECOND);
    world.ask("p/m").await.unwrap();
    assert_eq!(world.keys_of(&mut seen), [1, 2, 2]);

    // One call holds the trial; the others pass it by.
    world.clock.advance(SECOND);
    world.key_does(1, Act::Hang);
    let mut trial = None;
    for _ in 0..2 {
        let mut call = world.call(streamed("p/m"));
        if matches!(poll_once(&mut call).await, Poll::Pending) {
            trial = Some(call);
        }
    }
    for _ in 0..4 {
        world.ask("p/m").await.unwrap();
    }
    assert_eq!(world.keys_of(&mut seen).iter().filter(|number| **number == 1).count(), 1);

    // Its client leaves: nothing was shown, and the next call is one.
    drop(trial);
    world.key_does(1, Act::fail(FaultKind::AuthFailed));
    for _ in 0..4 {
        world.ask("p/m").await.unwrap();
    }
    let tried = world.keys_of(&mut seen);
    assert_eq!(tried.iter().filter(|number| **number == 1).count(), 1, "{tried:?}");
    assert_eq!(world.states().await, ["benched", "usable"]);

    world.clock.advance(5 * MINUTES);
    world.key_works(1);
    for _ in 0..4 {
        world.ask("p/m").await.unwrap();
    }
    let tried = world.keys_of(&mut seen);
    assert_eq!(tried.iter().filter(|number| **number == 1).count(), 2, "it takes turns again: {tried:?}");
    assert_eq!(world.states().await, ["usable", "usable"]);
    world.is_idle();
}

#[tokio::test]
async fn a_trial_that_shows_nothing_of_the_key_is_made_again() {
    let (world, mut seen) = (with_keys(1).await, 0);
    world.key_does(1, Act::fail(FaultKind::QuotaExhausted));
    assert_eq!(world.ask("p/m").await.err().unwrap().kind, CallErrorKind::UpstreamError);
    let listed = world.shared.list(&named("p")).await.unwrap();
    assert!(
        matches!(listed[0].state, Some(CredentialState::SetBack { why: Setback::Spent, .. })),
        "{listed:?}"
    );
    world.clock.advance(5 * MINUTES);
    world.key_does(1, Act::fail(FaultKind::Dns));
    world.ask("p/m").await.err().unwrap();
    assert_eq!(world.states().await, ["benched"]);
    world.key_works(1);
    world.ask("p/m").await.unwrap();
    assert_eq!(world.states().await, ["usable"]);
    assert_eq!(world.keys_of(&mut seen), [1; 3]);
}

#[tokio::test]
async fn a_throttled_key_rests_for_as_long_as_it_was_told_to() {
    let (world, mut seen) = (with_keys(2).await, 0);
    world.key_does(1, throttled(Some(30 * SECOND)));
    world.ask("p/m").await.unwrap();
    world.key_works(1);
    assert_eq!(world.states().await, ["throttled", "usable"]);
    world.clock.advance(30 * SECOND - Duration::from_millis(1));
    world.ask("p/m").await.unwrap();
    assert_eq!(world.keys_of(&mut seen), [1, 2, 2]);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.states().await, ["usable", "usable"]);
    for _ in 0..4 {
        world.ask("p/m").await.unwrap();
    }
    let sent = world.keys_of(&mut seen);
    assert_eq!(sent.iter().filter(|number| **number == 1).count(), 2, "{sent:?}");

    // Without a word it is a second.
    world.key_does(1, throttled(None));
    world.key_does(2, throttled(Some(2 * SECOND)));
    let error = world.ask("p/m").await.err();
    assert!(error.is_none_or(|error| error.kind == CallErrorKind::UpstreamThrottled));
    world.is_idle();
}

#[tokio::test]
async fn only_when_no_key_is_left_does_the_target_rest_and_for_as_long_as_the_first_of_them() {
    let (world, mut seen) = (with_keys(2).await, 0);
    world.route("r", &["p/m", "a/m"]).await;
    world.key_does(1, throttled(Some(40 * SECOND)));
    world.key_does(2, Act::fail(FaultKind::AuthFailed));
    let reply = world.ask("r").await.unwrap();
    assert_eq!((reply.head.target.as_str(), reply.head.attempts), ("a/m", 3));
    assert_eq!(world.keys_of(&mut seen), [1, 2]);
    let rest = AttemptFact::Throttled { retry_after: Some(40 * SECOND) };
    let facts = [AttemptFact::Nothing, rest, AttemptFact::Lives];
    assert_eq!(world.health.facts_of("m"), facts, "the other key comes back sooner");
    world.is_idle();
}

#[tokio::test]
async fn a_key_that_is_to_wait_for_no_time_at_all_is_not_taken_again_before_other_targets() {
    for count in [1, 2] {
        let (world, mut seen) = (with_keys(count).await, 0);
        world.route("r", &["p/m", "a/m"]).await;
        (1..=count).for_each(|number| world.key_does(number, throttled(Some(Duration::ZERO))));
        let reply = world.ask("r").await.unwrap();
        assert_eq!((reply.head.target.as_str(), reply.head.attempts), ("a/m", u32::from(count) + 1));
        assert_eq!(world.keys_of(&mut seen), (1..=count).collect::<Vec<_>>());
        world.is_idle();
    }
}

#[tokio::test]
async fn the_last_attempt_is_another_targets_where_there_is_one() {
    let (world, mut seen) = (with_keys(5).await, 0);
    world.route("r", &["p/m", "a/m"]).await;
    (1..=5).for_each(|number| world.key_does(number, Act::fail(FaultKind::AuthFailed)));
    let reply = world.ask("r").await.unwrap();
    assert_eq!((reply.head.target.as_str(), reply.head.attempts), ("a/m", 3));
    let tried = world.keys_of(&mut seen);
    assert!(matches!(tried.as_slice(), [one, other] if one != other), "{tried:?}");
    // Alone it has all of them.
    let error = world.ask("p/m").await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::UpstreamAuthFailed);
    assert_eq!(world.keys_of(&mut seen).len(), 3);
    world.is_idle();
}

#[tokio::test]
async fn another_key_takes_no_attempt_that_a_provider_needs_which_was_not_asked() {
    let (world, mut seen) = (with_keys(2).await, 0);
    world.route("r", &["p/m", "a/m", "b/m"]).await;
    world.key_does(1, throttled(None));
    world.factory.next("a/m", [Act::fail(FaultKind::ServerError)]);
    let reply = world.ask("r").await.unwrap();
    assert_eq!((reply.head.target.as_str(), reply.head.attempts), ("b/m", 3));
    assert_eq!(world.keys_of(&mut seen), [1]);
    assert_eq!(world.factory.targets(), ["p/m", "a/m", "b/m"]);

    // Those that turn out to take no call leave it room.
    let world = with_keys(2).await;
    world.route("r", &["p/m", "a/m", "b/m"]).await;
    world.key_does(1, throttled(None));
    for name in ["a", "b"] {
        let id = world.providers.find(&named(name)).await.unwrap().id;
        world.health.hold_back(id, "m", &[Occasion::Turn, Occasion::LastResort { is_first: false }]);
    }
    let reply = world.ask("r").await.unwrap();
    assert_eq!((reply.head.target.as_str(), reply.head.attempts), ("p/m", 2));
    world.is_idle();
}

#[tokio::test]
async fn another_key_comes_before_targets_that_are_better_not_tried_now() {
    let world = with_keys(2).await;
    world.route("r", &["p/m", "a/m", "b/m"]).await;
    world.key_does(1, Act::fail(FaultKind::AuthFailed));
    for name in ["a", "b"] {
        let id = world.providers.find(&named(name)).await.unwrap().id;
        world.providers.state_health(id, false, &Writer::API).await.unwrap();
    }
    let reply = world.ask("r").await.unwrap();
    assert_eq!((reply.head.target.as_str(), reply.head.attempts), ("p/m", 2));
    world.is_idle();
}

#[tokio::test]
async fn a_throttled_key_is_waited_for_though_a_benched_one_is_tried_sooner() {
    let world = with_keys(3).await;
    world.key_does(1, Act::fail(FaultKind::AuthFailed));
    world.ask("p/m").await.unwrap();
    world.clock.advance(298 * SECOND);
    world.key_does(2, throttled(Some(3 * SECOND)));
    let refused = ProviderFault::new(FaultKind::Throttled, "no");
    let refused = ProviderFault { should_retry: Some(false), retry_after: Some(60 * SECOND), ..refused };
    world.key_does(3, Act::Fail(refused));
    let before = world.factory.targets().len();
    let mut calling = world.call(buffered("p/m"));
    until(&mut calling, || world.clock.sleepers() == 1).await;
    assert_eq!(world.factory.targets().len() - before, 2);
    (1..=3).for_each(|number| world.key_works(number));
    world.clock.advance(3 * SECOND + SECOND / 4);
    assert_eq!(world.finish(calling).await.unwrap().head.attempts, 3);
    world.is_idle();
}

#[tokio::test]
async fn a_call_waits_for_the_first_key_that_takes_calls_again() {
    for other in [throttled(Some(30 * SECOND)), Act::fail(FaultKind::AuthFailed)] {
        let world = with_keys(2).await;
        world.key_does(1, throttled(Some(2 * SECOND)));
        world.key_does(2, other.clone());
        let mut calling = world.call(buffered("p/m"));
        until(&mut calling, || world.clock.sleepers() == 1).await;
        world.key_works(1);
        world.clock.advance(2 * SECOND + SECOND / 4);
        let reply = calling.await.unwrap();
        assert_eq!((reply.head.target.as_str(), reply.head.attempts), ("p/m", 3));
        world.is_idle();

        // Where that is too long, it is what the client hears.
        let world = with_keys(2).await;
        world.key_does(1, throttled(Some(20 * SECOND)));
        world.key_does(2, other);
        let error = world.ask("p/m").await.err().unwrap();
        let heard = (error.kind, error.retry_after);
        assert_eq!(heard, (CallErrorKind::UpstreamThrottled, Some(20 * SECOND)), "{}", error.message);
        assert_eq!(world.factory.targets().len(), 2);
    }
}

#[tokio::test]
async fn with_every_key_benched_a_call_is_refused_after_one_try_and_a_success_ends_it() {
    let (world, mut seen) = (with_keys(2).await, 0);
    (1..=2).for_each(|number| world.key_does(number, Act::fail(FaultKind::AuthFailed)));
    assert_eq!(world.ask("p/m").await.err().unwrap().kind, CallErrorKind::UpstreamAuthFailed);
    assert_eq!(world.states().await, ["benched", "benched"]);
    assert_eq!(world.keys_of(&mut seen), [1, 2]);
    let facts = [AttemptFact::Nothing, AttemptFact::Failed(FaultKind::AuthFailed)];
    assert_eq!(world.health.facts_of("m"), facts, "and the target rests as a whole");
    for _ in 0..3 {
        assert_eq!(world.ask("p/m").await.err().unwrap().kind, CallErrorKind::UpstreamAuthFailed);
        assert_eq!(world.keys_of(&mut seen).len(), 1, "the last target is never given up without a try");
    }
    (1..=2).for_each(|number| world.key_works(number));
    world.ask("p/m").await.unwrap();
    assert!(world.states().await.contains(&"usable"));
    world.is_idle();
}

#[tokio::test]
async fn under_server_errors_a_refused_or_throttled_key_ends_the_call_and_the_next_call_has_another() {
    for (kind, expected) in [
        (FaultKind::AuthFailed, CallErrorKind::UpstreamAuthFailed),
        (FaultKind::Throttled, CallErrorKind::UpstreamThrottled),
    ] {
        let (world, mut seen) = (with_keys(2).await, 0);
        let strict = DeclaredRoute { failover_on: FailoverOn::ServerErrors, ..route("r", &["p/m", "a/m"]) };
        world.routes.add(&strict, &Writer::API).await.unwrap();
        world.key_does(1, Act::fail(kind));
        assert_eq!(world.ask("r").await.err().unwrap().kind, expected);
        assert_eq!(world.keys_of(&mut seen), [1], "one upstream call");
        assert_eq!(world.health.facts_of("m"), [AttemptFact::Nothing], "the other key is usable");
        assert_eq!(world.ask("r").await.unwrap().head.target, "p/m");
        assert_eq!(world.keys_of(&mut seen), [2]);
    }
}

#[tokio::test]
async fn other_faults_say_nothing_of_a_key() {
    let (world, mut seen) = (with_keys(2).await, 0);
    for kind in [FaultKind::ServerError, FaultKind::Connect, FaultKind::Rejected, FaultKind::InvalidResponse]
    {
        world.key_does(1, Act::fail(kind));
        world.key_does(2, Act::fail(kind));
        world.ask("p/m").await.err().unwrap();
        assert_eq!(world.states().await, ["usable", "usable"], "{kind}");
    }
    assert!(world.keys_of(&mut seen).len() >= 4);
}

#[tokio::test]
async fn a_key_that_was_replaced_begins_anew_and_one_that_stays_does_not() {
    let (world, mut seen) = (with_keys(2).await, 0);
    (1..=2).for_each(|number| world.key_does(number, Act::fail(FaultKind::AuthFailed)));
    world.ask("p/m").await.err().unwrap();
    assert_eq!(world.states().await, ["benched", "benched"]);
    world.keys_of(&mut seen);
    world.shared.replace(&named("p"), place(1), &SecretString::from(key(3)), &Writer::API).await.unwrap();
    assert_eq!(world.states().await, ["usable", "benched"]);
    for _ in 0..3 {
        world.ask("p/m").await.unwrap();
    }
    assert_eq!(world.keys_of(&mut seen), [3, 3, 3]);
    // Another change of the provider makes its client anew, and changes nothing of that.
    let stored = world.providers.find(&named("p")).await.unwrap();
    let off = |is_enabled| ProviderPatch { is_enabled: Some(is_enabled), ..ProviderPatch::default() };
    world.providers.update(&stored, off(false), None, &Writer::API).await.unwrap();
    assert_eq!(world.states().await, ["unknown", "unknown"]);
    let stored = world.providers.find(&named("p")).await.unwrap();
    world.providers.update(&stored, off(true), None, &Writer::API).await.unwrap();
    assert_eq!(world.states().await, ["usable", "benched"]);
}

#[tokio::test]
async fn a_key_that_is_benched_is_told_once_by_its_place() {
    let log = LogCapture::begin();
    let world = World::empty().await;
    world.provider_of("locked", "told-once", &["m"]).await;
    for number in 1..=2 {
        let secret = SecretString::from(key(number));
        world.shared.add(&named("told-once"), &secret, &Writer::API).await.unwrap();
        world.key_does(number, Act::fail(FaultKind::AuthFailed));
    }
    for _ in 0..4 {
        world.ask("told-once/m").await.err().unwrap();
        world.clock.advance(5 * MINUTES);
    }
    let text = log.text();
    let told: Vec<&str> =
        text.lines().filter(|line| line.contains("told-once") && line.contains("is benched")).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    let names_place =
        |number| told.iter().any(|line| line.contains(&format!("\"credential.place\":{number}")));
    assert!(names_place(1) && names_place(2) && told.iter().all(|line| line.contains("WARN")), "{told:?}");
    assert!(!text.contains("sk-key-"), "no line holds a key");
}
