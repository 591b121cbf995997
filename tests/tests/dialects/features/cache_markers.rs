use super::answers::text;
use super::tools::{WEATHER, offer};
use crate::ask::{asking, of_user, with};
use crate::case::{Answered, BOTH, Case, Ending, Feature};
use crate::cell::Cell;
use crate::client::Client;
use crate::outcome::{Outcome, degraded, dropped};
use crate::seen::{Seen, seen};
use crate::vendor::Vendor;
use serde_json::{Value, json};

pub(crate) static FEATURE: Feature = Feature {
    name: "cache markers",
    about: "marks in instructions, on a tool and in a message up to which the prompt may be kept; OpenAI's key of a cache; \
            Google's content that is stored already",
    cases: &[Case {
        name: "",
        script: "text=Yes.",
        forms: BOTH,
        first: None,
        ask,
        told,
        ending: Ending::Answer(answer),
        outcome,
    }],
    untold: &[],
};

const QUESTION: &str = "Is this kept?";
const KEY: &str = "letters";
const STORED: &str = "cachedContents/letters";

/// A text up to which all may be kept.
fn marked(text: &str) -> Value {
    json!([{"type": "text", "text": text, "cache_control": mark()}])
}

fn mark() -> Value {
    json!({"type": "ephemeral"})
}

fn ask(client: Client) -> Value {
    match client {
        // The mark as OpenRouter's clients write it.
        Client::Chat => with(of_user(client, &marked(QUESTION)), json!({"prompt_cache_key": KEY})),
        Client::Responses => asking(client, QUESTION, json!({"prompt_cache_key": KEY})),
        Client::Anthropic => {
            let mut tools = offer(client, &[WEATHER]);
            tools["tools"][0]["cache_control"] = mark();
            with(of_user(client, &marked(QUESTION)), with(tools, json!({"system": marked("Be brief.")})))
        }
        Client::Gemini => asking(client, QUESTION, json!({"cachedContent": STORED})),
    }
}

fn told(cell: Cell) -> Seen {
    let point = json!({"cachePoint": {"type": "default"}});
    match (cell.client, cell.vendor) {
        (Client::Chat, Vendor::Chat) => {
            seen! {"/messages/0/content" => (marked(QUESTION)), "/prompt_cache_key" => KEY}
        }
        (Client::Chat, Vendor::Anthropic) => seen! {"/messages/0/content" => (marked(QUESTION))},
        (Client::Chat, Vendor::Bedrock) => seen! {"/messages/0/content/1" => point},
        (Client::Responses, Vendor::Responses) => seen! {"/prompt_cache_key" => KEY},
        (Client::Anthropic, Vendor::Anthropic) => seen! {
            "/system" => (marked("Be brief.")),
            "/tools/0/cache_control" => (mark()),
            "/messages/0/content" => (marked(QUESTION)),
        },
        (Client::Anthropic, Vendor::Bedrock) => seen! {
            "/system/1" => point,
            "/toolConfig/tools/1" => point,
            "/messages/0/content/1" => point,
        },
        (Client::Gemini, Vendor::Gemini) => seen! {"/cachedContent" => STORED},
        _ => Vec::new(),
    }
}

fn outcome(cell: Cell) -> Outcome {
    if cell.is_verbatim() {
        return Outcome::Whole;
    }
    let unmarked = |member| match cell.vendor {
        Vendor::Anthropic | Vendor::Bedrock => Outcome::Whole,
        _ => degraded(member, "the provider caches by its own rules"),
    };
    let unkeyed = dropped("prompt_cache_key", "has no place in the provider's dialect");
    match cell.client {
        Client::Chat => unmarked("messages[0].content[1]").and(unkeyed),
        Client::Responses => unkeyed,
        Client::Anthropic => unmarked("messages[0].content[1]")
            .and(unmarked("messages[1].content[1]"))
            .and(unmarked("tools[0]")),
        Client::Gemini => Outcome::Refused(
            "`cachedContent` asks for what only a provider that speaks gemini can know; say it in another way.",
        ),
    }
}

fn answer(Answered { cell, .. }: Answered<'_>) -> Seen {
    text(cell.client, 0, "Yes.")
}
