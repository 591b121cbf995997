use switchyard_domain::chat::{ChatRequest, Tool, ToolChoice, ToolChoiceMode};

use crate::request::{RequestError, keep, note_others, optional_text, present, required_text, wrong};

use crate::scan::{Kind, Node};

type Read = Result<(), RequestError>;

pub(super) fn read(value: Node<'_>, request: &mut ChatRequest) -> Read {
    for (index, tool) in value.elements().enumerate() {
        let path = format!("tools[{index}]");
        let kind = optional_text(&path, tool, "type")?;
        let function =
            present(tool, "function").filter(|_| kind.as_deref().is_none_or(|kind| kind == "function"));
        let Some(function) = function else {
            let kind = kind.ok_or_else(|| wrong(&path, "must have a `type`"))?;
            request.tools.push(Tool::Native { kind, json: keep(tool) });
            continue;
        };
        let others = tool.members().filter(|member| !member.is_named("type") && !member.is_named("function"));
        let extensions = others.map(|member| (member.name().into_owned(), keep(member.value()))).collect();
        push_function(&format!("{path}.function"), function, extensions, request)?;
    }
    Ok(())
}

/// The first form of function calling: the functions stand in the list themselves.
pub(super) fn read_functions(value: Node<'_>, request: &mut ChatRequest) -> Read {
    for (index, function) in value.elements().enumerate() {
        push_function(&format!("functions[{index}]"), function, Vec::new(), request)?;
    }
    Ok(())
}

fn push_function(
    path: &str,
    function: Node<'_>,
    extensions: Vec<(String, switchyard_domain::chat::Json)>,
    request: &mut ChatRequest,
) -> Read {
    request.tools.push(Tool::Function {
        name: required_text(path, function, "name")?,
        description: optional_text(path, function, "description")?,
        parameters: present(function, "parameters").map(keep),
        strict: present(function, "strict").and_then(Node::as_bool),
        cache: None,
        extensions,
    });
    note_others(path, function, &["name", "description", "parameters", "strict"], request);
    Ok(())
}

pub(super) fn read_choice(value: Node<'_>, request: &mut ChatRequest) -> Read {
    let function = present(value, "function").and_then(|function| present(function, "name"));
    request.tool_choice = match (value.kind(), mode(value), function) {
        (Kind::Null, ..) => None,
        (_, Some(mode), _) => Some(ToolChoice::Mode(mode)),
        (Kind::Object, None, Some(name)) => {
            let name = name.text().ok_or_else(|| wrong("tool_choice.function.name", "must be a string"))?;
            Some(ToolChoice::Function(name.into_owned()))
        }
        _ => Some(ToolChoice::Native(keep(value))),
    };
    Ok(())
}

pub(super) fn read_function_choice(value: Node<'_>, request: &mut ChatRequest) -> Read {
    if value.is_null() {
        return Ok(());
    }
    request.tool_choice = Some(match mode(value) {
        Some(mode) => ToolChoice::Mode(mode),
        None => ToolChoice::Function(required_text("function_call", value, "name")?),
    });
    Ok(())
}

/// The words; `any` is Mistral's older one for `required`.
fn mode(value: Node<'_>) -> Option<ToolChoiceMode> {
    Some(match value.text()?.as_ref() {
        "none" => ToolChoiceMode::None,
        "auto" => ToolChoiceMode::Auto,
        "required" | "any" => ToolChoiceMode::Required,
        _ => return None,
    })
}
