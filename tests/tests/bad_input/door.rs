//! Bad bodies at both addresses of a chat call, and what must hold for every refusal.

use serde_json::{Value, json};
use switchyard_harness::{Answer, TestApp, TestClient};

/// The addresses that take chat calls.
pub(crate) const DOORS: [&str; 2] = ["/v1/chat/completions", "/chat/completions"];
/// A model that is there.
pub(crate) const MODEL: &str = "upstream/gpt-sim";

/// What a body must be answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal<'a> {
    pub(crate) status: u16,
    pub(crate) code: &'a str,
    pub(crate) param: Option<&'a str>,
}

/// It is no JSON.
pub(crate) const NO_JSON: Refusal<'static> = Refusal { status: 400, code: "invalid_json", param: None };
/// It is JSON, but no request.
pub(crate) const NO_REQUEST: Refusal<'static> = Refusal { status: 400, code: "invalid_request", param: None };
/// A part of it is too large.
pub(crate) const TOO_LARGE: Refusal<'static> =
    Refusal { status: 413, code: "payload_too_large", param: None };
/// It is of a kind that is not read.
pub(crate) const NOT_READ: Refusal<'static> =
    Refusal { status: 415, code: "unsupported_media_type", param: None };

/// This member is wrong.
pub(crate) const fn wrong(param: &str) -> Refusal<'_> {
    Refusal { status: 400, code: "invalid_request", param: Some(param) }
}

pub(crate) struct Gateway {
    pub(crate) app: TestApp,
    pub(crate) client: TestClient,
}

impl Gateway {
    pub(crate) async fn start() -> Self {
        Self::over(TestApp::start().await).await
    }

    /// Before this server.
    pub(crate) async fn over(app: TestApp) -> Self {
        let client = app.client_with_key("ci").await;
        Self { app, client }
    }

    /// `row`: the body is refused so at both addresses, and no provider sees it.
    pub(crate) async fn refuses(&self, row: u32, body: impl AsRef<[u8]>, refusal: Refusal<'_>) {
        let body = body.as_ref();
        for door in DOORS {
            let answer = self.client.post(door, body.to_vec()).await;
            is_refused(row, door, body, &answer, refusal);
        }
        let calls = self.app.simulator().calls();
        assert!(calls.is_empty(), "row {row}: {} reached the provider", shown(body));
    }

    /// The same for a good call with one more member, or another in its place.
    pub(crate) async fn refuses_member(&self, row: u32, name: &str, value: &str, refusal: Refusal<'_>) {
        self.refuses(row, call_with(name, value), refusal).await;
    }

    /// `row`: the body is taken at both addresses.
    pub(crate) async fn takes(&self, row: u32, body: impl AsRef<[u8]>) {
        for door in DOORS {
            let answer = self.client.post(door, body.as_ref().to_vec()).await;
            assert_eq!(answer.status, 200, "row {row}: {} at {door}: {}", shown(body.as_ref()), answer.text);
        }
    }

    pub(crate) async fn takes_member(&self, row: u32, name: &str, value: &str) {
        self.takes(row, call_with(name, value)).await;
    }
}

/// What must hold for a refused body.
pub(crate) fn is_refused(row: u32, door: &str, body: &[u8], answer: &Answer, refusal: Refusal<'_>) {
    let place = format!("row {row}: {} at {door}: {}", shown(body), answer.text);
    assert_eq!(answer.status, refusal.status, "{place}");
    let error: Value = answer.json()["error"].clone();
    assert_eq!(error["code"], refusal.code, "{place}");
    if let Some(param) = refusal.param {
        assert_eq!(error["param"], param, "{place}");
    }
    is_no_echo(row, &String::from_utf8_lossy(body), answer);
}

/// No more than 200 characters of the input come back, in body or headers.
pub(crate) fn is_no_echo(row: u32, input: &str, answer: &Answer) {
    assert!(answer.status < 500, "row {row}: {}", answer.text);
    let said: Vec<char> = format!("{} {:?}", answer.text, answer.headers).chars().collect();
    // A run of more than 200 characters holds a whole piece of 100 that begins at a multiple of 100.
    for piece in said.chunks(100).filter(|piece| piece.len() == 100) {
        let piece: String = piece.iter().collect();
        assert!(!input.contains(&piece), "row {row}: much of the input came back: {}", answer.text);
    }
    assert!(answer.text.len() < 2_000, "row {row}: {} bytes", answer.text.len());
}

pub(crate) fn shown(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(120)]).into_owned()
}

/// A good call, as text.
pub(crate) fn call() -> String {
    json!({"model": MODEL, "messages": [{"role": "user", "content": "hi"}]}).to_string()
}

/// A good call with this member, as it is written, in place of its own if it has one of this name.
pub(crate) fn call_with(name: &str, value: &str) -> String {
    let mut members: Vec<(String, String)> = vec![
        ("model".to_owned(), format!("\"{MODEL}\"")),
        ("messages".to_owned(), r#"[{"role":"user","content":"hi"}]"#.to_owned()),
    ];
    members.retain(|(own, _)| own != name);
    members.push((name.to_owned(), value.to_owned()));
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// A good call without this member.
pub(crate) fn call_without(name: &str) -> String {
    let mut body: Value = serde_json::from_str(&call()).unwrap();
    body.as_object_mut().unwrap().remove(name);
    body.to_string()
}
