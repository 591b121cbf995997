use super::answers::text;
use crate::ask::of_user;
use crate::case::{Answered, BOTH, Case, Ending, Feature};
use crate::cell::Cell;
use crate::client::Client;
use crate::outcome::Outcome;
use crate::seen::Seen;
use serde_json::{Value, json};

pub(crate) static FEATURE: Feature = Feature {
    name: "cache markers",
    about: "a mark in instructions, on a tool and in a message, up to which the vendor may keep the prompt; a key for the cache",
    cases: &[Case { name: "", script: "text=Yes.", forms: BOTH, ask, told, ending: Ending::Answer(answer), outcome }],
};

const QUESTION: &str = "Is this kept?";

fn ask(client: Client) -> Value {
    match client {
        Client::Chat => json!({
            "prompt_cache_key": "letters",
            "messages": [{"role": "user", "content": [{"type": "text", "text": QUESTION, "cache_control": {"type": "ephemeral"}}]}],
        }),
        Client::Responses => json!({"input": QUESTION, "prompt_cache_key": "letters"}),
        Client::Anthropic => json!({
            "max_tokens": 8192,
            "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            "messages": [{"role": "user", "content": [{"type": "text", "text": QUESTION, "cache_control": {"type": "ephemeral"}}]}],
        }),
        Client::Gemini => of_user(client, json!(QUESTION)),
    }
}

fn told(_: Cell) -> Seen {
    Vec::new()
}

fn outcome(_: Cell) -> Outcome {
    Outcome::Whole
}

fn answer(Answered { cell, .. }: Answered<'_>) -> Seen {
    text(cell.client, 0, "Yes.")
}
