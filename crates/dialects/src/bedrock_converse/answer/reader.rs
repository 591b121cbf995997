use std::borrow::Cow;

use serde_json::value::RawValue;
use switchyard_domain::chat::{
    ChatEvent, Delta, FinishReason, Json, MediaSource, Part, Signature, ToolCallKind,
};

use super::{citations, finish, usage};
use crate::json::{RawMembers, keep, members, text};

/// What stands beside the answer and has no canonical form.
const BESIDE: &[&str] =
    &["metrics", "trace", "performanceConfig", "serviceTier", "additionalModelResponseFields"];

/// More calls than any model makes in one turn.
const MAX_CALLS: u32 = 1024;

/// What whole answers and streams have in common.
#[derive(Debug, Default)]
pub(super) struct Reader {
    started: bool,
    ended: bool,
    calls: u32,
    /// How many characters of text there were.
    pub(super) characters: u32,
    usage_corrected: bool,
}

impl Reader {
    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn usage_corrected(&self) -> bool {
        self.usage_corrected
    }

    /// The answer begins. It has no id and names no model.
    pub(super) fn start(&mut self, out: &mut Vec<ChatEvent>) {
        if !self.started {
            self.started = true;
            out.push(ChatEvent::Started {
                id: String::new(),
                model: String::new(),
                created: None,
                extensions: Vec::new(),
            });
        }
    }

    pub(super) fn push(&mut self, delta: Delta, out: &mut Vec<ChatEvent>) {
        self.start(out);
        if let Delta::Text(said) = &delta {
            let characters = u32::try_from(said.chars().count()).unwrap_or(u32::MAX);
            self.characters = self.characters.saturating_add(characters);
        }
        let is_empty = match &delta {
            Delta::Text(said) | Delta::Reasoning(said) => said.is_empty(),
            _ => false,
        };
        if !is_empty {
            out.push(ChatEvent::Delta { choice: 0, delta });
        }
    }

    /// A call begins; its number among the calls.
    pub(super) fn begin_call(&mut self, call: &RawMembers<'_>, out: &mut Vec<ChatEvent>) -> Option<u32> {
        let index = self.calls;
        if index == MAX_CALLS {
            return None;
        }
        self.calls += 1;
        let word = |name: &str| call.get(name).and_then(text).unwrap_or_default().into_owned();
        let (id, name) = (word("toolUseId"), word("name"));
        self.push(Delta::ToolCall { index, id, name, kind: ToolCallKind::Function }, out);
        Some(index)
    }

    pub(super) fn cite(&mut self, raw: &RawValue, from: u32, out: &mut Vec<ChatEvent>) {
        let span = (from < self.characters).then_some((from, self.characters));
        if let Some(citation) = citations::read(raw, span) {
            self.push(Delta::Citation(citation), out);
        }
    }

    /// Why it ended. `fields` are what was asked for besides, such as the stop text that was met.
    pub(super) fn end(&mut self, word: &str, fields: Option<&RawValue>, out: &mut Vec<ChatEvent>) {
        self.start(out);
        let met = || members(fields?)?.get("stop_sequence").and_then(text).map(Cow::into_owned);
        let reason = match finish::parse(word) {
            FinishReason::Stop if self.calls > 0 => FinishReason::ToolCalls,
            FinishReason::Stop if word == "stop_sequence" => {
                met().map_or(FinishReason::Stop, FinishReason::StopSequence)
            }
            reason => reason,
        };
        self.ended = true;
        out.push(ChatEvent::Finished { choice: 0, reason });
    }

    /// What stands beside the answer, and what it cost.
    pub(super) fn beside(&mut self, top: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
        for name in BESIDE {
            if let Some(value) = top.get(name) {
                out.push(ChatEvent::Extension { name: (*name).to_owned(), value: keep(value) });
            }
        }
        if let Some((usage, corrected)) = top.get("usage").and_then(usage::read) {
            self.usage_corrected |= corrected;
            out.push(ChatEvent::Usage(usage));
        }
    }
}

/// A block that the vendor's own tools made, or that is not known, as it is written.
pub(super) fn native(kind: &str, json: Json) -> Delta {
    Delta::Part(Part::Native { kind: kind.to_owned(), json })
}

/// A picture that the model made.
pub(super) fn picture(format: &str, base64: Cow<'_, str>) -> Delta {
    Delta::Part(Part::Image {
        source: MediaSource::Inline { media_type: format!("image/{format}"), base64: base64.into_owned() },
        detail: None,
    })
}

/// A proof of Claude's; no other model on Bedrock gives any.
pub(super) fn proof(value: impl Into<String>) -> Signature {
    Signature::new(Signature::ANTHROPIC, value)
}

/// Whether a call is one of the vendor's own tools, which ran already (`bedrock-converse-c4ab055a95`, 2026).
pub(super) fn is_server_tool(call: &RawMembers<'_>) -> bool {
    call.get("type").and_then(text).is_some_and(|kind| kind == "server_tool_use")
}
