use switchyard_domain::chat::{ChatRequest, Tool, ToolChoice, ToolChoiceMode};

use crate::request::{RequestError, keep, optional_text, present, required_text};
use crate::scan::Node;

const READ: &[&str] = &["type", "name", "description", "parameters", "strict"];

pub(super) fn read(value: Node<'_>, request: &mut ChatRequest) -> Result<(), RequestError> {
    for (index, tool) in value.elements().enumerate() {
        let path = format!("tools[{index}]");
        let kind = required_text(&path, tool, "type")?;
        if kind != "function" {
            request.tools.push(Tool::Native { kind, json: keep(tool) });
            continue;
        }
        let others = tool
            .members()
            .filter(|member| !READ.contains(&member.name().as_ref()) && !member.value().is_null());
        request.tools.push(Tool::Function {
            name: required_text(&path, tool, "name")?,
            description: optional_text(&path, tool, "description")?,
            parameters: present(tool, "parameters").map(keep),
            strict: present(tool, "strict").and_then(Node::as_bool),
            cache: None,
            extensions: others.map(|member| (member.name().into_owned(), keep(member.value()))).collect(),
        });
    }
    Ok(())
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
