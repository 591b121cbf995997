//! Clients that leave.

use crate::requests::{MODEL, TARGET, body, chat, patient};
use serde_json::json;
use std::time::{Duration, Instant};
use switchyard_domain::chat::UsageSource;
use switchyard_domain::limits::Limits;
use switchyard_domain::usage::{Outcome, UsageEvent};
use switchyard_harness::testkit::simulator::{RecordedCall, Script};
use switchyard_harness::{RawConnection, TestApp, TestClient};

/// The promise is 100 ms; a busy machine may take longer to run a test.
const SOON: Duration = Duration::from_secs(1);

struct Scene {
    app: TestApp,
    client: TestClient,
}

/// What a call's client and its provider saw of each other.
struct Left {
    call: RecordedCall,
    event: UsageEvent,
}

impl Scene {
    async fn scripted(script: &str) -> Self {
        let app = patient().route("pair", ["gpt-sim", MODEL]).start().await;
        app.simulator().script(MODEL, Script::of(script));
        let limits = Limits { concurrency: Some(1), ..Limits::NONE };
        let client = app.client_with("ci", limits, None).await;
        Self { app, client }
    }

    /// A connection on which a call was sent.
    async fn call(&self, id: &str, stream: bool) -> RawConnection {
        let mut connection = RawConnection::open(self.app.address()).await;
        connection.send(chat(self.client.key(), id, &body(stream))).await;
        connection
    }

    /// Waits until the provider has `calls` calls.
    async fn until_called(&self, calls: usize) {
        let seen = self.app.simulator().until_calls(calls, Duration::from_secs(10)).await;
        assert_eq!(seen.len(), calls);
    }

    /// The client left at `at`: the provider's `calls`-th call must end by our closing it, and be recorded so.
    async fn is_cancelled(&self, id: &str, at: Instant, calls: usize) -> Left {
        let ended = self.app.simulator().until_ended_calls(calls, Duration::from_secs(10)).await;
        assert_eq!(ended.len(), calls, "another call was made for a client that had left");
        let call = ended[calls - 1].clone();
        let closed = call.peer_closed_at.unwrap_or_else(|| panic!("the call was not cancelled: {call:?}"));
        let took = closed.saturating_duration_since(at);
        println!("cancelled at the provider {took:?} after the client had left");
        assert!(took <= SOON, "{took:?}");
        let events = self.app.events_of(id).await;
        let event = events.last().unwrap_or_else(|| panic!("nothing was recorded")).clone();
        assert_eq!((event.outcome, event.is_final), (Outcome::ClientClosed, true), "{event:?}");
        self.is_forgotten().await;
        Left { call, event }
    }

    /// Nothing of a call that ended is held any more: the key with room for one call has it again.
    async fn is_forgotten(&self) {
        self.app.simulator().script(MODEL, Script::of("tokens=2"));
        assert_eq!(self.client.ask(TARGET, "next").await.status, 200);
        assert_eq!(self.app.embedded().status().facts().calls_in_flight, 0);
    }
}

/// C1.
#[tokio::test]
async fn a_client_that_leaves_before_the_providers_head_cancels_the_call_and_pays_nothing() {
    for stream in [false, true] {
        let scene = Scene::scripted("latency_ms=60000").await;
        let connection = scene.call("before-head", stream).await;
        scene.until_called(1).await;
        drop(connection);
        let left = scene.is_cancelled("before-head", Instant::now(), 1).await;
        assert_eq!((left.event.usage.total(), left.event.usage_source), (0, UsageSource::None));
        assert_eq!(left.call.billed.prompt, 0);
    }
}

/// C1.
#[tokio::test]
async fn a_client_that_leaves_before_the_first_token_cancels_the_call_and_pays_its_prompt() {
    for script in ["stall_before_first", "stall_after=0"] {
        let scene = Scene::scripted(script).await;
        let connection = scene.call("before-first", true).await;
        scene.until_called(1).await;
        // The head must have been read by the server, not only sent by the provider.
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop(connection);
        let left = scene.is_cancelled("before-first", Instant::now(), 1).await;
        assert_eq!(left.event.usage.input, left.call.billed.prompt, "{script}");
        assert_eq!((left.event.usage.output, left.event.usage_source), (0, UsageSource::Partial), "{script}");
    }
}

