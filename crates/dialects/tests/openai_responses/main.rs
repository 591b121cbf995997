//! The dialect of OpenAI's Responses against what real providers sent and were sent.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests may fail loudly too, and the scores are to be seen"
)]

mod adapting;
mod bad_requests;
mod corpus_answers;
mod corpus_requests;
mod crossing;
#[path = "../openai_chat/differing.rs"]
mod differing;
mod errors;
mod namespaces;
#[path = "../openai_chat/pieces.rs"]
mod pieces;
mod property;
mod quirks;
mod request_encoding;
mod rewriting;
#[path = "../expected/same.rs"]
mod same;
#[path = "../openai_chat/score.rs"]
mod score;
mod shape;

use switchyard_domain::chat::{ChatAnswer, Json, Part};

/// An answer with its native values in one spelling, and its log probabilities joined.
pub(crate) fn canonical(mut answer: ChatAnswer) -> ChatAnswer {
    let spelled = |json: &Json| {
        let value: serde_json::Value = serde_json::from_str(json.as_str()).unwrap();
        Json::parse(value.to_string()).unwrap()
    };
    for (_, value) in &mut answer.extensions {
        *value = spelled(value);
    }
    answer.extensions.sort_by(|a, b| a.0.cmp(&b.0));
    for choice in &mut answer.choices {
        for part in &mut choice.parts {
            match part {
                Part::Native { json, .. } => *json = spelled(json),
                Part::Reasoning(reasoning) => {
                    if let Some(signature) = &mut reasoning.signature
                        && let Ok(value) = serde_json::from_str::<serde_json::Value>(&signature.value)
                    {
                        signature.value = value.to_string();
                    }
                }
                _ => {}
            }
        }
        for citation in &mut choice.citations {
            if let Some((_, json)) = &mut citation.native {
                *json = spelled(json);
            }
        }
        for (_, value) in &mut choice.extensions {
            *value = spelled(value);
        }
        let tokens = choice.logprobs.drain(..).flat_map(|piece| {
            let piece: serde_json::Value = serde_json::from_str(piece.as_str()).unwrap();
            piece["content"].as_array().cloned().unwrap_or_default()
        });
        let tokens: Vec<serde_json::Value> = tokens.collect();
        if !tokens.is_empty() {
            choice.logprobs =
                vec![Json::parse(serde_json::json!({ "content": tokens }).to_string()).unwrap()];
        }
    }
    answer
}
#[path = "../canonical/text.rs"]
mod text;
