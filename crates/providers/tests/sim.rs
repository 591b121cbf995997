//! The simulated vendor, by a clock that the test moves.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use futures_util::StreamExt;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::chat::{ChatAnswer, Collector, FinishReason};
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_ports::clock::Clock;
use switchyard_ports::provider::{
    AnswerBody, AttemptContext, Carriage, Deadlines, Frame, Payload, Provider, ProviderConfig,
    ProviderFactory, Received, ReceivedParts,
};
use switchyard_providers::transport::egress::{AllowList, EgressPolicy, Purpose};
use switchyard_providers::transport::{SystemLookup, TransportSettings, Trust};
use switchyard_providers::{FactorySettings, VendorFactory};
use switchyard_testkit::call::WireCall;
use switchyard_testkit::clock::ManualClock;

const PATIENT: Duration = Duration::from_secs(600);

struct Scene {
    clock: Arc<ManualClock>,
    provider: Arc<dyn Provider>,
}

#[derive(Debug)]
struct Heard {
    answer: Result<ChatAnswer, ProviderFault>,
    /// How long the first content and all of it took, by the clock.
    first: Duration,
    whole: Duration,
    frames: usize,
    received: ReceivedParts,
}

impl Scene {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let factory = VendorFactory::new(FactorySettings {
            egress: Arc::new(EgressPolicy::new(Purpose::Provider, &AllowList::default(), false)),
            trust: Trust::load([]).unwrap(),
            lookup: Arc::new(SystemLookup),
            transport: TransportSettings::default(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            base_urls: HashMap::new(),
        });
        let config = ProviderConfig { name: "sim".into(), vendor: "sim".into(), base_url: None };
        Self { clock, provider: factory.build(&config).unwrap() }
    }

    /// Runs a future while time passes, a millisecond at each step.
    async fn while_time_passes<T>(&self, future: impl Future<Output = T>) -> T {
        let passing = async {
            loop {
                self.clock.until_sleeping(1).await;
                self.clock.advance(Duration::from_millis(1));
                tokio::task::yield_now().await;
            }
        };
        tokio::select! { biased; done = future => done, () = passing => unreachable!() }
    }

    async fn ask(&self, model: &str, body: &Value) -> Heard {
        self.ask_within(model, body, PATIENT).await
    }

    async fn ask_within(&self, model: &str, body: &Value, first_content: Duration) -> Heard {
        let prepared = self.provider.prepare(&WireCall::json(body), model).unwrap();
        assert_eq!(prepared.carriage, Carriage::Canonical);
        let received = Arc::new(Received::default());
        let context = AttemptContext {
            request_id: "r".into(),
            deadlines: Deadlines { first_content, idle: PATIENT, total: PATIENT },
            credential: None,
            connect_timeout: None,
            received: Arc::clone(&received),
        };
        let began = self.clock.monotonic();
        let since = || self.clock.monotonic().since(began);
        let sent = self.while_time_passes(self.provider.send(prepared, context)).await;
        let first = since();
        let mut frames = 0;
        let answer = match sent.map(|answer| answer.body) {
            Err(fault) => Err(fault),
            Ok(AnswerBody::Buffered(Payload::Canonical(answer))) => Ok(answer),
            Ok(AnswerBody::Buffered(_)) => panic!("bytes where an answer was due"),
            Ok(AnswerBody::Stream(mut stream)) => {
                let collecting = async {
                    let mut collector = Collector::default();
                    while let Some(frame) = stream.next().await {
                        frames += 1;
                        match frame? {
                            Frame::Events(events) => collector.extend(events),
                            Frame::Verbatim(_) | Frame::Closing(_) => panic!("bytes where events were due"),
                        }
                    }
                    Ok(collector.finish())
                };
                self.while_time_passes(collecting).await
            }
        };
        Heard { answer, first, whole: since(), frames, received: received.lock().clone() }
    }
}

fn prompt(text: &str, stream: bool) -> Value {
    json!({"model": "x", "messages": [{"role": "user", "content": text}], "stream": stream})
}

#[tokio::test]
async fn models_stream_at_their_stated_pace() {
    let scene = Scene::new();
    for (model, first_token, per_second) in [("swift", 80, 120), ("steady", 350, 45)] {
        let heard = scene.ask(model, &prompt("hello", true)).await;
        let tokens = heard.received.usage.unwrap().output;
        assert_eq!(heard.first, Duration::from_millis(first_token), "{model}");
        let expected = Duration::from_millis(first_token + (tokens - 1) * 1000 / per_second);
        let late = heard.whole.checked_sub(expected).unwrap();
        assert!(late <= Duration::from_millis(25), "{model}: {tokens} tokens in {:?}", heard.whole);
        assert_eq!(heard.frames as u64, tokens, "{model}: each token by itself");
        assert_eq!(heard.answer.unwrap().choices[0].finish, Some(FinishReason::Stop));
    }
}

