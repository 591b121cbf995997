//! A request of any dialect in the members that decide about the answer, which are those of OpenAI's chat.

use serde_json::{Value, json};

use super::format::response_format;
use super::{Spoken, Wire};

impl Spoken {
    /// The request as OpenAI's chat would have it. A body that is no JSON is left to be refused.
    pub(crate) fn openai(&self, body: &[u8]) -> Option<Vec<u8>> {
        if self.wire == Wire::OpenAiChat {
            return None;
        }
        let body: Value = serde_json::from_slice(body).ok()?;
        let stream = self.stream.or_else(|| body.get("stream").and_then(Value::as_bool));
        let mut request = json!({
            "model": self.model.as_deref().or_else(|| body.get("model").and_then(Value::as_str)),
            "messages": messages(self.wire, &body),
            "stream": stream.unwrap_or(self.wire == Wire::Ollama),
            "tools": tools(self.wire, &body),
            "response_format": response_format(self.wire, &body),
            "include": body.get("include"),
            "store": body.get("store"),
        });
        let limit = match self.wire {
            Wire::OpenAiResponses => body.get("max_output_tokens"),
            Wire::Gemini => body.pointer("/generationConfig/maxOutputTokens"),
            Wire::Ollama => body.pointer("/options/num_predict"),
            Wire::Bedrock => body.pointer("/inferenceConfig/maxTokens"),
            Wire::OpenAiChat | Wire::Anthropic | Wire::Cohere => body.get("max_tokens"),
        };
        if let Some(limit) = limit {
            request["max_tokens"] = limit.clone();
        }
        serde_json::to_vec(&request).ok()
    }
}

fn messages(wire: Wire, body: &Value) -> Vec<Value> {
    let mut messages = Vec::new();
    let instructions = match wire {
        Wire::OpenAiResponses => body.get("instructions"),
        Wire::Gemini => body.get("systemInstruction"),
        _ => body.get("system"),
    };
    if let Some(text) = instructions.filter(|text| !text.is_null()) {
        messages.push(json!({"role": "system", "content": texts(text).join(" ")}));
    }
    let turns = match wire {
        Wire::OpenAiResponses => body.get("input"),
        Wire::Gemini => body.get("contents"),
        _ => body.get("messages"),
    };
    match turns {
        Some(Value::String(text)) => messages.push(json!({"role": "user", "content": text})),
        Some(Value::Array(turns)) => messages.extend(turns.iter().map(message)),
        _ => {}
    }
    messages
}

fn message(turn: &Value) -> Value {
    let text = texts(turn).join(" ");
    let role = turn.get("role").and_then(Value::as_str).unwrap_or("user");
    json!({"role": if is_result(turn) { "tool" } else { role }, "content": text})
}

/// Whether a turn gives the result of a tool, as each dialect says that.
fn is_result(turn: &Value) -> bool {
    let kind = |value: &Value| value.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let named = |part: &Value| {
        kind(part) == "tool_result"
            || part.get("toolResult").is_some()
            || part.get("functionResponse").is_some()
    };
    let parts = turn.get("content").or_else(|| turn.get("parts")).and_then(Value::as_array);
    kind(turn) == "function_call_output" || parts.is_some_and(|parts| parts.iter().any(named))
}

/// All texts in a turn, wherever they stand.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(members) => ["text", "content", "parts", "output", "tool_result", "toolResult"]
            .into_iter()
            .filter_map(|name| members.get(name))
            .flat_map(texts)
            .collect(),
        _ => Vec::new(),
    }
}

fn tools(wire: Wire, body: &Value) -> Vec<Value> {
    let list = |place: &str| body.pointer(place).and_then(Value::as_array).cloned().unwrap_or_default();
    let function = |name: Option<&Value>, schema: Option<&Value>| json!({"type": "function", "function": {"name": name, "parameters": schema.cloned().unwrap_or(json!({}))}});
    match wire {
        Wire::OpenAiChat | Wire::Cohere | Wire::Ollama => list("/tools"),
        Wire::OpenAiResponses => {
            list("/tools").iter().map(|tool| function(tool.get("name"), tool.get("parameters"))).collect()
        }
        Wire::Anthropic => {
            list("/tools").iter().map(|tool| function(tool.get("name"), tool.get("input_schema"))).collect()
        }
        Wire::Gemini => list("/tools")
            .iter()
            .filter_map(|tool| tool.get("functionDeclarations").and_then(Value::as_array))
            .flatten()
            .map(|one| function(one.get("name"), one.get("parametersJsonSchema").or(one.get("parameters"))))
            .collect(),
        Wire::Bedrock => list("/toolConfig/tools")
            .iter()
            .filter_map(|tool| tool.get("toolSpec"))
            .map(|spec| function(spec.get("name"), spec.pointer("/inputSchema/json")))
            .collect(),
    }
}
