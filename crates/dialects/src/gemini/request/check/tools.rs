use super::{Checked, Gathered, RequestLimits};
use crate::gemini::members::{Listed, field, fields, no_twins};
use crate::request::{RequestError, has_circular_reference};
use crate::scan::{Kind, Node};
use switchyard_domain::route::Need;

/// What Google allows.
const MAX_NAME_BYTES: usize = 128;

pub(super) fn check(path: &str, value: Node<'_>, limits: &RequestLimits, gathered: &mut Gathered) -> Checked {
    let list = Listed::of(value).ok_or_else(|| RequestError::new(path, "must be a list"))?;
    for (index, tool) in list.enumerate() {
        let path = format!("{path}[{index}]");
        if tool.kind() != Kind::Object {
            return Err(RequestError::new(path, "must be an object"));
        }
        no_twins(&path, tool)?;
        gathered.needs = gathered.needs.and(Need::Tools, true);
        // Google's own tools read what nobody has seen.
        gathered.unseen |= fields(tool).any(|(name, _)| name != "functionDeclarations");
        let Some(functions) = field(tool, "functionDeclarations") else { continue };
        let path = format!("{path}.functionDeclarations");
        let list = Listed::of(functions).ok_or_else(|| RequestError::new(path.as_str(), "must be a list"))?;
        for (at, function) in list.enumerate() {
            let path = format!("{path}[{at}]");
            let bytes = function.span().len();
            if bytes > limits.max_tool_bytes {
                let message = format!("must have at most {} bytes", limits.max_tool_bytes);
                return Err(RequestError::too_large(path, message));
            }
            // A definition is part of what the model reads, names and all.
            gathered.text_bytes += bytes as u64;
            check_function(&path, function)?;
        }
    }
    Ok(())
}

fn check_function(path: &str, function: Node<'_>) -> Checked {
    no_twins(path, function)?;
    if !field(function, "name").is_some_and(is_name) {
        let message = format!("must have 1 to {MAX_NAME_BYTES} letters, digits, or any of _-.:");
        return Err(RequestError::new(format!("{path}.name"), message));
    }
    for (name, value) in fields(function) {
        let at = format!("{path}.{name}");
        match name.as_ref() {
            "description" if value.kind() != Kind::String => {
                return Err(RequestError::new(at, "must be a string"));
            }
            "parameters" | "parametersJsonSchema" if value.kind() != Kind::Object => {
                return Err(RequestError::new(at, "must be an object"));
            }
            "parameters" | "parametersJsonSchema" if has_circular_reference(value) => {
                return Err(RequestError::new(at, "has a `$ref` that leads back to itself"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_name(name: Node<'_>) -> bool {
    name.text().is_some_and(|name| {
        (1..=MAX_NAME_BYTES).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte))
    })
}

pub(super) fn check_config(path: &str, value: Node<'_>) -> Checked {
    if value.kind() != Kind::Object {
        return Err(RequestError::new(path, "must be an object"));
    }
    no_twins(path, value)?;
    let Some(calling) = field(value, "functionCallingConfig") else { return Ok(()) };
    let path = format!("{path}.functionCallingConfig");
    if calling.kind() != Kind::Object {
        return Err(RequestError::new(path, "must be an object"));
    }
    no_twins(&path, calling)?;
    for (name, value) in fields(calling) {
        let good = match name.as_ref() {
            "mode" => value.text().is_some_and(|mode| is_mode(&mode)),
            "allowedFunctionNames" => {
                value.kind() == Kind::Array && value.elements().all(|name| name.kind() == Kind::String)
            }
            _ => true,
        };
        if !good {
            let message = "must be one of AUTO, ANY, NONE, VALIDATED, or a list of names of functions";
            return Err(RequestError::new(format!("{path}.{name}"), message));
        }
    }
    Ok(())
}

fn is_mode(mode: &str) -> bool {
    let known = ["AUTO", "ANY", "NONE", "VALIDATED", "MODE_UNSPECIFIED"];
    known.iter().any(|known| mode.eq_ignore_ascii_case(known))
}
