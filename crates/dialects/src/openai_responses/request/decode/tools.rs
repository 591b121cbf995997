use switchyard_domain::chat::{ChatRequest, Tool, ToolChoice, ToolChoiceMode};

use crate::openai_responses::namespaces::{self, NAMESPACE};
use crate::request::{RequestError, keep, optional_text, present, required_text};
use crate::scan::Node;

const READ: &[&str] = &["type", "name", "description", "parameters", "strict"];

pub(super) fn read(value: Node<'_>, request: &mut ChatRequest) -> Result<(), RequestError> {
    for (index, tool) in value.elements().enumerate() {
        let path = format!("tools[{index}]");
        let kind = required_text(&path, tool, "type")?;
        if kind == "function" {
            request.tools.push(function(&path, tool)?);
        } else if kind == NAMESPACE && holds_functions(tool) {
            let inner = present(tool, "tools").into_iter().flat_map(Node::elements).enumerate();
            let functions = inner.map(|(at, inner)| function(&format!("{path}.tools[{at}]"), inner));
            let functions: Vec<_> = functions.collect::<Result<_, _>>()?;
            let group = required_text(&path, tool, "name")?;
            request.tools.extend(namespaces::join(tool, &group, functions));
        } else {
            request.tools.push(Tool::Native { kind, json: keep(tool) });
        }
    }
    Ok(())
}

/// Whether a group has functions, and nothing else.
fn holds_functions(group: Node<'_>) -> bool {
    let mut inner = present(group, "tools").into_iter().flat_map(Node::elements).peekable();
    inner.peek().is_some()
        && inner.all(|tool| present(tool, "type").is_some_and(|kind| kind.is_text("function")))
}

fn function(path: &str, tool: Node<'_>) -> Result<Tool, RequestError> {
    let others =
        tool.members().filter(|member| !READ.contains(&member.name().as_ref()) && !member.value().is_null());
    Ok(Tool::Function {
        name: required_text(path, tool, "name")?,
        description: optional_text(path, tool, "description")?,
        parameters: present(tool, "parameters").map(keep),
        strict: present(tool, "strict").and_then(Node::as_bool),
        cache: None,
        extensions: others.map(|member| (member.name().into_owned(), keep(member.value()))).collect(),
    })
}

pub(super) fn read_choice(value: Node<'_>) -> ToolChoice {
    if let Some(word) = value.text() {
        match word.as_ref() {
            "none" => return ToolChoice::Mode(ToolChoiceMode::None),
            "auto" => return ToolChoice::Mode(ToolChoiceMode::Auto),
            "required" => return ToolChoice::Mode(ToolChoiceMode::Required),
            _ => {}
        }
    }
    let is_function = present(value, "type").is_some_and(|kind| kind.is_text("function"));
    match present(value, "name").and_then(Node::text) {
        Some(name) if is_function => ToolChoice::Function(name.into_owned()),
        _ => ToolChoice::Native(keep(value)),
    }
}
