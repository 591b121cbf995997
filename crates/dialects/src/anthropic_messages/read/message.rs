use serde_json::value::RawValue;
use switchyard_domain::chat::{ChatEvent, Delta, Json, TokenUsage};

use super::block::{Block, Progress};
use crate::anthropic_messages::finish;
use crate::anthropic_messages::places::{BESIDE, SERVER_TOOL_USE, SERVICE_TIER};
use crate::anthropic_messages::tiers::canonical_tier_served;
use crate::anthropic_messages::usage::Counts;
use crate::json::{RawMembers, keep, members, text};

/// Reads one answer. This dialect has one choice.
#[derive(Debug, Default)]
pub(in crate::anthropic_messages) struct MessageReader {
    started: bool,
    finished: bool,
    open: Option<Block>,
    progress: Progress,
    counts: Counts,
    /// What a step says, before it becomes events; kept for its memory.
    deltas: Vec<Delta>,
}

impl MessageReader {
    /// Takes the message as it begins, or as it is whole.
    pub(in crate::anthropic_messages) fn begin(
        &mut self,
        message: &RawMembers<'_>,
        out: &mut Vec<ChatEvent>,
    ) {
        if self.started {
            return;
        }
        self.started = true;
        let word = |name: &str| message.get(name).and_then(text).unwrap_or_default().into_owned();
        let mut extensions: Vec<(String, Json)> = Vec::new();
        for name in BESIDE {
            extensions.extend(message.get(name).map(|value| ((*name).to_owned(), keep(value))));
        }
        if let Some(usage) = message.get("usage") {
            self.counts.read(usage);
            let tier = members(usage).and_then(|usage| usage.get("service_tier").and_then(text));
            let tier = tier.and_then(|word| serde_json::to_string(canonical_tier_served(&word)).ok());
            let tier = tier.and_then(|json| Json::parse(json).ok());
            extensions.extend(tier.map(|tier| (SERVICE_TIER.to_owned(), tier)));
        }
        out.push(ChatEvent::Started { id: word("id"), model: word("model"), created: None, extensions });
    }

    /// Takes the beginning of a block. One that was not ended ends here.
    pub(in crate::anthropic_messages) fn start_block(&mut self, block: &RawValue, out: &mut Vec<ChatEvent>) {
        self.stop_block(out);
        self.open = Some(self.progress.start(block, &mut self.deltas));
        self.flush(out);
    }

    /// Takes a piece of the open block.
    pub(in crate::anthropic_messages) fn piece(&mut self, delta: &RawValue, out: &mut Vec<ChatEvent>) {
        if let Some(block) = &mut self.open {
            self.progress.piece(block, delta, &mut self.deltas);
        }
        self.flush(out);
    }

    /// Ends the open block.
    pub(in crate::anthropic_messages) fn stop_block(&mut self, out: &mut Vec<ChatEvent>) {
        if let Some(block) = self.open.take() {
            self.progress.stop(block, &mut self.deltas);
        }
        self.flush(out);
    }

    fn flush(&mut self, out: &mut Vec<ChatEvent>) {
        if !self.deltas.is_empty() && !self.started {
            self.started = true;
            let (id, model) = (String::new(), String::new());
            out.push(ChatEvent::Started { id, model, created: None, extensions: Vec::new() });
        }
        self.finished &= !self.deltas.iter().any(Delta::is_content);
        out.extend(self.deltas.drain(..).map(|delta| ChatEvent::Delta { choice: 0, delta }));
    }

    /// Takes why the answer ended, from the members that say so.
    pub(in crate::anthropic_messages) fn end(&mut self, end: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
        let word = end.get("stop_reason").and_then(text).filter(|word| !word.is_empty());
        let Some(word) = word else { return };
        self.stop_block(out);
        if let Some(value) = finish::finer_word(&word) {
            self.deltas.push(Delta::Extension { name: finish::STOP_REASON.to_owned(), value });
        }
        self.flush(out);
        self.finished = true;
        let sequence = end.get("stop_sequence").and_then(text);
        let reason = finish::parse(&word, sequence.as_deref(), self.progress.calls > 0);
        out.push(ChatEvent::Finished { choice: 0, reason });
    }

    /// Takes members beside the content that came late.
    pub(in crate::anthropic_messages) fn beside(&self, object: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
        for name in BESIDE {
            let value = object.get(name).map(keep);
            out.extend(value.map(|value| ChatEvent::Extension { name: (*name).to_owned(), value }));
        }
    }

    /// Takes the counts at the end. Those of a beginning are not told: they count the first token only, and who stops there
    /// must not take them for the whole.
    pub(in crate::anthropic_messages) fn count(&mut self, usage: &RawValue, out: &mut Vec<ChatEvent>) {
        self.counts.read(usage);
        if let Some(runs) = members(usage).and_then(|usage| usage.get(SERVER_TOOL_USE)) {
            out.push(ChatEvent::Extension { name: SERVER_TOOL_USE.to_owned(), value: keep(runs) });
        }
        out.extend(self.counts.usage().map(ChatEvent::Usage));
    }

    /// Whether it was said why the answer ended, and nothing more after it.
    pub(in crate::anthropic_messages) fn is_finished(&self) -> bool {
        self.finished
    }

    /// What was counted of the prompt.
    pub(in crate::anthropic_messages) fn prompt(&self) -> Option<TokenUsage> {
        self.counts.prompt()
    }

    /// Whether a count made no sense and was replaced.
    pub(in crate::anthropic_messages) fn usage_corrected(&self) -> bool {
        self.counts.corrected()
    }
}