#[tokio::test]
async fn a_clock_that_jumps_releases_all_that_is_due_at_once() {
    let scene = Scene::new();
    let prepared = scene.provider.prepare(&WireCall::json(&prompt("hello", true)), "swift").unwrap();
    let context = AttemptContext {
        request_id: "r".into(),
        deadlines: Deadlines { first_content: PATIENT, idle: PATIENT, total: PATIENT },
        credential: None,
        connect_timeout: None,
        received: Arc::default(),
    };
    let answer = scene.while_time_passes(scene.provider.send(prepared, context)).await.unwrap();
    let AnswerBody::Stream(frames) = answer.body else { panic!("no stream") };
    scene.clock.advance(Duration::from_secs(60));
    assert_eq!(frames.count().await, 1);
}

#[tokio::test]
async fn a_buffered_answer_says_the_same_and_takes_as_long() {
    let scene = Scene::new();
    let streamed = scene.ask("swift", &prompt("hello", true)).await;
    let buffered = scene.ask("swift", &prompt("hello", false)).await;
    let (one, other) = (streamed.answer.unwrap(), buffered.answer.unwrap());
    assert_eq!((one.text(), one.usage), (other.text(), other.usage));
    assert_eq!(streamed.received, buffered.received);
    assert_eq!(buffered.first, buffered.whole);
    let difference = buffered.whole.abs_diff(streamed.whole);
    assert!(difference <= Duration::from_millis(25), "{difference:?}");
    assert_eq!(buffered.received.output_text, other.text());
    assert!(buffered.received.finished && buffered.received.began);
}

#[tokio::test]
async fn the_same_prompt_and_seed_get_the_same_answer_and_others_another() {
    let scene = Scene::new();
    let text = async |body: &Value| scene.ask("steady", body).await.answer.unwrap().text();
    let mut seeded = prompt("hello", false);
    seeded["seed"] = json!(7);
    let plain = text(&prompt("hello", false)).await;
    assert_eq!(text(&prompt("hello", true)).await, plain);
    assert_ne!(text(&prompt("hello!", false)).await, plain);
    let with_seed = text(&seeded).await;
    assert_ne!(with_seed, plain);
    assert_eq!(text(&seeded).await, with_seed);
}

#[tokio::test]
async fn limits_stops_and_choices_are_kept() {
    let scene = Scene::new();
    let mut body = prompt("hello", true);
    body["max_tokens"] = json!(4);
    let heard = scene.ask("swift", &body).await;
    let answer = heard.answer.unwrap();
    assert_eq!(answer.text().split_whitespace().count(), 4);
    assert_eq!(answer.choices[0].finish, Some(FinishReason::Length));
    assert_eq!(answer.usage.unwrap().output, 4);

    let whole = scene.ask("swift", &prompt("hello", false)).await.answer.unwrap().text();
    let stop = whole.split_whitespace().nth(5).unwrap();
    let mut body = prompt("hello", false);
    body["stop"] = json!([stop]);
    let cut = scene.ask("swift", &body).await.answer.unwrap();
    assert_eq!(cut.text(), whole[..whole.find(stop).unwrap()]);
    assert_eq!(cut.choices[0].finish, Some(FinishReason::Stop));

    let mut body = prompt("hello", true);
    body["n"] = json!(3);
    let answer = scene.ask("swift", &body).await.answer.unwrap();
    assert_eq!(answer.choices.len(), 3);
    assert_ne!(answer.choices[0].text(), answer.choices[1].text());
}

#[tokio::test]
async fn flaky_fails_as_the_prompt_says() {
    let scene = Scene::new();
    for stream in [true, false] {
        let fault = scene.ask("flaky", &prompt("give me a 429, please", stream)).await.answer.unwrap_err();
        assert_eq!((fault.kind, fault.status), (FaultKind::Throttled, Some(429)));
        assert!(fault.retry_after.is_some());
        let fault = scene.ask("flaky", &prompt("give me a 500", stream)).await.answer.unwrap_err();
        assert_eq!((fault.kind, fault.status), (FaultKind::ServerError, Some(500)));
        let cut = scene.ask("flaky", &prompt("Cut it", stream)).await;
        assert_eq!(cut.answer.unwrap_err().kind, FaultKind::Interrupted);
        assert!(cut.received.began && !cut.received.finished && !cut.received.output_text.is_empty());
        assert!(scene.ask("flaky", &prompt("ok?", stream)).await.answer.is_ok());
    }
    let refused = scene.ask("flaky", &prompt("429", true)).await.received;
    assert!(!refused.began);
}

