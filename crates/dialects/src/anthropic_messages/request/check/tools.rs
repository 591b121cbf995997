use super::Gathered;
use crate::request::{RequestError, RequestLimits, has_circular_reference, present};
use crate::scan::{Kind, Node};
use switchyard_domain::route::Need;

/// Anthropic's bound on the names of tools.
const MAX_NAME_BYTES: usize = 128;

type Checked = Result<(), RequestError>;

pub(super) fn check(value: Node<'_>, limits: &RequestLimits, gathered: &mut Gathered) -> Checked {
    if value.kind() != Kind::Array {
        return Err(RequestError::new("tools", "must be a list"));
    }
    for (index, tool) in value.elements().enumerate() {
        let path = format!("tools[{index}]");
        let bytes = tool.span().len();
        if bytes > limits.max_tool_bytes {
            let message = format!("must have at most {} bytes", limits.max_tool_bytes);
            return Err(RequestError::too_large(path, message));
        }
        // A definition is part of what the model reads, names and all.
        gathered.text_bytes += bytes as u64;
        gathered.needs = gathered.needs.and(Need::Tools, true);
        if tool.kind() != Kind::Object {
            return Err(RequestError::new(path, "must be an object"));
        }
        match present(tool, "type") {
            Some(kind) if kind.kind() != Kind::String => {
                return Err(RequestError::new(format!("{path}.type"), "must be a string"));
            }
            // A tool of the vendor's own: what it is for is known to the model, and what it brings nobody has seen.
            Some(kind) if !kind.is_text("custom") => gathered.unseen |= !is_run_by_the_caller(kind),
            _ => check_function(tool, &path)?,
        }
    }
    Ok(())
}

/// Tools that the vendor defines and the caller runs bring what the next request says.
fn is_run_by_the_caller(kind: Node<'_>) -> bool {
    let kind = kind.text().unwrap_or_default();
    ["bash_", "text_editor_", "computer_", "memory_"].iter().any(|begin| kind.starts_with(begin))
}

fn check_function(tool: Node<'_>, path: &str) -> Checked {
    let wrong = |member: &str, message: &str| Err(RequestError::new(format!("{path}.{member}"), message));
    if !tool.get("name").is_some_and(is_name) {
        return wrong("name", "must have 1 to 128 letters, digits, `_` or `-`");
    }
    if present(tool, "description").is_some_and(|description| description.kind() != Kind::String) {
        return wrong("description", "must be a string");
    }
    if present(tool, "strict").is_some_and(|strict| strict.as_bool().is_none()) {
        return wrong("strict", "must be true or false");
    }
    if present(tool, "cache_control").is_some_and(|control| control.kind() != Kind::Object) {
        return wrong("cache_control", "must be an object");
    }
    let Some(schema) = present(tool, "input_schema").filter(|schema| schema.kind() == Kind::Object) else {
        return wrong("input_schema", "must be an object");
    };
    if has_circular_reference(schema) {
        return wrong("input_schema", "has a `$ref` that leads back to itself");
    }
    Ok(())
}

pub(super) fn check_choice(value: Node<'_>) -> Checked {
    let kind = present(value, "type").filter(|kind| kind.kind() == Kind::String);
    let Some(kind) = kind else {
        return Err(RequestError::new(
            "tool_choice",
            "must be an object of type `auto`, `any`, `tool` or `none`",
        ));
    };
    if kind.is_text("tool") && !value.get("name").is_some_and(is_name) {
        return Err(RequestError::new("tool_choice.name", "must be the name of a tool"));
    }
    let single = present(value, "disable_parallel_tool_use");
    if single.is_some_and(|single| single.as_bool().is_none()) {
        return Err(RequestError::new("tool_choice.disable_parallel_tool_use", "must be true or false"));
    }
    Ok(())
}

fn is_name(name: Node<'_>) -> bool {
    let raw = name.raw();
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    name.kind() == Kind::String
        && (1..=MAX_NAME_BYTES).contains(&inner.len())
        && inner.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte))
}
