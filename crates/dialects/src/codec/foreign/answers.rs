use switchyard_domain::chat::{ChatAnswer, ChatEvent, Delta, Dialect, Json, LossReport, Part};

use super::members::{holds_nothing, names_only};
use crate::codec::ClientCodec;
use crate::json::members;

const REASON: &str = "has no place in an answer of the client's dialect";

/// Longest part of a member's name that is told: providers choose names.
const LONGEST_NAME: usize = 100;

/// Takes out of a piece of an answer what no client of this dialect could read, where a provider speaks `source`: members
/// without canonical form of another dialect, and parts that have no place. Tells what is lost so.
#[must_use]
pub fn fit_events(client: &dyn ClientCodec, source: Dialect, events: &mut Vec<ChatEvent>) -> LossReport {
    let mut judge = Judge { client, source, lost: LossReport::default() };
    events.retain_mut(|event| match event {
        ChatEvent::Started { extensions, .. } => {
            extensions.retain(|(name, value)| judge.keeps("answer", name, value));
            true
        }
        ChatEvent::Extension { name, value } => judge.keeps("answer", name, value),
        ChatEvent::Delta { choice, delta: Delta::Extension { name, value } } => {
            judge.keeps(&of_choice(*choice), name, value)
        }
        ChatEvent::Delta { choice, delta: Delta::Part(part) } => judge.shows(*choice, part),
        ChatEvent::Delta { .. } | ChatEvent::Finished { .. } | ChatEvent::Usage(_) => true,
    });
    judge.ends(events);
    judge.lost
}

/// The same for an answer that came whole.
#[must_use]
pub fn fit_answer(client: &dyn ClientCodec, source: Dialect, answer: &mut ChatAnswer) -> LossReport {
    let mut judge = Judge { client, source, lost: LossReport::default() };
    answer.extensions.retain(|(name, value)| judge.keeps("answer", name, value));
    for choice in &mut answer.choices {
        let place = of_choice(choice.index);
        choice.extensions.retain(|(name, value)| judge.keeps(&place, name, value));
        choice.parts.retain(|part| judge.shows(choice.index, part));
        if matches!(choice.parts.last(), Some(Part::Signature(_))) {
            judge.ends_with_proof(choice.index);
        }
    }
    judge.lost
}

fn of_choice(choice: u32) -> String {
    format!("answer.choices[{choice}]")
}

struct Judge<'c> {
    client: &'c dyn ClientCodec,
    source: Dialect,
    lost: LossReport,
}

impl Judge<'_> {
    fn keeps(&mut self, place: &str, name: &str, value: &Json) -> bool {
        if self.source == self.client.dialect() || self.client.shared_members().contains(&name) {
            return true;
        }
        if !is_idle(self.source, name, value) {
            let name: String = name.chars().take(LONGEST_NAME).collect();
            self.lose(format!("{place}.{name}"));
        }
        false
    }

    fn shows(&mut self, choice: u32, part: &Part) -> bool {
        let shows = self.client.shows(part);
        if !shows {
            self.lose(format!("{}.{}", of_choice(choice), kind_of(part)));
        }
        shows
    }

    /// Tells of the proof with which a choice ends, where it comes together with the end, as Google's do.
    fn ends(&mut self, events: &[ChatEvent]) {
        let mut proven = None;
        for event in events {
            match event {
                ChatEvent::Delta { choice, delta: Delta::Signature(_) } => proven = Some(*choice),
                ChatEvent::Delta {
                    delta: Delta::Extension { .. } | Delta::Logprobs(_) | Delta::Citation(_),
                    ..
                } => {}
                ChatEvent::Delta { .. } => proven = None,
                ChatEvent::Finished { choice, .. } if proven == Some(*choice) => {
                    self.ends_with_proof(*choice);
                }
                _ => {}
            }
        }
    }

    fn ends_with_proof(&mut self, choice: u32) {
        if !self.client.ends_with_proof() {
            self.lose(format!("{}.signature", of_choice(choice)));
        }
    }

    fn lose(&mut self, member: String) {
        if !self.lost.losses.iter().any(|loss| loss.member == member) {
            self.lost.dropped(member, REASON);
        }
    }
}

fn kind_of(part: &Part) -> &str {
    match part {
        Part::Image { .. } => "image",
        Part::Audio(_) => "audio",
        Part::Document(_) => "document",
        Part::Native { kind, .. } => kind.get(..LONGEST_NAME).unwrap_or(kind),
        _ => "part",
    }
}

/// Whether nothing is lost without a member: it says nothing, is said in the canonical form too, or is the provider's own
/// bookkeeping, which means nothing to who asked.
fn is_idle(source: Dialect, name: &str, value: &Json) -> bool {
    if holds_nothing(value) {
        return true;
    }
    match (source, name) {
        (Dialect::OPENAI_CHAT, "system_fingerprint" | "obfuscation") => true,
        (Dialect::OPENAI_RESPONSES, "phase") => true,
        (Dialect::OPENAI_RESPONSES, "call_items") => names_only(value, &["call_id", "id", "status"]),
        (Dialect::GEMINI, "createTime" | "trafficType") => true,
        (Dialect::OLLAMA, name) => name.ends_with("_duration"),
        (Dialect::BEDROCK_CONVERSE, "metrics") => true,
        // The stop text that was met: the only one of these that we ask for ourselves.
        (Dialect::BEDROCK_CONVERSE, "additionalModelResponseFields") => {
            members(&value.0).is_some_and(|fields| fields.iter().all(|(name, _)| name == "stop_sequence"))
        }
        _ => false,
    }
}
