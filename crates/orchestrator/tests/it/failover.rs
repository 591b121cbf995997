//! Which target is tried when, and what the client hears when all failed.

use crate::world::{SECOND, Setting, World, drain, listed, route, streamed, until, wanted};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::fault::{FailoverOn, FaultKind, ProviderFault};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::usage::Outcome;
use switchyard_orchestrator::admin::ProviderRequest;
use switchyard_orchestrator::error::CallErrorKind;
use switchyard_ports::health::AttemptFact;
use switchyard_testkit::fakes::provider::Act;

#[tokio::test]
async fn the_first_target_that_works_answers_and_every_attempt_is_recorded() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::fail(FaultKind::ServerError));
    world.factory.always("b/m", Act::fail_after_head(FaultKind::InvalidResponse));
    let reply = world.ask("all").await.unwrap();
    assert_eq!((reply.head.target.as_str(), reply.head.attempts), ("c/m", 3));
    assert_eq!(world.factory.targets(), ["a/m", "b/m", "c/m"]);
    let events = world.journal.events();
    let seen: Vec<_> = events.iter().map(|event| (event.attempt, event.outcome, event.is_final)).collect();
    assert_eq!(
        seen,
        [(1, Outcome::Failed, false), (2, Outcome::Failed, false), (3, Outcome::Complete, true)]
    );
    let sources: Vec<_> = events.iter().map(|event| event.usage_source).collect();
    assert_eq!(sources, [UsageSource::None, UsageSource::Partial, UsageSource::Provider]);
    assert_eq!(events[0].call, events[2].call);
    assert_eq!(world.journal.records().len(), 1, "a call is one record");
    world.is_idle();
}

#[tokio::test]
async fn a_call_has_three_attempts_at_most_however_many_targets_there_are() {
    let world = World::usual().await;
    world.provider("d", &["m"]).await;
    world.route("long", &["a/m", "b/m", "c/m", "d/m"]).await;
    for target in ["a/m", "b/m", "c/m"] {
        world.factory.always(target, Act::fail(FaultKind::ServerError));
    }
    let error = world.ask("long").await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::UpstreamError);
    assert_eq!(world.factory.targets(), ["a/m", "b/m", "c/m"]);
    assert_eq!(world.outcomes(), [Outcome::Failed; 3]);
}

#[tokio::test]
async fn a_provider_comes_a_second_time_only_when_all_came_once() {
    let world = World::usual().await;
    world.route("mixed", &["a/m", "a/n", "b/m"]).await;
    world.factory.always("a/m", Act::fail(FaultKind::ServerError));
    world.factory.always("b/m", Act::fail(FaultKind::ServerError));
    assert_eq!(world.ask("mixed").await.unwrap().head.target, "a/n");
    assert_eq!(world.factory.targets(), ["a/m", "b/m", "a/n"]);
}

#[tokio::test]
async fn a_rejected_request_is_tried_elsewhere_only_where_the_route_says_any() {
    for (failover_on, tried) in [
        (FailoverOn::ServerErrors, vec!["a/m"]),
        (FailoverOn::Availability, vec!["a/m"]),
        (FailoverOn::Any, vec!["a/m", "b/m"]),
    ] {
        let world = World::usual().await;
        let route = switchyard_domain::declared::DeclaredRoute { failover_on, ..route("r", &["a/m", "b/m"]) };
        world.routes.add(&route, &Writer::API).await.unwrap();
        let fault = ProviderFault {
            status: Some(422),
            code: Some("bad_thing".to_owned()),
            param: Some("messages".to_owned()),
            ..ProviderFault::new(FaultKind::Rejected, "No.")
        };
        world.factory.always("a/m", Act::Fail(fault));
        let answer = world.ask("r").await;
        assert_eq!(world.factory.targets(), tried);
        let Err(error) = answer else {
            assert_eq!(failover_on, FailoverOn::Any);
            continue;
        };
        assert_eq!((error.kind, error.status), (CallErrorKind::UpstreamRejected, Some(422)));
        assert_eq!((error.message.as_str(), error.code.as_deref()), ("No.", Some("bad_thing")));
        assert_eq!(error.param.as_deref(), Some("messages"));
        assert_eq!(world.outcomes(), [Outcome::Rejected]);
    }
}

