use std::borrow::Cow;

use serde_json::value::RawValue;
use switchyard_domain::chat::{ChatEvent, Delta, FinishReason, Json, Reasoning};

use super::Piece;
use super::calls::Calls;
use crate::json::{RawMembers, Shape, elements, keep, members, shape, text};
use crate::openai_chat::finish;
use crate::openai_chat::places::{Proof, REASONING_DETAILS, proofs_alone};

/// The members of a choice that are read. `text` repeats the content for clients of an older endpoint
/// (`huggingface-chat_completions-1f5b5d1e90`, 2025).
const READ: &[&str] = &["index", "delta", "message", "finish_reason", "logprobs", "error", "text"];

/// The members of a message or delta that are read.
const READ_INSIDE: &[&str] =
    &["role", "content", "reasoning_content", "reasoning", "refusal", "tool_calls", "function_call"];

/// Reads the pieces of one choice in turn.
#[derive(Debug)]
pub(super) struct ChoiceReader {
    index: u32,
    calls: Calls,
    /// Why it ended, as was said last.
    finished: Option<FinishReason>,
    /// Whether more was said since.
    goes_on: bool,
}

impl ChoiceReader {
    pub(super) fn new(index: u32) -> Self {
        Self { index, calls: Calls::default(), finished: None, goes_on: false }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished.is_some() && !self.goes_on
    }

    /// Appends the events of a piece. What is said comes before the end, which providers put into one piece with it.
    pub(super) fn read(&mut self, choice: &RawMembers<'_>, piece: Piece, out: &mut Vec<ChatEvent>) {
        let (index, before) = (self.index, out.len());
        let mut push = |delta| out.push(ChatEvent::Delta { choice: index, delta });
        let (first, second) = match piece {
            Piece::Delta => ("delta", "message"),
            Piece::Message => ("message", "delta"),
        };
        let inside = choice.get(first).or_else(|| choice.get(second)).and_then(members);
        if let Some(inside) = &inside {
            let proofs =
                inside.get(REASONING_DETAILS).and_then(|value| proofs_alone(REASONING_DETAILS, value));
            // In a whole answer the blocks stand beside their joined text; in a stream they come after its pieces.
            let whole = piece == Piece::Message && proofs.is_some();
            read_said(inside, whole, &mut push);
            proofs.into_iter().flatten().for_each(|proof| push_proof(proof, whole, &mut push));
            self.goes_on |= self.calls.read(inside, piece, &mut push);
        }
        if let Some(logprobs) = choice.get("logprobs") {
            push(Delta::Logprobs(keep(logprobs)));
        }
        let outside = choice.iter().filter(|(name, _)| !READ.contains(name));
        let inside = inside.iter().flat_map(|inside| inside.iter());
        for (name, value) in inside.filter(|(name, _)| !READ_INSIDE.contains(name)).chain(outside) {
            if proofs_alone(name, value).is_some() {
                continue;
            }
            push(Delta::Extension { name: name.to_owned(), value: keep(value) });
        }
        self.goes_on |= out.get(before..).unwrap_or_default().iter().any(ChatEvent::is_content);
        if let Some(word) = finish_word(choice) {
            self.end(finish::parse(&word), out);
        }
    }

    /// Appends what is held back.
    pub(super) fn flush(&mut self, out: &mut Vec<ChatEvent>) {
        let index = self.index;
        self.calls.flush(&mut |delta| out.push(ChatEvent::Delta { choice: index, delta }));
    }

    /// Ends with the stream, for the reason that was given if any was.
    pub(super) fn close(&mut self, out: &mut Vec<ChatEvent>) {
        self.end(self.finished.clone().unwrap_or(FinishReason::Stop), out);
    }

    /// Ends for this reason, or for the calls that came.
    fn end(&mut self, reason: FinishReason, out: &mut Vec<ChatEvent>) {
        self.flush(out);
        self.goes_on = false;
        // OpenAI itself says `stop` where the client had forced the call: `openai-chat_completions-1ac606f7dc`, 2025.
        let calls = reason == FinishReason::Stop && !self.calls.is_empty();
        let reason = if calls { FinishReason::ToolCalls } else { reason };
        if self.finished.as_ref() != Some(&reason) {
            self.finished = Some(reason.clone());
            out.push(ChatEvent::Finished { choice: self.index, reason });
        }
    }
}

