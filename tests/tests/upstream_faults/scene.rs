//! A server with a provider that fails and one that does not.

use serde_json::{Value, json};
use std::time::Duration;
use switchyard::orchestrator::chat::CallSettings;
use switchyard::ports::provider::Deadlines;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::usage::{Outcome, UsageEvent};
use switchyard_harness::testkit::simulator::{RecordedCall, Script};
use switchyard_harness::{Answer, StreamedAnswer, TestApp, TestAppBuilder, TestClient};

/// The model that answers as the test's script says. Its tokenizer is known, so that what was received can be counted
/// exactly.
pub(crate) const FAULTY: &str = "gpt-4o-faulty";
/// The model that always answers.
pub(crate) const HEALTHY: &str = "gpt-4o-healthy";
/// A route that tries [`FAULTY`], then [`HEALTHY`].
pub(crate) const PAIR: &str = "pair";
/// [`FAULTY`] by itself.
pub(crate) const ALONE: &str = "upstream/gpt-4o-faulty";

/// How an answer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Buffered,
    Streamed,
}

pub(crate) const BOTH: [Mode; 2] = [Mode::Buffered, Mode::Streamed];

/// What a client heard.
pub(crate) struct Heard {
    pub(crate) answer: Answer,
    /// The text of the first choice, as far as it came.
    pub(crate) text: String,
    /// The code of the error, wherever it stood.
    pub(crate) error: Option<String>,
    /// Whether the client must take the answer for a whole one.
    pub(crate) whole: bool,
    /// The events of a stream, the terminator left out.
    pub(crate) events: Vec<Value>,
}

pub(crate) struct Scene {
    pub(crate) app: TestApp,
    pub(crate) client: TestClient,
}

impl Scene {
    /// The server as these tests want it, for changes.
    pub(crate) fn builder() -> TestAppBuilder {
        TestApp::builder().vendor("openai").models([FAULTY, HEALTHY]).route(PAIR, [FAULTY, HEALTHY])
    }

    /// A server whose waiting for a provider is short.
    pub(crate) fn impatient(first_content: Duration, idle: Duration) -> TestAppBuilder {
        let deadlines = Deadlines { first_content, idle, total: Duration::from_secs(20) };
        Self::builder().calls(CallSettings { max_attempts: 3, deadlines, first_of_pieces: None })
    }

    /// [`FAULTY`] answers every call by this script.
    pub(crate) async fn scripted(script: &str) -> Self {
        Self::start(Self::builder(), script).await
    }

    pub(crate) async fn start(builder: TestAppBuilder, script: &str) -> Self {
        let app = builder.start().await;
        app.simulator().script(FAULTY, Script::of(script));
        let client = app.client_with_key("ci").await;
        Self { app, client }
    }

    pub(crate) async fn ask(&self, mode: Mode, model: &str) -> Heard {
        self.ask_with(mode, model, json!({})).await
    }

    /// A call with more members than model and messages.
    pub(crate) async fn ask_with(&self, mode: Mode, model: &str, more: Value) -> Heard {
        let mut body = json!({"model": model, "messages": [{"role": "user", "content": "say some words"}]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        if mode == Mode::Buffered {
            return Heard::buffered(self.client.chat(body).await);
        }
        body["stream"] = json!(true);
        Heard::streamed(self.client.chat_stream(body).await)
    }

    pub(crate) async fn events(&self, heard: &Heard) -> Vec<UsageEvent> {
        self.app.events_of(heard.answer.request_id()).await
    }

    /// The one attempt of a call that had no other.
    pub(crate) async fn only_event(&self, heard: &Heard) -> UsageEvent {
        let mut events = self.events(heard).await;
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    /// The calls at the provider that belong to what a client heard, once they are over.
    pub(crate) async fn calls(&self, heard: &Heard) -> Vec<RecordedCall> {
        let mine = |call: &RecordedCall| call.request_id.as_deref() == Some(heard.answer.request_id());
        let all = self.app.simulator().calls();
        let ended = self.app.simulator().until_ended_calls(all.len(), Duration::from_secs(10)).await;
        ended.into_iter().filter(mine).collect()
    }

    /// The one call at the provider of a call that needed no other.
    pub(crate) async fn only_call(&self, heard: &Heard) -> RecordedCall {
        let mut calls = self.calls(heard).await;
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }

    /// The answer is whole and says what [`FAULTY`] said in its one call, and the ledger has what that call used.
    pub(crate) async fn is_answered_whole(&self, heard: &Heard) -> RecordedCall {
        assert_eq!(heard.answer.status, 200, "{}", heard.answer.text);
        assert_eq!(heard.error, None);
        assert!(heard.whole, "{}", heard.answer.text);
        let call = self.only_call(heard).await;
        assert_eq!(heard.text, call.text_sent);
        let event = self.only_event(heard).await;
        assert_eq!((event.outcome, event.fault.as_deref()), (Outcome::Complete, None));
        assert_eq!((event.usage.input, event.usage.output), (call.billed.prompt, call.billed.completion));
        call
    }

    /// The stream ended with an error event, not as a whole answer does, and what the client had is what is billed.
    pub(crate) async fn is_broken_off(&self, heard: &Heard) -> UsageEvent {
        assert_eq!(heard.answer.status, 200, "{}", heard.answer.text);
        assert_eq!(heard.error.as_deref(), Some("upstream_stream_interrupted"), "{}", heard.answer.text);
        assert!(!heard.whole, "a cut answer has a terminator: {}", heard.answer.text);
        let last = heard.events.last().unwrap();
        assert!(last["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{last}");
        let event = self.only_event(heard).await;
        assert_eq!((event.outcome, event.usage_source), (Outcome::Partial, UsageSource::Partial));
        event
    }
}

impl Heard {
    pub(crate) fn buffered(answer: Answer) -> Self {
        let body = answer.json();
        let text = body["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned();
        let error = body["error"]["code"].as_str().map(str::to_owned);
        Self { whole: answer.status == 200 && error.is_none(), text, error, events: vec![], answer }
    }

    pub(crate) fn streamed(stream: StreamedAnswer) -> Self {
        if stream.answer.status != 200 {
            return Self::buffered(stream.answer);
        }
        let (text, error) = (stream.text(), stream.error_code());
        Self { text, error, whole: stream.done, events: stream.events, answer: stream.answer }
    }
}