#[tokio::test]
async fn under_server_errors_a_throttle_ends_the_call_and_no_target_is_tried_twice() {
    let world = World::usual().await;
    for (name, targets) in [("pair", &["a/m", "b/m"][..]), ("alone", &["a/m"])] {
        let route = switchyard_domain::declared::DeclaredRoute {
            failover_on: FailoverOn::ServerErrors,
            ..route(name, targets)
        };
        world.routes.add(&route, &Writer::API).await.unwrap();
    }
    world.factory.next("a/m", [Act::fail(FaultKind::Throttled)]);
    assert_eq!(world.ask("pair").await.err().unwrap().kind, CallErrorKind::UpstreamThrottled);
    assert_eq!(world.factory.targets(), ["a/m"]);
    world.factory.next("a/m", [Act::fail(FaultKind::ServerError)]);
    assert_eq!(world.ask("pair").await.unwrap().head.target, "b/m");
    world.factory.next("a/m", [Act::fail(FaultKind::ServerError)]);
    assert_eq!(world.ask("alone").await.err().unwrap().kind, CallErrorKind::UpstreamError);
    assert_eq!(world.factory.targets(), ["a/m", "a/m", "b/m", "a/m"]);
}

#[tokio::test]
async fn the_last_fault_decides_what_the_client_hears() {
    use CallErrorKind as Kind;
    for (last, kind) in [
        (FaultKind::ServerError, Kind::UpstreamError),
        (FaultKind::Connect, Kind::UpstreamError),
        (FaultKind::ConnectTimeout, Kind::UpstreamError),
        (FaultKind::Dns, Kind::UpstreamError),
        (FaultKind::FirstByteTimeout, Kind::UpstreamTimeout),
        (FaultKind::TotalTimeout, Kind::UpstreamTimeout),
        (FaultKind::Throttled, Kind::UpstreamThrottled),
        (FaultKind::QuotaExhausted, Kind::UpstreamError),
        (FaultKind::AuthFailed, Kind::UpstreamAuthFailed),
        (FaultKind::Tls, Kind::UpstreamTls),
        (FaultKind::Redirect, Kind::UpstreamRedirect),
        (FaultKind::InvalidResponse, Kind::UpstreamInvalidResponse),
        (FaultKind::NoCredential, Kind::UpstreamUnavailable),
        (FaultKind::Internal, Kind::Internal),
    ] {
        let world = World::usual().await;
        world.factory.always("a/m", Act::fail(FaultKind::ServerError));
        world.factory.always("b/m", Act::fail(FaultKind::FirstByteTimeout));
        world.factory.always("c/m", Act::fail(last));
        let error = world.ask("all").await.err().unwrap();
        assert_eq!(error.kind, kind, "{last}");
        assert!(error.message.contains("c/m"), "{last}: {}", error.message);
        let events = world.journal.events();
        assert_eq!(events[2].fault.as_deref(), Some(last.as_str()));
        let waits = matches!(kind, Kind::UpstreamThrottled | Kind::UpstreamUnavailable);
        assert_eq!(error.retry_after.is_some(), waits, "{last}");
    }
}

#[tokio::test]
async fn what_only_the_operator_can_mend_is_told_without_the_providers_words() {
    for kind in
        [FaultKind::AuthFailed, FaultKind::QuotaExhausted, FaultKind::EgressRefused, FaultKind::NoCredential]
    {
        let world = World::usual().await;
        let fault = ProviderFault {
            param: Some("secret-param".to_owned()),
            ..ProviderFault::new(kind, "org-internal at 10.0.0.7")
        };
        world.factory.always("a/m", Act::Fail(fault));
        let error = world.ask("a/m").await.err().unwrap();
        let text = format!("{error:?}");
        assert!(!text.contains("10.0.0.7") && !text.contains("secret-param"), "{kind}: {text}");
        assert!(error.message.contains("dministrator"), "{kind}: {}", error.message);
    }
}

#[tokio::test]
async fn a_stream_fails_over_before_its_first_content_and_never_after() {
    let world = World::usual().await;
    world.factory.next("a/m", [Act::fail_after_head(FaultKind::FirstByteTimeout)]);
    let mut frames = drain(world.stream("all").await).await;
    assert!(frames.pop().unwrap().is_ok());
    assert_eq!(world.factory.targets(), ["a/m", "b/m"]);

    world.factory.next("a/m", [Act::say(["one ", "two"]).cut(FaultKind::IdleTimeout)]);
    let mut frames = drain(world.stream("all").await).await;
    assert_eq!(frames.len(), 3);
    let error = frames.pop().unwrap().unwrap_err();
    assert_eq!(error.kind, CallErrorKind::StreamInterrupted);
    assert!(frames.iter().all(Result::is_ok));
    assert_eq!(world.factory.targets(), ["a/m", "b/m", "a/m"], "another answer was mixed in");
    world.is_idle();
}

