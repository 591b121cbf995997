//! The form that a request of any dialect wants its answer in, as OpenAI's chat would ask for it.

use serde_json::{Value, json};

use super::Wire;

/// The `response_format`, if there is one.
pub(super) fn response_format(wire: Wire, body: &Value) -> Option<Value> {
    let schema = match wire {
        Wire::OpenAiChat => return body.get("response_format").cloned(),
        Wire::OpenAiResponses => body.pointer("/text/format/schema"),
        Wire::Anthropic => body.pointer("/output_config/format/schema"),
        Wire::Gemini => ["responseJsonSchema", "responseSchema"]
            .into_iter()
            .find_map(|name| body.get("generationConfig").and_then(|config| config.get(name))),
        Wire::Cohere => body.pointer("/response_format/json_schema"),
        Wire::Ollama => body.get("format").filter(|format| format.is_object()),
        Wire::Bedrock => body.pointer("/outputConfig/textFormat/structure/jsonSchema/schema"),
    };
    if let Some(schema) = schema {
        return Some(json!({"type": "json_schema", "json_schema": {"schema": unquoted(schema)}}));
    }
    let says = |place: &str, word: &str| body.pointer(place).and_then(Value::as_str) == Some(word);
    let any = match wire {
        Wire::OpenAiResponses => says("/text/format/type", "json_object"),
        Wire::Gemini => says("/generationConfig/responseMimeType", "application/json"),
        Wire::Cohere => says("/response_format/type", "json_object"),
        Wire::Ollama => says("/format", "json"),
        Wire::OpenAiChat | Wire::Anthropic | Wire::Bedrock => false,
    };
    any.then(|| json!({"type": "json_object"}))
}

/// Bedrock's schemas are texts.
fn unquoted(schema: &Value) -> Value {
    schema.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| schema.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(wire: Wire, body: &Value) -> Option<Value> {
        response_format(wire, body)
    }

    #[test]
    fn a_schema_is_found_in_each_dialects_place() {
        let schema = json!({"type": "object"});
        let expected = Some(json!({"type": "json_schema", "json_schema": {"schema": schema}}));
        for (wire, body) in [
            (Wire::OpenAiResponses, json!({"text": {"format": {"type": "json_schema", "schema": schema}}})),
            (
                Wire::Anthropic,
                json!({"output_config": {"format": {"type": "json_schema", "schema": schema}}}),
            ),
            (Wire::Gemini, json!({"generationConfig": {"responseJsonSchema": schema}})),
            (Wire::Gemini, json!({"generationConfig": {"responseSchema": schema}})),
            (Wire::Cohere, json!({"response_format": {"type": "json_object", "json_schema": schema}})),
            (Wire::Ollama, json!({"format": schema})),
            (
                Wire::Bedrock,
                json!({"outputConfig": {"textFormat": {"structure": {"jsonSchema": {"schema": schema.to_string()}}}}}),
            ),
        ] {
            assert_eq!(asked(wire, &body), expected, "{wire:?}");
        }
    }

    #[test]
    fn any_json_is_asked_for_where_there_is_no_schema() {
        let expected = Some(json!({"type": "json_object"}));
        assert_eq!(asked(Wire::Ollama, &json!({"format": "json"})), expected);
        assert_eq!(
            asked(Wire::Gemini, &json!({"generationConfig": {"responseMimeType": "application/json"}})),
            expected
        );
        assert_eq!(
            asked(Wire::Gemini, &json!({"generationConfig": {"responseMimeType": "text/plain"}})),
            None
        );
        assert_eq!(asked(Wire::Anthropic, &json!({"output_config": {"effort": "high"}})), None);
    }
}
