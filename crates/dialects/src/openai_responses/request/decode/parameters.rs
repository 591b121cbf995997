use switchyard_domain::chat::{ChatRequest, EffortLevel, Json, ResponseFormat, StreamOptions};

use crate::request::{RequestError, boolean, keep, optional_text, present, required_text, text, wrong};
use crate::scan::{Kind, Node};

type Read = Result<(), RequestError>;

/// What a client asks to have included when it wants log probabilities.
pub(in crate::openai_responses::request) const LOGPROBS: &str = "message.output_text.logprobs";

/// Reads a member at the top level that is neither input nor tools, and not `null`.
pub(super) fn read(name: &str, value: Node<'_>, request: &mut ChatRequest) -> Read {
    let sampling = &mut request.sampling;
    match name {
        "model" => request.model = text(name, value)?,
        "temperature" => sampling.temperature = Some(decimal(name, value)?),
        "top_p" => sampling.top_p = Some(decimal(name, value)?),
        "top_logprobs" => {
            let count = natural(name, value)?;
            sampling.top_logprobs = Some(u32::try_from(count).map_err(|_| wrong(name, "is too large"))?);
        }
        "parallel_tool_calls" => request.parallel_tool_calls = Some(boolean(name, value)?),
        "max_output_tokens" => request.max_output_tokens = Some(natural(name, value)?),
        "user" => request.user = Some(text(name, value)?),
        "service_tier" => request.service_tier = Some(text(name, value)?),
        "stream" => {
            if boolean(name, value)? {
                request.stream = Some(StreamOptions { include_usage: true });
            }
        }
        "stream_options" => keep_nested(name, value, &[], request),
        "metadata" => {
            for member in value.members() {
                let label = text(name, member.value())?;
                request.metadata.insert(member.name().into_owned(), label);
            }
        }
        "include" => read_include(value, request),
        "reasoning" => read_reasoning(value, request)?,
        "text" => read_text(value, request)?,
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

/// Keeps the members of an object that were not read, each under its path.
fn keep_nested(path: &str, object: Node<'_>, known: &[&str], request: &mut ChatRequest) {
    for member in object.members() {
        let name = member.name();
        if !known.contains(&name.as_ref()) && !member.value().is_null() {
            request.extensions.push((format!("{path}.{name}"), keep(member.value())));
        }
    }
}

fn read_include(value: Node<'_>, request: &mut ChatRequest) {
    let mut others = Vec::new();
    for one in value.elements() {
        if one.is_text(LOGPROBS) {
            request.sampling.logprobs = Some(true);
        } else {
            others.push(keep(one));
        }
    }
    let list = others.iter().map(Json::as_str).collect::<Vec<_>>().join(",");
    if let (false, Ok(list)) = (others.is_empty(), Json::parse(format!("[{list}]"))) {
        request.extensions.push(("include".to_owned(), list));
    }
}

fn read_reasoning(value: Node<'_>, request: &mut ChatRequest) -> Read {
    let path = "reasoning";
    request.reasoning.effort = optional_text(path, value, "effort")?.map(EffortLevel);
    let summary = optional_text(path, value, "summary")?;
    let older = optional_text(path, value, "generate_summary")?;
    let repeats = summary.is_none() || summary == older;
    request.reasoning.summary = summary.or(older);
    request.reasoning.visible = request.reasoning.summary.is_some().then_some(true);
    let known: &[&str] =
        if repeats { &["effort", "summary", "generate_summary"] } else { &["effort", "summary"] };
    keep_nested(path, value, known, request);
    Ok(())
}

fn read_text(value: Node<'_>, request: &mut ChatRequest) -> Read {
    keep_nested("text", value, &["format"], request);
    let Some(format) = present(value, "format") else { return Ok(()) };
    let path = "text.format";
    if format.kind() != Kind::Object {
        return Err(wrong(path, "must be an object"));
    }
    let kind = required_text(path, format, "type")?;
    let read = match kind.as_str() {
        "text" => ResponseFormat::Text,
        "json_object" => ResponseFormat::JsonObject,
        "json_schema" => ResponseFormat::JsonSchema {
            name: required_text(path, format, "name")?,
            description: optional_text(path, format, "description")?,
            schema: present(format, "schema").map(keep),
            strict: present(format, "strict").and_then(Node::as_bool),
        },
        // A form of the vendor's own: it is kept, and refused by whoever does not know it.
        _ => {
            request.extensions.push((path.to_owned(), keep(format)));
            return Ok(());
        }
    };
    request.response_format = Some(read);
    keep_nested(path, format, &["type", "name", "description", "schema", "strict"], request);
    Ok(())
}