#[tokio::test]
async fn flaky_is_flaky_by_itself_and_always_in_the_same_way() {
    let scene = Scene::new();
    let mut seen = HashMap::new();
    for number in 0..40 {
        let body = prompt(&format!("prompt {number}"), false);
        let outcome = scene.ask("flaky", &body).await.answer.map(|_| ()).map_err(|fault| fault.kind);
        assert_eq!(scene.ask("flaky", &body).await.answer.map(|_| ()).map_err(|fault| fault.kind), outcome);
        *seen.entry(format!("{outcome:?}")).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
}

#[tokio::test]
async fn echo_says_what_it_was_asked() {
    let scene = Scene::new();
    let mut body = prompt("żółć & <b>\n2nd line", true);
    body["temperature"] = json!(0.5);
    body["max_tokens"] = json!(500);
    let text = scene.ask("echo", &body).await.answer.unwrap().text();
    for part in
        ["model: echo\n", "\"temperature\":0.5", "\"max_output_tokens\":500", "message: żółć & <b>\n2nd line"]
    {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn a_long_echo_ends_at_the_models_own_limit_and_its_prompt_is_counted_whole() {
    let scene = Scene::new();
    for asked in [json!(null), json!(9_000_000)] {
        let mut body = prompt(&"a ".repeat(50_000), false);
        body["max_tokens"] = asked;
        let answer = scene.ask("echo", &body).await.answer.unwrap();
        assert_eq!(answer.choices[0].finish, Some(FinishReason::Length));
        let usage = answer.usage.unwrap();
        assert_eq!(usage.output, 8192);
        assert!((50_000..50_020).contains(&usage.input), "{}", usage.input);
        assert!(answer.text().len() < 20_000);
    }
}

#[tokio::test]
async fn forced_tools_are_called_and_schemas_are_kept() {
    let scene = Scene::new();
    let mut body = prompt("weather?", true);
    body["tools"] = json!([{"type": "function", "function": {"name": "get_weather", "parameters":
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]);
    let spoken = scene.ask("swift", &body).await.answer.unwrap();
    assert_eq!(spoken.choices[0].tool_calls().count(), 0, "it only calls when it must");
    body["tool_choice"] = json!("required");
    for stream in [true, false] {
        body["stream"] = json!(stream);
        let answer = scene.ask("swift", &body).await.answer.unwrap();
        let call = answer.choices[0].tool_calls().next().unwrap();
        assert_eq!((call.name.as_str(), call.arguments.as_str()), ("get_weather", r#"{"city":"simulated"}"#));
        assert_eq!(answer.choices[0].finish, Some(FinishReason::ToolCalls));
    }
    let mut body = prompt("json", false);
    body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "n", "schema":
        {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}}});
    assert_eq!(scene.ask("swift", &body).await.answer.unwrap().text(), r#"{"n":1}"#);
}

#[tokio::test]
async fn an_abandoned_stream_is_recorded_as_far_as_it_came() {
    let scene = Scene::new();
    let prepared = scene.provider.prepare(&WireCall::json(&prompt("hello", true)), "verbose").unwrap();
    let received = Arc::new(Received::default());
    let context = AttemptContext {
        request_id: "r".into(),
        deadlines: Deadlines { first_content: PATIENT, idle: PATIENT, total: PATIENT },
        credential: None,
        connect_timeout: None,
        received: Arc::clone(&received),
    };
    let answer = scene.while_time_passes(scene.provider.send(prepared, context)).await.unwrap();
    let AnswerBody::Stream(mut frames) = answer.body else { panic!("no stream") };
    for _ in 0..5 {
        scene.while_time_passes(frames.next()).await.unwrap().unwrap();
    }
    drop(frames);
    let parts = received.lock().clone();
    assert!(parts.began && !parts.finished && parts.usage.is_none());
    assert!(
        parts.output_text.starts_with("# A long answer") && parts.output_text.len() < 60,
        "{}",
        parts.output_text
    );
}

#[tokio::test]
async fn an_answer_that_would_come_too_late_is_a_timeout() {
    let scene = Scene::new();
    for stream in [true, false] {
        let heard = scene.ask_within("steady", &prompt("hello", stream), Duration::from_millis(100)).await;
        assert_eq!(heard.answer.unwrap_err().kind, FaultKind::FirstByteTimeout);
        assert_eq!(heard.whole, Duration::from_millis(100));
        assert!(!heard.received.began);
    }
}

#[tokio::test]
async fn unknown_models_are_refused_with_the_list_of_known_ones() {
    let scene = Scene::new();
    let fault = scene.provider.prepare(&WireCall::json(&prompt("hello", true)), "gpt-4o").unwrap_err();
    assert_eq!((fault.kind, fault.status), (FaultKind::Rejected, Some(404)));
    let models = scene.provider.probe(None, PATIENT).await.listed().unwrap();
    assert_eq!(models.len(), 5);
    for model in models {
        assert!(fault.message.contains(&model.id), "{fault}");
    }
    assert!(scene.provider.works_without_credential() && scene.provider.is_simulated());
}
