use super::{Gathered, RequestLimits};
use crate::request::{RequestError, check_function, is_name};
use crate::scan::{Kind, Node};
use switchyard_domain::route::Need;

type Checked = Result<(), RequestError>;

pub(super) fn check(value: Node<'_>, limits: &RequestLimits, gathered: &mut Gathered) -> Checked {
    if value.kind() != Kind::Array {
        return Err(RequestError::new("tools", "must be a list"));
    }
    for (index, tool) in value.elements().enumerate() {
        gathered.count_tool(tool, index, limits)?;
        let kind = tool.get("type").filter(|kind| !kind.is_null());
        let function = tool.get("function");
        // Mistral's clients leave the type out: `mistral-chat_completions-0d7000c4e2`, 2026.
        let is_function = kind.map_or(function.is_some(), |kind| kind.is_text("function"));
        let path = format_args!("tools[{index}]");
        if is_function {
            let Some(function) = function else {
                return Err(RequestError::new(path.to_string(), "must have a `function`"));
            };
            check_function(function, format_args!("{path}.function"))?;
        } else if kind.is_none_or(|kind| kind.kind() != Kind::String) {
            return Err(RequestError::new(path.to_string(), "must have a `type`"));
        } else {
            // A vendor's own tool reads what nobody has seen.
            gathered.unseen |= !kind.is_some_and(|kind| kind.is_text("custom"));
        }
    }
    Ok(())
}

/// The first form of function calling: the functions stand in the list themselves.
pub(super) fn check_legacy(value: Node<'_>, limits: &RequestLimits, gathered: &mut Gathered) -> Checked {
    if value.kind() != Kind::Array {
        return Err(RequestError::new("functions", "must be a list"));
    }
    for (index, function) in value.elements().enumerate() {
        gathered.count_tool(function, index, limits)?;
        check_function(function, format_args!("functions[{index}]"))?;
    }
    Ok(())
}

pub(super) fn check_choice(value: Node<'_>) -> Checked {
    let words = ["none", "auto", "required", "any"];
    let good = match value.kind() {
        Kind::String => words.iter().any(|word| value.is_text(word)),
        Kind::Object => match value.get("function") {
            Some(function) => function.get("name").is_some_and(is_name),
            None => value.get("type").is_some_and(|kind| kind.kind() == Kind::String),
        },
        _ => false,
    };
    let message = "must be `none`, `auto`, `required`, or an object that names a tool";
    if good { Ok(()) } else { Err(RequestError::new("tool_choice", message)) }
}

pub(super) fn check_legacy_choice(value: Node<'_>) -> Checked {
    let named = value.get("name").is_some_and(is_name);
    if value.is_text("none") || value.is_text("auto") || named {
        return Ok(());
    }
    Err(RequestError::new("function_call", "must be `none`, `auto`, or an object with a `name`"))
}

impl Gathered {
    fn count_tool(&mut self, tool: Node<'_>, index: usize, limits: &RequestLimits) -> Checked {
        let bytes = tool.span().len();
        if bytes > limits.max_tool_bytes {
            let message = format!("must have at most {} bytes", limits.max_tool_bytes);
            return Err(RequestError::too_large(format!("tools[{index}]"), message));
        }
        // A definition is part of what the model reads, names and all.
        self.text_bytes += bytes as u64;
        self.needs = self.needs.and(Need::Tools, true);
        Ok(())
    }
}
