//! Vectors: the same for the same text, in whichever dialect. After openai-embeddings-cb6e260ae5,
//! google-batchembedcontents-9446cd0a82, vertex-embedcontent-977ab53a89, cohere-embed-2a74478e6e; Ollama's by its documents.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Asked, instead, told, whole};
use crate::simulator::reply::Reply;
use crate::simulator::script::Script;
use crate::simulator::wires::Wire;
use crate::simulator::words::seed;

const DIMENSIONS: u64 = 8;

/// The dialect in which vectors are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vectors {
    OpenAi,
    GeminiOne,
    GeminiSeveral,
    Cohere,
    Ollama,
}

/// A text, and its tokens: a word each.
type Input = (String, u64);

impl Vectors {
    /// The answer to a request for vectors.
    pub(super) fn reply(self, asked: &Asked, script: &Script) -> Reply {
        let wire = match self {
            Self::OpenAi => return embeddings(asked, script),
            Self::GeminiOne | Self::GeminiSeveral => Wire::Gemini,
            Self::Cohere => Wire::Cohere,
            Self::Ollama => Wire::Ollama,
        };
        if let Some(instead) = Reply::instead(wire, script, false) {
            return instead;
        }
        let (inputs, dimensions) = self.asked(asked);
        let dimensions = dimensions.unwrap_or(DIMENSIONS);
        let vectors: Vec<Vec<f32>> = inputs.iter().map(|(text, _)| vector(text, dimensions)).collect();
        let tokens = inputs.iter().map(|(_, tokens)| tokens).sum();
        let counted = told(tokens, 0, script).map(|(input, _)| input);
        whole(&self.written(asked, &vectors, counted), tokens, script)
    }

    /// The texts, and how long the vectors shall be.
    fn asked(self, asked: &Asked) -> (Vec<Input>, Option<u64>) {
        let requests = asked.member("requests").as_array().map_or(&[][..], Vec::as_slice);
        let length = |request: Option<&Value>| request?.get("outputDimensionality")?.as_u64();
        match self {
            Self::GeminiSeveral => (requests.iter().map(of_content).collect(), length(requests.first())),
            Self::GeminiOne => {
                let content = json!({"content": asked.member("content")});
                (vec![of_content(&content)], asked.number("outputDimensionality"))
            }
            Self::Cohere => (inputs(asked.member("texts")), asked.number("output_dimension")),
            Self::OpenAi | Self::Ollama => (inputs(asked.member("input")), asked.number("dimensions")),
        }
    }

    fn written(self, asked: &Asked, vectors: &[Vec<f32>], counted: Option<i64>) -> Value {
        let usage = counted.map(|input| json!({"promptTokenCount": input}));
        let body = match self {
            Self::GeminiOne => {
                json!({"embedding": {"values": vectors.first()}, "usageMetadata": usage})
            }
            Self::GeminiSeveral => {
                let vectors: Vec<Value> = vectors.iter().map(|vector| json!({"values": vector})).collect();
                json!({"embeddings": vectors, "usageMetadata": usage})
            }
            Self::Cohere => {
                let billed = counted.map(|input| json!({"input_tokens": input, "image_tokens": 0}));
                json!({"id": "sim", "embeddings": {"float": vectors}, "texts": asked.member("texts"),
                    "meta": {"api_version": {"version": "2"}, "billed_units": billed}})
            }
            Self::OpenAi | Self::Ollama => json!({"model": asked.model_name(), "embeddings": vectors,
                "total_duration": 14_143_917, "load_duration": 1_019_500, "prompt_eval_count": counted}),
        };
        without_nulls(body)
    }
}

/// What is not told is not there.
fn without_nulls(body: Value) -> Value {
    match body {
        Value::Object(members) => {
            Value::Object(members.into_iter().filter(|(_, value)| !value.is_null()).collect())
        }
        other => other,
    }
}

/// The text of a request for one content.
fn of_content(request: &Value) -> Input {
    let parts = request.pointer("/content/parts").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
    of_text(&texts.concat())
}

fn of_text(text: &str) -> Input {
    (text.to_owned(), text.split_whitespace().count() as u64)
}

/// The answer to OpenAI's request.
fn embeddings(asked: &Asked, script: &Script) -> Reply {
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
fn inputs(input: &Value) -> Vec<Input> {
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
