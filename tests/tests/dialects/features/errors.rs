use crate::ask::asking;
use crate::case::{BOTH, Case, Ending, Feature, STREAMED, Shown, whole};
use crate::cell::Cell;
use crate::client::Client;
use crate::seen::{Seen, seen};
use crate::vendor::Vendor;
use serde_json::{Value, json};

pub(crate) static FEATURE: Feature = Feature {
    name: "errors",
    about: "a vendor's 400, 401, 429 and 500, and an error within a stream: the status, the class, the code, the wait",
    cases: &[
        error("400", "status=400&error_code=context_length_exceeded&error_message=Too%20long.", |cell| {
            Class::REJECTED.shown(cell, 400, code_of(cell.vendor), Some("Too long."))
        }),
        // Whoever called did nothing wrong: it is our credential that was refused.
        error("401", "status=401", |cell| Class::FAILED.shown(cell, 502, Some("upstream_auth_failed"), None)),
        error("429", "status=429&retry_after=7", |cell| Shown {
            retry_after: "7",
            ..Class::THROTTLED.shown(cell, 429, Some("rate_limit_exceeded"), None)
        }),
        error("500", "status=500", |cell| Class::FAILED.shown(cell, 502, Some("upstream_error"), None)),
        Case {
            forms: STREAMED,
            first: None,
            ending: Ending::Broken(broken),
            ..error("within a stream", "tokens=6&error_event_after=3", |cell| {
                Class::FAILED.shown(cell, 502, None, None)
            })
        },
    ],
    untold: &[
        "Of a vendor's 400 the code is the vendor's own, where its dialect has codes: OpenAI's has words, Google's the status, Bedrock's the exception; else it is `upstream_rejected`.",
    ],
};

const fn error(name: &'static str, script: &'static str, shown: fn(Cell) -> Shown) -> Case {
    Case {
        name,
        script,
        forms: BOTH,
        first: None,
        ask,
        told: nothing,
        ending: Ending::Error(shown),
        outcome: whole,
    }
}

fn ask(client: Client) -> Value {
    asking(client, "Say something.", json!({}))
}

fn nothing(_: Cell) -> Seen {
    Vec::new()
}

/// The code of a refusal: the vendor's own, as far as its dialect has codes, else ours.
fn code_of(vendor: Vendor) -> Option<&'static str> {
    match vendor {
        Vendor::Chat | Vendor::Responses => Some("context_length_exceeded"),
        Vendor::Gemini => Some("400"),
        Vendor::Bedrock => Some("ValidationException"),
        _ => Some("upstream_rejected"),
    }
}

/// The class of an error in each dialect's word.
struct Class {
    openai: &'static str,
    anthropic: &'static str,
    google: &'static str,
}

impl Class {
    const REJECTED: Self = Self {
        openai: "invalid_request_error",
        anthropic: "invalid_request_error",
        google: "INVALID_ARGUMENT",
    };
    const THROTTLED: Self =
        Self { openai: "rate_limit_error", anthropic: "rate_limit_error", google: "RESOURCE_EXHAUSTED" };
    const FAILED: Self = Self { openai: "server_error", anthropic: "api_error", google: "UNAVAILABLE" };

    /// In the client's dialect; the message only where it is the vendor's own.
    fn shown(&self, cell: Cell, status: u16, code: Option<&str>, message: Option<&str>) -> Shown {
        let mut body = match cell.client {
            Client::Chat | Client::Responses => {
                seen! {"/error/type" => (self.openai), "/error/code" => code}
            }
            // The dialect has classes alone.
            Client::Anthropic => seen! {"/type" => "error", "/error/type" => (self.anthropic)},
            Client::Gemini => seen! {
                "/error/code" => status,
                "/error/status" => (self.google),
                "/error/details/0/reason" => code,
            },
        };
        body.extend(message.map(|message| ("/error/message".to_owned(), json!(message))));
        Shown { status, retry_after: "", body }
    }
}

/// The last event of a stream that breaks.
fn broken(cell: Cell) -> Seen {
    const CODE: &str = "upstream_stream_interrupted";
    if cell.client != Client::Responses {
        return Class::FAILED.shown(cell, 502, Some(CODE), None).body;
    }
    if cell.is_verbatim() {
        return seen! {"/type" => "error", "/code" => CODE};
    }
    seen! {
        "/type" => "response.failed",
        "/response/status" => "failed",
        "/response/error/code" => CODE,
    }
}
