use std::collections::BTreeMap;

use serde_json::value::RawValue;
use switchyard_domain::chat::{ChatEvent, FinishReason, Json, TokenUsage};
use switchyard_domain::time::Timestamp;

use super::beside::Beside;
use super::candidate::CandidateReader;
use crate::codec::Taken;
use crate::error::{ProviderError, announces_error, from_members, has_error};
use crate::gemini::usage;
use crate::json::{RawMembers, elements, integer, keep, members, object, text};

/// The members that are read.
const READ: &[&str] = &["candidates", "usageMetadata", "modelVersion", "responseId", "error"];

/// Those by which an answer is known.
const KNOWN_BY: &[&str] = &["candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId"];

/// The words in `usageMetadata` that are no counts, and the names under which they are kept. The first is OpenAI's.
pub(super) const ABOUT_SERVICE: &[(&str, &str)] =
    &[("serviceTier", "service_tier"), ("trafficType", "trafficType")];

/// Nobody asks for more choices, and a hostile provider must not make us keep more.
const MAX_CHOICES: u32 = 128;

/// Reads the pieces of one answer in turn. A whole answer is one piece.
#[derive(Debug, Default)]
pub(in crate::gemini) struct ChunkReader {
    /// How many candidates were asked for.
    asked: u32,
    /// Whether the prompt was refused, so that there will be no candidate.
    blocked: bool,
    started: bool,
    beside: Beside,
    candidates: BTreeMap<u32, CandidateReader>,
    usage: Option<TokenUsage>,
    usage_corrected: bool,
}

impl ChunkReader {
    /// A reader at the start of an answer of so many candidates.
    pub(in crate::gemini) fn of(candidates: u32) -> Self {
        Self { asked: candidates, ..Self::default() }
    }

    /// Appends the events of a piece: an object, or a list of such, as which a server that is not asked for events sends all
    /// of a stream (`google-streamgeneratecontent-249b0ceb3c`, 2026).
    pub(in crate::gemini) fn read(
        &mut self,
        data: &str,
        out: &mut Vec<ChatEvent>,
    ) -> Result<Taken, ProviderError> {
        if data.starts_with('[') {
            let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(data) else { return Ok(Taken::Malformed) };
            let mut taken = Taken::Unknown;
            for chunk in list {
                match object(chunk.get()) {
                    Some(top) if self.read_object(&top, out)? == Taken::Chunk => taken = Taken::Chunk,
                    _ => {}
                }
            }
            return Ok(taken);
        }
        match object(data) {
            Some(top) => self.read_object(&top, out),
            None => Ok(Taken::Malformed),
        }
    }

    fn read_object(
        &mut self,
        top: &RawMembers<'_>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<Taken, ProviderError> {
        if has_error(top) {
            return Err(from_members(top));
        }
        if !KNOWN_BY.iter().any(|name| top.has(name)) {
            return if announces_error(top) { Err(from_members(top)) } else { Ok(Taken::Unknown) };
        }
        self.start(top, out);
        let candidates = top.get("candidates").and_then(elements).unwrap_or_default();
        for (position, candidate) in candidates.iter().enumerate() {
            let Some(candidate) = members(candidate) else { continue };
            let index = candidate.get("index").and_then(integer).and_then(|index| u32::try_from(index).ok());
            let index = index.or_else(|| u32::try_from(position).ok()).unwrap_or(MAX_CHOICES);
            if index < MAX_CHOICES {
                self.candidate(index).read(&candidate, out);
            }
        }
        if self.candidates.is_empty() && is_blocked(top) {
            self.blocked = true;
            self.candidate(0).stop(FinishReason::ContentFilter, out);
        }
        self.count(top, out);
        Ok(Taken::Chunk)
    }

    /// Appends what is held back.
    pub(in crate::gemini) fn finish(&mut self, out: &mut Vec<ChatEvent>) {
        self.candidates.values_mut().for_each(|candidate| candidate.flush(out));
    }

    /// Whether all candidates that were asked for have ended, or none will come.
    pub(in crate::gemini) fn is_finished(&self) -> bool {
        let all_came = u32::try_from(self.candidates.len()).is_ok_and(|came| came >= self.asked);
        (all_came || self.blocked) && self.has_ended()
    }

    /// Whether there was at least one candidate and all that came have ended.
    pub(in crate::gemini) fn has_ended(&self) -> bool {
        self.has_choices() && self.candidates.values().all(CandidateReader::is_finished)
    }

    /// Whether there was a candidate, or the word that there will be none.
    pub(in crate::gemini) fn has_choices(&self) -> bool {
        !self.candidates.is_empty()
    }

    /// Whether a count made no sense and was replaced.
    pub(in crate::gemini) fn usage_corrected(&self) -> bool {
        self.usage_corrected
    }

    fn candidate(&mut self, index: u32) -> &mut CandidateReader {
        self.candidates.entry(index).or_insert_with(|| CandidateReader::new(index))
    }

    fn start(&mut self, top: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
        let mut changed = Vec::new();
        let others = top.iter().filter(|(name, _)| !READ.contains(name));
        let counted = top.get("usageMetadata").and_then(members);
        let about = ABOUT_SERVICE.iter().filter_map(|(member, name)| {
            let value = counted.as_ref()?.get(member)?;
            Some((*name, value))
        });
        for (name, value) in others.chain(about) {
            if self.beside.take(name, value) {
                changed.push((name.to_owned(), keep(value)));
            }
        }
        if self.started {
            out.extend(changed.into_iter().map(|(name, value)| ChatEvent::Extension { name, value }));
            return;
        }
        self.started = true;
        let word = |name: &str| top.get(name).and_then(text).unwrap_or_default();
        out.push(ChatEvent::Started {
            id: word("responseId").into_owned(),
            model: word("modelVersion").into_owned(),
            created: Timestamp::parse(&word("createTime")).ok().map(Timestamp::unix_seconds),
            extensions: self.beside.all().to_vec(),
        });
    }

    /// The counts are sums so far, and stand in every piece.
    fn count(&mut self, top: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
        let Some(reading) = top.get("usageMetadata").and_then(usage::read) else { return };
        self.usage_corrected |= reading.corrected;
        if self.usage != Some(reading.usage) {
            self.usage = Some(reading.usage);
            out.push(ChatEvent::Usage(reading.usage));
        }
    }
}

/// Whether the prompt was refused, so that there is no candidate.
fn is_blocked(top: &RawMembers<'_>) -> bool {
    let feedback = top.get("promptFeedback").and_then(members);
    feedback.is_some_and(|feedback| says_blocked(feedback.get("blockReason")))
}

fn says_blocked(reason: Option<&RawValue>) -> bool {
    reason.and_then(text).is_some_and(|reason| !reason.is_empty())
}

/// Whether a `promptFeedback` says that the prompt was refused.
pub(super) fn is_block(feedback: &Json) -> bool {
    members(&feedback.0).is_some_and(|feedback| says_blocked(feedback.get("blockReason")))
}
