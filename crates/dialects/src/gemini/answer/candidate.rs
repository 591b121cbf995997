use serde_json::value::RawValue;
use switchyard_domain::chat::{ChatEvent, Delta, FinishReason, Json, Part, Signature};

use super::beside::Beside;
use super::calls::Calls;
use crate::gemini::citations::{Citations, Cited, Places};
use crate::gemini::{finish, logprobs, media, proofs};
use crate::json::{RawMembers, elements, keep, members, text};

/// The members of a candidate that are read.
const READ: &[&str] = &["content", "finishReason", "index", "logprobsResult"];

/// The members of a part that say something about it and are not what it is.
const ABOUT: &[&str] = &["thought", "thoughtSignature"];

/// Reads the pieces of one candidate in turn.
#[derive(Debug)]
pub(super) struct CandidateReader {
    index: u32,
    calls: Calls,
    places: Places,
    citations: Citations,
    beside: Beside,
    /// The members beside the content that changed since they were last told. They are told when the candidate ends, so that
    /// of a list that every piece repeats there is one.
    untold: Vec<String>,
    word: Option<String>,
    finished: Option<FinishReason>,
    /// Whether more was said since it ended.
    goes_on: bool,
}

impl CandidateReader {
    pub(super) fn new(index: u32) -> Self {
        Self {
            index,
            calls: Calls::default(),
            places: Places::default(),
            citations: Citations::default(),
            beside: Beside::default(),
            untold: Vec::new(),
            word: None,
            finished: None,
            goes_on: false,
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished.is_some() && !self.goes_on
    }

    /// Appends the events of a piece. What is said comes before the end, which stands in one piece with it.
    pub(super) fn read(&mut self, candidate: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
        let content = candidate.get("content").and_then(members);
        let parts = content.and_then(|content| content.get("parts").and_then(elements)).unwrap_or_default();
        let (mut starts, before) = (Vec::with_capacity(parts.len()), out.len());
        for part in parts {
            starts.push(self.places.bytes());
            self.part(part, out);
        }
        self.goes_on |= out.get(before..).unwrap_or_default().iter().any(ChatEvent::is_content);
        let index = self.index;
        let mut push = |delta| out.push(ChatEvent::Delta { choice: index, delta });
        if let Some(logprobs) = candidate.get("logprobsResult").and_then(logprobs::read) {
            push(Delta::Logprobs(logprobs));
        }
        let cited = Cited { places: &self.places, starts: &starts };
        self.citations.read(candidate, &cited).into_iter().for_each(|found| push(Delta::Citation(found)));
        for (name, value) in candidate.iter().filter(|(name, _)| !READ.contains(name)) {
            if self.beside.take(name, value) && !self.untold.iter().any(|known| known == name) {
                self.untold.push(name.to_owned());
            }
        }
        let word = candidate.get("finishReason").and_then(text);
        if let Some(word) = word.filter(|word| !word.is_empty() && word != "FINISH_REASON_UNSPECIFIED") {
            self.word = Some(word.into_owned());
            self.goes_on = false;
        }
        if self.word.is_some() {
            self.end(out);
        }
    }

    /// The candidate is stopped by something outside it.
    pub(super) fn stop(&mut self, reason: FinishReason, out: &mut Vec<ChatEvent>) {
        self.finished = Some(reason.clone());
        out.push(ChatEvent::Finished { choice: self.index, reason });
    }

    /// Appends what is held back.
    pub(super) fn flush(&mut self, out: &mut Vec<ChatEvent>) {
        let index = self.index;
        let mut push = |delta| out.push(ChatEvent::Delta { choice: index, delta });
        self.calls.close(&mut push);
        for name in self.untold.drain(..) {
            if let Some((name, value)) = self.beside.all().iter().find(|(known, _)| *known == name) {
                push(Delta::Extension { name: name.clone(), value: value.clone() });
            }
        }
    }

    fn end(&mut self, out: &mut Vec<ChatEvent>) {
        self.flush(out);
        let Some(word) = &self.word else { return };
        let by_calls = !self.calls.is_empty() && finish::yields_to_calls(word);
        let reason = if by_calls { FinishReason::ToolCalls } else { finish::parse(word) };
        if self.finished.as_ref() == Some(&reason) {
            return;
        }
        if finish::word(&reason) != word
            && let Ok(value) = Json::parse(serde_json::Value::from(word.as_str()).to_string())
        {
            let name = finish::NATIVE_WORD.to_owned();
            out.push(ChatEvent::Delta { choice: self.index, delta: Delta::Extension { name, value } });
        }
        self.finished = Some(reason.clone());
        out.push(ChatEvent::Finished { choice: self.index, reason });
    }

    fn part(&mut self, raw: &RawValue, out: &mut Vec<ChatEvent>) {
        let Some(part) = members(raw) else { return };
        let index = self.index;
        let mut push = |delta| out.push(ChatEvent::Delta { choice: index, delta });
        let proof = part.get("thoughtSignature").and_then(text).filter(|proof| !proof.is_empty());
        let proof = proof.map(|proof| proofs::read(&proof));
        let is_thought = part.get("thought").is_some_and(|thought| thought.get() == "true");
        if let Some(call) = part.get("functionCall").and_then(members) {
            return self.calls.read(&call, proof.map(|(signature, _)| signature), &mut push);
        }
        let said = part.get("text").and_then(text);
        let is_bare = part.iter().all(|(name, _)| ABOUT.contains(&name));
        if said.is_some() || is_bare {
            let said = said.unwrap_or_default().into_owned();
            if is_thought {
                return think(said, proof, &mut push);
            }
            if !said.is_empty() {
                self.places.push(&said);
                push(Delta::Text(said));
            }
        } else {
            match media(&part).filter(|_| !is_thought) {
                Some(part) => push(Delta::Part(part)),
                // Its proof stands in it.
                None => return push(Delta::Part(native(&part, raw))),
            }
        }
        proof.into_iter().for_each(|(signature, _)| push(Delta::Signature(signature)));
    }
}

fn think(said: String, proof: Option<(Signature, bool)>, push: &mut impl FnMut(Delta)) {
    if !said.is_empty() {
        push(Delta::Reasoning(said));
    }
    match proof {
        Some((signature, true)) => push(Delta::RedactedReasoning(signature)),
        Some((signature, false)) => push(Delta::ReasoningSignature(signature)),
        None => {}
    }
}

/// Bytes that come with the part, or stand where anybody can fetch them.
fn media(part: &RawMembers<'_>) -> Option<Part> {
    let word =
        |media: &RawMembers<'_>, name: &str| media.get(name).and_then(text).map(|word| word.into_owned());
    if let Some(inline) = part.get("inlineData").and_then(members) {
        let media_type = word(&inline, "mimeType").unwrap_or_default();
        return Some(media::inline(&media_type, &word(&inline, "data")?, word(&inline, "displayName")));
    }
    let file = part.get("fileData").and_then(members)?;
    media::fetched(&word(&file, "fileUri")?, &word(&file, "mimeType")?)
}

fn native(part: &RawMembers<'_>, raw: &RawValue) -> Part {
    let kind = part.iter().map(|(name, _)| name).find(|name| !ABOUT.contains(name));
    Part::Native { kind: kind.unwrap_or_default().to_owned(), json: keep(raw) }
}