#[tokio::test]
async fn a_slot_of_a_target_is_free_as_soon_as_its_attempt_failed() {
    let world = World::usual().await;
    let one = Limits { concurrency: Some(1), tpm: Some(1_000_000), ..Limits::NONE };
    let model = switchyard_domain::declared::DeclaredModel { limits: one, ..listed("m") };
    let request = ProviderRequest { models: vec![model], ..wanted("narrow") };
    let id = world.providers.add(request, &Writer::API).await.unwrap();
    world.route("spread", &["narrow/m", "b/m"]).await;
    let scope = format!("model:{id}/m");

    world.factory.always("narrow/m", Act::fail(FaultKind::ServerError));
    world.factory.always("b/m", Act::Hang);
    let mut first = world.call(streamed("spread"));
    until(&mut first, || world.factory.targets().len() == 2).await;
    assert_eq!(world.limiter.scope(&scope).held, 0, "held by a call that is elsewhere by now");
    let mut second = world.call(streamed("spread"));
    until(&mut second, || world.factory.targets().len() == 4).await;
    assert_eq!(world.factory.targets(), ["narrow/m", "b/m", "narrow/m", "b/m"]);
    assert_eq!(world.limiter.scope(&scope).settled, [0, 0], "what failed used nothing");
    drop((first, second));
    world.is_idle();
}

#[tokio::test]
async fn a_targets_limits_are_charged_with_its_own_tokens_only() {
    let world = World::usual().await;
    let limits = Limits { tpm: Some(1_000_000), ..Limits::NONE };
    let mut wide = route("wide", &["a/m", "b/m"]);
    wide.targets.iter_mut().for_each(|target| target.limits = limits);
    world.routes.add(&wide, &Writer::API).await.unwrap();
    let failed = Act::fail_after_head(FaultKind::ServerError);
    world.factory.always("a/m", failed);
    world.factory.always("b/m", Act::counting(100, 20));
    world.ask("wide").await.unwrap();
    let scopes = world.limiter.scopes();
    let [first, second] = scopes.as_slice() else { panic!("{scopes:?}") };
    assert_eq!(world.limiter.scope(first).settled, [0; 0], "what it used is not known without counting");
    assert_eq!(world.limiter.scope(second).settled, [120]);
    world.is_idle();
}

#[tokio::test]
async fn a_target_at_its_limit_is_passed_over_and_the_shortest_wait_is_told_when_all_are() {
    let world = World::usual().await;
    let limits = Limits { rpm: Some(5), ..Limits::NONE };
    let mut busy = route("busy", &["a/m", "b/m"]);
    busy.targets.iter_mut().for_each(|target| target.limits = limits);
    world.routes.add(&busy, &Writer::API).await.unwrap();
    world.ask("busy").await.unwrap();
    let scope_of_a = world.limiter.scopes().remove(0);
    world.limiter.close(&scope_of_a, Duration::from_millis(20_500));
    let reply = world.ask("busy").await.unwrap();
    assert_eq!((reply.head.target.as_str(), reply.head.attempts), ("b/m", 1), "passing over is no attempt");
    let scope_of_b = world.limiter.scopes().into_iter().find(|scope| *scope != scope_of_a).unwrap();
    world.limiter.close(&scope_of_b, Duration::from_millis(40_500));
    let before = world.journal.events().len();
    let error = world.ask("busy").await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::RateLimited);
    assert_eq!(error.retry_after, Some(Duration::from_millis(20_500)));
    assert!(error.message.ends_with("Try again in 21 s."), "{}", error.message);
    assert_eq!(world.journal.events().len(), before, "nothing was sent, nothing is recorded");
    let facts = world.health.facts_of("m");
    assert_eq!(
        facts.iter().filter(|fact| **fact == AttemptFact::Nothing).count(),
        3,
        "and nothing is learned: {facts:?}"
    );
    world.is_idle();
}

#[tokio::test]
async fn what_a_provider_says_of_its_own_failure_is_not_for_clients() {
    let world = World::usual().await;
    let slip = "pool.acquire failed: SELECT * FROM accounts at https://internal.example";
    let said =
        |kind, status| Act::Fail(ProviderFault { status, is_quoted: true, ..ProviderFault::new(kind, slip) });
    for (act, told) in [
        (
            said(FaultKind::ServerError, Some(500)),
            "a/m failed: the provider answered with the error status 500",
        ),
        (said(FaultKind::InvalidResponse, Some(200)), "a/m failed: the provider sent an error in its answer"),
    ] {
        world.factory.always("a/m", act);
        assert_eq!(world.ask("a/m").await.err().unwrap().message, told);
    }
    world.factory.always("a/m", said(FaultKind::Rejected, Some(400)));
    assert_eq!(
        world.ask("a/m").await.err().unwrap().message,
        slip,
        "of their own request the caller hears all"
    );
}

