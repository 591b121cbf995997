use switchyard_domain::chat::{ChatRequest, Message, Part, Role};

use super::blocks;
use crate::anthropic_messages::request::CONTENT;
use crate::request::{RequestError, keep, present, required_text, wrong};
use crate::scan::{Kind, Node};

pub(super) fn read(value: Node<'_>, request: &mut ChatRequest) -> Result<(), RequestError> {
    if value.kind() != Kind::Array {
        return Err(wrong("messages", "must be a list"));
    }
    for (index, node) in value.elements().enumerate() {
        let path = format!("messages[{index}]");
        let mut message = read_message(&path, node)?;
        for member in node.members().filter(|member| !member.value().is_null()) {
            match member.name().as_ref() {
                "role" | "content" => {}
                // It must not be taken for a member of a block.
                name if name.starts_with(CONTENT) => {
                    request.extensions.push((format!("{path}.{name}"), keep(member.value())));
                }
                name => message.extensions.push((name.to_owned(), keep(member.value()))),
            }
        }
        request.messages.push(message);
    }
    Ok(())
}

fn read_message(path: &str, node: Node<'_>) -> Result<Message, RequestError> {
    let word = required_text(path, node, "role")?;
    let (parts, extensions) = match present(node, "content") {
        Some(content) => blocks::read(&format!("{path}.content"), content)?,
        None => Default::default(),
    };
    let role = match word.as_str() {
        "user" if is_results(&parts) => Role::Tool,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        // In the middle of a conversation, on newer models: `anthropic-messages-085f5d3974`, 2026.
        "system" => Role::System,
        _ => return Err(wrong(format_args!("{path}.role"), "is unknown")),
    };
    Ok(Message { role, parts, name: None, extensions })
}

/// Whether a message holds results of tools and nothing else.
fn is_results(parts: &[Part]) -> bool {
    let mut results = parts.iter().filter(|part| !matches!(part, Part::CacheMark { .. })).peekable();
    results.peek().is_some() && results.all(|part| matches!(part, Part::ToolResult(_)))
}
