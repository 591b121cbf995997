use super::answers::{Stop, all, model, stopped, text};
use crate::ask::asking;
use crate::case::{Answered, BUFFERED, Case, Ending, Feature, whole};
use crate::cell::Cell;
use crate::client::Client;
use crate::seen::{Seen, seen};
use crate::vendor::Vendor;
use serde_json::{Value, json};

const RULE: &str = "Answer briefly.";
const QUESTION: &str = "Why is the sky blue?";

pub(crate) static FEATURE: Feature = Feature {
    name: "text",
    about: "instructions, a question, a temperature and a limit; the answer in one piece",
    cases: &[Case {
        name: "",
        script: "",
        forms: BUFFERED,
        first: None,
        ask,
        told,
        ending: Ending::Answer(answer),
        outcome: whole,
    }],
    untold: &[],
};

fn ask(client: Client) -> Value {
    let more = match client {
        Client::Chat => json!({
            "messages": [{"role": "system", "content": RULE}, {"role": "user", "content": QUESTION}],
            "temperature": 0.5, "max_completion_tokens": 300,
        }),
        Client::Responses => json!({"instructions": RULE, "temperature": 0.5, "max_output_tokens": 300}),
        Client::Anthropic => json!({"system": RULE, "temperature": 0.5, "max_tokens": 300}),
        Client::Gemini => json!({
            "systemInstruction": {"role": "user", "parts": [{"text": RULE}]},
            "generationConfig": {"temperature": 0.5, "maxOutputTokens": 300},
        }),
    };
    asking(client, QUESTION, more)
}

fn told(cell: Cell) -> Seen {
    let ours = json!([{"role": "system", "content": RULE}, {"role": "user", "content": QUESTION}]);
    match cell.vendor {
        Vendor::Chat => seen! {
            "/model" => (cell.vendor.model()), "/messages" => ours,
            "/temperature" => 0.5, "/max_completion_tokens" => 300, "/stream" => null,
        },
        Vendor::Responses if cell.is_verbatim() => seen! {
            "/model" => (cell.vendor.model()), "/instructions" => RULE, "/input" => QUESTION,
            "/temperature" => 0.5, "/max_output_tokens" => 300,
        },
        Vendor::Responses => seen! {
            "/model" => (cell.vendor.model()),
            "/input" => [
                {"type": "message", "role": "system", "content": RULE},
                {"type": "message", "role": "user", "content": QUESTION},
            ],
            "/temperature" => 0.5, "/max_output_tokens" => 300,
        },
        Vendor::Anthropic => seen! {
            "/model" => (cell.vendor.model()), "/system" => RULE,
            "/messages" => [{"role": "user", "content": QUESTION}],
            "/temperature" => 0.5, "/max_tokens" => 300, "/stream" => null,
        },
        Vendor::Gemini => seen! {
            "/systemInstruction/parts" => [{"text": RULE}],
            "/contents" => [{"role": "user", "parts": [{"text": QUESTION}]}],
            "/generationConfig" => {"temperature": 0.5, "maxOutputTokens": 300},
        },
        Vendor::Ollama => seen! {
            "/model" => (cell.vendor.model()), "/messages" => ours,
            "/options" => {"temperature": 0.5, "num_predict": 300}, "/stream" => false,
        },
        Vendor::Cohere => seen! {
            "/model" => (cell.vendor.model()), "/messages" => ours,
            "/temperature" => 0.5, "/max_tokens" => 300, "/stream" => null,
        },
        Vendor::Bedrock => seen! {
            "/system" => [{"text": RULE}],
            "/messages" => [{"role": "user", "content": [{"text": QUESTION}]}],
            "/inferenceConfig" => {"temperature": 0.5, "maxTokens": 300},
        },
    }
}

fn answer(Answered { cell, call, .. }: Answered<'_>) -> Seen {
    all([text(cell.client, 0, &call.text_sent), stopped(cell.client, Stop::Done), model(cell)])
}
