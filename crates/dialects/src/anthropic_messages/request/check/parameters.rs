use super::Gathered;
use crate::request::{MAX_OUTPUT_TOKENS, RequestError, boolean, decimal, integer, present, word};
use crate::scan::{Kind, Node};
use switchyard_domain::route::Need;

const MAX_STOPS: usize = 256;
const MAX_STOP_BYTES: usize = 1024;

type Checked = Result<(), RequestError>;

/// The members at the top level that are neither system, nor messages, nor tools. Unknown ones pass.
pub(super) fn check(name: &str, value: Node<'_>, gathered: &mut Gathered) -> Checked {
    match name {
        "stream" => {
            gathered.stream = boolean(name, value)?;
            Ok(())
        }
        "max_tokens" => {
            gathered.max_output_tokens = Some(integer(name, value, 1, MAX_OUTPUT_TOKENS)?);
            Ok(())
        }
        "temperature" | "top_p" => decimal(name, value, 0.0, 1.0),
        "top_k" => integer(name, value, 0, u64::from(u32::MAX)).map(drop),
        "stop_sequences" => stop(value),
        "service_tier" => word(name, value),
        "cache_control" => object(name, value),
        "metadata" => {
            object(name, value)?;
            present(value, "user_id").map_or(Ok(()), |user| word("metadata.user_id", user))
        }
        "thinking" => thinking(value),
        "mcp_servers" | "container" => {
            gathered.unseen = true;
            Ok(())
        }
        "output_config" => {
            object(name, value)?;
            if let Some(effort) = present(value, "effort") {
                word("output_config.effort", effort)?;
            }
            present(value, "format").map_or(Ok(()), |value| format("output_config.format", value, gathered))
        }
        "output_format" => format(name, value, gathered),
        _ => Ok(()),
    }
}

fn object(name: &str, value: Node<'_>) -> Checked {
    if value.kind() == Kind::Object { Ok(()) } else { Err(RequestError::new(name, "must be an object")) }
}

fn stop(value: Node<'_>) -> Checked {
    let is_good = |stop: Node<'_>| stop.text_len().is_some_and(|length| length <= MAX_STOP_BYTES);
    let good = value.kind() == Kind::Array
        && value.elements().take(MAX_STOPS + 1).count() <= MAX_STOPS
        && value.elements().all(is_good);
    let message = || format!("must be a list of up to {MAX_STOPS} strings of at most {MAX_STOP_BYTES} bytes");
    if good { Ok(()) } else { Err(RequestError::new("stop_sequences", message())) }
}

fn thinking(value: Node<'_>) -> Checked {
    object("thinking", value)?;
    let kind = present(value, "type").and_then(Node::text);
    match kind.as_deref() {
        Some("enabled") => {
            let budget = present(value, "budget_tokens");
            let path = "thinking.budget_tokens";
            let budget = budget.ok_or_else(|| RequestError::new(path, "is required"))?;
            integer(path, budget, 1, MAX_OUTPUT_TOKENS).map(drop)
        }
        Some(_) => match present(value, "budget_tokens") {
            Some(budget) => integer("thinking.budget_tokens", budget, 0, MAX_OUTPUT_TOKENS).map(drop),
            None => Ok(()),
        },
        None => Err(RequestError::new("thinking.type", "must be `enabled`, `adaptive` or `disabled`")),
    }
}

fn format(path: &str, value: Node<'_>, gathered: &mut Gathered) -> Checked {
    object(path, value)?;
    let is_schema = present(value, "type").is_some_and(|kind| kind.is_text("json_schema"));
    if !is_schema {
        return Err(RequestError::new(path, "must be an object of type `json_schema`"));
    }
    if !present(value, "schema").is_some_and(|schema| schema.kind() == Kind::Object) {
        return Err(RequestError::new(format!("{path}.schema"), "must be an object"));
    }
    // The schema is part of what the model reads.
    gathered.text_bytes += value.span().len() as u64;
    gathered.needs = gathered.needs.and(Need::JsonSchema, true);
    Ok(())
}
