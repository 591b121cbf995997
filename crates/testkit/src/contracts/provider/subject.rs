//! What is under contract: a vendor as it is called in one dialect, and what differs from dialect to dialect.

use crate::call::WireCall;
use serde_json::{Value, json};
use std::sync::Arc;
use switchyard_dialects::anthropic_messages::AnthropicMessagesClient;
use switchyard_dialects::codec::{Address, ClientCodec};
use switchyard_dialects::gemini::GeminiClient;
use switchyard_dialects::openai_chat::OpenAiChatClient;
use switchyard_dialects::openai_responses::OpenAiResponsesClient;
use switchyard_domain::chat::Dialect;
use switchyard_ports::provider::Provider;

/// A provider under contract.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// Builds the provider for the address of a host, to which it adds the base path that it wants. Loopback must be admitted.
    pub build: fn(&str) -> Arc<dyn Provider>,
    /// The dialect in which it is called. Where clients speak it, they call it in it; otherwise calls come in another.
    pub dialect: Dialect,
    /// The path of a call for the model `m`, and its query.
    pub path: fn(stream: bool) -> String,
    /// The path at which it lists its models, and its query.
    pub listing: &'static str,
    /// The header of the credential, and what stands before it there.
    pub credential: (&'static str, &'static str),
}

/// How the tests' model is written in a path: a script follows its question mark.
const MODEL: &str = "m%3F";

impl Subject {
    /// A vendor that is called in OpenAI's chat at `/v1`.
    #[must_use]
    pub fn openai_chat(build: fn(&str) -> Arc<dyn Provider>) -> Self {
        Self {
            build,
            dialect: Dialect::OPENAI_CHAT,
            path: |_| "/v1/chat/completions".to_owned(),
            listing: "/v1/models",
            credential: ("authorization", "Bearer "),
        }
    }

