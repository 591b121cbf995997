//! Vectors: the same for the same text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Asked, instead, told, whole};
use crate::simulator::reply::Reply;
use crate::simulator::script::Script;
use crate::simulator::words::seed;

const DIMENSIONS: u64 = 8;

/// The answer to a request for vectors. A word is a token.
pub(super) fn embeddings(asked: &Asked, script: &Script) -> Reply {
    if let Some(instead) = instead(script, false) {
        return instead;
    }
    let inputs = inputs(asked.member("input"));
    let dimensions = asked.number("dimensions").unwrap_or(DIMENSIONS);
    let is_packed = asked.text("encoding_format") == Some("base64");
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, (text, _))| {
            let vector = vector(text, dimensions);
            let written = if is_packed {
                let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
                json!(STANDARD.encode(bytes))
            } else {
                json!(vector)
            };
            json!({"object": "embedding", "index": index, "embedding": written})
        })
        .collect();
    let tokens = inputs.iter().map(|(_, tokens)| tokens).sum();
    let mut body = json!({"object": "list", "data": data, "model": asked.model_name()});
    if let (Some((input, _)), Some(body)) = (told(tokens, 0, script), body.as_object_mut()) {
        body.insert("usage".to_owned(), json!({"prompt_tokens": input, "total_tokens": input}));
    }
    whole(&body, tokens, script)
}

/// Each input as a text, and its tokens.
fn inputs(input: &Value) -> Vec<(String, u64)> {
    let of_text = |text: &str| (text.to_owned(), text.split_whitespace().count() as u64);
    match input {
        Value::String(text) => vec![of_text(text)],
        Value::Array(list) if list.first().is_some_and(Value::is_number) => {
            vec![(input.to_string(), list.len() as u64)]
        }
        Value::Array(list) => list
            .iter()
            .map(|element| match element {
                Value::String(text) => of_text(text),
                other => (other.to_string(), other.as_array().map_or(0, Vec::len) as u64),
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn vector(text: &str, dimensions: u64) -> Vec<f32> {
    let seed = seed([text, "", ""]);
    let number = |at: u64| {
        let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left((at % 64) as u32).wrapping_add(at);
        (mixed % 2_000_001) as f32 / 1_000_000.0 - 1.0
    };
    (0..dimensions).map(number).collect()
}
