use switchyard_domain::chat::{ChatRequest, EffortLevel, ReasoningMode, ResponseFormat, StreamOptions};

use crate::anthropic_messages::tiers::canonical_tier;
use crate::request::{RequestError, keep, note_others, optional_text, present, text, wrong};
use crate::scan::{Kind, Node};

type Read = Result<(), RequestError>;

/// The name of a schema that came without one, for dialects that want one.
const SCHEMA_NAME: &str = "response";

/// Reads a member at the top level that is neither system, nor messages, nor tools.
pub(super) fn read(name: &str, value: Node<'_>, request: &mut ChatRequest) -> Read {
    let sampling = &mut request.sampling;
    match name {
        "model" => request.model = text(name, value)?,
        "max_tokens" => request.max_output_tokens = Some(natural(name, value)?),
        "temperature" => sampling.temperature = Some(decimal(name, value)?),
        "top_p" => sampling.top_p = Some(decimal(name, value)?),
        "top_k" => {
            let number = natural(name, value)?;
            sampling.top_k =
                Some(u32::try_from(number).map_err(|_| wrong(name, "must be at most 4294967295"))?);
        }
        "stop_sequences" => {
            request.stop = value.elements().map(|stop| text(name, stop)).collect::<Result<_, _>>()?;
        }
        "stream" => {
            let wanted = value.as_bool().ok_or_else(|| wrong(name, "must be true or false"))?;
            // Streams of this dialect tell their counts unasked.
            request.stream = wanted.then_some(StreamOptions { include_usage: true });
        }
        "service_tier" => request.service_tier = Some(canonical_tier(&text(name, value)?).to_owned()),
        "metadata" => {
            request.user = optional_text(name, value, "user_id")?;
            note_others(name, value, &["user_id"], request);
        }
        "thinking" => read_thinking(value, request)?,
        "output_config" => read_output(value, request)?,
        // The older place of the format: `anthropic-messages-041119d964`, 2025.
        "output_format" if request.response_format.is_none() => read_format(name, value, request),
        // It must not be taken for a member of another one.
        name if name.contains(['.', '[']) => request.extensions.push((format!(".{name}"), keep(value))),
        _ => request.extensions.push((name.to_owned(), keep(value))),
    }
    Ok(())
}

fn decimal(name: &str, value: Node<'_>) -> Result<f64, RequestError> {
    value.as_f64().ok_or_else(|| wrong(name, "must be a number"))
}

fn natural(name: &str, value: Node<'_>) -> Result<u64, RequestError> {
    value.as_u64().ok_or_else(|| wrong(name, "must be an integer, not negative"))
}

fn read_thinking(value: Node<'_>, request: &mut ChatRequest) -> Read {
    let wish = &mut request.reasoning;
    wish.mode = match present(value, "type").and_then(Node::text).as_deref() {
        Some("enabled") => Some(ReasoningMode::On),
        Some("adaptive") => Some(ReasoningMode::Adaptive),
        Some("disabled") => Some(ReasoningMode::Off),
        _ => {
            request.extensions.push(("thinking".to_owned(), keep(value)));
            return Ok(());
        }
    };
    if let Some(budget) = present(value, "budget_tokens") {
        wish.budget_tokens = Some(natural("thinking.budget_tokens", budget)?);
    }
    let mut known = vec!["type", "budget_tokens"];
    wish.visible = match present(value, "display").and_then(Node::text).as_deref() {
        Some("summarized") => Some(true),
        Some("omitted") => Some(false),
        _ => None,
    };
    if wish.visible.is_some() {
        known.push("display");
    }
    note_others("thinking", value, &known, request);
    Ok(())
}

fn read_output(value: Node<'_>, request: &mut ChatRequest) -> Read {
    if let Some(effort) = optional_text("output_config", value, "effort")? {
        request.reasoning.effort = Some(EffortLevel(effort));
    }
    if let Some(format) = present(value, "format") {
        read_format("output_config.format", format, request);
    }
    note_others("output_config", value, &["effort", "format"], request);
    Ok(())
}

fn read_format(path: &str, value: Node<'_>, request: &mut ChatRequest) {
    let is_schema = present(value, "type").is_some_and(|kind| kind.is_text("json_schema"));
    let schema = present(value, "schema").filter(|schema| schema.kind() == Kind::Object);
    let (true, Some(schema)) = (is_schema, schema) else {
        return request.extensions.push((path.to_owned(), keep(value)));
    };
    request.response_format = Some(ResponseFormat::JsonSchema {
        name: SCHEMA_NAME.to_owned(),
        description: None,
        schema: Some(keep(schema)),
        // There is no other way here than to the letter.
        strict: Some(true),
    });
    note_others(path, value, &["type", "schema"], request);
}
