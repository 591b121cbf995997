//! The look in passing: what the verbatim path must know of an event whose bytes go to the client as they are.

mod key;
mod said;
mod tolerant;
mod visit;

use std::borrow::Cow;

use super::ChoiceSet;
use crate::codec::Taken;
use crate::error::ProviderError;
use crate::json::without_lone_surrogates;
use crate::openai_chat::chunk::{ChunkFault, ChunkReader, Piece};
use crate::openai_chat::usage::{self, UsageReading, UsageRule};
use crate::sse::DONE_DATA;
use visit::Glance;

/// What an event says, as far as the verbatim path must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peeked<'a> {
    /// What the event is.
    pub taken: Taken,
    /// Whether it has content (text, reasoning, refusal, a tool call) or ends a choice: what commits an attempt.
    pub has_content: bool,
    /// The choices that it speaks of.
    pub choices: ChoiceSet,
    /// The choices of which it has content.
    pub said: ChoiceSet,
    /// The choices that it ends.
    pub finished: ChoiceSet,
    /// What the provider counted, as far as it says.
    pub usage: Option<UsageReading>,
    /// Whether it is the closing chunk that only counts (`choices: []`), to be hidden from a client that did not ask.
    pub is_closing_usage: bool,
    /// The model that answers, in the provider's word.
    pub model: Option<Cow<'a, str>>,
    /// The class of service that was given, in the provider's word.
    pub service_tier: Option<Cow<'a, str>>,
}

impl Peeked<'_> {
    fn of(taken: Taken) -> Self {
        Self {
            taken,
            has_content: false,
            choices: ChoiceSet::default(),
            said: ChoiceSet::default(),
            finished: ChoiceSet::default(),
            usage: None,
            is_closing_usage: false,
            model: None,
            service_tier: None,
        }
    }
}

/// Looks at an event. All text that the model made (content, reasoning, refusal, names and arguments of tool calls) is
/// appended to `output`, for counting. Does not allocate, save to grow `output`, unless a name is spelled with escapes.
///
/// # Errors
/// When the event says that the provider failed, in whatever shape.
pub fn peek<'a>(
    name: Option<&[u8]>,
    data: &'a [u8],
    rule: UsageRule,
    output: &mut String,
) -> Result<Peeked<'a>, ProviderError> {
    let data = data.trim_ascii();
    if data == DONE_DATA {
        return Ok(Peeked::of(Taken::Done));
    }
    let is_error = name == Some(b"error");
    if let Ok(text) = str::from_utf8(data)
        && let Some(peeked) = look(text, is_error, rule, output)
    {
        return peeked;
    }
    let repaired = String::from_utf8_lossy(data);
    match look(&without_lone_surrogates(&repaired), is_error, rule, output) {
        Some(Ok(peeked)) => {
            let owned = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
            Ok(Peeked { model: owned(peeked.model), service_tier: owned(peeked.service_tier), ..peeked })
        }
        Some(Err(error)) => Err(error),
        None if is_error => Err(ProviderError::read(data, None)),
        None => Ok(Peeked::of(Taken::Malformed)),
    }
}

/// `None` if the text is no JSON object.
fn look<'a>(
    text: &'a str,
    is_error: bool,
    rule: UsageRule,
    output: &mut String,
) -> Option<Result<Peeked<'a>, ProviderError>> {
    let before = output.len();
    let Some(glance) = Glance::take(text, output) else {
        output.truncate(before);
        return None;
    };
    if is_error || glance.suspicious || !glance.choices_listed {
        // Rare, so there is time for the reader that knows every shape.
        match ChunkReader::new(rule, Piece::Delta).read(text, is_error, &mut Vec::new()) {
            Ok(()) => {}
            Err(fault) => {
                output.truncate(before);
                return match fault {
                    ChunkFault::Malformed => None,
                    ChunkFault::Unknown => Some(Ok(Peeked::of(Taken::Unknown))),
                    ChunkFault::Error(error) => Some(Err(error)),
                };
            }
        }
    }
    let usage = glance.usage.and_then(|raw| usage::read(raw, rule));
    Some(Ok(Peeked {
        taken: Taken::Chunk,
        has_content: glance.has_content,
        choices: glance.choices,
        said: glance.said,
        finished: glance.finished,
        usage,
        is_closing_usage: usage.is_some() && glance.choices_listed && !glance.choices_filled,
        model: glance.model,
        service_tier: glance.service_tier,
    }))
}
