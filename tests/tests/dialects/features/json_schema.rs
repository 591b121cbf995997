use super::answers::{Stop, all, stopped, text};
use crate::ask::asking;
use crate::case::{Answered, BOTH, Case, Ending, Feature, whole};
use crate::cell::Cell;
use crate::client::Client;
use crate::outcome::Outcome;
use crate::seen::{Seen, seen};
use crate::vendor::Vendor;
use serde_json::{Value, json};

pub(crate) static FEATURE: Feature = Feature {
    name: "JSON schema",
    about: "an answer that must be JSON of a schema, with its name and whether it binds to the letter; an answer of any JSON",
    cases: &[
        Case {
            name: "by a schema",
            script: ANSWERED,
            forms: BOTH,
            first: None,
            ask,
            told,
            ending: Ending::Answer(answer),
            outcome: whole,
        },
        Case {
            name: "any JSON",
            script: ANSWERED,
            forms: BOTH,
            first: None,
            ask: any,
            told: any_told,
            ending: Ending::Answer(answer),
            outcome: any_outcome,
        },
    ],
    untold: &[],
};

const QUESTION: &str = "Which is the capital of Switzerland? Answer in JSON.";
const ANSWERED: &str = "text={%22city%22:%22Bern%22}";

fn schema() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": false})
}

fn ask(client: Client) -> Value {
    asking(
        client,
        QUESTION,
        match client {
            Client::Chat => json!({"response_format": {"type": "json_schema",
            "json_schema": {"name": "capital", "schema": schema(), "strict": true}}}),
            Client::Responses => {
                json!({"text": {"format": {"type": "json_schema", "name": "capital", "schema": schema(), "strict": true}}})
            }
            Client::Anthropic => {
                json!({"output_config": {"format": {"type": "json_schema", "schema": schema()}}})
            }
            Client::Gemini => {
                json!({"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": schema()}})
            }
        },
    )
}

/// Whether the client's dialect names a schema.
fn is_named(client: Client) -> bool {
    matches!(client, Client::Chat | Client::Responses)
}

/// The schema's name; one is made up where a vendor wants it and the client's dialect has none.
fn name(client: Client) -> &'static str {
    if is_named(client) { "capital" } else { "response" }
}

/// Whether it binds to the letter: Anthropic's always does, Google's does not say.
fn strict(client: Client) -> Value {
    if client == Client::Gemini { Value::Null } else { json!(true) }
}

fn told(cell: Cell) -> Seen {
    match cell.vendor {
        Vendor::Chat => seen! {
            "/response_format/type" => "json_schema",
            "/response_format/json_schema/schema" => (schema()),
            "/response_format/json_schema/name" => (name(cell.client)),
            "/response_format/json_schema/strict" => (strict(cell.client)),
        },
        Vendor::Responses => seen! {
            "/text/format/type" => "json_schema",
            "/text/format/schema" => (schema()),
            "/text/format/name" => (name(cell.client)),
            "/text/format/strict" => (strict(cell.client)),
        },
        Vendor::Anthropic => seen! {"/output_config/format" => {"type": "json_schema", "schema": (schema())}},
        Vendor::Gemini => seen! {
            "/generationConfig/responseMimeType" => "application/json",
            "/generationConfig/responseJsonSchema" => (schema()),
        },
        Vendor::Ollama => seen! {"/format" => (schema())},
        Vendor::Cohere => seen! {"/response_format" => {"type": "json_object", "json_schema": (schema())}},
        Vendor::Bedrock => seen! {
            "/outputConfig/textFormat/type" => "json_schema",
            "/outputConfig/textFormat/structure/jsonSchema/schema" => (schema().to_string()),
            "/outputConfig/textFormat/structure/jsonSchema/name" => (name(cell.client)),
        },
    }
}

fn any(client: Client) -> Value {
    asking(
        client,
        QUESTION,
        match client {
            Client::Chat => json!({"response_format": {"type": "json_object"}}),
            Client::Responses => json!({"text": {"format": {"type": "json_object"}}}),
            // The dialect has no such wish.
            Client::Anthropic => json!({}),
            Client::Gemini => json!({"generationConfig": {"responseMimeType": "application/json"}}),
        },
    )
}

fn any_told(cell: Cell) -> Seen {
    match cell.vendor {
        _ if cell.client == Client::Anthropic => Vec::new(),
        Vendor::Chat | Vendor::Cohere => seen! {"/response_format" => {"type": "json_object"}},
        Vendor::Responses => seen! {"/text/format" => {"type": "json_object"}},
        Vendor::Gemini => seen! {"/generationConfig/responseMimeType" => "application/json"},
        Vendor::Ollama => seen! {"/format" => "json"},
        Vendor::Anthropic | Vendor::Bedrock => Vec::new(),
    }
}

fn any_outcome(cell: Cell) -> Outcome {
    match cell.vendor {
        _ if cell.client == Client::Anthropic => Outcome::Unsayable,
        Vendor::Anthropic => {
            Outcome::Refused("the provider can be held to JSON by a schema only; give one (`json_schema`)")
        }
        Vendor::Bedrock => Outcome::Refused("The provider gives JSON by a schema only; send one."),
        _ => Outcome::Whole,
    }
}

fn answer(Answered { cell, .. }: Answered<'_>) -> Seen {
    all([text(cell.client, 0, r#"{"city":"Bern"}"#), stopped(cell.client, Stop::Done)])
}
