//! From a client's body to the canonical form.
//!
//! Lossless save for what means the same: `null` is absent, `stream: false` is no stream, a text alone is a list of one block,
//! empty lists are none, `is_error: false` is absent, `output_format` is the older place of `output_config.format`.
//!
//! What has no canonical form goes to the extensions: members at the top level under their names, nested ones of `thinking`,
//! `output_config`, `metadata` and `tool_choice` under their paths, and those of a block to its message's extensions, as
//! `content[2].caller`, where the number is that of the canonical part.

mod blocks;
mod media;
mod messages;
mod parameters;
mod tools;

use switchyard_domain::chat::{ChatRequest, Message, Role};

use crate::request::{RequestError, present};
use crate::scan::Document;

/// Reads a scanned body.
///
/// # Errors
/// When a member has a type or value that it can't have; see `check` for the judgement of a client's request.
pub(in crate::anthropic_messages) fn decode(document: &Document) -> Result<ChatRequest, RequestError> {
    let mut request = ChatRequest::default();
    if let Some(system) = present(document.root(), "system") {
        let (parts, extensions) = blocks::read("system", system)?;
        let is_silent = parts.is_empty() && extensions.is_empty();
        let message = Message { role: Role::System, parts, name: None, extensions };
        request.messages.extend((!is_silent).then_some(message));
    }
    for member in document.members() {
        let (name, value) = (member.name(), member.value());
        if value.is_null() {
            continue;
        }
        match name.as_ref() {
            "system" => {}
            "messages" => messages::read(value, &mut request)?,
            "tools" => tools::read(value, &mut request)?,
            "tool_choice" => tools::read_choice(value, &mut request)?,
            name => parameters::read(name, value, &mut request)?,
        }
    }
    Ok(request)
}
