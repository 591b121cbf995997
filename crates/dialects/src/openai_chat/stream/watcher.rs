use switchyard_domain::chat::Units;

use super::{Peeked, Progress, peek};
use crate::codec::{Look, StreamWatcher, Taken};
use crate::error::ProviderError;
use crate::openai_chat::UsageRule;

/// Watches a stream of this dialect without decoding it.
#[derive(Debug)]
pub struct Watcher {
    rule: UsageRule,
    progress: Progress,
    is_named: bool,
    /// The class of service that was told last.
    service_tier: Option<String>,
}

impl Watcher {
    /// A watcher at the start of a stream of so many choices, of a vendor that counts by `rule`.
    #[must_use]
    pub fn new(rule: UsageRule, choices: u32) -> Self {
        Self { rule, progress: Progress::of(choices), is_named: false, service_tier: None }
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
            self.progress.note(peeked.choices, peeked.said, peeked.finished);
        }
        let mut look = Look::of_peeked(peeked);
        look.finished = self.progress.is_whole();
        Ok(look)
    }

    /// Some vendors make one choice whatever was asked for, and some say no last word (`huggingface`, `perplexity`): a body that
    /// comes to its proper end is believed.
    fn may_end(&self) -> bool {
        self.progress.has_ended()
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
            prompt: None,
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