/// Why a choice ends. OpenAI's first vision models said it in another member
/// (`openai-chat_completions-7aed41dc30`, 2023).
fn finish_word<'a>(choice: &RawMembers<'a>) -> Option<Cow<'a, str>> {
    let word = choice.get("finish_reason").and_then(text);
    let details = || members(choice.get("finish_details")?)?.get("type").and_then(text);
    word.filter(|word| !word.is_empty()).or_else(details).filter(|word| !word.is_empty())
}

/// What a gateway like ourselves adds to the reasoning, whose text stands beside it.
fn push_proof(proof: Proof, with_text: bool, push: &mut impl FnMut(Delta)) {
    if let Proof::Reasoning(reasoning) = &proof
        && with_text
        && !reasoning.text.is_empty()
    {
        push(Delta::Reasoning(reasoning.text.clone()));
    }
    match proof {
        Proof::Text(signature) => push(Delta::Signature(signature)),
        Proof::Reasoning(Reasoning { signature: Some(signature), redacted: true, .. }) => {
            push(Delta::RedactedReasoning(signature));
        }
        Proof::Reasoning(Reasoning { signature: Some(signature), .. }) => {
            push(Delta::ReasoningSignature(signature));
        }
        Proof::Reasoning(_) => {}
    }
}

fn read_said(inside: &RawMembers<'_>, is_reasoning_elsewhere: bool, push: &mut impl FnMut(Delta)) {
    let reasoning = ["reasoning_content", "reasoning"].iter().find_map(|name| {
        let said = inside.get(name).and_then(text)?;
        (!said.is_empty()).then_some(said)
    });
    if let Some(reasoning) = reasoning.filter(|_| !is_reasoning_elsewhere) {
        push(Delta::Reasoning(reasoning.into_owned()));
    }
    if let Some(content) = inside.get("content") {
        read_content(content, push);
    }
    if let Some(refusal) = inside.get("refusal").and_then(text).filter(|text| !text.is_empty()) {
        push(Delta::Refusal(refusal.into_owned()));
    }
}

/// A text, or Mistral's list of texts and thoughts (`mistral-chat_completions-0b943ec38b`, 2025).
fn read_content(content: &RawValue, push: &mut impl FnMut(Delta)) {
    let mut say = |make: fn(String) -> Delta, said: Cow<'_, str>| {
        if !said.is_empty() {
            push(make(said.into_owned()));
        }
    };
    if let Some(said) = text(content) {
        return say(Delta::Text, said);
    }
    let mut others = Vec::new();
    for part in elements(content).unwrap_or_default() {
        let Some(part_members) = members(part) else {
            say(Delta::Text, text(part).unwrap_or_default());
            continue;
        };
        match part_members.get("type").and_then(text).as_deref() {
            Some("text") => say(Delta::Text, part_members.get("text").and_then(text).unwrap_or_default()),
            Some("thinking") => {
                for thought in part_members.get("thinking").map(thoughts).unwrap_or_default() {
                    say(Delta::Reasoning, thought);
                }
            }
            _ => others.push(keep(part)),
        }
    }
    if !others.is_empty()
        && let Ok(value) =
            Json::parse(format!("[{}]", others.iter().map(Json::as_str).collect::<Vec<_>>().join(",")))
    {
        push(Delta::Extension { name: "content_parts".to_owned(), value });
    }
}

/// The texts of Mistral's `thinking`: a list of text parts, or a text.
pub(super) fn thoughts(thinking: &RawValue) -> Vec<Cow<'_, str>> {
    if shape(thinking) == Shape::Text {
        return text(thinking).into_iter().collect();
    }
    let parts = elements(thinking).unwrap_or_default();
    parts.into_iter().filter_map(|part| members(part)?.get("text").and_then(text)).collect()
}
