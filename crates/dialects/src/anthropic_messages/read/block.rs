use serde_json::value::RawValue;
use switchyard_domain::chat::{Citation, Delta, Json, Part, Signature, ToolCallKind};

use crate::anthropic_messages::citation;
use crate::anthropic_messages::places::CALLERS;
use crate::json::{ObjectWriter, RawMembers, Shape, elements, keep, members, shape, text};

/// A block that has begun.
#[derive(Debug)]
pub(super) enum Block {
    /// Its citations wait for its end: only then is it known which piece of the text rests on them.
    Text {
        start: u32,
        citations: Vec<Citation>,
    },
    Thinking {
        signature: Option<String>,
    },
    Call {
        index: u32,
        given: Option<Json>,
        has_pieces: bool,
    },
    /// A form that only this dialect knows, with what came for its input since.
    Native {
        kind: String,
        start: Box<RawValue>,
        input: String,
        delta: Option<Box<RawValue>>,
    },
    /// Nothing more is expected of it.
    Whole,
}

/// What the blocks of one answer share.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Characters of text so far.
    chars: u32,
    /// Calls of the client's tools so far.
    pub(super) calls: u32,
}

fn filled(object: &RawMembers<'_>, name: &str) -> Option<String> {
    object.get(name).and_then(text).filter(|text| !text.is_empty()).map(std::borrow::Cow::into_owned)
}

impl Progress {
    /// Begins a block, which may be whole at once.
    pub(super) fn start(&mut self, raw: &RawValue, out: &mut Vec<Delta>) -> Block {
        let Some(block) = members(raw) else { return Block::Whole };
        let kind = filled(&block, "type").unwrap_or_default();
        match kind.as_str() {
            "text" => {
                let start = self.chars;
                filled(&block, "text").into_iter().for_each(|text| self.text(text, out));
                let citations = block.get("citations").and_then(elements).unwrap_or_default();
                Block::Text { start, citations: citations.into_iter().filter_map(citation::read).collect() }
            }
            "thinking" => {
                out.extend(filled(&block, "thinking").map(Delta::Reasoning));
                Block::Thinking { signature: filled(&block, "signature") }
            }
            "redacted_thinking" => {
                let proof = filled(&block, "data").map(|data| Signature::new(Signature::ANTHROPIC, data));
                out.extend(proof.map(Delta::RedactedReasoning));
                Block::Whole
            }
            "tool_use" => self.call(&block, out),
            "" => Block::Whole,
            _ => Block::Native { kind, start: raw.to_owned(), input: String::new(), delta: None },
        }
    }

    fn call(&mut self, block: &RawMembers<'_>, out: &mut Vec<Delta>) -> Block {
        let index = self.calls;
        self.calls += 1;
        let id = filled(block, "id").unwrap_or_default();
        let name = filled(block, "name").unwrap_or_default();
        if let Some(caller) = block.get("caller").filter(|caller| !is_direct(caller)) {
            out.extend(caller_of(&id, caller));
        }
        out.push(Delta::ToolCall { index, id, name, kind: ToolCallKind::Function });
        Block::Call { index, given: block.get("input").map(keep), has_pieces: false }
    }

    fn text(&mut self, text: String, out: &mut Vec<Delta>) {
        let chars = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        self.chars = self.chars.saturating_add(chars);
        out.push(Delta::Text(text));
    }

