use switchyard_domain::chat::{ChatRequest, EffortLevel, ResponseFormat, StreamOptions};

use crate::request::{RequestError, keep, note_others, optional_text, present, required_text, text, wrong};

use crate::scan::{Document, Kind, Node};

type Read = Result<(), RequestError>;

/// Reads a member at the top level that is neither messages nor tools.
pub(super) fn read(name: &str, value: Node<'_>, document: &Document, request: &mut ChatRequest) -> Read {
    let sampling = &mut request.sampling;
    match name {
        "model" => request.model = text(name, value)?,
        "stream_options" => {}
        "temperature"
        | "top_p"
        | "top_k"
        | "frequency_penalty"
        | "presence_penalty"
        | "seed"
        | "logprobs"
        | "top_logprobs"
        | "logit_bias"
        | "parallel_tool_calls"
        | "max_tokens"
        | "max_completion_tokens"
        | "n"
        | "stream"
        | "stop"
        | "response_format"
        | "reasoning_effort"
        | "metadata"
        | "user"
        | "service_tier"
            if value.is_null() => {}
        "temperature" => sampling.temperature = Some(decimal(name, value)?),
        "top_p" => sampling.top_p = Some(decimal(name, value)?),
        "top_k" => sampling.top_k = Some(small(name, value)?),
        "frequency_penalty" => sampling.frequency_penalty = Some(decimal(name, value)?),
        "presence_penalty" => sampling.presence_penalty = Some(decimal(name, value)?),
        "seed" => sampling.seed = Some(value.as_i64().ok_or_else(|| wrong(name, "must be an integer"))?),
        "logprobs" => sampling.logprobs = Some(boolean(name, value)?),
        "top_logprobs" => sampling.top_logprobs = Some(small(name, value)?),
        "logit_bias" => read_biases(value, request)?,
        "parallel_tool_calls" => request.parallel_tool_calls = Some(boolean(name, value)?),
        "max_completion_tokens" => request.max_output_tokens = Some(natural(name, value)?),
        "max_tokens" => {
            if present(document.root(), "max_completion_tokens").is_none() {
                request.max_output_tokens = Some(natural(name, value)?);
            }
        }
        "n" => request.choices = Some(small(name, value)?),
        "stream" => read_stream(value, document, request)?,
        "stop" => read_stop(value, request)?,
        "response_format" => read_format(value, request)?,
        "reasoning_effort" => request.reasoning.effort = Some(EffortLevel(text(name, value)?)),
        "metadata" => read_metadata(value, request)?,
        "user" => request.user = Some(text(name, value)?),
        "service_tier" => request.service_tier = Some(text(name, value)?),
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

fn small(name: &str, value: Node<'_>) -> Result<u32, RequestError> {
    let number = natural(name, value)?;
    u32::try_from(number).map_err(|_| wrong(name, "must be at most 4294967295"))
}

fn boolean(name: &str, value: Node<'_>) -> Result<bool, RequestError> {
    value.as_bool().ok_or_else(|| wrong(name, "must be true or false"))
}

fn read_stream(value: Node<'_>, document: &Document, request: &mut ChatRequest) -> Read {
    if !boolean("stream", value)? {
        return Ok(());
    }
    let options = present(document.root(), "stream_options");
    let usage = options.and_then(|options| present(options, "include_usage"));
    let include_usage = usage.map_or(Ok(false), |usage| boolean("stream_options.include_usage", usage))?;
    request.stream = Some(StreamOptions { include_usage });
    if let Some(options) = options {
        note_others("stream_options", options, &["include_usage"], request);
    }
    Ok(())
}

fn read_stop(value: Node<'_>, request: &mut ChatRequest) -> Read {
    request.stop = match value.kind() {
        Kind::String => vec![text("stop", value)?],
        Kind::Array => value.elements().map(|stop| text("stop", stop)).collect::<Result<_, _>>()?,
        _ => return Err(wrong("stop", "must be a string or a list of strings")),
    };
    Ok(())
}

fn read_biases(value: Node<'_>, request: &mut ChatRequest) -> Read {
    for member in value.members() {
        let bias = member.value().as_i64().and_then(|bias| i32::try_from(bias).ok());
        let bias = bias.ok_or_else(|| wrong("logit_bias", "must be an object of integers"))?;
        request.sampling.logit_bias.insert(member.name().into_owned(), bias);
    }
    Ok(())
}

fn read_metadata(value: Node<'_>, request: &mut ChatRequest) -> Read {
    for member in value.members() {
        let label = text("metadata", member.value())?;
        request.metadata.insert(member.name().into_owned(), label);
    }
    Ok(())
}

fn read_format(value: Node<'_>, request: &mut ChatRequest) -> Read {
    let kind = present(value, "type").and_then(Node::text);
    match kind.as_deref() {
        Some("text") => request.response_format = Some(ResponseFormat::Text),
        Some("json_object") => request.response_format = Some(ResponseFormat::JsonObject),
        Some("json_schema") => {
            let path = "response_format.json_schema";
            let schema = present(value, "json_schema").ok_or_else(|| wrong(path, "is required"))?;
            request.response_format = Some(ResponseFormat::JsonSchema {
                name: required_text(path, schema, "name")?,
                description: optional_text(path, schema, "description")?,
                schema: present(schema, "schema").map(keep),
                strict: present(schema, "strict").and_then(Node::as_bool),
            });
            note_others(path, schema, &["name", "description", "schema", "strict"], request);
        }
        // A form of the vendor's own, or none at all: it is kept, and refused by whoever does not know it.
        _ => {
            request.extensions.push(("response_format".to_owned(), keep(value)));
            return Ok(());
        }
    }
    note_others("response_format", value, &["type", "json_schema"], request);
    Ok(())
}
