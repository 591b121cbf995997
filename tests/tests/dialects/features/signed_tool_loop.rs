use super::answers::{Stop, all, stopped, text};
use super::tools::{WEATHER, offer};
use crate::ask::{asking, with};
use crate::case::{Answered, BOTH, Case, Ending, Feature, First};
use crate::cell::Cell;
use crate::client::Client;
use crate::outcome::{Outcome, dropped};
use crate::seen::{Seen, seen};
use crate::vendor::Vendor;
use serde_json::{Value, json};

pub(crate) static FEATURE: Feature = Feature {
    name: "signed tool loop",
    about: "two turns: one maker reasons, proves it and calls a function; the result goes to the same maker or to another, with all that \
            the client was given",
    cases: &[case::<CLAUDE>("a Claude's"), case::<GEMINI>("a Gemini's"), case::<OPENAI>("OpenAI's")],
    untold: &[],
};

const CLAUDE: usize = 0;
const GEMINI: usize = 1;
const OPENAI: usize = 2;

const MAKERS: [Vendor; 3] = [Vendor::Anthropic, Vendor::Gemini, Vendor::Responses];

const THOUGHTS: &str = "I must look.";
/// The simulator's proof of all reasoning.
const PROOF: &str = "c2ltdWxhdGVkIHByb29m";

const fn case<const MAKER: usize>(name: &'static str) -> Case {
    Case {
        name,
        script: "text=Sunny.",
        forms: BOTH,
        first: Some(First { maker: MAKERS[MAKER], script: "thoughts=I%20must%20look.", next }),
        ask,
        told: told::<MAKER>,
        ending: Ending::Answer(answer),
        outcome: outcome::<MAKER>,
    }
}

fn ask(client: Client) -> Value {
    asking(client, "What is the weather in Bern?", with(offer(client, &[WEATHER]), wish(client)))
}

/// The wish to reason, which is of the first turn alone.
fn wish(client: Client) -> Value {
    match client {
        Client::Chat => json!({"reasoning_effort": "high"}),
        Client::Responses => json!({
            "reasoning": {"effort": "high"}, "store": false, "include": ["reasoning.encrypted_content"],
        }),
        Client::Anthropic => json!({"thinking": {"type": "enabled", "budget_tokens": 4096}}),
        Client::Gemini => json!({"generationConfig": {"thinkingConfig": {"thinkingBudget": 4096}}}),
    }
}

/// The conversation with the answer, as the dialect's official SDK appends it, and with the results of its calls.
fn next(client: Client, mut asked: Value, answer: &Value) -> Value {
    let of = |place: &str| answer.pointer(place).cloned().unwrap_or_default();
    let each = |list: Value, made: fn(&Value) -> Option<Value>| -> Vec<Value> {
        list.as_array().into_iter().flatten().filter_map(made).collect()
    };
    for name in ["reasoning_effort", "reasoning", "thinking", "generationConfig"] {
        asked.as_object_mut().unwrap().remove(name);
    }
    match client {
        Client::Chat => {
            let mut message = of("/choices/0/message");
            // A stream begins with an empty text.
            message["content"] = Value::Null;
            let results = each(message["tool_calls"].clone(), |call| {
                Some(json!({"role": "tool", "tool_call_id": call["id"], "content": "sunny"}))
            });
            append(&mut asked["messages"], [vec![message], results].concat());
        }
        Client::Responses => {
            asked["input"] = json!([{"role": "user", "content": asked["input"]}]);
            let results = each(of("/output"), |item| {
                let call = item.get("call_id")?;
                Some(json!({"type": "function_call_output", "call_id": call, "output": "sunny"}))
            });
            append(&mut asked["input"], [each(of("/output"), |item| Some(item.clone())), results].concat());
        }
        Client::Anthropic => {
            let results = each(of("/content"), |block| {
                (block["type"] == "tool_use")
                    .then(|| json!({"type": "tool_result", "tool_use_id": block["id"], "content": "sunny"}))
            });
            let turns = vec![
                json!({"role": "assistant", "content": of("/content")}),
                json!({"role": "user", "content": results}),
            ];
            append(&mut asked["messages"], turns);
        }
        Client::Gemini => {
            let results = each(of("/candidates/0/content/parts"), |part| {
                let call = part.get("functionCall")?;
                let response =
                    json!({"id": call["id"], "name": call["name"], "response": {"result": "sunny"}});
                Some(json!({"functionResponse": response}))
            });
            // A stream of Google's ends with an empty text.
            let said =
                each(of("/candidates/0/content/parts"), |part| (part["text"] != "").then(|| part.clone()));
            let turns =
                vec![json!({"role": "model", "parts": said}), json!({"role": "user", "parts": results})];
            append(&mut asked["contents"], turns);
        }
    }
    asked
}

fn append(turns: &mut Value, more: Vec<Value>) {
    turns.as_array_mut().unwrap().extend(more);
}

