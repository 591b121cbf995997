use std::collections::BTreeMap;

use serde_json::value::RawValue;
use switchyard_domain::chat::{ChatEvent, Delta, FinishReason, Json, ToolCallKind};

use super::{citations, usage};
use crate::error::{ProviderError, from_members};
use crate::json::{ObjectWriter, RawMembers, elements, members, text};

/// More calls than any model makes in one turn, and more blocks of content.
const MOST: usize = 1024;

/// The arguments of a call that has none (`cohere-chat-f8351e795d`, 2026). Everybody else writes an empty object.
const NOTHING: &str = "null";

/// Reads one answer, piece by piece.
#[derive(Debug, Default)]
pub(super) struct Reader {
    started: bool,
    ended: bool,
    /// The vendor's numbers of the calls, in their order.
    calls: Vec<i64>,
    /// The arguments of the newest call, while they may still become [`NOTHING`].
    held: Option<(u32, String)>,
    /// How many characters of text there are before each block of content.
    blocks: BTreeMap<i64, u32>,
    characters: u32,
    usage_corrected: bool,
}

impl Reader {
    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn usage_corrected(&self) -> bool {
        self.usage_corrected
    }

    pub(super) fn start(&mut self, id: &str, out: &mut Vec<ChatEvent>) {
        if !self.started {
            self.started = true;
            out.push(ChatEvent::Started {
                id: id.to_owned(),
                model: String::new(),
                created: None,
                extensions: Vec::new(),
            });
        }
    }

    /// A block of content begins.
    pub(super) fn open_block(&mut self, index: i64) {
        if self.blocks.len() < MOST {
            self.blocks.entry(index).or_insert(self.characters);
        }
    }

    /// What the model plans to do with its tools.
    pub(super) fn plan(&mut self, plan: &str, out: &mut Vec<ChatEvent>) {
        push_said(Delta::Reasoning, plan, out);
    }

    pub(super) fn text(&mut self, said: &str, out: &mut Vec<ChatEvent>) {
        let characters = u32::try_from(said.chars().count()).unwrap_or(u32::MAX);
        self.characters = self.characters.saturating_add(characters);
        push_said(Delta::Text, said, out);
    }

    /// A part of the content, or a piece of one.
    pub(super) fn said(&mut self, part: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
        if let Some(thinking) = part.get("thinking").and_then(text) {
            push_said(Delta::Reasoning, &thinking, out);
        }
        if let Some(said) = part.get("text").and_then(text) {
            self.text(&said, out);
        }
    }

    pub(super) fn begin_call(&mut self, number: i64, call: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
        if self.calls.len() >= MOST {
            return;
        }
        self.end_call(out);
        let Ok(index) = u32::try_from(self.calls.len()) else { return };
        self.calls.push(number);
        let function = call.get("function").and_then(members);
        let name = function.as_ref().and_then(|function| function.get("name")).and_then(text);
        let delta = Delta::ToolCall {
            index,
            id: call.get("id").and_then(text).unwrap_or_default().into_owned(),
            name: name.unwrap_or_default().into_owned(),
            kind: ToolCallKind::Function,
        };
        out.push(ChatEvent::Delta { choice: 0, delta });
        self.held = Some((index, String::new()));
        self.arguments(Some(number), call, out);
    }

    /// More arguments of a call; without a number, of the last.
    pub(super) fn arguments(&mut self, number: Option<i64>, call: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
        let at = match number {
            Some(number) => self.calls.iter().rposition(|known| *known == number),
            None => self.calls.len().checked_sub(1),
        };
        let Some(index) = at.and_then(|at| u32::try_from(at).ok()) else { return };
        let function = call.get("function").and_then(members);
        let Some(fragment) = function.as_ref().and_then(|function| function.get("arguments")).map(written)
        else {
            return;
        };
        match self.held.take() {
            Some((of, mut held)) if of == index => {
                held.push_str(&fragment);
                if NOTHING.starts_with(&held) {
                    self.held = Some((index, held));
                } else {
                    push_arguments(index, held, out);
                }
            }
            other => {
                self.held = other;
                push_arguments(index, fragment, out);
            }
        }
    }

    /// Brings out what was held back of a call that is whole now.
    pub(super) fn end_call(&mut self, out: &mut Vec<ChatEvent>) {
        if let Some((index, held)) = self.held.take() {
            push_arguments(index, if held == NOTHING { "{}".to_owned() } else { held }, out);
        }
    }

