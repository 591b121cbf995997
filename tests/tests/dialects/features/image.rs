use super::answers::text;
use crate::ask::of_user;
use crate::case::{Answered, BOTH, Case, Ending, Feature, whole};
use crate::cell::Cell;
use crate::client::Client;
use crate::outcome::Outcome;
use crate::seen::{Seen, seen};
use crate::vendor::Vendor;
use serde_json::{Value, json};

pub(crate) static FEATURE: Feature = Feature {
    name: "image",
    about: "a picture in the message, as base64; a picture by its address",
    cases: &[
        Case {
            name: "in the message",
            script: "",
            forms: BOTH,
            first: None,
            ask: inline,
            told: inline_told,
            ending: Ending::Answer(answer),
            outcome: whole,
        },
        Case {
            name: "by address",
            script: "",
            forms: BOTH,
            first: None,
            ask: by_address,
            told: by_address_told,
            ending: Ending::Answer(answer),
            outcome: by_address_outcome,
        },
    ],
    untold: &[],
};

const QUESTION: &str = "What is on it?";
/// A picture of one pixel.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const ADDRESS: &str = "https://example.com/cat.png";

fn data_url() -> String {
    format!("data:image/png;base64,{PNG}")
}

fn inline(client: Client) -> Value {
    of_user(
        client,
        &match client {
            Client::Chat => {
                json!([{"type": "text", "text": QUESTION}, {"type": "image_url", "image_url": {"url": data_url()}}])
            }
            Client::Responses => {
                json!([{"type": "input_text", "text": QUESTION}, {"type": "input_image", "detail": "auto", "image_url": data_url()}])
            }
            Client::Anthropic => {
                json!([{"type": "text", "text": QUESTION}, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}])
            }
            Client::Gemini => {
                json!([{"text": QUESTION}, {"inlineData": {"mimeType": "image/png", "data": PNG}}])
            }
        },
    )
}

fn inline_told(cell: Cell) -> Seen {
    match cell.vendor {
        Vendor::Chat | Vendor::Cohere => seen! {
            "/messages/0/content/0" => {"type": "text", "text": QUESTION},
            "/messages/0/content/1/type" => "image_url",
            "/messages/0/content/1/image_url/url" => (data_url()),
        },
        Vendor::Responses => seen! {
            "/input/0/content/0" => {"type": "input_text", "text": QUESTION},
            "/input/0/content/1/type" => "input_image",
            "/input/0/content/1/image_url" => (data_url()),
        },
        Vendor::Anthropic => seen! {
            "/messages/0/content/0" => {"type": "text", "text": QUESTION},
            "/messages/0/content/1" => {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        },
        Vendor::Gemini => seen! {
            "/contents/0/parts" => [{"text": QUESTION}, {"inlineData": {"mimeType": "image/png", "data": PNG}}],
        },
        Vendor::Ollama => seen! {"/messages/0" => {"role": "user", "content": QUESTION, "images": [PNG]}},
        Vendor::Bedrock => seen! {
            "/messages/0/content" => [{"text": QUESTION}, {"image": {"format": "png", "source": {"bytes": PNG}}}],
        },
    }
}

fn by_address(client: Client) -> Value {
    of_user(
        client,
        &match client {
            Client::Chat => {
                json!([{"type": "text", "text": QUESTION}, {"type": "image_url", "image_url": {"url": ADDRESS}}])
            }
            Client::Responses => {
                json!([{"type": "input_text", "text": QUESTION}, {"type": "input_image", "detail": "auto", "image_url": ADDRESS}])
            }
            Client::Anthropic => {
                json!([{"type": "text", "text": QUESTION}, {"type": "image", "source": {"type": "url", "url": ADDRESS}}])
            }
            Client::Gemini => {
                json!([{"text": QUESTION}, {"fileData": {"mimeType": "image/png", "fileUri": ADDRESS}}])
            }
        },
    )
}

fn by_address_told(cell: Cell) -> Seen {
    match cell.vendor {
        Vendor::Chat | Vendor::Cohere => seen! {"/messages/0/content/1/image_url/url" => ADDRESS},
        Vendor::Responses => seen! {"/input/0/content/1/image_url" => ADDRESS},
        Vendor::Anthropic => seen! {
            "/messages/0/content/1" => {"type": "image", "source": {"type": "url", "url": ADDRESS}},
        },
        Vendor::Gemini => {
            seen! {"/contents/0/parts/1" => {"fileData": {"mimeType": "image/png", "fileUri": ADDRESS}}}
        }
        Vendor::Ollama | Vendor::Bedrock => Vec::new(),
    }
}

fn by_address_outcome(cell: Cell) -> Outcome {
    match cell.vendor {
        Vendor::Ollama => {
            Outcome::Refused("The provider fetches no pictures; send it in the message, as base64.")
        }
        Vendor::Bedrock => {
            Outcome::Refused("The provider fetches nothing but from S3; send it in the message, as base64.")
        }
        _ => Outcome::Whole,
    }
}

fn answer(Answered { cell, call, .. }: Answered<'_>) -> Seen {
    text(cell.client, 0, &call.text_sent)
}
