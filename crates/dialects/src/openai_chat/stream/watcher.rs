use bytes::Bytes;
use serde_json::{Map, Value, json};
use switchyard_domain::chat::Units;

use super::{ChoiceSet, Peeked, peek};
use crate::codec::{Look, StreamWatcher, Taken};
use crate::error::ProviderError;
use crate::openai_chat::UsageRule;

/// A longer first chunk is not kept.
const LONGEST_KEPT: usize = 4096;
/// The members that each chunk of a stream repeats.
const SHARED: [&str; 5] = ["id", "object", "created", "model", "system_fingerprint"];

/// Watches a stream of this dialect without decoding it.
#[derive(Debug)]
pub struct Watcher {
    rule: UsageRule,
    begun: ChoiceSet,
    ended: ChoiceSet,
    calling: ChoiceSet,
    /// The first chunk, if it is not too long to be kept: what all chunks have in common stands in it.
    first: Option<Box<[u8]>>,
    is_named: bool,
    /// The class of service that was told last.
    service_tier: Option<String>,
}

impl Watcher {
    /// A watcher at the start of a stream of a vendor that counts by `rule`.
    #[must_use]
    pub fn new(rule: UsageRule) -> Self {
        Self {
            rule,
            begun: ChoiceSet::default(),
            ended: ChoiceSet::default(),
            calling: ChoiceSet::default(),
            first: None,
            is_named: false,
            service_tier: None,
        }
    }
}

impl StreamWatcher for Watcher {
    fn look(&mut self, name: Option<&[u8]>, data: &[u8], output: &mut String) -> Result<Look, ProviderError> {
        let mut peeked = peek(name, data, self.rule, output)?;
        if self.is_named {
            // It stands in every chunk.
            peeked.model = None;
        }
        self.is_named |= peeked.model.as_ref().is_some_and(|model| !model.is_empty());
        if peeked.service_tier.is_some() && peeked.service_tier.as_deref() == self.service_tier.as_deref() {
            peeked.service_tier = None;
        } else if let Some(tier) = &peeked.service_tier {
            self.service_tier = Some(tier.to_string());
        }
        if peeked.taken == Taken::Chunk {
            if self.begun.is_empty() && !peeked.choices.is_empty() {
                self.first = (data.len() <= LONGEST_KEPT).then(|| data.into());
            }
            self.calling.extend(peeked.calling);
            self.begun.extend(peeked.choices);
            self.ended.extend(peeked.finished);
        }
        let mut look = Look::of_peeked(peeked);
        look.finished = !self.begun.is_empty() && self.begun == self.ended;
        Ok(look)
    }

    /// Some say that they are done and not why, also after a call of a tool (`openai-chat_completions-517669563b`, 2025): clients wait for
    /// the reason.
    fn unsaid(&self) -> Option<Bytes> {
        let end = |index: u32| {
            let reason = if self.calling.contains(index) { "tool_calls" } else { "stop" };
            json!({"index": index, "delta": {}, "finish_reason": reason})
        };
        let ends: Vec<Value> = self.begun.without(self.ended).map(end).collect();
        if ends.is_empty() {
            return None;
        }
        let first = self.first.as_deref().and_then(|first| serde_json::from_slice(first).ok());
        let mut chunk: Map<String, Value> = first.unwrap_or_default();
        chunk.retain(|name, _| SHARED.contains(&name.as_str()));
        chunk.insert("choices".to_owned(), Value::Array(ends));
        Some(Bytes::from(format!("data: {}\n\n", Value::Object(chunk))))
    }
}

impl Look {
    /// What a look at one event found; whether all has ended is for whoever saw the others.
    pub(in crate::openai_chat) fn of_peeked(peeked: Peeked<'_>) -> Self {
        Self {
            taken: peeked.taken,
            has_content: peeked.has_content,
            finished: false,
            usage: peeked.usage.map(|reading| reading.usage),
            usage_corrected: peeked.usage.is_some_and(|reading| reading.corrected),
            units: Units::default(),
            is_closing_usage: peeked.is_closing_usage,
            service_tier: peeked
                .service_tier
                .filter(|tier| !tier.is_empty())
                .map(std::borrow::Cow::into_owned),
            model: peeked.model.filter(|model| !model.is_empty()).map(std::borrow::Cow::into_owned),
        }
    }
}