    /// The clients' side of the dialect, where there is one.
    pub(super) fn client(&self) -> Option<&'static dyn ClientCodec> {
        match self.dialect {
            Dialect::OPENAI_CHAT => Some(&OpenAiChatClient),
            Dialect::OPENAI_RESPONSES => Some(&OpenAiResponsesClient),
            Dialect::ANTHROPIC_MESSAGES => Some(&AnthropicMessagesClient),
            Dialect::GEMINI => Some(&GeminiClient),
            _ => None,
        }
    }

    /// What streams are asked for as.
    pub(super) fn stream_type(&self) -> &'static str {
        match self.dialect {
            Dialect::OLLAMA => "application/x-ndjson",
            Dialect::BEDROCK_CONVERSE => "application/vnd.amazon.eventstream",
            _ => "text/event-stream",
        }
    }

    /// Whether streams are server-sent events.
    pub(super) fn streams_sse(&self) -> bool {
        self.stream_type() == "text/event-stream"
    }

    /// Whether its errors have codes of their own, beside their status.
    pub(super) fn tells_codes(&self) -> bool {
        matches!(self.dialect, Dialect::OPENAI_CHAT | Dialect::OPENAI_RESPONSES)
    }

    /// Whether an error may stand in the body of a success.
    pub(super) fn errs_in_successes(&self) -> bool {
        !matches!(self.dialect, Dialect::COHERE | Dialect::BEDROCK_CONVERSE)
    }

    /// Whether the counts say how much was thought.
    pub(super) fn counts_reasoning(&self) -> bool {
        matches!(self.dialect, Dialect::OPENAI_CHAT | Dialect::OPENAI_RESPONSES | Dialect::GEMINI)
    }

    /// Whether the counts say what came from a cache. Cohere's bill leaves it out.
    pub(super) fn counts_cached(&self) -> bool {
        !matches!(self.dialect, Dialect::OLLAMA | Dialect::COHERE)
    }

    /// A call of a request that is written in OpenAI's chat: in the subject's own dialect where clients speak that, otherwise
    /// as from elsewhere.
    pub(super) fn call(&self, body: &Value) -> WireCall {
        let stream = body["stream"].as_bool();
        let address = Address { model: Some("client/name"), stream };
        match self.client() {
            Some(client) => {
                let address = if self.dialect == Dialect::GEMINI { address } else { Address::default() };
                WireCall::spoken(client, self.words(body).to_string(), address)
            }
            None => WireCall::json(body).without_wire(),
        }
    }

    /// A request in the dialect's own words.
    fn words(&self, body: &Value) -> Value {
        let mut out = match self.dialect {
            Dialect::OPENAI_RESPONSES => {
                json!({"model": body["model"], "input": body["messages"], "stream": body["stream"]})
            }
            Dialect::ANTHROPIC_MESSAGES => json!({"model": body["model"], "messages": body["messages"],
                "stream": body["stream"], "max_tokens": 1000}),
            Dialect::GEMINI => {
                let contents: Vec<Value> = body["messages"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|message| json!({"role": message["role"], "parts": [{"text": message["content"]}]}))
                    .collect();
                json!({"contents": contents})
            }
            _ => return body.clone(),
        };
        if let Some(limit) = body.get("max_tokens") {
            match self.dialect {
                Dialect::OPENAI_RESPONSES => out["max_output_tokens"] = limit.clone(),
                Dialect::GEMINI => out["generationConfig"] = json!({"maxOutputTokens": limit}),
                _ => out["max_tokens"] = limit.clone(),
            }
        }
        if let Some(tools) = body.get("tools").and_then(Value::as_array) {
            let functions = tools.iter().map(|tool| &tool["function"]);
            out["tools"] = match self.dialect {
                Dialect::OPENAI_RESPONSES => functions
                    .map(|one| json!({"type": "function", "name": one["name"], "parameters": one["parameters"]}))
                    .collect(),
                Dialect::GEMINI => {
                    let functions: Vec<Value> = functions
                        .map(|one| json!({"name": one["name"], "parametersJsonSchema": one["parameters"]}))
                        .collect();
                    json!([{"functionDeclarations": functions}])
                }
                _ => functions
                    .map(|one| json!({"name": one["name"], "input_schema": one["parameters"]}))
                    .collect(),
            };
        }
        out
    }

    /// The text that an event of a stream, or a whole answer, says.
    pub(super) fn said(&self, value: &Value) -> String {
        let text = |place: &str| value.pointer(place).and_then(Value::as_str).unwrap_or_default().to_owned();
        let is = |kind: &str| value["type"] == kind;
        match self.dialect {
            Dialect::OPENAI_CHAT if value["choices"][0]["index"] != 0 => String::new(),
            Dialect::OPENAI_CHAT => text("/choices/0/message/content") + &text("/choices/0/delta/content"),
            Dialect::ANTHROPIC_MESSAGES if is("content_block_delta") => text("/delta/text"),
            Dialect::ANTHROPIC_MESSAGES if is("message") => joined(&value["content"], "text"),
            Dialect::OPENAI_RESPONSES if is("response.output_text.delta") => text("/delta"),
            Dialect::OPENAI_RESPONSES => value["output"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|item| joined(&item["content"], "output_text"))
                .collect(),
            Dialect::GEMINI => {
                let parts = value["candidates"][0]["content"]["parts"].as_array();
                let spoken = parts.into_iter().flatten().filter(|part| part["thought"] != true);
                spoken.filter_map(|part| part["text"].as_str()).collect()
            }
            _ => String::new(),
        }
    }

    /// Path and query of a call for the tests' model without a script.
    pub(super) fn path_of(&self, stream: bool) -> (String, String) {
        let place = (self.path)(stream);
        let (path, query) = place.split_once('?').unwrap_or((&place, ""));
        (path.replace("{model}", MODEL), query.to_owned())
    }

    /// Whether it is the path of a call, whatever the model's script.
    pub(super) fn is_path(&self, path: &str, stream: bool) -> bool {
        let place = (self.path)(stream);
        let expected = place.split('?').next().unwrap_or_default();
        match expected.split_once("{model}") {
            Some((before, after)) => path.starts_with(before) && path.ends_with(after),
            None => path == expected,
        }
    }
}

/// The texts of the parts of a type.
fn joined(parts: &Value, kind: &str) -> String {
    let mine = parts.as_array().into_iter().flatten().filter(|part| part["type"] == kind);
    mine.filter_map(|part| part["text"].as_str()).collect()
}
