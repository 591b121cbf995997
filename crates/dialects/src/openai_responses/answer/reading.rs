//! What an answer says, whether it comes whole or in events.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use switchyard_domain::chat::{ChatEvent, Delta, Json, Part, Reasoning, ToolCallKind};

use super::progress::Progress;
use crate::error::{ProviderError, from_value};
use crate::json::{RawMembers, elements, integer, keep, members, text};
use crate::openai_chat::{UsageRule, usage};
use crate::openai_responses::proof::{self, Proven};
use crate::openai_responses::{call_items, citation, finish};

/// The members that are read, or repeat what was asked.
const READ: &[&str] = &[
    "background",
    "completed_at",
    "conversation",
    "created_at",
    "error",
    "frequency_penalty",
    "id",
    "incomplete_details",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "object",
    "output",
    "output_text",
    "parallel_tool_calls",
    "presence_penalty",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "status",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "usage",
    "user",
];

/// More members than any vendor puts beside the output.
const MAX_BESIDE: usize = 64;

/// How far one answer was read.
#[derive(Debug)]
pub(in crate::openai_responses) struct Reading {
    issuer: &'static str,
    started: bool,
    /// Whether the provider keeps the answer, so that ids alone mean something later.
    stored: Option<bool>,
    beside: Vec<(String, Json)>,
    /// The places of the calls by their ids.
    calls: BTreeMap<String, u32>,
    next_call: u32,
    /// Characters of text so far: what citations of a later text count from.
    characters: u32,
    usage_corrected: bool,
}

fn push(delta: Delta, out: &mut Vec<ChatEvent>) {
    out.push(ChatEvent::Delta { choice: 0, delta });
}

impl Reading {
    pub(in crate::openai_responses) fn new(issuer: &'static str) -> Self {
        Self {
            issuer,
            started: false,
            stored: None,
            beside: Vec::new(),
            calls: BTreeMap::new(),
            next_call: 0,
            characters: 0,
            usage_corrected: false,
        }
    }

    pub(in crate::openai_responses) fn usage_corrected(&self) -> bool {
        self.usage_corrected
    }

