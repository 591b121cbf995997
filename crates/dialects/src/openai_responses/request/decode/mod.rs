//! From a client's body to the canonical form.
//!
//! Lossless save for what means the same: `null` is absent, `stream: false` is no stream, a text is a list of that text, a
//! text as input is one message of the user, an item with a role and no type is a message, empty lists of annotations, log
//! probabilities, tools or what to include are none, `generate_summary` is the older name of `summary`. What has no canonical form
//! goes to the members of the request, its messages or tools, a nested one under its path.

mod content;
mod items;
mod parameters;
mod tools;

use switchyard_domain::chat::{ChatRequest, Json, Message, Role};

use crate::openai_responses::namespaces;
use crate::request::{RequestError, present, text};
use crate::scan::Document;

/// Reads a scanned body.
///
/// # Errors
/// When a member has a type or value that it can't have; see `check` for the judgement of a client's request.
pub(in crate::openai_responses) fn decode(document: &Document) -> Result<ChatRequest, RequestError> {
    let mut request = ChatRequest::default();
    if let Some(instructions) = present(document.root(), "instructions") {
        let mut message = Message::text(Role::System, text("instructions", instructions)?);
        // Instructions hold for this answer alone, a system message for the stored conversation too.
        message
            .extensions
            .push(("instructions".to_owned(), Json(serde_json::value::RawValue::TRUE.to_owned())));
        request.messages.push(message);
    }
    for member in document.members().filter(|member| !member.value().is_null()) {
        let (name, value) = (member.name(), member.value());
        match name.as_ref() {
            "instructions" => {}
            "input" => items::read(value, &mut request)?,
            "tools" => tools::read(value, &mut request)?,
            "tool_choice" => request.tool_choice = Some(tools::read_choice(value)),
            name => parameters::read(name, value, &mut request)?,
        }
    }
    namespaces::lengthen_calls(&mut request);
    Ok(request)
}