    pub(super) fn citation(&mut self, raw: &RawValue, out: &mut Vec<ChatEvent>) {
        for citation in citations::read(raw, &self.blocks) {
            out.push(ChatEvent::Delta { choice: 0, delta: Delta::Citation(citation) });
        }
    }

    /// Log probabilities of pieces of text, each of one token or several.
    pub(super) fn logprobs(&mut self, pieces: &[&RawValue], out: &mut Vec<ChatEvent>) {
        if let Some(logprobs) = openai_logprobs(pieces) {
            out.push(ChatEvent::Delta { choice: 0, delta: Delta::Logprobs(logprobs) });
        }
    }

    /// The end: why, and what it cost.
    ///
    /// # Errors
    /// When the generation failed.
    pub(super) fn end(
        &mut self,
        said: &RawMembers<'_>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), ProviderError> {
        self.end_call(out);
        let word = said.get("finish_reason").and_then(text).filter(|word| !word.is_empty());
        if let Some(error) = failure(said, word.as_deref()) {
            return Err(error);
        }
        if let Some(word) = word {
            let reason = match word.to_ascii_uppercase().as_str() {
                "COMPLETE" | "STOP_SEQUENCE" if !self.calls.is_empty() => FinishReason::ToolCalls,
                "COMPLETE" | "STOP_SEQUENCE" => FinishReason::Stop,
                "MAX_TOKENS" => FinishReason::Length,
                "TOOL_CALL" => FinishReason::ToolCalls,
                "ERROR_TOXIC" => FinishReason::ContentFilter,
                _ => FinishReason::Other(word.into_owned()),
            };
            self.ended = true;
            out.push(ChatEvent::Finished { choice: 0, reason });
        }
        if let Some((usage, corrected)) = said.get("usage").and_then(usage::read) {
            self.usage_corrected |= corrected;
            out.push(ChatEvent::Usage(usage));
        }
        Ok(())
    }
}

/// What went wrong, if the end says that something did.
fn failure(said: &RawMembers<'_>, word: Option<&str>) -> Option<ProviderError> {
    let failed =
        word.is_some_and(|word| ["ERROR", "TIMEOUT"].iter().any(|known| word.eq_ignore_ascii_case(known)));
    let is_told = said.get("error").is_some();
    if !failed && !is_told {
        return None;
    }
    let mut error = if is_told {
        from_members(said)
    } else {
        ProviderError::new("the provider could not finish its answer")
    };
    let kind = said.get("error_type").and_then(text).map(std::borrow::Cow::into_owned);
    error.kind = kind.or_else(|| word.map(str::to_owned));
    Some(error)
}

fn push_arguments(index: u32, fragment: String, out: &mut Vec<ChatEvent>) {
    if !fragment.is_empty() {
        out.push(ChatEvent::Delta { choice: 0, delta: Delta::Arguments { index, fragment } });
    }
}

fn push_said(make: fn(String) -> Delta, said: &str, out: &mut Vec<ChatEvent>) {
    if !said.is_empty() {
        out.push(ChatEvent::Delta { choice: 0, delta: make(said.to_owned()) });
    }
}

fn written(arguments: &RawValue) -> String {
    text(arguments).map_or_else(|| arguments.get().to_owned(), std::borrow::Cow::into_owned)
}

/// The probability of a piece of several tokens is the product of theirs.
fn openai_logprobs(pieces: &[&RawValue]) -> Option<Json> {
    let pieces: Vec<RawMembers<'_>> = pieces.iter().filter_map(|piece| members(piece)).collect();
    if pieces.is_empty() {
        return None;
    }
    let mut out = bytes::BytesMut::new();
    let mut object = ObjectWriter::begin(&mut out);
    object.array("content", |list| {
        for piece in &pieces {
            let logprobs = piece.get("logprobs").and_then(elements).unwrap_or_default();
            let sum: f64 = logprobs.iter().filter_map(|one| one.get().parse::<f64>().ok()).sum();
            list.object(|token| {
                token.text("token", &piece.get("text").and_then(text).unwrap_or_default());
                token.decimal("logprob", sum);
                token.null("bytes");
                token.array("top_logprobs", |_| {});
            });
        }
    });
    object.end();
    Json::parse(String::from_utf8_lossy(&out)).ok()
}