    /// Takes the members of an answer at its beginning.
    pub(in crate::openai_responses) fn start(&mut self, response: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
        self.stored = response.get("store").map(|stored| stored.get() == "true").or(self.stored);
        let mut changed = Vec::new();
        // That it is kept is told on: only then do its ids mean something later.
        let is_told = |name: &str, value: &RawValue| {
            !READ.contains(&name) || (name == "store" && value.get() == "true")
        };
        for (name, value) in response.iter().filter(|(name, value)| is_told(name, value)) {
            let room = self.beside.len() < MAX_BESIDE;
            match self.beside.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) if known.as_str() == value.get() => continue,
                Some((_, known)) => *known = keep(value),
                None if room => self.beside.push((name.to_owned(), keep(value))),
                None => continue,
            }
            changed.push((name.to_owned(), keep(value)));
        }
        if self.started {
            return out.extend(changed.into_iter().map(|(name, value)| ChatEvent::Extension { name, value }));
        }
        self.started = true;
        let word = |name: &str| response.get(name).and_then(text).unwrap_or_default().into_owned();
        out.push(ChatEvent::Started {
            id: word("id"),
            model: word("model"),
            created: response.get("created_at").and_then(seconds).filter(|seconds| *seconds > 0),
            extensions: changed,
        });
    }

    /// Takes the members of an answer at its end.
    pub(in crate::openai_responses) fn end(
        &mut self,
        response: &RawMembers<'_>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), ProviderError> {
        self.start(response, out);
        let status = response.get("status").and_then(text);
        if matches!(status.as_deref(), Some("failed" | "cancelled")) {
            let error = response.get("error").map(from_value);
            return Err(error.unwrap_or_else(|| ProviderError::new("the provider gave the answer up")));
        }
        let details = response.get("incomplete_details").and_then(members);
        let reason = details.as_ref().and_then(|details| details.get("reason")).and_then(text);
        let reason = finish::parse(status.as_deref(), reason.as_deref(), self.next_call > 0);
        out.push(ChatEvent::Finished { choice: 0, reason });
        let counted = response.get("usage").and_then(|raw| usage::read(raw, UsageRule::default()));
        if let Some(counted) = counted {
            self.usage_corrected |= counted.corrected;
            out.push(ChatEvent::Usage(counted.usage));
        }
        Ok(())
    }

    /// Takes a whole item: what of it was not told before.
    pub(in crate::openai_responses) fn item(
        &mut self,
        raw: &RawValue,
        progress: &mut Progress,
        out: &mut Vec<ChatEvent>,
    ) {
        let Some(item) = members(raw) else { return };
        match item.get("type").and_then(text).as_deref() {
            Some("message") => self.message(&item, progress, out),
            Some("reasoning") => self.reasoning(raw, &item, progress, out),
            Some("function_call") => self.call(&item, ToolCallKind::Function, progress, out),
            Some("custom_tool_call") => self.call(&item, ToolCallKind::Custom, progress, out),
            Some(kind) => push(Delta::Part(Part::Native { kind: kind.to_owned(), json: keep(raw) }), out),
            None => {}
        }
    }

    fn message(&mut self, item: &RawMembers<'_>, progress: &mut Progress, out: &mut Vec<ChatEvent>) {
        let mut others = Vec::new();
        for (index, raw) in (0..).zip(item.get("content").and_then(elements).unwrap_or_default()) {
            let Some(part) = members(raw) else { continue };
            match part.get("type").and_then(text).as_deref() {
                Some("output_text" | "text") => self.text_part(&part, index, progress, out),
                Some("refusal") => {
                    self.refusal(part.get("refusal").and_then(text).as_deref(), index, true, progress, out);
                }
                _ => others.push(raw.get()),
            }
        }
        if let (false, Ok(value)) = (others.is_empty(), Json::parse(format!("[{}]", others.join(",")))) {
            push(Delta::Extension { name: "content_parts".to_owned(), value }, out);
        }
        if let Some(phase) = item.get("phase") {
            push(Delta::Extension { name: "phase".to_owned(), value: keep(phase) }, out);
        }
    }

    fn text_part(
        &mut self,
        part: &RawMembers<'_>,
        index: u64,
        progress: &mut Progress,
        out: &mut Vec<ChatEvent>,
    ) {
        self.text(part.get("text").and_then(text).as_deref(), index, true, progress, out);
        let logprobs = part.get("logprobs");
        if !progress.part(index).logprobs {
            self.logprobs(logprobs, index, progress, out);
        }
        let annotations = part.get("annotations").and_then(elements).unwrap_or_default();
        let told = progress.part(index).annotations;
        for annotation in annotations.into_iter().skip(told) {
            self.annotation(annotation, index, progress, out);
        }
    }

    /// Takes a piece of text, or a `whole` one, which is told only if no piece of it was.
    pub(in crate::openai_responses) fn text(
        &mut self,
        said: Option<&str>,
        index: u64,
        whole: bool,
        progress: &mut Progress,
        out: &mut Vec<ChatEvent>,
    ) {
        let characters = self.characters;
        let part = progress.part(index);
        part.begins.get_or_insert(characters);
        let Some(said) = said.filter(|said| !(said.is_empty() || whole && part.said)) else { return };
        part.said = true;
        let length = u32::try_from(said.chars().count()).unwrap_or(u32::MAX);
        self.characters = self.characters.saturating_add(length);
        push(Delta::Text(said.to_owned()), out);
    }

    pub(in crate::openai_responses) fn refusal(
        &mut self,
        said: Option<&str>,
        index: u64,
        whole: bool,
        progress: &mut Progress,
        out: &mut Vec<ChatEvent>,
    ) {
        let part = progress.part(index);
        if let Some(said) = said.filter(|said| !(said.is_empty() || whole && part.said)) {
            part.said = true;
            push(Delta::Refusal(said.to_owned()), out);
        }
    }

    /// Takes log probabilities, and tells them in the form of the other dialect of OpenAI.
    pub(in crate::openai_responses) fn logprobs(
        &mut self,
        list: Option<&RawValue>,
        index: u64,
        progress: &mut Progress,
        out: &mut Vec<ChatEvent>,
    ) {
        let Some(list) = list.filter(|list| elements(list).is_some_and(|list| !list.is_empty())) else {
            return;
        };
        progress.part(index).logprobs = true;
        if let Ok(value) = Json::parse(format!("{{\"content\":{}}}", list.get())) {
            push(Delta::Logprobs(value), out);
        }
    }

    pub(in crate::openai_responses) fn annotation(
        &mut self,
        raw: &RawValue,
        index: u64,
        progress: &mut Progress,
        out: &mut Vec<ChatEvent>,
    ) {
        let part = progress.part(index);
        part.annotations += 1;
        if let Some(citation) = citation::read(raw, part.begins.unwrap_or_default()) {
            push(Delta::Citation(citation), out);
        }
    }

    /// Takes a piece of a reasoning's text; `part` is its place among the summaries or contents.
    pub(in crate::openai_responses) fn thought(
        &mut self,
        said: &str,
        place: (&'static str, u64),
        progress: &mut Progress,
        out: &mut Vec<ChatEvent>,
    ) {
        let (member, part) = place;
        if said.is_empty() || *progress.reasoning.get_or_insert(member) != member {
            return;
        }
        let next = progress.reasoning_part != part;
        progress.reasoning_part = part;
        let said = if next { format!("{}{said}", proof::BETWEEN) } else { said.to_owned() };
        push(Delta::Reasoning(said), out);
    }

    fn reasoning(
        &mut self,
        raw: &RawValue,
        item: &RawMembers<'_>,
        progress: &mut Progress,
        out: &mut Vec<ChatEvent>,
    ) {
        // An id alone means something only to a provider that says that it keeps the answer.
        let is_known_later = item.get("encrypted_content").is_some() || self.stored == Some(true);
        match proof::read(raw, self.issuer) {
            Some(Proven::Reasoning(reasoning)) => {
                let signature = reasoning.signature.filter(|_| is_known_later);
                let reasoning = Reasoning { signature, ..reasoning };
                told(reasoning, progress.reasoning.is_some(), out);
            }
            Some(Proven::Text(signature)) => push(Delta::Signature(signature), out),
            Some(Proven::Call(id, signature)) => {
                if let Some(index) = self.calls.get(&id).copied() {
                    push(Delta::ToolCallSignature { index, signature }, out);
                }
            }
            None => {}
        }
    }

    /// Takes the beginning of a call, once its name is known.
    pub(in crate::openai_responses) fn open_call(
        &mut self,
        item: &RawMembers<'_>,
        kind: ToolCallKind,
        progress: &mut Progress,
        out: &mut Vec<ChatEvent>,
    ) {
        let word = |name: &str| item.get(name).and_then(text).unwrap_or_default().into_owned();
        let name = word("name");
        if progress.call.is_some() || name.is_empty() {
            return;
        }
        let index = self.next_call;
        self.next_call += 1;
        progress.call = Some(index);
        let id = word("call_id");
        self.calls.insert(id.clone(), index);
        push(Delta::ToolCall { index, id, name, kind }, out);
    }

    /// Takes a piece of a call's arguments, or the `whole` of them, which is told only if no piece of it was.
    pub(in crate::openai_responses) fn arguments(
        &mut self,
        said: Option<&str>,
        whole: bool,
        progress: &mut Progress,
        out: &mut Vec<ChatEvent>,
    ) {
        let said = said.filter(|said| !(said.is_empty() || whole && progress.has_arguments));
        if let Some((index, said)) = progress.call.zip(said) {
            progress.has_arguments = true;
            push(Delta::Arguments { index, fragment: said.to_owned() }, out);
        }
    }

    fn call(
        &mut self,
        item: &RawMembers<'_>,
        kind: ToolCallKind,
        progress: &mut Progress,
        out: &mut Vec<ChatEvent>,
    ) {
        self.open_call(item, kind, progress, out);
        let member = if kind == ToolCallKind::Custom { "input" } else { "arguments" };
        self.arguments(item.get(member).and_then(text).as_deref(), true, progress, out);
        let besides = item.iter().filter(|(name, _)| ["namespace", "caller", "async"].contains(name));
        let besides: Vec<_> = besides.map(|(name, value)| (name.to_owned(), keep(value))).collect();
        let id = item.get("call_id").and_then(text).unwrap_or_default();
        let items = call_items::list(std::iter::once((id.as_ref(), besides.as_slice())));
        if let Some(value) = items.filter(|_| !besides.is_empty()) {
            push(Delta::Extension { name: call_items::NAME.to_owned(), value }, out);
        }
    }
}

fn told(reasoning: Reasoning, is_told: bool, out: &mut Vec<ChatEvent>) {
    let Reasoning { text, signature, redacted } = reasoning;
    if !is_told && !text.is_empty() {
        push(Delta::Reasoning(text), out);
    }
    match signature {
        Some(signature) if redacted && !is_told => push(Delta::RedactedReasoning(signature), out),
        Some(signature) => push(Delta::ReasoningSignature(signature), out),
        None => {}
    }
}

/// Seconds, whole or with a fraction.
fn seconds(raw: &RawValue) -> Option<i64> {
    integer(raw).or_else(|| {
        let seconds: f64 = raw.get().parse().ok()?;
        // Saturates.
        Some(seconds as i64)
    })
}
