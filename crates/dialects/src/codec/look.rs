use std::collections::BTreeMap;
use std::fmt::Debug;

use switchyard_domain::chat::{ChatEvent, Json, TokenUsage, Units};

use super::{AnswerFault, DecodedAnswer, StreamReader, Taken};
use crate::error::ProviderError;

/// What must be known of an event, or of a whole answer, whose bytes go to the client as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// What it is.
    pub taken: Taken,
    /// Whether it has content (text, reasoning, refusal, a tool call) or ends a choice: what commits an attempt.
    pub has_content: bool,
    /// Whether every choice that was asked for has ended by now.
    pub finished: bool,
    /// What the provider counted, as far as it says.
    pub usage: Option<TokenUsage>,
    /// Whether a count made no sense and was replaced.
    pub usage_corrected: bool,
    /// What it counted of the prompt before it answers, see [`StreamReader::prompt`].
    pub prompt: Option<TokenUsage>,
    /// What is billed by the piece, as we counted it here.
    pub units: Units,
    /// Whether it only counts, and is to be hidden from a client that did not ask.
    pub is_closing_usage: bool,
    /// The class of service that was given, in the provider's word, where it says so.
    pub service_tier: Option<String>,
    /// The model that answers, in the provider's word, where it says so for the first time.
    pub model: Option<String>,
}

impl Look {
    /// Of something that has nothing to do with the answer.
    #[must_use]
    pub fn of(taken: Taken) -> Self {
        Self {
            taken,
            has_content: false,
            finished: false,
            usage: None,
            usage_corrected: false,
            prompt: None,
            units: Units::default(),
            is_closing_usage: false,
            service_tier: None,
            model: None,
        }
    }
}

/// Looks at the events of one stream in passing.
pub trait StreamWatcher: Send + Debug {
    /// Looks at the next event. All text that the model made (content, reasoning, refusal, names and arguments of tool calls)
    /// is appended to `output`, for counting.
    ///
    /// # Errors
    /// When the event says that the provider failed, in whatever shape.
    fn look(&mut self, name: Option<&[u8]>, data: &[u8], output: &mut String) -> Result<Look, ProviderError>;

    /// Whether a body that comes to its proper end here is whole although less came than was asked for.
    fn may_end(&self) -> bool {
        false
    }
}

/// Watches a stream by reading it.
#[derive(Debug)]
pub struct DecodingWatcher {
    reader: Box<dyn StreamReader>,
    events: Vec<ChatEvent>,
}

impl DecodingWatcher {
    /// A watcher that reads with `reader`.
    #[must_use]
    pub fn new(reader: Box<dyn StreamReader>) -> Self {
        Self { reader, events: Vec::new() }
    }
}

impl StreamWatcher for DecodingWatcher {
    fn look(&mut self, name: Option<&[u8]>, data: &[u8], output: &mut String) -> Result<Look, ProviderError> {
        self.events.clear();
        let taken = self.reader.event(name, data, &mut self.events)?;
        let mut look = seen(&self.events, taken, output);
        look.finished = self.reader.is_finished();
        look.usage_corrected = self.reader.usage_corrected();
        look.prompt = self.reader.prompt();
        Ok(look)
    }

    fn may_end(&self) -> bool {
        self.reader.may_end()
    }
}

/// Looks at a whole answer by way of its events.
///
/// # Errors
/// When there is no choice in it.
pub fn glance_at_decoded(answer: &DecodedAnswer, output: &mut String) -> Result<Look, AnswerFault> {
    let mut ended = BTreeMap::new();
    for event in &answer.events {
        match event {
            ChatEvent::Delta { choice, .. } => {
                ended.entry(*choice).or_insert(false);
            }
            ChatEvent::Finished { choice, .. } => {
                ended.insert(*choice, true);
            }
            _ => {}
        }
    }
    if ended.is_empty() {
        return Err(AnswerFault::NoChoices);
    }
    let mut look = seen(&answer.events, Taken::Chunk, output);
    look.finished = ended.values().all(|ended| *ended);
    look.usage_corrected = answer.usage_corrected;
    Ok(look)
}

fn seen(events: &[ChatEvent], taken: Taken, output: &mut String) -> Look {
    let mut look = Look::of(taken);
    for event in events {
        match event {
            ChatEvent::Started { model, extensions, .. } => {
                look.model = Some(model.clone()).filter(|model| !model.is_empty());
                look.service_tier = extensions.iter().find_map(|(name, value)| service_tier(name, value));
            }
            ChatEvent::Delta { delta, .. } => {
                look.has_content |= delta.is_content();
                output.push_str(delta.output_text());
            }
            ChatEvent::Finished { .. } => look.has_content = true,
            ChatEvent::Usage(usage) => look.usage = Some(TokenUsage::clone(usage)),
            ChatEvent::Extension { name, value } => {
                look.service_tier = service_tier(name, value).or(look.service_tier);
            }
        }
    }
    look
}

/// The word of a `service_tier` among the members of an answer that have no canonical form.
#[must_use]
pub fn service_tier(name: &str, value: &Json) -> Option<String> {
    if name != "service_tier" {
        return None;
    }
    let word: Option<String> = serde_json::from_str(value.as_str()).ok()?;
    word.filter(|word| !word.is_empty())
}
