use super::answers::{all, text};
use crate::ask::asking;
use crate::case::{Answered, BOTH, Case, Ending, Feature};
use crate::cell::Cell;
use crate::client::Client;
use crate::outcome::{Outcome, degraded, dropped};
use crate::seen::{Seen, seen};
use crate::vendor::Vendor;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

pub(crate) static FEATURE: Feature = Feature {
    name: "reasoning",
    about: "how hard to reason, by effort or by budget; the reasoning, with its proof where the vendor gives one",
    cases: &[Case {
        name: "",
        script: "thoughts=Seven%20times%20six.&text=42",
        forms: BOTH,
        first: None,
        ask,
        told,
        ending: Ending::LesserAnswer(answer, lost),
        outcome,
    }],
    untold: &[
        "A proof of another maker's is marked with its maker's name, so that it is known again when the client sends it back.",
        "Google's proof of the last text is left out for Anthropic's clients, which would take it for the last of what was said: \
         `x-switchyard-dropped` names it where the answer comes in one piece. Proofs of calls, which Google asks for, stay.",
        "Chat completions of OpenAI's, Ollama and Cohere give no proofs.",
    ],
};

const THOUGHTS: &str = "Seven times six.";
/// The simulator's proof of all reasoning.
const PROOF: &str = "c2ltdWxhdGVkIHByb29m";

fn ask(client: Client) -> Value {
    let wish = match client {
        Client::Chat => json!({"reasoning_effort": "high"}),
        Client::Responses => json!({
            "reasoning": {"effort": "high", "summary": "auto"},
            "store": false, "include": ["reasoning.encrypted_content"],
        }),
        Client::Anthropic => json!({"thinking": {"type": "enabled", "budget_tokens": 4096}}),
        Client::Gemini => json!({
            "generationConfig": {"thinkingConfig": {"thinkingBudget": 4096, "includeThoughts": true}},
        }),
    };
    asking(client, "What is seven times six?", wish)
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
            "/reasoning/effort" => effort,
            "/include" => ["reasoning.encrypted_content"],
            "/store" => false,
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
    const NO_PLACE: &str = "has no place in the provider's dialect";
    let has_no_summary =
        matches!(cell.vendor, Vendor::Chat | Vendor::Ollama | Vendor::Cohere | Vendor::Bedrock);
    match how_hard(cell) {
        outcome if cell.client == Client::Responses && has_no_summary => {
            outcome.and(dropped("reasoning.summary", NO_PLACE))
        }
        outcome if cell.client == Client::Gemini && cell.vendor == Vendor::Chat => {
            let own_matter = "whether it shows what the model thinks is the provider's own matter";
            outcome.and(degraded("reasoning.visible", own_matter))
        }
        outcome => outcome,
    }
}

fn how_hard(cell: Cell) -> Outcome {
    let weaker = |reason| degraded("reasoning", reason);
    if by_effort(cell.client) {
        return match cell.vendor {
            Vendor::Chat | Vendor::Responses => Outcome::Whole,
            Vendor::Anthropic => weaker("goes as a budget of 16384 tokens"),
            Vendor::Gemini | Vendor::Cohere => weaker("the effort `high` goes as a budget of 16384 tokens"),
            Vendor::Ollama => weaker("the model can be told to think, but not how hard"),
            Vendor::Bedrock => weaker("goes as a budget of tokens"),
        };
    }
    match cell.vendor {
        Vendor::Chat | Vendor::Responses => weaker("a budget of 4096 tokens goes as the effort `medium`"),
        Vendor::Ollama => weaker("the provider knows no budget of reasoning"),
        Vendor::Anthropic | Vendor::Gemini | Vendor::Cohere | Vendor::Bedrock => Outcome::Whole,
    }
}

/// Who made a proof, and what it is of.
enum Proof {
    /// None was made.
    None,
    /// Of the reasoning, by a Claude.
    Claudes,
    /// Of the reasoning, by OpenAI: the whole item.
    OpenAis,
    /// Of the text, by Google.
    Googles,
}

impl Proof {
    fn by(vendor: Vendor) -> Self {
        match vendor {
            Vendor::Anthropic | Vendor::Bedrock => Self::Claudes,
            Vendor::Responses => Self::OpenAis,
            Vendor::Gemini => Self::Googles,
            Vendor::Chat | Vendor::Ollama | Vendor::Cohere => Self::None,
        }
    }
}

