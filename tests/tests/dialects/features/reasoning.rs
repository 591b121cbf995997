use super::answers::{all, text};
use crate::ask::asking;
use crate::case::{Answered, BOTH, Case, Ending, Feature};
use crate::cell::Cell;
use crate::client::Client;
use crate::outcome::{Outcome, degraded, dropped};
use crate::seen::{Seen, seen};
use crate::vendor::Vendor;
use serde_json::{Value, json};

pub(crate) static FEATURE: Feature = Feature {
    name: "reasoning",
    about: "how hard to reason, by effort or by budget; the reasoning, with its proof where the vendor gives one",
    cases: &[Case {
        name: "",
        script: "thoughts=Seven%20times%20six.&text=42",
        forms: BOTH,
        ask,
        told,
        ending: Ending::Answer(answer),
        outcome,
    }],
};

const THOUGHTS: &str = "Seven times six.";
/// The simulator's proof of all reasoning.
const PROOF: &str = "c2ltdWxhdGVkIHByb29m";

fn ask(client: Client) -> Value {
    asking(client, "What is seven times six?", match client {
        Client::Chat => json!({"reasoning_effort": "high"}),
        Client::Responses => json!({"reasoning": {"effort": "high", "summary": "auto"}, "store": false, "include": ["reasoning.encrypted_content"]}),
        Client::Anthropic => json!({"thinking": {"type": "enabled", "budget_tokens": 4096}}),
        Client::Gemini => json!({"generationConfig": {"thinkingConfig": {"thinkingBudget": 4096, "includeThoughts": true}}}),
    })
}

/// Whether the client says it by OpenAI's word rather than by a budget.
fn by_effort(client: Client) -> bool {
    matches!(client, Client::Chat | Client::Responses)
}

fn told(cell: Cell) -> Seen {
    let effort = if by_effort(cell.client) { "high" } else { "medium" };
    let budget = if by_effort(cell.client) { 16_384 } else { 4_096 };
    match cell.vendor {
        Vendor::Chat => seen! {"/reasoning_effort" => effort},
        Vendor::Responses => seen! {
            "/reasoning/effort" => effort, "/include" => ["reasoning.encrypted_content"], "/store" => false,
        },
        Vendor::Anthropic => seen! {"/thinking/type" => "enabled", "/thinking/budget_tokens" => budget},
        Vendor::Gemini => seen! {"/generationConfig/thinkingConfig/thinkingBudget" => budget},
        Vendor::Ollama => seen! {"/think" => true},
        Vendor::Cohere => seen! {"/thinking" => {"type": "enabled", "token_budget": budget}},
        Vendor::Bedrock => seen! {
            "/additionalModelRequestFields/thinking" => {"type": "enabled", "budget_tokens": budget},
        },
    }
}

fn outcome(cell: Cell) -> Outcome {
    let _ = (degraded("", ""), dropped("", ""));
    Outcome::Whole
}

fn answer(Answered { cell, .. }: Answered<'_>) -> Seen {
    let thought = match cell.client {
        Client::Chat => seen! {"/choices/0/message/reasoning_content" => THOUGHTS},
        Client::Responses => seen! {
            "/output/0/type" => "reasoning",
            "/output/0/summary" => [{"type": "summary_text", "text": THOUGHTS}],
            "/output/0/encrypted_content" => PROOF,
        },
        Client::Anthropic => seen! {
            "/content/0/type" => "thinking",
            "/content/0/thinking" => THOUGHTS,
            "/content/0/signature" => PROOF,
        },
        Client::Gemini => seen! {
            "/candidates/0/content/parts/0/text" => THOUGHTS,
            "/candidates/0/content/parts/0/thought" => true,
        },
    };
    all([thought, text(cell.client, usize::from(cell.client != Client::Chat), "42")])
}
