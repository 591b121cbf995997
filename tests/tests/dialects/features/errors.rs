use crate::ask::asking;
use crate::case::{BOTH, Case, Ending, Feature, STREAMED, whole};
use crate::cell::Cell;
use crate::client::Client;
use crate::seen::{Seen, seen};
use serde_json::{Value, json};

/// What a client sees of an error.
struct Shown {
    status: u16,
    /// The class in OpenAI's dialects, in Anthropic's, in Google's.
    classes: [&'static str; 3],
    code: &'static str,
}

const THROTTLED: Shown = Shown {
    status: 429,
    classes: ["rate_limit_error", "rate_limit_error", "RESOURCE_EXHAUSTED"],
    code: "rate_limit_exceeded",
};
/// Whoever called did nothing wrong: it is our credential that was refused.
const UNAUTHORIZED: Shown =
    Shown { status: 502, classes: ["server_error", "api_error", "UNAVAILABLE"], code: "upstream_auth_failed" };
const FAILED: Shown =
    Shown { status: 502, classes: ["server_error", "api_error", "UNAVAILABLE"], code: "upstream_error" };
const BROKEN: Shown = Shown {
    status: 502,
    classes: ["server_error", "api_error", "UNAVAILABLE"],
    code: "upstream_stream_interrupted",
};

macro_rules! errors {
    ($($name:literal, $script:literal, $shown:expr;)*) => {
        &[
            $(Case {
                name: $name, script: $script, forms: BOTH, ask, told: nothing,
                ending: Ending::Error(|cell| ($shown.status, $shown.to(cell.client))), outcome: whole,
            },)*
            Case {
                name: "within a stream", script: "tokens=6&error_event_after=3", forms: STREAMED, ask, told: nothing,
                ending: Ending::Broken(|client| BROKEN.to(client)), outcome: whole,
            },
        ]
    };
}

pub(crate) static FEATURE: Feature = Feature {
    name: "errors",
    about: "a vendor's 400, 401, 429 and 500, and an error within a stream",
    cases: errors! {
        "429", "status=429&retry_after=7", THROTTLED;
        "401", "status=401", UNAUTHORIZED;
        "500", "status=500", FAILED;
    },
};

fn ask(client: Client) -> Value {
    asking(client, "Say something.", json!({}))
}

fn nothing(_: Cell) -> Seen {
    Vec::new()
}

impl Shown {
    /// In the client's dialect.
    fn to(&self, client: Client) -> Seen {
        let [openai, anthropic, google] = self.classes;
        match client {
            Client::Chat | Client::Responses => seen! {"/error/type" => openai, "/error/code" => (self.code)},
            Client::Anthropic => seen! {"/type" => "error", "/error/type" => anthropic},
            Client::Gemini => seen! {
                "/error/code" => (self.status),
                "/error/status" => google,
                "/error/details/0/reason" => (self.code),
            },
        }
    }
}
