use super::Gathered;
use crate::request::{MAX_OUTPUT_TOKENS, RequestError, boolean, decimal, integer, metadata, word};
use crate::scan::{Kind, Node};
use switchyard_domain::route::Need;

const MAX_CHOICES: u64 = 128;
const MAX_STOPS: usize = 4;
const MAX_STOP_BYTES: usize = 1024;
const MAX_BIASES: usize = 1024;

type Checked = Result<(), RequestError>;

/// The members at the top level that are neither messages nor tools. Unknown ones pass.
pub(super) fn check(name: &str, value: Node<'_>, gathered: &mut Gathered) -> Checked {
    match name {
        "stream" => {
            gathered.stream = boolean(name, value)?;
            Ok(())
        }
        "stream_options" => stream_options(value, gathered),
        "max_tokens" | "max_completion_tokens" => {
            let limit = integer(name, value, 1, MAX_OUTPUT_TOKENS)?;
            // The larger of the two is what may come; reserving the smaller would let a caller overspend.
            gathered.max_output_tokens = gathered.max_output_tokens.max(Some(limit));
            Ok(())
        }
        "n" => {
            gathered.choices = u32::try_from(integer(name, value, 1, MAX_CHOICES)?).ok();
            Ok(())
        }
        "temperature" => decimal(name, value, 0.0, 2.0),
        "top_p" => decimal(name, value, 0.0, 1.0),
        "presence_penalty" | "frequency_penalty" => decimal(name, value, -2.0, 2.0),
        "top_k" => integer(name, value, 0, u64::from(u32::MAX)).map(drop),
        "top_logprobs" => integer(name, value, 0, 20).map(drop),
        "seed" => value.as_i64().map(drop).ok_or_else(|| RequestError::new(name, "must be a 64-bit integer")),
        "logprobs" | "parallel_tool_calls" | "store" => boolean(name, value).map(drop),
        "user" | "service_tier" | "reasoning_effort" | "safety_identifier" | "prompt_cache_key" => {
            word(name, value)
        }
        "stop" => stop(value),
        "logit_bias" => logit_bias(value),
        "metadata" => metadata(value),
        "response_format" => response_format(value, gathered),
        // What it finds is read as well.
        "web_search_options" => {
            gathered.unseen = true;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn stream_options(value: Node<'_>, gathered: &mut Gathered) -> Checked {
    let name = "stream_options";
    if value.kind() != Kind::Object {
        return Err(RequestError::new(name, "must be an object"));
    }
    gathered.stream_options = true;
    if let Some(usage) = value.get("include_usage").filter(|usage| !usage.is_null()) {
        gathered.wants_stream_usage = boolean("stream_options.include_usage", usage)?;
    }
    Ok(())
}

fn stop(value: Node<'_>) -> Checked {
    let is_good = |stop: Node<'_>| stop.text_len().is_some_and(|length| length <= MAX_STOP_BYTES);
    let good = match value.kind() {
        Kind::String => is_good(value),
        Kind::Array => {
            value.elements().take(MAX_STOPS + 1).count() <= MAX_STOPS && value.elements().all(is_good)
        }
        _ => false,
    };
    let message =
        || format!("must be a string or up to {MAX_STOPS} strings of at most {MAX_STOP_BYTES} bytes");
    if good { Ok(()) } else { Err(RequestError::new("stop", message())) }
}

fn logit_bias(value: Node<'_>) -> Checked {
    let is_good = |bias: Node<'_>| bias.as_i64().is_some_and(|bias| (-100..=100).contains(&bias));
    let good = value.kind() == Kind::Object
        && value.members().take(MAX_BIASES + 1).count() <= MAX_BIASES
        && value.members().all(|member| is_good(member.value()));
    let message = || format!("must be an object of up to {MAX_BIASES} integers from -100 to 100");
    if good { Ok(()) } else { Err(RequestError::new("logit_bias", message())) }
}

fn response_format(value: Node<'_>, gathered: &mut Gathered) -> Checked {
    let kind = value.get("type");
    let is = |word: &str| kind.is_some_and(|kind| kind.is_text(word));
    if is("text") || is("json_object") {
        return Ok(());
    }
    if !is("json_schema") {
        let message = "must be an object of type `text`, `json_object` or `json_schema`";
        return Err(RequestError::new("response_format", message));
    }
    let schema = value.get("json_schema").filter(|schema| schema.kind() == Kind::Object);
    let named = schema.and_then(|schema| schema.get("name")).is_some_and(|name| name.kind() == Kind::String);
    if !named {
        return Err(RequestError::new("response_format.json_schema", "must be an object with a `name`"));
    }
    // The schema is part of what the model reads.
    gathered.text_bytes += value.span().len() as u64;
    gathered.needs = gathered.needs.and(Need::JsonSchema, true);
    Ok(())
}
