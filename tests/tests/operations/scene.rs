//! A server with a provider that fails and one that does not, and calls of every operation.

use crate::form::{Form, as_form, sound};
use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use switchyard_domain::usage::UsageEvent;
use switchyard_harness::testkit::simulator::{RecordedCall, Script};
use switchyard_harness::{TestApp, TestAppBuilder, TestClient};

/// The model that answers as the test's script says.
pub(crate) const FAULTY: &str = "faulty";
/// The model that always answers.
pub(crate) const HEALTHY: &str = "healthy";
/// A route that tries [`FAULTY`], then [`HEALTHY`].
pub(crate) const PAIR: &str = "pair";
/// [`FAULTY`] by itself.
pub(crate) const ALONE: &str = "upstream/faulty";

/// An operation with a request that has everything in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Embeddings,
    Completions,
    Moderations,
    Images,
    Speech,
    Transcriptions,
}

impl Call {
    pub(crate) const ALL: [Self; 6] = [
        Self::Embeddings,
        Self::Completions,
        Self::Moderations,
        Self::Images,
        Self::Speech,
        Self::Transcriptions,
    ];

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Embeddings => "/v1/embeddings",
            Self::Completions => "/v1/completions",
            Self::Moderations => "/v1/moderations",
            Self::Images => "/v1/images/generations",
            Self::Speech => "/v1/audio/speech",
            Self::Transcriptions => "/v1/audio/transcriptions",
        }
    }

    pub(crate) fn dialect(self) -> &'static str {
        match self {
            Self::Embeddings => "openai-embeddings",
            Self::Completions => "openai-completions",
            Self::Moderations => "openai-moderations",
            Self::Images => "openai-images",
            Self::Speech => "openai-speech",
            Self::Transcriptions => "openai-transcriptions",
        }
    }

    /// A body as a client may well write it: odd white space, numbers, order and members that nobody knows.
    pub(crate) fn body(self, model: &str) -> Vec<u8> {
        let json = |members: &str| {
            format!("{{ {members}, \"x_own\":{{\"deep\":[1.0,1e2]}},\n \"model\" : \"{model}\" }}")
        };
        match self {
            Self::Embeddings => json(r#""input":["caf\u00e9 one two","three"], "dimensions":4, "encoding_format":"float""#).into(),
            Self::Completions => json(r#""prompt":"once upon a time", "max_tokens":20, "temperature":0.70, "logprobs":null"#).into(),
            Self::Moderations => json(r#""input":[{"type":"text","text":"be kind"},{"type":"image_url","image_url":{"url":"data:,"}}]"#).into(),
            Self::Images => json(r#""prompt":"a red fox", "n":2, "size":"1024x1024", "quality":"low""#).into(),
            Self::Speech => json(r#""input":"h\u00e9llo there", "voice":"alloy", "speed":1.0"#).into(),
            Self::Transcriptions => Form::new()
                .field("timestamp_granularities[]", "word")
                .file("file", &sound(1_234))
                .field("model", model)
                .field("timestamp_granularities[]", "segment")
                .field("x_own", "\u{e9}\r\n--")
                .bytes(),
        }
    }
}

/// What a client heard.
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body as far as it came.
    pub(crate) body: Bytes,
    /// Whether it came to its end.
    pub(crate) whole: bool,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }

    pub(crate) fn error_code(&self) -> String {
        let body = self.json();
        for member in ["message", "type", "param", "code"] {
            assert!(body["error"].get(member).is_some(), "not OpenAI's shape: {body}");
        }
        body["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The data of the events, the terminator left out, and whether that came last.
    pub(crate) fn events(&self) -> (Vec<Value>, bool) {
        let text = self.text();
        let data: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        let done = data.last() == Some(&"[DONE]");
        let data = data.into_iter().filter(|data| *data != "[DONE]");
        (data.map(|data| serde_json::from_str(data).unwrap()).collect(), done)
    }
}

pub(crate) struct Scene {
    pub(crate) app: TestApp,
    pub(crate) client: TestClient,
}

impl Scene {
    pub(crate) fn builder() -> TestAppBuilder {
        TestApp::builder().models([FAULTY, HEALTHY]).route(PAIR, [FAULTY, HEALTHY])
    }

    pub(crate) async fn start() -> Self {
        Self::of(Self::builder()).await
    }

    pub(crate) async fn of(builder: TestAppBuilder) -> Self {
        let app = builder.start().await;
        let client = app.client_with_key("ci").await;
        Self { app, client }
    }

    pub(crate) fn script(&self, script: &str) {
        self.app.simulator().script(FAULTY, Script::of(script));
    }

    /// A call with the usual body.
    pub(crate) async fn call(&self, call: Call, model: &str) -> Heard {
        self.send(call, call.body(model)).await
    }

    /// A call with this body.
    pub(crate) async fn send(&self, call: Call, body: Vec<u8>) -> Heard {
        heard(request(&self.client, call, body)).await
    }

    /// A call with this JSON.
    pub(crate) async fn ask(&self, call: Call, body: &Value) -> Heard {
        self.send(call, body.to_string().into_bytes()).await
    }

    pub(crate) async fn events_of(&self, heard: &Heard) -> Vec<UsageEvent> {
        self.app.events_of(heard.header("x-request-id")).await
    }

    /// The one attempt of a call that needed no other.
    pub(crate) async fn only_event(&self, heard: &Heard) -> UsageEvent {
        let mut events = self.events_of(heard).await;
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    /// The provider's only call so far.
    pub(crate) fn only_call(&self) -> RecordedCall {
        let mut calls = self.app.simulator().calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }
}

pub(crate) fn request(client: &TestClient, call: Call, body: Vec<u8>) -> reqwest::RequestBuilder {
    let request = client.request("POST", call.path());
    match call {
        Call::Transcriptions => as_form(request, body),
        _ => request.header("content-type", "application/json").body(body),
    }
}

pub(crate) async fn heard(request: reqwest::RequestBuilder) -> Heard {
    let mut answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let mut body = Vec::new();
    let whole = loop {
        match answer.chunk().await {
            Ok(Some(piece)) => body.extend_from_slice(&piece),
            Ok(None) => break true,
            Err(_) => break false,
        }
    };
    Heard { status, headers, body: body.into(), whole }
}

/// A request for a stream of an operation that has one.
pub(crate) fn streamed(call: Call, model: &str) -> Vec<u8> {
    match call {
        Call::Completions => {
            json!({"model": model, "prompt": "once upon", "stream": true}).to_string().into()
        }
        Call::Images => json!({"model": model, "prompt": "a red fox", "stream": true, "partial_images": 3})
            .to_string()
            .into(),
        Call::Speech => {
            json!({"model": model, "input": "hello there", "voice": "alloy", "stream_format": "sse"})
                .to_string()
                .into()
        }
        Call::Transcriptions => {
            Form::new().field("model", model).field("stream", "true").file("file", &sound(900)).bytes()
        }
        Call::Embeddings | Call::Moderations => panic!("{call:?} has no stream"),
    }
}
