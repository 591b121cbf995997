use switchyard_domain::chat::{CacheMark, ChatRequest, Json, Tool, ToolChoice, ToolChoiceMode};

use crate::request::{RequestError, keep, note_others, optional_text, present, required_text, wrong};
use crate::scan::{Kind, Node};

type Read = Result<(), RequestError>;

pub(super) fn read(value: Node<'_>, request: &mut ChatRequest) -> Read {
    if value.kind() != Kind::Array {
        return Err(wrong("tools", "must be a list"));
    }
    for (index, tool) in value.elements().enumerate() {
        let path = format!("tools[{index}]");
        let kind = optional_text(&path, tool, "type")?.filter(|kind| kind != "custom");
        request.tools.push(match kind {
            Some(kind) => Tool::Native { kind, json: keep(tool) },
            None => function(&path, tool)?,
        });
    }
    Ok(())
}

fn function(path: &str, tool: Node<'_>) -> Result<Tool, RequestError> {
    const READ: &[&str] = &["type", "name", "description", "input_schema", "strict"];
    let others = tool
        .members()
        .filter(|member| !member.value().is_null() && !READ.iter().any(|known| member.is_named(known)));
    let mut extensions: Vec<(String, Json)> = Vec::new();
    let mut cache = None;
    for member in others {
        if member.is_named("cache_control") {
            let control = member.value();
            let ttl = present(control, "ttl").and_then(Node::text).map(std::borrow::Cow::into_owned);
            cache = Some(CacheMark { ttl });
            if control.members().all(|member| member.is_named("type") || member.is_named("ttl")) {
                continue;
            }
        }
        extensions.push((member.name().into_owned(), keep(member.value())));
    }
    Ok(Tool::Function {
        name: required_text(path, tool, "name")?,
        description: optional_text(path, tool, "description")?,
        parameters: present(tool, "input_schema").map(keep),
        strict: present(tool, "strict").and_then(Node::as_bool),
        cache,
        extensions,
    })
}

pub(super) fn read_choice(value: Node<'_>, request: &mut ChatRequest) -> Read {
    let single = present(value, "disable_parallel_tool_use").and_then(Node::as_bool);
    let mode = match present(value, "type").and_then(Node::text).as_deref() {
        Some("auto") => ToolChoice::Mode(ToolChoiceMode::Auto),
        Some("any") => ToolChoice::Mode(ToolChoiceMode::Required),
        Some("none") => ToolChoice::Mode(ToolChoiceMode::None),
        Some("tool") => ToolChoice::Function(required_text("tool_choice", value, "name")?),
        _ => {
            request.tool_choice = Some(ToolChoice::Native(keep(value)));
            return Ok(());
        }
    };
    request.tool_choice = Some(mode);
    request.parallel_tool_calls = single.map(|single| !single);
    note_others("tool_choice", value, &["type", "name", "disable_parallel_tool_use"], request);
    Ok(())
}