/// Whether a vendor takes a maker's proofs: its own, and Anthropic's where a Claude is served by another.
fn takes(maker: Vendor, vendor: Vendor) -> bool {
    maker == vendor || (maker == Vendor::Anthropic && vendor == Vendor::Bedrock)
}

fn told<const MAKER: usize>(cell: Cell) -> Seen {
    if cell.client == Client::Chat && cell.vendor == Vendor::Chat {
        // Nothing is known of the vendor: what the client was given goes on to it.
        return seen! {"/messages/1/reasoning_content" => THOUGHTS};
    }
    let takes = takes(MAKERS[MAKER], cell.vendor);
    let proof = if takes { json!(PROOF) } else { Value::Null };
    match cell.vendor {
        Vendor::Chat => seen! {
            "/messages/1/tool_calls/0/function/name" => (WEATHER.name),
            "/messages/1/tool_calls/0/extra_content" => null,
            "/messages/1/reasoning_content" => null,
            "/messages/1/reasoning_details" => null,
        },
        Vendor::Responses => seen! {"/input/1/encrypted_content" => proof},
        Vendor::Anthropic if takes => seen! {
            "/messages/1/content/0" => {"type": "thinking", "thinking": THOUGHTS, "signature": PROOF},
            "/messages/1/content/1/type" => "tool_use",
        },
        Vendor::Anthropic => seen! {"/messages/1/content/0/signature" => null},
        Vendor::Gemini => seen! {
            "/contents/1/parts/0/thoughtSignature" => null,
            "/contents/1/parts/1/functionCall/name" => (WEATHER.name),
            "/contents/1/parts/1/thoughtSignature" => proof,
        },
        Vendor::Bedrock => seen! {"/messages/1/content/0/reasoningContent/reasoningText/signature" => proof},
        Vendor::Ollama | Vendor::Cohere => Vec::new(),
    }
}

fn outcome<const MAKER: usize>(cell: Cell) -> Outcome {
    const REASONING: &str = "messages[1].reasoning";
    const PROOF: &str = "messages[1].reasoning.signature";
    const NO_PLACE: &str = "the provider has no place for it";
    let maker = MAKERS[MAKER];
    if takes(maker, cell.vendor) {
        return Outcome::Whole;
    }
    match cell.vendor {
        Vendor::Chat if cell.is_verbatim() => Outcome::Whole,
        Vendor::Chat => {
            let reasoning = dropped(REASONING, "the provider takes none back");
            let of_call = || dropped("messages[1].tool_calls[0].signature", NO_PLACE);
            if maker == Vendor::Gemini { reasoning.and(of_call()) } else { reasoning }
        }
        Vendor::Responses => in_responses(maker, cell),
        Vendor::Anthropic => in_anthropic(maker, cell),
        // Google's thoughts may go back without a proof.
        Vendor::Gemini => {
            let place = if cell.is_verbatim() { "contents[1].parts[0].thoughtSignature" } else { PROOF };
            dropped(place, "is another vendor's and means nothing to Google")
        }
        Vendor::Ollama | Vendor::Cohere => dropped(PROOF, NO_PLACE),
        Vendor::Bedrock => {
            dropped(REASONING, "the model takes only what it thought itself").and(dropped(PROOF, NO_PLACE))
        }
    }
}

fn in_responses(maker: Vendor, cell: Cell) -> Outcome {
    let item = |place| dropped(place, "the reasoning is another maker's");
    let reasoning = dropped("messages[1].reasoning", "the provider takes back its own only");
    let proof = dropped("messages[1].reasoning.signature", "the proof is another maker's");
    match (cell.is_verbatim(), maker) {
        (true, Vendor::Gemini) => item("input[1]").and(item("input[3]")),
        (true, _) => item("input[1]"),
        (false, Vendor::Gemini) => reasoning.and(proof),
        (false, _) => proof.and(reasoning),
    }
}

fn in_anthropic(maker: Vendor, cell: Cell) -> Outcome {
    let of_maker = |place| dropped(place, "can be read by its maker alone");
    let reasoning = |reason| dropped("messages[1].reasoning", reason);
    let unproven = "has no proof of the provider's, which takes none back without";
    let proof = "messages[1].reasoning.signature";
    match (cell.is_verbatim(), maker) {
        (true, Vendor::Gemini) => {
            reasoning("has no proof, without which the provider takes none back").and(of_maker(proof))
        }
        (true, _) => of_maker(proof),
        (false, Vendor::Gemini) => reasoning(unproven).and(of_maker("messages[1].content[1].signature")),
        (false, _) => of_maker(proof).and(reasoning(unproven)),
    }
}

fn answer(Answered { cell, .. }: Answered<'_>) -> Seen {
    all([text(cell.client, 0, "Sunny."), stopped(cell.client, Stop::Done)])
}