/// C1.
#[tokio::test]
async fn a_client_that_leaves_in_mid_stream_cancels_the_call_and_pays_for_what_was_received() {
    let scene = Scene::scripted("tokens=400&stall_after=7").await;
    let mut connection = scene.call("mid-stream", true).await;
    scene.until_called(1).await;
    let head = connection.read_until("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let seventh = last_word(&scene).await;
    connection.read_until(&seventh).await;
    drop(connection);
    let left = scene.is_cancelled("mid-stream", Instant::now(), 1).await;
    assert_eq!(left.event.usage.input, left.call.billed.prompt);
    assert_eq!((left.event.usage.output, left.call.billed.completion), (7, 7));
    assert_eq!(left.event.usage_source, UsageSource::Partial);
}

/// The piece of text that the provider sent last, as it stands in its chunk.
async fn last_word(scene: &Scene) -> String {
    for _ in 0..200 {
        let call = scene.app.simulator().calls().remove(0);
        if call.billed.completion == 7 {
            let word = call.text_sent.rsplit(' ').next().unwrap().to_owned();
            return format!("\"content\":\" {word}\"");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the provider did not send seven words");
}

/// C1.
#[tokio::test]
async fn a_client_that_leaves_a_flowing_stream_pays_no_more_than_the_provider_sent() {
    let scene = Scene::scripted("tokens=4000&chunk_ms=5").await;
    let mut connection = scene.call("flowing", true).await;
    connection.read_until("\"content\":").await;
    drop(connection);
    let left = scene.is_cancelled("flowing", Instant::now(), 1).await;
    assert!(
        (1..=left.call.billed.completion).contains(&left.event.usage.output),
        "{left:?}",
        left = left.event
    );
    assert!(left.call.billed.completion < 4000);
}

/// C1.
#[tokio::test]
async fn a_client_that_leaves_a_buffered_call_cancels_it_and_pays_its_prompt() {
    let scene = Scene::scripted("tokens=50&stall_after=120").await;
    let connection = scene.call("buffered", false).await;
    scene.until_called(1).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(connection);
    let left = scene.is_cancelled("buffered", Instant::now(), 1).await;
    assert_eq!(left.event.usage.input, left.call.billed.prompt);
    assert_eq!(left.event.usage_source, UsageSource::Partial);
}

/// C1.
#[tokio::test]
async fn a_client_that_leaves_during_a_fallback_ends_it_and_every_attempt_is_recorded() {
    let scene = Scene::scripted("latency_ms=60000").await;
    scene.app.simulator().script("gpt-sim", Script::of("status=500"));
    let mut connection = RawConnection::open(scene.app.address()).await;
    let call = json!({"model": "pair", "messages": [{"role": "user", "content": "hi"}]});
    connection.send(chat(scene.client.key(), "fallback", &call)).await;
    scene.until_called(2).await;
    drop(connection);
    scene.is_cancelled("fallback", Instant::now(), 2).await;
    let outcomes: Vec<Outcome> =
        scene.app.events_of("fallback").await.iter().map(|event| event.outcome).collect();
    assert_eq!(outcomes, [Outcome::Failed, Outcome::ClientClosed]);
}

/// C1.
#[tokio::test]
async fn no_retry_is_started_for_a_client_that_left_while_it_was_waited_for() {
    let scene = Scene::scripted("status=429&retry_after=1").await;
    let connection = scene.call("waiting", false).await;
    scene.app.simulator().until_ended_calls(1, Duration::from_secs(10)).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(connection);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(scene.app.simulator().calls().len(), 1);
    let events = scene.app.events_of("waiting").await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!((events[0].outcome, events[0].usage.total()), (Outcome::Throttled, 0));
    scene.is_forgotten().await;
}

/// C3: a half-closed connection can't be told from one whose client left.
#[tokio::test]
async fn a_half_closed_connection_counts_as_left() {
    for (script, stream) in [("latency_ms=60000", false), ("tokens=400&stall_after=3", true)] {
        let scene = Scene::scripted(script).await;
        let mut connection = scene.call("half-closed", stream).await;
        scene.until_called(1).await;
        let at = Instant::now();
        connection.half_close().await;
        scene.is_cancelled("half-closed", at, 1).await;
        assert!(connection.closes_within(Duration::from_secs(5)).await);
    }
}

/// P6: clients that leave leave nothing behind.
#[tokio::test]
async fn after_many_disconnects_no_call_and_no_connection_is_left() {
    let app = patient().start().await;
    app.simulator().script(MODEL, Script::of("tokens=400&stall_after=2"));
    let client = app.client_with_key("ci").await;
    for wave in 0..4 {
        let mut connections = Vec::new();
        for number in 0..50 {
            let mut connection = RawConnection::open(app.address()).await;
            connection
                .send(chat(client.key(), &format!("wave-{wave}-{number}"), &body(number % 2 == 0)))
                .await;
            connections.push(connection);
        }
        app.simulator().until_calls((wave + 1) * 50, Duration::from_secs(20)).await;
        drop(connections);
        let ended = app.simulator().until_ended_calls((wave + 1) * 50, Duration::from_secs(20)).await;
        assert!(ended.iter().all(|call| call.peer_closed_at.is_some() || call.completed));
    }
    for _ in 0..100 {
        if app.simulator().open_connections() == 0 && app.embedded().status().facts().calls_in_flight == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!(
        "{} connections and {} calls are left",
        app.simulator().open_connections(),
        app.embedded().status().facts().calls_in_flight
    );
}
