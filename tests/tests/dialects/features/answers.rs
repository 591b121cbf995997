//! Where the clients' dialects say what all answers say.

use crate::cell::Cell;
use crate::client::Client;
use crate::seen::{Seen, seen};
use crate::vendor::Vendor;
use serde_json::{Value, json};

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Done,
    Limit,
    Calls,
    Filter,
}

/// A text that is said `before` this many other things: items in Responses, blocks and parts elsewhere.
pub(super) fn text(client: Client, before: usize, text: &str) -> Seen {
    match client {
        Client::Chat => {
            seen! {"/choices/0/message/role" => "assistant", "/choices/0/message/content" => text}
        }
        Client::Responses => seen! {
            format!("/output/{before}/type") => "message",
            format!("/output/{before}/content/0/type") => "output_text",
            format!("/output/{before}/content/0/text") => text,
        },
        Client::Anthropic => seen! {
            "/role" => "assistant",
            format!("/content/{before}/type") => "text",
            format!("/content/{before}/text") => text,
        },
        Client::Gemini => seen! {
            "/candidates/0/content/role" => "model",
            format!("/candidates/0/content/parts/{before}/text") => text,
            format!("/candidates/0/content/parts/{before}/thought") => null,
        },
    }
}

/// A call of a tool, the `at`th of an answer of nothing else.
pub(super) fn call(client: Client, at: usize, id: &str, name: &str, input: &Value) -> Seen {
    let arguments = input.to_string();
    match client {
        Client::Chat => seen! {
            format!("/choices/0/message/tool_calls/{at}/id") => id,
            format!("/choices/0/message/tool_calls/{at}/type") => "function",
            format!("/choices/0/message/tool_calls/{at}/function/name") => name,
            format!("/choices/0/message/tool_calls/{at}/function/arguments") => arguments,
        },
        Client::Responses => seen! {
            format!("/output/{at}/type") => "function_call",
            format!("/output/{at}/call_id") => id,
            format!("/output/{at}/name") => name,
            format!("/output/{at}/arguments") => arguments,
        },
        Client::Anthropic => seen! {
            format!("/content/{at}") => {"type": "tool_use", "id": id, "name": name, "input": input},
        },
        Client::Gemini => seen! {
            format!("/candidates/0/content/parts/{at}/functionCall") => {"id": id, "name": name, "args": input},
        },
    }
}

/// Why it ended, in the dialect's word.
pub(super) fn stopped(client: Client, stop: Stop) -> Seen {
    match client {
        Client::Chat => {
            let word = match stop {
                Stop::Done => "stop",
                Stop::Limit => "length",
                Stop::Calls => "tool_calls",
                Stop::Filter => "content_filter",
            };
            seen! {"/choices/0/finish_reason" => word}
        }
        Client::Responses => {
            let (status, details) = match stop {
                Stop::Done | Stop::Calls => ("completed", Value::Null),
                Stop::Limit => ("incomplete", json!({"reason": "max_output_tokens"})),
                Stop::Filter => ("incomplete", json!({"reason": "content_filter"})),
            };
            seen! {"/status" => status, "/incomplete_details" => details}
        }
        Client::Anthropic => {
            let word = match stop {
                Stop::Done => "end_turn",
                Stop::Limit => "max_tokens",
                Stop::Calls => "tool_use",
                Stop::Filter => "refusal",
            };
            seen! {"/stop_reason" => word}
        }
        Client::Gemini => {
            let word = match stop {
                Stop::Done | Stop::Calls => "STOP",
                Stop::Limit => "MAX_TOKENS",
                Stop::Filter => "SAFETY",
            };
            seen! {"/candidates/0/finishReason" => word}
        }
    }
}

/// The model that answered, by the vendor's name for it; by ours where the vendor names none.
pub(super) fn model(cell: Cell) -> Seen {
    let own = cell.vendor.model();
    let name = match cell.vendor {
        Vendor::Cohere | Vendor::Bedrock => format!("{}/{own}", cell.vendor.name()),
        _ => own.to_owned(),
    };
    match cell.client {
        Client::Gemini => seen! {"/modelVersion" => name},
        _ => seen! {"/model" => name},
    }
}

/// Several things at once.
pub(super) fn all(seen: impl IntoIterator<Item = Seen>) -> Seen {
    seen.into_iter().flatten().collect()
}
