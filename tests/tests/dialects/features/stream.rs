use super::answers::{Stop, all, model, stopped, text};
use super::tools;
use crate::ask::asking;
use crate::case::{Answered, Case, Ending, Feature, STREAMED, whole};
use crate::cell::Cell;
use crate::client::Client;
use crate::seen::{Seen, seen};
use crate::vendor::Vendor;
use serde_json::{Value, json};

pub(crate) static FEATURE: Feature = Feature {
    name: "stream",
    about: "a text with its usage, and a call, in pieces that each dialect's SDK puts together",
    cases: &[
        Case {
            name: "text",
            script: "tokens=9",
            forms: STREAMED,
            first: None,
            ask,
            told,
            ending: Ending::Answer(answer),
            outcome: whole,
        },
        Case {
            name: "call",
            script: "",
            forms: STREAMED,
            first: None,
            ask: with_tool,
            told,
            ending: Ending::Answer(tools::answer),
            outcome: whole,
        },
    ],
    untold: &[],
};

fn ask(client: Client) -> Value {
    asking(client, "Say something.", json!({}))
}

fn with_tool(client: Client) -> Value {
    asking(client, "What is the weather in Bern?", tools::offer(client, &[tools::WEATHER]))
}

/// Where the address does not say it, the body does.
fn told(cell: Cell) -> Seen {
    match cell.vendor {
        Vendor::Gemini | Vendor::Bedrock => Vec::new(),
        Vendor::Chat => seen! {"/stream" => true, "/stream_options/include_usage" => true},
        _ => seen! {"/stream" => true},
    }
}

fn answer(Answered { cell, call, events }: Answered<'_>) -> Seen {
    assert!(events >= 9, "{cell}: nine words came in {events} events");
    let (prompt, completion) = (call.billed.prompt, call.billed.completion);
    let usage = match cell.client {
        Client::Chat => seen! {"/usage/prompt_tokens" => prompt, "/usage/completion_tokens" => completion},
        Client::Responses => seen! {"/usage/input_tokens" => prompt, "/usage/output_tokens" => completion},
        Client::Anthropic => seen! {"/usage/input_tokens" => prompt, "/usage/output_tokens" => completion},
        Client::Gemini => seen! {
            "/usageMetadata/promptTokenCount" => prompt, "/usageMetadata/candidatesTokenCount" => completion,
        },
    };
    all([text(cell.client, 0, &call.text_sent), stopped(cell.client, Stop::Done), model(cell), usage])
}
