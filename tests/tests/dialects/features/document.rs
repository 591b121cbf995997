use super::answers::text;
use crate::ask::of_user;
use crate::case::{Answered, BOTH, Case, Ending, Feature};
use crate::cell::Cell;
use crate::client::Client;
use crate::outcome::{Outcome, degraded, dropped};
use crate::seen::{Seen, seen};
use crate::vendor::Vendor;
use serde_json::{Value, json};

pub(crate) static FEATURE: Feature = Feature {
    name: "document",
    about: "a PDF in the message, as base64, with its name",
    cases: &[Case {
        name: "",
        script: "",
        forms: BOTH,
        first: None,
        ask,
        told,
        ending: Ending::Answer(answer),
        outcome,
    }],
    untold: &[],
};

const QUESTION: &str = "What does it say?";
/// The beginning of a PDF: nobody here reads on.
const PDF: &str = "JVBERi0xLjQKJcOkw7zDtsOf";
const NAME: &str = "letter.pdf";

fn data_url() -> String {
    format!("data:application/pdf;base64,{PDF}")
}

fn source() -> Value {
    json!({"type": "base64", "media_type": "application/pdf", "data": PDF})
}

fn ask(client: Client) -> Value {
    of_user(
        client,
        &match client {
            Client::Chat => {
                json!([{"type": "text", "text": QUESTION}, {"type": "file", "file": {"filename": NAME, "file_data": data_url()}}])
            }
            Client::Responses => {
                json!([{"type": "input_text", "text": QUESTION}, {"type": "input_file", "filename": NAME, "file_data": data_url()}])
            }
            Client::Anthropic => {
                json!([{"type": "text", "text": QUESTION}, {"type": "document", "title": NAME, "source": source()}])
            }
            // Google's own service refuses `displayName` here.
            Client::Gemini => {
                json!([{"text": QUESTION}, {"inlineData": {"mimeType": "application/pdf", "data": PDF}}])
            }
        },
    )
}

/// The document's name: Google's own service has no place for one.
fn name(client: Client) -> Value {
    if client == Client::Gemini { Value::Null } else { json!(NAME) }
}

fn told(cell: Cell) -> Seen {
    match cell.vendor {
        Vendor::Chat => seen! {
            "/messages/0/content/1/type" => "file",
            "/messages/0/content/1/file/file_data" => (data_url()),
            "/messages/0/content/1/file/filename" => (name(cell.client)),
        },
        Vendor::Responses => seen! {
            "/input/0/content/1/type" => "input_file",
            "/input/0/content/1/file_data" => (data_url()),
            // It wants a name.
            "/input/0/content/1/filename" => (if cell.client == Client::Gemini { json!("document.pdf") } else { json!(NAME) }),
        },
        Vendor::Anthropic => seen! {
            "/messages/0/content/1/type" => "document",
            "/messages/0/content/1/source" => (source()),
            "/messages/0/content/1/title" => (name(cell.client)),
        },
        Vendor::Gemini => seen! {
            "/contents/0/parts/1/inlineData" => {"mimeType": "application/pdf", "data": PDF},
        },
        Vendor::Bedrock => seen! {
            "/messages/0/content/1/document/format" => "pdf",
            "/messages/0/content/1/document/source" => {"bytes": PDF},
        },
        Vendor::Ollama | Vendor::Cohere => Vec::new(),
    }
}

fn outcome(cell: Cell) -> Outcome {
    match cell.vendor {
        Vendor::Ollama | Vendor::Cohere => {
            Outcome::Refused("The provider takes no documents but plain text.")
        }
        Vendor::Gemini if !cell.is_verbatim() => {
            dropped("messages[0].content[1].filename", "the provider has no place for it")
        }
        // Gemini's clients give no name.
        Vendor::Bedrock if cell.client != Client::Gemini => degraded(
            "messages[0].content[1].filename",
            "the provider takes few characters in names and no name twice, so it goes under another",
        ),
        _ => Outcome::Whole,
    }
}

fn answer(Answered { cell, call, .. }: Answered<'_>) -> Seen {
    text(cell.client, 0, &call.text_sent)
}
