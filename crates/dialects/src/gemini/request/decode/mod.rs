//! From a client's body to the canonical form.
//!
//! Lossless save for what means the same: `null` is absent, both spellings of a name are one, an object stands for a list of
//! one, `thought: false` is no thought, a role is `user` where none is given and for results of tools, the role of the
//! system instruction is nobody's, an empty object of settings is none, a schema is JSON schema. What has no canonical form goes
//! to the extensions: of the request, under a path for nested members (`generationConfig.speechConfig`); of the message for
//! members of its parts (`parts[2].videoMetadata`); of the tool.

mod contents;
mod generation;
mod parts;
mod tools;

use switchyard_domain::chat::{ChatRequest, Message, Role, StreamOptions};

use crate::codec::Address;
use crate::gemini::address::plain;
use crate::gemini::members::{field, fields};
use crate::request::{RequestError, keep, text, wrong};
use crate::scan::{Document, Kind, Node};

pub(in crate::gemini) use parts::medium;

type Read = Result<(), RequestError>;

/// Reads a scanned body.
pub(in crate::gemini) fn decode(
    document: &Document,
    address: Address<'_>,
) -> Result<ChatRequest, RequestError> {
    decode_node(document.root(), address)
}

/// Reads a request that may stand within another body.
pub(in crate::gemini) fn decode_node(
    root: Node<'_>,
    address: Address<'_>,
) -> Result<ChatRequest, RequestError> {
    let mut request = ChatRequest::default();
    if let Some(model) = address.model {
        request.model = plain(model).to_owned();
    }
    if address.stream == Some(true) {
        // It always comes.
        request.stream = Some(StreamOptions { include_usage: true });
    }
    if let Some(instruction) = field(root, "systemInstruction") {
        read_instruction(instruction, &mut request)?;
    }
    for (name, value) in fields(root) {
        match name.as_ref() {
            "systemInstruction" => {}
            "model" if address.model.is_some() => {}
            "model" => request.model = plain(&text("model", value)?).to_owned(),
            "contents" => contents::read(value, &mut request)?,
            "tools" => tools::read(value, &mut request)?,
            "toolConfig" => tools::read_config(value, &mut request)?,
            "generationConfig" => generation::read(value, &mut request)?,
            "labels" => read_labels(value, &mut request)?,
            "serviceTier" => request.service_tier = Some(text("serviceTier", value)?),
            name => request.extensions.push((name.to_owned(), keep(value))),
        }
    }
    Ok(request)
}

fn read_instruction(value: Node<'_>, request: &mut ChatRequest) -> Read {
    if value.kind() == Kind::String {
        request.messages.push(Message::text(Role::System, text("systemInstruction", value)?));
        return Ok(());
    }
    let mut links = contents::Links::default();
    let mut message = contents::message("systemInstruction", 0, value, &mut links)?;
    message.role = Role::System;
    request.messages.push(message);
    Ok(())
}

fn read_labels(value: Node<'_>, request: &mut ChatRequest) -> Read {
    if value.kind() != Kind::Object {
        return Err(wrong("labels", "must be an object"));
    }
    for member in value.members() {
        let label = text("labels", member.value())?;
        request.metadata.insert(member.name().into_owned(), label);
    }
    Ok(())
}
