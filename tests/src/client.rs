//! A client that writes down what it saw: whether the last byte came, and which usage it was told.

use reqwest::Client;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A call to make. Its id is the client's own, so that it is known even if no answer ever comes.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The request id.
    pub id: String,
    /// What to call.
    pub model: String,
    /// Whether as a stream.
    pub stream: bool,
    /// More members of the body.
    pub more: Value,
}

impl Ask {
    /// A plain call.
    #[must_use]
    pub fn new(id: impl Into<String>, model: impl Into<String>, stream: bool) -> Self {
        Self { id: id.into(), model: model.into(), stream, more: json!({}) }
    }

    /// The request's body. Prompts differ in length from call to call.
    ///
    /// # Panics
    /// When `more` is no object.
    #[must_use]
    pub fn body(&self) -> Value {
        let words = self.id.bytes().map(usize::from).sum::<usize>() % 17 + 1;
        let prompt = vec!["word"; words].join(" ");
        let mut body = json!({"model": self.model, "messages": [{"role": "user", "content": prompt}]});
        let members = body.as_object_mut().expect("an object");
        members.extend(self.more.as_object().expect("an object").clone());
        if self.stream {
            members.insert("stream".to_owned(), json!(true));
        }
        body
    }
}

/// How a call ended for its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The last byte came: all of a buffered body, or a stream's `[DONE]`.
    Completed,
    /// An answer other than 200, with the error's code.
    Refused(u16, String),
    /// A 200 that did not end as a whole answer does, with the error event's code if there was one.
    BrokenOff(Option<String>),
    /// No answer at all.
    Unanswered,
}

/// A call as its client saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The request id.
    pub id: String,
    /// How it ended.
    pub ending: Ending,
    /// Prompt and completion tokens as the client was told, if it was.
    pub usage: Option<(u64, u64)>,
    /// When the client began.
    pub began: Instant,
    /// How long it took.
    pub took: Duration,
}

impl Seen {
    /// Whether the client must take the answer for a whole one.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.ending == Ending::Completed
    }

    /// Whether the client was refused because usage could not be recorded.
    #[must_use]
    pub fn is_refused_unrecordable(&self) -> bool {
        matches!(&self.ending, Ending::Refused(503, code) if code == "storage_unavailable")
    }
}

/// A client of one key.
#[derive(Clone, Debug)]
pub struct LoadClient {
    http: Client,
    url: String,
    key: String,
}

impl LoadClient {
    /// A client of the server at this address.
    ///
    /// # Panics
    /// When no HTTP client can be had.
    #[must_use]
    pub fn new(server: SocketAddr, key: &str) -> Self {
        let builder = Client::builder().no_proxy().timeout(Duration::from_secs(60));
        let http = builder.pool_max_idle_per_host(256).build().expect("a client");
        Self { http, url: format!("http://{server}/v1/chat/completions"), key: key.to_owned() }
    }

    /// Makes a call and reads as much of the answer as comes.
    pub async fn call(&self, ask: &Ask) -> Seen {
        let began = Instant::now();
        let (ending, usage) = self.answer(ask).await;
        Seen { id: ask.id.clone(), ending, usage, began, took: began.elapsed() }
    }

    async fn answer(&self, ask: &Ask) -> (Ending, Option<(u64, u64)>) {
        let request = self.http.post(&self.url).bearer_auth(&self.key).header("x-request-id", &ask.id);
        let request = request.header("content-type", "application/json").body(ask.body().to_string());
        let Ok(mut response) = request.send().await else { return (Ending::Unanswered, None) };
        let status = response.status().as_u16();
        let mut body = Vec::new();
        let whole = loop {
            match response.chunk().await {
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        let text = String::from_utf8_lossy(&body);
        let parts: Vec<Value> = if ask.stream && status == 200 {
            let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
            data.filter_map(|json| serde_json::from_str(json).ok()).collect()
        } else {
            serde_json::from_str(&text).into_iter().collect()
        };
        let code = parts.iter().find_map(|part| part["error"]["code"].as_str()).map(str::to_owned);
        if status != 200 {
            return (Ending::Refused(status, code.unwrap_or_default()), None);
        }
        let ended = if ask.stream { text.contains("data: [DONE]") } else { whole && !parts.is_empty() };
        let ending = if ended { Ending::Completed } else { Ending::BrokenOff(code) };
        (ending, parts.iter().find_map(usage_of))
    }
}

fn usage_of(part: &Value) -> Option<(u64, u64)> {
    let usage = &part["usage"];
    Some((usage["prompt_tokens"].as_u64()?, usage["completion_tokens"].as_u64()?))
}
