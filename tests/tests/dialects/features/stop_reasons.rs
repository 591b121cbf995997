use super::answers::{Stop, stopped};
use super::tools::{WEATHER, offer};
use crate::ask::{asking, with};
use crate::case::{Answered, BOTH, Case, Ending, Feature, whole};
use crate::cell::Cell;
use crate::client::Client;
use crate::outcome::{Outcome, dropped};
use crate::seen::{Seen, seen};
use crate::vendor::Vendor;
use serde_json::{Value, json};

pub(crate) static FEATURE: Feature = Feature {
    name: "stop reasons",
    about: "the end of the answer, a limit, a call, a filter; texts to stop at",
    cases: &[
        Case {
            name: "done",
            script: "",
            forms: BOTH,
            first: None,
            ask,
            told: nothing,
            ending: Ending::Answer(done),
            outcome: whole,
        },
        Case {
            name: "limit",
            script: "",
            forms: BOTH,
            first: None,
            ask: with_limit,
            told: limit_told,
            ending: Ending::Answer(cut),
            outcome: whole,
        },
        Case {
            name: "call",
            script: "",
            forms: BOTH,
            first: None,
            ask: with_tool,
            told: nothing,
            ending: Ending::Answer(calls),
            outcome: whole,
        },
        Case {
            name: "filter",
            script: "finish=content_filter",
            forms: BOTH,
            first: None,
            ask,
            told: nothing,
            ending: Ending::Answer(filtered),
            outcome: whole,
        },
        Case {
            name: "stop texts",
            script: "",
            forms: BOTH,
            first: None,
            ask: with_stop,
            told: stop_told,
            ending: Ending::Answer(done),
            outcome: stop_outcome,
        },
    ],
    untold: &["Ollama has no filter, so that no reason of its means one."],
};

const QUESTION: &str = "Say something.";

fn ask(client: Client) -> Value {
    asking(client, QUESTION, json!({}))
}

fn nothing(_: Cell) -> Seen {
    Vec::new()
}

fn done(Answered { cell, .. }: Answered<'_>) -> Seen {
    stopped(cell.client, Stop::Done)
}

fn with_limit(client: Client) -> Value {
    with(
        ask(client),
        match client {
            Client::Chat => json!({"max_tokens": 3}),
            Client::Responses => json!({"max_output_tokens": 3}),
            Client::Anthropic => json!({"max_tokens": 3}),
            Client::Gemini => json!({"generationConfig": {"maxOutputTokens": 3}}),
        },
    )
}

fn limit_told(cell: Cell) -> Seen {
    match cell.vendor {
        // A client's own word for it stays.
        Vendor::Chat if cell.is_verbatim() => seen! {"/max_tokens" => 3},
        Vendor::Chat => seen! {"/max_completion_tokens" => 3},
        Vendor::Responses => seen! {"/max_output_tokens" => 3},
        Vendor::Anthropic | Vendor::Cohere => seen! {"/max_tokens" => 3},
        Vendor::Gemini => seen! {"/generationConfig/maxOutputTokens" => 3},
        Vendor::Ollama => seen! {"/options/num_predict" => 3},
        Vendor::Bedrock => seen! {"/inferenceConfig/maxTokens" => 3},
    }
}

fn cut(Answered { cell, .. }: Answered<'_>) -> Seen {
    stopped(cell.client, Stop::Limit)
}

fn with_tool(client: Client) -> Value {
    with(ask(client), offer(client, &[WEATHER]))
}

fn calls(Answered { cell, .. }: Answered<'_>) -> Seen {
    stopped(cell.client, Stop::Calls)
}

fn filtered(Answered { cell, .. }: Answered<'_>) -> Seen {
    // Ollama has no filter, so that no word of it means one.
    if cell.vendor == Vendor::Ollama { Vec::new() } else { stopped(cell.client, Stop::Filter) }
}

fn with_stop(client: Client) -> Value {
    with(
        ask(client),
        match client {
            Client::Chat => json!({"stop": ["END", "FIN"]}),
            // The dialect has no such wish.
            Client::Responses => json!({}),
            Client::Anthropic => json!({"stop_sequences": ["END", "FIN"]}),
            Client::Gemini => json!({"generationConfig": {"stopSequences": ["END", "FIN"]}}),
        },
    )
}

fn stop_told(cell: Cell) -> Seen {
    match cell.vendor {
        _ if cell.client == Client::Responses => Vec::new(),
        Vendor::Chat => seen! {"/stop" => ["END", "FIN"]},
        Vendor::Responses => Vec::new(),
        Vendor::Anthropic | Vendor::Cohere => seen! {"/stop_sequences" => ["END", "FIN"]},
        Vendor::Gemini => seen! {"/generationConfig/stopSequences" => ["END", "FIN"]},
        Vendor::Ollama => seen! {"/options/stop" => ["END", "FIN"]},
        Vendor::Bedrock => seen! {"/inferenceConfig/stopSequences" => ["END", "FIN"]},
    }
}

fn stop_outcome(cell: Cell) -> Outcome {
    if cell.client == Client::Responses {
        return Outcome::Unsayable;
    }
    if cell.vendor == Vendor::Responses {
        return dropped("stop", "the provider's dialect has no texts to stop at");
    }
    Outcome::Whole
}
