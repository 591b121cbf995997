use super::answers::{Stop, all, call, stopped};
use super::tools::{TIME, WEATHER, id_of, is_offered, offer};
use crate::ask::{asking, with};
use crate::case::{Answered, BOTH, Case, Ending, Feature, whole};
use crate::cell::Cell;
use crate::client::Client;
use crate::outcome::{Outcome, dropped};
use crate::seen::{Seen, seen};
use crate::vendor::Vendor;
use serde_json::{Value, json};

pub(crate) static FEATURE: Feature = Feature {
    name: "parallel tools",
    about: "two functions, called in one turn by ids of their own; and the wish for one call at a time",
    cases: &[
        Case {
            name: "several at once",
            script: "calls=2",
            forms: BOTH,
            first: None,
            ask: several,
            told: several_told,
            ending: Ending::Answer(two_calls),
            outcome: whole,
        },
        Case {
            name: "one at a time",
            script: "calls=1",
            forms: BOTH,
            first: None,
            ask: one_at_a_time,
            told: one_at_a_time_told,
            ending: Ending::Answer(super::tools::answer),
            outcome: one_at_a_time_outcome,
        },
    ],
    untold: &[],
};

const QUESTION: &str = "What is the weather, and what is the time?";

fn several(client: Client) -> Value {
    let allowed = match client {
        Client::Chat | Client::Responses => json!({"parallel_tool_calls": true}),
        Client::Anthropic => json!({"tool_choice": {"type": "auto", "disable_parallel_tool_use": false}}),
        Client::Gemini => json!({}),
    };
    asking(client, QUESTION, with(offer(client, &[WEATHER, TIME]), allowed))
}

fn several_told(cell: Cell) -> Seen {
    all([is_offered(cell, 0, WEATHER), is_offered(cell, 1, TIME)])
}

fn two_calls(Answered { cell, call: sent, .. }: Answered<'_>) -> Seen {
    all([
        call(cell.client, 0, &id_of(sent.seq, 0), WEATHER.name, &json!({"city": "text"})),
        call(cell.client, 1, &id_of(sent.seq, 1), TIME.name, &json!({"zone": "text"})),
        stopped(cell.client, Stop::Calls),
    ])
}

fn one_at_a_time(client: Client) -> Value {
    let wanted = match client {
        Client::Chat | Client::Responses => json!({"parallel_tool_calls": false}),
        Client::Anthropic => json!({"tool_choice": {"type": "auto", "disable_parallel_tool_use": true}}),
        // The dialect has no such wish.
        Client::Gemini => json!({}),
    };
    asking(client, QUESTION, with(offer(client, &[WEATHER, TIME]), wanted))
}

fn one_at_a_time_told(cell: Cell) -> Seen {
    match cell.vendor {
        _ if cell.client == Client::Gemini => Vec::new(),
        Vendor::Chat | Vendor::Responses => seen! {"/parallel_tool_calls" => false},
        Vendor::Anthropic => seen! {"/tool_choice" => {"type": "auto", "disable_parallel_tool_use": true}},
        Vendor::Gemini | Vendor::Ollama | Vendor::Cohere | Vendor::Bedrock => Vec::new(),
    }
}

fn one_at_a_time_outcome(cell: Cell) -> Outcome {
    match cell.vendor {
        _ if cell.client == Client::Gemini => Outcome::Unsayable,
        Vendor::Chat | Vendor::Responses | Vendor::Anthropic => Outcome::Whole,
        Vendor::Gemini => {
            dropped("parallel_tool_calls", "how many tools are called at once is the model's own matter")
        }
        Vendor::Ollama | Vendor::Cohere | Vendor::Bedrock => {
            dropped("parallel_tool_calls", "has no place in the provider's dialect")
        }
    }
}
