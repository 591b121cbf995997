//! What a chunk of a stream and a whole answer have in common, which is nearly everything: choices, of a `delta` or of a
//! `message`, and members beside them.

mod calls;
mod choice;

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use switchyard_domain::chat::{ChatEvent, Json};

use super::usage::{self, UsageRule};
use crate::error::{ProviderError, announces_error, from_members, from_value, has_error};
use crate::json::{RawMembers, Shape, elements, integer, keep, members, object, shape, text};
use choice::ChoiceReader;

/// The members that are read, or mean nothing (`obfuscation` and `p` are padding against guessing by length).
const READ: &[&str] = &["id", "object", "created", "model", "choices", "usage", "error", "obfuscation", "p"];

/// Nobody asks for more choices, and a hostile provider must not make us keep more.
pub(super) const MAX_CHOICES: u32 = 128;

/// More members than any vendor puts beside the choices.
const MAX_BESIDE: usize = 64;

/// Reads the chunks of one answer in turn.
#[derive(Debug, Default)]
pub(super) struct ChunkReader {
    rule: UsageRule,
    piece: Piece,
    /// How many choices were asked for.
    asked: u32,
    started: bool,
    beside: Vec<(String, Json)>,
    choices: BTreeMap<u32, ChoiceReader>,
    usage_corrected: bool,
}

/// Which member of a choice has what was said. Perplexity gives both, the other one empty or repeated
/// (`perplexity-chat_completions-126ddc2c3d`, 2026).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Piece {
    /// `delta`, and `message` only where there is none: a chunk.
    #[default]
    Delta,
    /// `message`, and `delta` only where there is none: a whole answer.
    Message,
}

/// Why a chunk was not read.
#[derive(Debug)]
pub(super) enum ChunkFault {
    /// It is no JSON object.
    Malformed,
    /// It is an object of another kind.
    Unknown,
    /// It says that the provider failed.
    Error(ProviderError),
}

impl ChunkReader {
    pub(super) fn new(rule: UsageRule, piece: Piece) -> Self {
        Self { rule, piece, ..Self::default() }
    }

    /// The reader of an answer of so many choices.
    pub(super) fn of(self, choices: u32) -> Self {
        Self { asked: choices.min(MAX_CHOICES), ..self }
    }

    /// Appends the events of a chunk. `is_error` says that the transport called it an error, whatever its shape.
    pub(super) fn read(
        &mut self,
        data: &str,
        is_error: bool,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), ChunkFault> {
        let top = object(data).ok_or(ChunkFault::Malformed)?;
        if is_error || has_error(&top) {
            return Err(ChunkFault::Error(from_members(&top)));
        }
        let Some(choices) = choices(&top) else {
            let error = announces_error(&top);
            return Err(if error { ChunkFault::Error(from_members(&top)) } else { ChunkFault::Unknown });
        };
        self.start(&top, choices.is_empty(), out);
        for (position, choice) in choices.into_iter().enumerate() {
            let Some(choice) = members(choice) else { continue };
            if has_error(&choice) {
                let error = choice.get("error").map(from_value).unwrap_or_default();
                return Err(ChunkFault::Error(error));
            }
            let index = choice.get("index").and_then(integer).and_then(|index| u32::try_from(index).ok());
            let index = index.or_else(|| u32::try_from(position).ok()).unwrap_or(MAX_CHOICES);
            if index < MAX_CHOICES {
                let reader = self.choices.entry(index).or_insert_with(|| ChoiceReader::new(index));
                reader.read(&choice, self.piece, out);
            }
        }
        if let Some(reading) = counted(&top).and_then(|raw| usage::read(raw, self.rule)) {
            // The last reading counts, as it does for the bytes that pass through: it replaces one that made no sense.
            self.usage_corrected = reading.corrected;
            out.push(ChatEvent::Usage(reading.usage));
        }
        Ok(())
    }

    /// Appends what is held back: calls whose name never came.
    pub(super) fn finish(&mut self, out: &mut Vec<ChatEvent>) {
        for choice in self.choices.values_mut() {
            choice.flush(out);
        }
    }

    /// The provider said that all is said: a choice that it left open ends here, and none will come any more.
    pub(super) fn end(&mut self, out: &mut Vec<ChatEvent>) {
        self.asked = 0;
        self.choices.values_mut().for_each(|choice| choice.close(out));
    }

    /// Whether all choices that were asked for have ended, and at least one.
    pub(super) fn is_finished(&self) -> bool {
        let all_came = u32::try_from(self.choices.len()).is_ok_and(|came| came >= self.asked);
        all_came && self.has_ended()
    }

    /// Whether all choices that came have ended, and at least one.
    pub(super) fn has_ended(&self) -> bool {
        self.has_choices() && self.choices.values().all(ChoiceReader::is_finished)
    }

    /// Whether there was a choice.
    pub(super) fn has_choices(&self) -> bool {
        !self.choices.is_empty()
    }

    /// Whether a count made no sense and was replaced.
    pub(super) fn usage_corrected(&self) -> bool {
        self.usage_corrected
    }

    fn start(&mut self, top: &RawMembers<'_>, is_preface: bool, out: &mut Vec<ChatEvent>) {
        let mut changed = Vec::new();
        for (name, value) in top.iter().filter(|(name, _)| !READ.contains(name)) {
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
            out.extend(changed.into_iter().map(|(name, value)| ChatEvent::Extension { name, value }));
            return;
        }
        let word = |name: &str| top.get(name).and_then(text).unwrap_or_default().into_owned();
        let id = word("id");
        if is_preface && id.is_empty() {
            // Azure's verdict on the prompt comes before the answer has a name: `azure-chat_completions-2fe181dc01`, 2024.
            return;
        }
        self.started = true;
        out.push(ChatEvent::Started {
            id,
            model: word("model"),
            created: top.get("created").and_then(integer),
            extensions: self.beside.clone(),
        });
    }
}

/// The choices; none for a chunk that is only about something else (usage, Azure's verdict on the prompt).
fn choices<'a>(top: &RawMembers<'a>) -> Option<Vec<&'a RawValue>> {
    match top.get("choices") {
        Some(choices) if shape(choices) == Shape::Array => elements(choices),
        Some(_) => None,
        None => {
            let is_chunk = top.has("choices")
                || counted(top).is_some()
                || top
                    .get("object")
                    .and_then(text)
                    .is_some_and(|object| object.starts_with("chat.completion"));
            is_chunk.then(Vec::new)
        }
    }
}

/// The counts: OpenAI's member, or Groq's own place for those who did not ask (`groq-chat_completions-1ac3e79036`, 2025).
fn counted<'a>(top: &RawMembers<'a>) -> Option<&'a RawValue> {
    top.get("usage").or_else(|| members(top.get("x_groq")?)?.get("usage"))
}
