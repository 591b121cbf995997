use super::reasoning::lost;
use crate::ask::asking;
use crate::case::{Answered, BOTH, Case, Ending, Feature, whole};
use crate::cell::Cell;
use crate::client::Client;
use crate::seen::{Seen, seen};
use crate::vendor::Vendor;
use serde_json::{Value, json};

pub(crate) static FEATURE: Feature = Feature {
    name: "usage",
    about: "tokens of the prompt, of them those from the cache, of the answer, of them those of reasoning, as the vendor counts them",
    cases: &[Case {
        name: "",
        script: "tokens=7&reasoning=5&cached=4",
        forms: BOTH,
        first: None,
        ask,
        told,
        ending: Ending::LesserAnswer(answer, lost),
        outcome: whole,
    }],
    untold: &[
        "Anthropic's messages and Converse tell no tokens of reasoning: they stand among those of the answer.",
        "Ollama tells neither cached tokens nor tokens of reasoning.",
        "Cohere tells no tokens of reasoning, and counts as cached more than it bills, so that this count is left out.",
    ],
};

const QUESTION: &str = "How many words has this question?";

fn ask(client: Client) -> Value {
    asking(client, QUESTION, json!({}))
}

/// Only OpenAI's chat must be asked for the usage of a stream; that it was, is seen by its coming.
fn told(_: Cell) -> Seen {
    Vec::new()
}

/// What a vendor tells of what it billed. Cohere's count of cached tokens is of more than it bills.
struct Told {
    cached: u64,
    reasoning: u64,
}

impl Told {
    fn by(vendor: Vendor) -> Self {
        let (cached, reasoning) = match vendor {
            Vendor::Chat | Vendor::Responses | Vendor::Gemini => (4, 5),
            Vendor::Anthropic | Vendor::Bedrock => (4, 0),
            Vendor::Ollama | Vendor::Cohere => (0, 0),
        };
        Self { cached, reasoning }
    }
}

/// Google leaves out what is none.
fn unless_none(count: u64) -> Option<u64> {
    (count > 0).then_some(count)
}

fn answer(Answered { cell, call, .. }: Answered<'_>) -> Seen {
    let Told { cached, reasoning } = Told::by(cell.vendor);
    let (prompt, completion) = (call.billed.prompt, call.billed.completion);
    assert_eq!(completion, 12, "the vendor bills what it made");
    let total = prompt + completion;
    match cell.client {
        Client::Chat => seen! {
            "/usage/prompt_tokens" => prompt,
            "/usage/prompt_tokens_details/cached_tokens" => cached,
            "/usage/completion_tokens" => completion,
            "/usage/completion_tokens_details/reasoning_tokens" => reasoning,
            "/usage/total_tokens" => total,
        },
        Client::Responses => seen! {
            "/usage/input_tokens" => prompt,
            "/usage/input_tokens_details/cached_tokens" => cached,
            "/usage/output_tokens" => completion,
            "/usage/output_tokens_details/reasoning_tokens" => reasoning,
            "/usage/total_tokens" => total,
        },
        Client::Anthropic => seen! {
            "/usage/input_tokens" => (prompt - cached),
            "/usage/cache_read_input_tokens" => cached,
            "/usage/output_tokens" => completion,
        },
        Client::Gemini => seen! {
            "/usageMetadata/promptTokenCount" => prompt,
            "/usageMetadata/cachedContentTokenCount" => (unless_none(cached)),
            "/usageMetadata/candidatesTokenCount" => (completion - reasoning),
            "/usageMetadata/thoughtsTokenCount" => (unless_none(reasoning)),
            "/usageMetadata/totalTokenCount" => total,
        },
    }
}