/// The item that Responses reason in.
fn item() -> String {
    let summary = json!([{"type": "summary_text", "text": THOUGHTS}]);
    json!({"type": "reasoning", "id": "item_0", "summary": summary, "encrypted_content": PROOF}).to_string()
}

fn answer(Answered { cell, events, .. }: Answered<'_>) -> Seen {
    let proof = Proof::by(cell.vendor);
    let thought = match cell.client {
        Client::Chat => {
            all([seen! {"/choices/0/message/reasoning_content" => THOUGHTS}, in_chat(&proof, events > 0)])
        }
        Client::Responses => all([
            seen! {
                "/output/0/type" => "reasoning",
                "/output/0/summary" => [{"type": "summary_text", "text": THOUGHTS}],
            },
            in_responses(&proof),
        ]),
        Client::Anthropic => all([
            seen! {"/content/0/type" => "thinking", "/content/0/thinking" => THOUGHTS},
            in_anthropic(&proof),
        ]),
        Client::Gemini => all([
            seen! {
                "/candidates/0/content/parts/0/text" => THOUGHTS,
                "/candidates/0/content/parts/0/thought" => true,
            },
            in_gemini(&proof),
        ]),
    };
    all([thought, text(cell.client, usize::from(cell.client != Client::Chat), "42")])
}

/// What an answer lacks in which the vendor thought before it spoke.
pub(super) fn lost(cell: Cell) -> &'static str {
    match (cell.client, Proof::by(cell.vendor)) {
        (Client::Anthropic, Proof::Googles) => "answer.choices[0].signature",
        _ => "",
    }
}

/// In the form that OpenRouter's clients know.
fn in_chat(proof: &Proof, streamed: bool) -> Seen {
    let of_reasoning = |format: &str, proof: &str| json!({"type": "reasoning.text", "text": THOUGHTS, "signature": proof, "format": format});
    // An answer in one piece has the reasoning without a proof before it.
    let second = usize::from(matches!(proof, Proof::Googles) && !streamed);
    let detail = match proof {
        Proof::None => return Vec::new(),
        Proof::Claudes => of_reasoning("anthropic-claude-v1", PROOF),
        Proof::OpenAis => of_reasoning("openai-responses-v1", &item()),
        Proof::Googles => {
            json!({"type": "reasoning.encrypted", "data": PROOF, "format": "google-gemini-v1", "of": "text"})
        }
    };
    seen! {format!("/choices/0/message/reasoning_details/{second}") => detail}
}

fn in_responses(proof: &Proof) -> Seen {
    match proof {
        Proof::None => seen! {"/output/0/encrypted_content" => null},
        Proof::Claudes => {
            seen! {"/output/0/encrypted_content" => (format!("switchyard:anthropic:{PROOF}"))}
        }
        Proof::OpenAis => seen! {"/output/0/encrypted_content" => PROOF},
        Proof::Googles => seen! {
            "/output/2/type" => "reasoning",
            "/output/2/encrypted_content" => (format!("switchyard:google+text:{PROOF}")),
        },
    }
}

fn in_anthropic(proof: &Proof) -> Seen {
    match proof {
        Proof::None => seen! {"/content/0/signature" => ""},
        Proof::Claudes => seen! {"/content/0/signature" => PROOF},
        Proof::OpenAis => seen! {"/content/0/signature" => (format!("switchyard:openai:{}", item()))},
        Proof::Googles => seen! {
            "/content/0/signature" => "",
            "/content/1/text" => "42",
            "/content/2" => null,
        },
    }
}

fn in_gemini(proof: &Proof) -> Seen {
    let (part, proof) = match proof {
        Proof::None => (0, None),
        Proof::Claudes => (0, Some(STANDARD.encode(format!("switchyard:anthropic:{PROOF}")))),
        Proof::OpenAis => (0, Some(STANDARD.encode(format!("switchyard:openai:{}", item())))),
        Proof::Googles => (1, Some(PROOF.to_owned())),
    };
    seen! {format!("/candidates/0/content/parts/{part}/thoughtSignature") => proof}
}
