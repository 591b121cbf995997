//! Virtual keys that end, and the demo key.

use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::{Duration, Instant};
use switchyard::{Builder, Name, Store};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_harness::TestApp;
use switchyard_harness::testkit::clock::{ManualClock, START};
use switchyard_harness::testkit::simulator::Script;
use switchyard_orchestrator::admin::KeyRequest;

#[tokio::test]
async fn a_revoked_key_is_401_at_once_and_its_running_stream_ends_well() {
    let app = TestApp::start().await;
    let client = app.client_with_key("ci").await;
    app.simulator().script("gpt-sim", Script::of("tokens=20&chunk_ms=20"));
    let running = tokio::spawn({
        let client = client.clone();
        async move { client.ask_stream("upstream/gpt-sim", "hi").await }
    });
    app.simulator().until_calls(1, Duration::from_secs(10)).await;
    app.embedded().keys().revoke(&Name::new("ci").unwrap(), &Writer::API).await.unwrap();
    for path in ["/v1/chat/completions", "/chat/completions"] {
        let answer = client.post(path, "{}").await;
        assert_eq!((answer.status, answer.error_code().as_str()), (401, "invalid_api_key"));
    }
    assert_eq!(client.get("/v1/models").await.status, 401);
    let running = running.await.unwrap();
    assert!(running.done, "{}", running.answer.text);
    assert_eq!(app.events_of(running.answer.request_id()).await.len(), 1);
}

#[tokio::test]
async fn a_key_that_another_process_makes_and_revokes_is_known_and_refused_within_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::SqliteFile(folder.path().join("switchyard.db"));
    let app = TestApp::builder().store(store.clone()).start().await;
    let client = app.client_with_key("ci").await;
    assert_eq!(client.ask("upstream/gpt-sim", "hi").await.status, 200);
    let elsewhere = Builder::in_memory().store(store).open_administration().await.unwrap();
    elsewhere.keys().revoke(&Name::new("ci").unwrap(), &Writer::API).await.unwrap();
    let revoked = Instant::now();
    while client.get("/v1/models").await.status != 401 {
        assert!(revoked.elapsed() < Duration::from_secs(5), "the key still works");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("refused {:?} after another process had revoked it", revoked.elapsed());
}

#[tokio::test]
async fn a_key_ends_at_the_moment_it_was_made_to() {
    let clock = Arc::new(ManualClock::default());
    let app = TestApp::builder().clock(clock.clone()).start().await;
    let request = KeyRequest {
        name: Name::new("short").unwrap(),
        models: None,
        limits: Limits::NONE,
        expires_at: Some(START.after(Duration::from_secs(60))),
        user: None,
        tags: Vec::new(),
        budget: None,
    };
    let created = app.embedded().keys().create(request, &Writer::API).await.unwrap();
    let client = app.client(created.key.expose_secret());
    clock.advance(Duration::from_millis(59_999));
    assert_eq!(client.get("/v1/models").await.status, 200);
    clock.advance(Duration::from_millis(1));
    let answer = client.get("/v1/models").await;
    assert_eq!((answer.status, answer.error_code().as_str()), (401, "invalid_api_key"));
    // A clock that is set back opens nothing that was closed by the calendar alone; it opens what is not yet over.
    clock.set_now(START);
    assert_eq!(client.get("/v1/models").await.status, 200);
}

#[tokio::test]
async fn the_demo_key_calls_simulated_models_from_this_machine_only() {
    let app = TestApp::builder().demo(true).start().await;
    let demo = app.client("sy-demo");
    let answer = demo.ask("sim/swift", "hi").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let events = app.events_of(answer.request_id()).await;
    assert!(events[0].simulated && events[0].key.is_none());
    assert!(demo.ask_stream("sim/echo", "hello there").await.done);
    let answer = demo.ask("upstream/gpt-sim", "hi").await;
    assert_eq!((answer.status, answer.error_code().as_str()), (403, "model_not_allowed"));
    for header in ["x-forwarded-for", "forwarded"] {
        let request = demo.request("GET", "/v1/models").header(header, "for=127.0.0.1");
        assert_eq!(request.send().await.unwrap().status(), 401, "{header}");
    }
    assert!(app.simulator().calls().is_empty());
}

#[tokio::test]
async fn the_demo_key_is_nothing_once_somebody_administers_whoever_made_them() {
    let app = TestApp::builder().demo(true).start().await;
    let demo = app.client("sy-demo");
    assert_eq!(demo.get("/v1/models").await.status, 200);
    let registration = &app.embedded().accounts().registration;
    let password = "Gravel-Otter-7".to_owned().into();
    assert!(registration.first_administrator("ada.admin", &password, &Writer::SEED).await.unwrap().is_some());
    assert_eq!(demo.get("/v1/models").await.status, 401);
}

#[tokio::test]
async fn the_demo_key_is_nothing_where_it_is_off_or_others_can_connect() {
    let app = TestApp::builder().demo(false).start().await;
    assert_eq!(app.client("sy-demo").get("/v1/models").await.status, 401);
    let app = TestApp::builder()
        .demo(true)
        .server(|config| config.listen = vec!["0.0.0.0:0".parse().unwrap()])
        .start()
        .await;
    let answer = app.client("sy-demo").get("/v1/models").await;
    assert_eq!((answer.status, answer.error_code().as_str()), (401, "invalid_api_key"));
}
