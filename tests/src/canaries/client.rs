//! A client that keeps every answer, with what of it may be told.

use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use std::time::Duration;

/// An answer as it came, head and body.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// What was asked.
    pub(super) what: String,
    /// The status; 0 where there was none.
    pub(super) status: u16,
    /// All of it.
    pub(super) bytes: Vec<u8>,
    /// Secrets whose telling is what was asked for.
    pub(super) tells: Vec<String>,
}

impl Kept {
    fn body(&self) -> &str {
        let text = std::str::from_utf8(&self.bytes).unwrap_or_default();
        text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    /// The body as JSON, `null` where it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(self.body()).unwrap_or_default()
    }

    /// The value of a cookie that it sets.
    pub(super) fn cookie(&self, name: &str) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        let mut set = text.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
        let pair = set.find_map(|cookie| cookie.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default();
        pair.split(';').next().unwrap_or_default().to_owned()
    }
}

/// Sends requests to one server and keeps what it says.
pub(super) struct Keeper {
    http: Client,
    base: String,
    /// Everything so far.
    pub(super) kept: Vec<Kept>,
}

impl Keeper {
    pub(super) fn new(base: String) -> Self {
        let builder = Client::builder().no_proxy().timeout(Duration::from_secs(30));
        let http = builder.redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { http, base, kept: Vec::new() }
    }

    pub(super) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.http.request(method.parse().expect("a method"), format!("{}{path}", self.base))
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request("POST", path).header("content-type", "application/json").body(body.to_string())
    }

    /// Sends a request and keeps the answer, however far it came.
    pub(super) async fn send(&mut self, what: &str, tells: &[&str], request: RequestBuilder) -> Kept {
        let mut kept = Kept {
            what: what.to_owned(),
            status: 0,
            bytes: Vec::new(),
            tells: tells.iter().map(|name| (*name).to_owned()).collect(),
        };
        if let Ok(mut answer) = request.send().await {
            kept.status = answer.status().as_u16();
            for (name, value) in answer.headers() {
                kept.bytes.extend_from_slice(name.as_str().as_bytes());
                kept.bytes.extend_from_slice(b": ");
                kept.bytes.extend_from_slice(value.as_bytes());
                kept.bytes.extend_from_slice(b"\n");
            }
            kept.bytes.extend_from_slice(b"\r\n\r\n");
            while let Ok(Some(piece)) = answer.chunk().await {
                kept.bytes.extend_from_slice(&piece);
            }
        }
        self.kept.push(kept.clone());
        kept
    }
}
