use super::{Gathered, blocks};
use crate::request::{RequestError, RequestLimits};
use crate::scan::{Kind, Node};

pub(super) fn check(
    value: Node<'_>,
    limits: &RequestLimits,
    gathered: &mut Gathered,
) -> Result<(), RequestError> {
    if value.kind() != Kind::Array {
        return Err(RequestError::new("messages", "must be a list"));
    }
    for (index, message) in value.elements().enumerate() {
        if index >= limits.max_messages {
            let message = format!("must have at most {} messages", limits.max_messages);
            return Err(RequestError::new("messages", message));
        }
        if message.kind() != Kind::Object {
            return Err(RequestError::new("messages", "must be a list of objects"));
        }
        gathered.messages += 1;
        let path = format!("messages[{index}]");
        let role = message.get("role");
        let known = ["user", "assistant", "system"];
        if !role.is_some_and(|role| known.iter().any(|word| role.is_text(word))) {
            return Err(RequestError::new(format!("{path}.role"), "must be one of user, assistant, system"));
        }
        match message.get("content").filter(|content| !content.is_null()) {
            Some(content) => blocks::check(&format!("{path}.content"), content, gathered)?,
            None => return Err(RequestError::new(format!("{path}.content"), "is required")),
        }
    }
    if gathered.messages == 0 {
        return Err(RequestError::new("messages", "must have at least one message"));
    }
    Ok(())
}
