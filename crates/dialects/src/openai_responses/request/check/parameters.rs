use super::Gathered;
use crate::request::{
    MAX_OUTPUT_TOKENS, RequestError, boolean, decimal, has_circular_reference, integer, metadata, present,
    word, wrong,
};
use crate::scan::{Kind, Node};
use switchyard_domain::route::Need;

type Checked = Result<(), RequestError>;

/// The members at the top level that are neither input nor tools. Unknown ones pass.
pub(super) fn check(name: &str, value: Node<'_>, gathered: &mut Gathered) -> Checked {
    match name {
        "stream" => {
            gathered.stream = boolean(name, value)?;
            Ok(())
        }
        "stream_options" => {
            gathered.stream_options = true;
            object(name, value)
        }
        "max_output_tokens" => {
            gathered.max_output_tokens = Some(integer(name, value, 1, MAX_OUTPUT_TOKENS)?);
            Ok(())
        }
        "max_tool_calls" => integer(name, value, 1, MAX_OUTPUT_TOKENS).map(drop),
        "temperature" => decimal(name, value, 0.0, 2.0),
        "top_p" => decimal(name, value, 0.0, 1.0),
        "top_logprobs" => integer(name, value, 0, 20).map(drop),
        "parallel_tool_calls" | "store" | "background" => boolean(name, value).map(drop),
        "previous_response_id" => {
            gathered.goes_on = true;
            word(name, value)
        }
        "user" | "service_tier" | "safety_identifier" | "prompt_cache_key" | "truncation" => {
            word(name, value)
        }
        "conversation" => {
            gathered.goes_on = true;
            if value.kind() == Kind::String { word(name, value) } else { identified(name, value) }
        }
        "prompt" => {
            gathered.goes_on = true;
            gathered.text_bytes += value.total_text_len() as u64;
            identified(name, value)
        }
        "include" => include(value),
        "metadata" => metadata(value),
        "reasoning" => reasoning(value),
        "text" => text(value, gathered),
        _ => Ok(()),
    }
}

fn object(name: &str, value: Node<'_>) -> Checked {
    if value.kind() == Kind::Object { Ok(()) } else { Err(wrong(name, "must be an object")) }
}

fn identified(name: &str, value: Node<'_>) -> Checked {
    let id = present(value, "id").and_then(Node::text_len);
    if id.is_some_and(|length| length > 0) {
        Ok(())
    } else {
        Err(wrong(name, "must be an object with an `id`"))
    }
}

fn include(value: Node<'_>) -> Checked {
    let good = value.kind() == Kind::Array && value.elements().all(|one| one.kind() == Kind::String);
    if good { Ok(()) } else { Err(wrong("include", "must be a list of strings")) }
}

fn reasoning(value: Node<'_>) -> Checked {
    object("reasoning", value)?;
    for member in ["effort", "summary", "generate_summary"] {
        if let Some(said) = present(value, member) {
            word(&format!("reasoning.{member}"), said)?;
        }
    }
    Ok(())
}

fn text(value: Node<'_>, gathered: &mut Gathered) -> Checked {
    object("text", value)?;
    if let Some(verbosity) = present(value, "verbosity") {
        word("text.verbosity", verbosity)?;
    }
    let Some(format) = present(value, "format") else { return Ok(()) };
    match present(format, "type").and_then(Node::text).as_deref() {
        Some("text" | "json_object") => Ok(()),
        Some("json_schema") => schema(format, gathered),
        _ => Err(wrong("text.format", "must be an object of type `text`, `json_object` or `json_schema`")),
    }
}

fn schema(format: Node<'_>, gathered: &mut Gathered) -> Checked {
    if !present(format, "name").is_some_and(|name| name.kind() == Kind::String) {
        return Err(wrong("text.format.name", "is required"));
    }
    let Some(schema) = present(format, "schema").filter(|schema| schema.kind() == Kind::Object) else {
        return Err(wrong("text.format.schema", "must be an object"));
    };
    if has_circular_reference(schema) {
        return Err(wrong("text.format.schema", "has a `$ref` that leads back to itself"));
    }
    // The schema is part of what the model reads.
    gathered.text_bytes += format.span().len() as u64;
    gathered.needs = gathered.needs.and(Need::JsonSchema, true);
    Ok(())
}
