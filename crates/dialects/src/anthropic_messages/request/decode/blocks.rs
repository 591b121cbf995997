use switchyard_domain::chat::{Json, Part, Reasoning, Signature, ToolCall, ToolCallKind, ToolResult};

use super::media;
use crate::anthropic_messages::citation;
use crate::anthropic_messages::places::{Proven, unlabelled};
use crate::proof::unmarked;
use crate::request::{RequestError, keep, optional_text, present, required_text, text, wrong};
use crate::scan::{Kind, Node};

/// The parts that a content is, and the members of its blocks that have no canonical form.
type Read = (Vec<Part>, Vec<(String, Json)>);

/// Reads a content: a text, or a list of blocks.
pub(super) fn read(path: &str, content: Node<'_>) -> Result<Read, RequestError> {
    let mut reader = Reader::default();
    match content.kind() {
        Kind::String => reader.parts.push(Part::Text { text: text(path, content)? }),
        Kind::Array => {
            for (index, block) in content.elements().enumerate() {
                reader.push(&format!("{path}[{index}]"), block)?;
            }
        }
        _ => return Err(wrong(path, "must be a string or a list of blocks")),
    }
    Ok((reader.parts, reader.extensions))
}

/// A block that was read, and the names of its members that went into it.
struct Known {
    part: Part,
    read: &'static [&'static str],
}

#[derive(Default)]
struct Reader {
    parts: Vec<Part>,
    extensions: Vec<(String, Json)>,
}

impl Reader {
    fn push(&mut self, path: &str, block: Node<'_>) -> Result<(), RequestError> {
        let kind = required_text(path, block, "type")?;
        let Some(known) = self.known(path, &kind, block)? else {
            self.parts.push(Part::Native { kind, json: keep(block) });
            return Ok(());
        };
        let at = self.parts.len();
        match known.part {
            // What a proof of another vendor's proves stands before it.
            Part::Signature(signature) => self.prove(signature),
            part => self.parts.push(part),
        }
        for member in block.members() {
            let (name, value) = (member.name(), member.value());
            if !value.is_null() && name != "type" && !known.read.contains(&name.as_ref()) {
                self.keep_member(at, &name, value);
            }
        }
        Ok(())
    }

    /// A block that has a canonical form.
    fn known(&mut self, path: &str, kind: &str, block: Node<'_>) -> Result<Option<Known>, RequestError> {
        Ok(Some(match kind {
            "text" => {
                Known { part: Part::Text { text: required_text(path, block, "text")? }, read: &["text"] }
            }
            "image" => match media::image(path, block)? {
                Some(part) => Known { part, read: &["source"] },
                None => return Ok(None),
            },
            "document" => match media::document(path, block)? {
                Some(read) => Known { part: Part::Document(read.document), read: read.members },
                None => return Ok(None),
            },
            "tool_use" => Known { part: Part::ToolCall(call(path, block)?), read: &["id", "name", "input"] },
            "tool_result" => {
                let part = self.result(path, block)?;
                Known { part, read: &["tool_use_id", "content", "is_error"] }
            }
            "thinking" => {
                let proof = optional_text(path, block, "signature")?.filter(|proof| !proof.is_empty());
                let reasoning = Reasoning {
                    text: optional_text(path, block, "thinking")?.unwrap_or_default(),
                    signature: proof.map(|proof| unmarked(&proof, Signature::ANTHROPIC)),
                    redacted: false,
                };
                Known { part: Part::Reasoning(reasoning), read: &["thinking", "signature"] }
            }
            "redacted_thinking" => {
                let proof = unmarked(&required_text(path, block, "data")?, Signature::ANTHROPIC);
                Known { part: redacted(proof), read: &["data"] }
            }
            _ => return Ok(None),
        }))
    }

    fn result(&mut self, path: &str, block: Node<'_>) -> Result<Part, RequestError> {
        let content = match present(block, "content") {
            Some(content) => {
                let (parts, extensions) = read(&format!("{path}.content"), content)?;
                let outer = self.parts.len();
                let nested = extensions.into_iter();
                self.extensions
                    .extend(nested.map(|(name, value)| (format!("content[{outer}].{name}"), value)));
                parts
            }
            None => Vec::new(),
        };
        Ok(Part::ToolResult(ToolResult {
            call_id: required_text(path, block, "tool_use_id")?,
            content,
            is_error: present(block, "is_error").and_then(Node::as_bool).unwrap_or_default(),
            name: None,
        }))
    }

    /// Gives a proof to what stands before it.
    fn prove(&mut self, signature: Signature) {
        let (signature, proven) = unlabelled(signature);
        let last = self.parts.iter_mut().rev().find(|part| !matches!(part, Part::CacheMark { .. }));
        match last {
            Some(Part::ToolCall(call)) if proven == Proven::Call => call.signature = Some(signature),
            _ => self.parts.push(Part::Signature(signature)),
        }
    }

    /// Keeps a member that has no part of its own: as a mark for the cache, or beside the message.
    fn keep_member(&mut self, at: usize, name: &str, value: Node<'_>) {
        let mut kept = keep(value);
        match name {
            "cache_control" => {
                let ttl = present(value, "ttl").and_then(Node::text).map(std::borrow::Cow::into_owned);
                self.parts.push(Part::CacheMark { ttl });
                if value.members().all(|member| member.is_named("type") || member.is_named("ttl")) {
                    return;
                }
            }
            "citations" => match citation::without_ours(&kept.0).0 {
                Some(others) => kept = others,
                None => return,
            },
            _ => {}
        }
        self.extensions.push((format!("content[{at}].{name}"), kept));
    }
}

/// Redacted thinking, unless it is what another vendor's proof of a text or a call was put into.
fn redacted(proof: Signature) -> Part {
    if proof.issuer != Signature::ANTHROPIC && unlabelled(proof.clone()).1 != Proven::Thinking {
        return Part::Signature(proof);
    }
    Part::Reasoning(Reasoning { text: String::new(), signature: Some(proof), redacted: true })
}

fn call(path: &str, block: Node<'_>) -> Result<ToolCall, RequestError> {
    let input = present(block, "input").map(keep);
    Ok(ToolCall {
        id: required_text(path, block, "id")?,
        name: required_text(path, block, "name")?,
        arguments: input.as_ref().map_or("{}", Json::as_str).to_owned(),
        kind: ToolCallKind::Function,
        signature: None,
    })
}