    /// Takes a piece of a block.
    pub(super) fn piece(&mut self, block: &mut Block, raw: &RawValue, out: &mut Vec<Delta>) {
        let Some(piece) = members(raw) else { return };
        let kind = filled(&piece, "type").unwrap_or_default();
        match (kind.as_str(), block) {
            ("text_delta", Block::Text { .. }) => {
                filled(&piece, "text").into_iter().for_each(|text| self.text(text, out));
            }
            ("citations_delta", Block::Text { citations, .. }) => {
                citations.extend(piece.get("citation").and_then(citation::read));
            }
            ("thinking_delta", Block::Thinking { .. }) => {
                out.extend(filled(&piece, "thinking").map(Delta::Reasoning));
            }
            ("signature_delta", Block::Thinking { signature }) => {
                *signature = filled(&piece, "signature").or(signature.take());
            }
            ("input_json_delta", Block::Call { index, has_pieces, .. }) => {
                if let Some(fragment) = filled(&piece, "partial_json") {
                    *has_pieces = true;
                    out.push(Delta::Arguments { index: *index, fragment });
                }
            }
            ("input_json_delta", Block::Native { input, .. }) => {
                input.push_str(&filled(&piece, "partial_json").unwrap_or_default());
            }
            // Such as `compaction_delta`, whose members are those of the block.
            (_, Block::Native { delta, .. }) => *delta = Some(raw.to_owned()),
            _ => {}
        }
    }

    /// Ends a block.
    pub(super) fn stop(&self, block: Block, out: &mut Vec<Delta>) {
        match block {
            Block::Text { start, citations } => {
                let span = Some((start, self.chars));
                out.extend(
                    citations.into_iter().map(|citation| Delta::Citation(Citation { span, ..citation })),
                );
            }
            Block::Thinking { signature } => {
                let proof = signature.map(|value| Signature::new(Signature::ANTHROPIC, value));
                out.extend(proof.map(Delta::ReasoningSignature));
            }
            // Without arguments only an empty piece comes, or none: `anthropic-messages-01583f1021`, 2025.
            Block::Call { index, given, has_pieces: false } => {
                let fragment = given.map_or_else(|| "{}".to_owned(), |given| given.as_str().to_owned());
                out.push(Delta::Arguments { index, fragment });
            }
            Block::Native { kind, start, input, delta } => {
                let json = whole(&start, &input, delta.as_deref());
                out.extend(json.map(|json| Delta::Part(Part::Native { kind, json })));
            }
            Block::Call { .. } | Block::Whole => {}
        }
    }
}

/// Whether the model itself calls, as is usual.
fn is_direct(caller: &RawValue) -> bool {
    members(caller).and_then(|caller| caller.get("type").and_then(text)).is_none_or(|word| word == "direct")
}

fn caller_of(id: &str, caller: &RawValue) -> Option<Delta> {
    let mut out = bytes::BytesMut::from(&b"["[..]);
    let mut entry = ObjectWriter::begin(&mut out);
    entry.text("id", id);
    entry.json("caller", &keep(caller));
    entry.end();
    out.extend_from_slice(b"]");
    let value = Json::parse(String::from_utf8_lossy(&out)).ok()?;
    Some(Delta::Extension { name: CALLERS.to_owned(), value })
}

/// A block as it would have come whole: its first members, with its input and what a later piece changed.
fn whole(start: &RawValue, input: &str, delta: Option<&RawValue>) -> Option<Json> {
    let input = serde_json::from_str::<&RawValue>(input).ok().filter(|raw| shape(raw) == Shape::Object);
    let changed = delta.and_then(members);
    if input.is_none() && changed.is_none() {
        return Some(keep(start));
    }
    let (begun, mut out) = (members(start)?, bytes::BytesMut::new());
    let later = |name: &str| match name {
        "type" => None,
        "input" => input,
        name => changed.as_ref().and_then(|changed| changed.get(name)),
    };
    let mut object = ObjectWriter::begin(&mut out);
    for (name, value) in begun.iter() {
        object.json(name, &keep(later(name).unwrap_or(value)));
    }
    let added = changed.iter().flat_map(RawMembers::iter).chain(input.map(|input| ("input", input)));
    for (name, value) in added.filter(|(name, _)| *name != "type" && begun.get(name).is_none()) {
        object.json(name, &keep(value));
    }
    object.end();
    Json::parse(String::from_utf8_lossy(&out)).ok()
}
