use serde_json::value::RawValue;
use switchyard_domain::chat::{ChatEvent, Delta};

use super::reader::{Reader, is_server_tool, native, picture, proof};
use crate::codec::{AnswerFault, DecodedAnswer};
use crate::error::{from_members, has_error};
use crate::json::{RawMembers, elements, keep, members, object, text, without_lone_surrogates};

/// Reads a whole answer, see `ProviderCodec::decode`.
pub(in crate::bedrock_converse) fn decode(body: &[u8]) -> Result<DecodedAnswer, AnswerFault> {
    let body = String::from_utf8_lossy(body);
    let body = without_lone_surrogates(body.trim());
    let top = object(&body).ok_or(AnswerFault::NotJson)?;
    let message = top.get("output").and_then(members).and_then(|output| members(output.get("message")?));
    let Some(message) = message else {
        let is_error = has_error(&top) || top.get("message").or_else(|| top.get("Message")).is_some();
        return Err(if is_error { AnswerFault::Error(from_members(&top)) } else { AnswerFault::NoChoices });
    };
    let mut reader = Reader::default();
    let mut events = Vec::new();
    reader.start(&mut events);
    for block in message.get("content").and_then(elements).unwrap_or_default() {
        if let Some(inside) = members(block) {
            read_block(&mut reader, block, &inside, &mut events);
        }
    }
    if let Some(word) = top.get("stopReason").and_then(text) {
        reader.end(&word, top.get("additionalModelResponseFields"), &mut events);
    }
    reader.beside(&top, &mut events);
    Ok(DecodedAnswer { events, usage_corrected: reader.usage_corrected() })
}

fn read_block(reader: &mut Reader, raw: &RawValue, block: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
    let inside = |name: &str| block.get(name).and_then(members);
    if let Some(said) = block.get("text").and_then(text) {
        reader.push(Delta::Text(said.into_owned()), out);
    } else if let Some(reasoning) = inside("reasoningContent") {
        read_reasoning(reader, &reasoning, out);
    } else if let Some(call) = inside("toolUse").filter(|call| !is_server_tool(call)) {
        if let Some(index) = reader.begin_call(&call, out) {
            let fragment = call.get("input").map_or_else(|| "{}".to_owned(), |input| input.get().to_owned());
            reader.push(Delta::Arguments { index, fragment }, out);
        }
    } else if let Some(cited) = inside("citationsContent") {
        read_cited(reader, &cited, out);
    } else if let Some(image) = inside("image")
        && let Some(base64) =
            image.get("source").and_then(members).and_then(|source| source.get("bytes").and_then(text))
    {
        let format = image.get("format").and_then(text).unwrap_or_default();
        reader.push(picture(&format, base64), out);
    } else if let Some((kind, _)) = block.iter().next() {
        reader.push(native(kind, keep(raw)), out);
    }
}

fn read_reasoning(reader: &mut Reader, reasoning: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
    if let Some(readable) = reasoning.get("reasoningText").and_then(members) {
        if let Some(said) = readable.get("text").and_then(text) {
            reader.push(Delta::Reasoning(said.into_owned()), out);
        }
        if let Some(value) = readable.get("signature").and_then(text) {
            reader.push(Delta::ReasoningSignature(proof(value)), out);
        }
    }
    if let Some(hidden) = reasoning.get("redactedContent").and_then(text) {
        reader.push(Delta::RedactedReasoning(proof(hidden)), out);
    }
}

fn read_cited(reader: &mut Reader, cited: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
    let from = reader.characters;
    for piece in cited.get("content").and_then(elements).unwrap_or_default() {
        if let Some(said) = members(piece).and_then(|piece| piece.get("text").and_then(text)) {
            reader.push(Delta::Text(said.into_owned()), out);
        }
    }
    for citation in cited.get("citations").and_then(elements).unwrap_or_default() {
        reader.cite(citation, from, out);
    }
}