#[tokio::test]
async fn a_call_that_can_go_nowhere_is_503_with_a_wait() {
    let world = World::usual().await;
    world.provider_of("locked", "bare", &["x"]).await;
    world.route("dead", &["bare/x"]).await;
    for model in ["bare/x", "dead"] {
        let error = world.ask(model).await.err().unwrap();
        assert_eq!(error.kind, CallErrorKind::UpstreamUnavailable, "{model}");
        assert_eq!(error.retry_after, Some(60 * SECOND));
        assert!(error.message.contains("credential"), "{}", error.message);
    }
    assert!(world.factory.targets().is_empty() && world.journal.events().is_empty());
    world.is_idle();
}

#[tokio::test]
async fn targets_share_the_time_of_the_call_and_none_is_tried_when_it_is_over() {
    let mut setting = Setting::default();
    setting.calls.deadlines.total = 50 * SECOND;
    let world = World::set(setting).await;
    let clock = Arc::clone(&world.clock);
    world.factory.on_send(move |_| clock.advance(25 * SECOND));
    for target in ["a/m", "b/m", "c/m"] {
        world.factory.always(target, Act::fail(FaultKind::ServerError));
    }
    world.ask("all").await.err().unwrap();
    let given: Vec<_> = world
        .factory
        .calls()
        .iter()
        .map(|call| (call.deadlines.first_content, call.deadlines.total))
        .collect();
    assert_eq!(given, [(30 * SECOND, 50 * SECOND), (25 * SECOND, 25 * SECOND)]);
}

#[tokio::test]
async fn a_request_that_can_not_be_made_is_recorded_and_nothing_is_sent() {
    let world = World::usual().await;
    world.factory.refuse_to_prepare("a/m", FaultKind::Unsupported);
    let error = world.ask("a/m").await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::UnsupportedFeature);
    assert!(world.factory.targets().is_empty());
    let event = world.only_event();
    assert_eq!((event.outcome, event.usage_source), (Outcome::Rejected, UsageSource::None));
}

#[tokio::test]
async fn a_target_whose_dialect_can_not_express_a_call_is_passed_over_without_an_attempt() {
    let world = World::usual().await;
    world.factory.refuse_to_prepare("a/m", FaultKind::Unsupported);
    let reply = world.ask("all").await.unwrap();
    assert_eq!((reply.head.target.as_str(), reply.head.attempts), ("b/m", 1));
    assert_eq!(world.only_event().outcome, Outcome::Complete);
}

#[tokio::test]
async fn where_no_target_can_express_a_call_the_first_says_why_and_a_request_that_is_wrong_goes_no_further() {
    let world = World::usual().await;
    for target in ["a/m", "b/m", "c/m"] {
        world.factory.refuse_to_prepare(target, FaultKind::Unsupported);
    }
    let error = world.ask("all").await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::UnsupportedFeature);
    assert!(error.message.contains("a/m"), "{}", error.message);
    assert!(world.factory.targets().is_empty() && world.journal.events().is_empty());
    let world = World::usual().await;
    world.factory.refuse_to_prepare("a/m", FaultKind::Rejected);
    let error = world.ask("all").await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::UpstreamRejected);
    assert!(world.factory.targets().is_empty(), "the client's own mistake is one everywhere");
    world.is_idle();
}

#[tokio::test]
async fn what_a_target_did_is_told_to_its_health() {
    use switchyard_ports::health::AttemptFact;
    let world = World::usual().await;
    let mut throttled = ProviderFault::new(FaultKind::Throttled, "slow down");
    throttled.retry_after = Some(7 * SECOND);
    world.factory.always("a/m", Act::Fail(throttled));
    world.factory.always("b/m", Act::fail(FaultKind::AuthFailed));
    world.ask("all").await.unwrap();
    assert_eq!(world.health.facts_of("m").len(), 3);
    assert_eq!(
        world.health.facts_of("m"),
        [
            AttemptFact::Throttled { retry_after: Some(7 * SECOND) },
            AttemptFact::Failed(FaultKind::AuthFailed),
            AttemptFact::Lives,
        ]
    );
    world.factory.always("a/m", Act::fail(FaultKind::Rejected));
    world.ask("a/m").await.err().unwrap();
    assert_eq!(world.health.facts_of("m").last(), Some(&AttemptFact::Lives), "who rejects a request lives");
}

#[tokio::test]
async fn the_stored_credential_goes_along() {
    let world = World::empty().await;
    let request = ProviderRequest {
        vendor: "locked".to_owned(),
        api_key: Some(" sk-of-p ".into()),
        models: vec![listed("m")],
        ..wanted("p")
    };
    world.providers.add(request, &Writer::API).await.unwrap();
    world.ask("p/m").await.unwrap();
    assert_eq!(world.factory.calls()[0].credential.as_deref(), Some("sk-of-p"));
}
