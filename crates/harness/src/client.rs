//! A client of one identity.

use reqwest::header::HeaderMap;
use serde_json::Value;
use std::time::Duration;

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text))
    }

    /// A header's text; empty when absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The request id, by which usage is found.
    #[must_use]
    pub fn request_id(&self) -> &str {
        self.header("x-request-id")
    }

    /// The error's code in OpenAI's shape; empty when there is none.
    #[must_use]
    pub fn error_code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// A streamed answer, read whole.
#[derive(Clone, Debug)]
pub struct StreamedAnswer {
    /// Status and headers; the text is the raw stream.
    pub answer: Answer,
    /// The data of each event, in order, `[DONE]` left out.
    pub events: Vec<Value>,
    /// Whether the terminator came, last.
    pub done: bool,
}

impl StreamedAnswer {
    /// The text of the first choice.
    #[must_use]
    pub fn text(&self) -> String {
        let choices = self.events.iter().filter_map(|event| event["choices"].as_array()).flatten();
        let first = choices.filter(|choice| choice["index"] == 0);
        first.filter_map(|choice| choice["delta"]["content"].as_str()).collect()
    }

    /// The error event's code, if there is one.
    #[must_use]
    pub fn error_code(&self) -> Option<String> {
        self.events.iter().find_map(|event| event["error"]["code"].as_str().map(str::to_owned))
    }
}

/// A client of one identity. Each has connections of its own.
#[derive(Clone, Debug)]
pub struct TestClient {
    http: reqwest::Client,
    base: String,
    key: Option<String>,
}

impl TestClient {
    pub(crate) fn new(base: String, key: Option<String>) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build();
        Self { http: http.expect("a client"), base, key }
    }

    /// The key that it presents.
    #[must_use]
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }

    /// A request to a path, with the identity's credential.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a method");
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// GET, read whole.
    pub async fn get(&self, path: &str) -> Answer {
        read(self.request("GET", path)).await
    }

    /// POST of a body as it is, as JSON by its content type.
    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.post_with(path, &[], body).await
    }

    /// The same with headers.
    pub async fn post_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let request = self.request("POST", path).header("content-type", "application/json").body(body);
        read(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    }

    /// JSON by any method.
    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).header("content-type", "application/json");
        read(request.body(body.to_string())).await
    }

    /// A buffered chat call.
    pub async fn chat(&self, body: Value) -> Answer {
        self.post("/v1/chat/completions", body.to_string()).await
    }

    /// A chat call of one user message.
    pub async fn ask(&self, model: &str, text: &str) -> Answer {
        self.chat(serde_json::json!({"model": model, "messages": [{"role": "user", "content": text}]})).await
    }

    /// A streamed chat call of one user message.
    pub async fn ask_stream(&self, model: &str, text: &str) -> StreamedAnswer {
        let body = serde_json::json!({"model": model, "stream": true, "messages": [{"role": "user", "content": text}]});
        self.chat_stream(body).await
    }

    /// A streamed chat call, read whole.
    pub async fn chat_stream(&self, body: Value) -> StreamedAnswer {
        let answer = self.chat(body).await;
        let mut events = Vec::new();
        let mut done = false;
        // An event stream's lines may end in any of the three ways.
        for line in answer.text.split(['\n', '\r']).filter_map(|line| line.strip_prefix("data:")) {
            match line.trim() {
                "[DONE]" => done = true,
                data => {
                    assert!(!done, "data after the terminator: {data}");
                    events.push(serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}")));
                }
            }
        }
        StreamedAnswer { answer, events, done }
    }
}

async fn read(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = String::from_utf8_lossy(&answer.bytes().await.expect("a body")).into_owned();
    Answer { status, headers, text }
}
