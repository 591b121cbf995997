//! What becomes of a stream's events: they go on as they came, or as what they mean.

use super::batch::Batch;
use crate::driver::tally;
use bytes::Bytes;
use switchyard_dialects::openai_chat::UsageRule;
use switchyard_dialects::error::ProviderError;
use switchyard_dialects::openai_chat::stream::{ChoiceSet, StreamDecoder, peek};
use switchyard_dialects::codec::Taken;
use switchyard_dialects::sse::{SseEvent, repair_utf8};
use switchyard_domain::chat::ChatEvent;
use switchyard_ports::provider::{Frame, ReceivedParts};

/// How a stream goes on to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::driver) enum Form {
    /// The provider's own bytes.
    Verbatim {
        /// Whether the closing chunk that only counts stays here.
        hide_usage: bool,
    },
    /// Decoded.
    Canonical,
}

#[derive(Debug)]
pub(super) enum Sink {
    Verbatim { rule: UsageRule, hide_usage: bool, batch: Batch, begun: ChoiceSet, ended: ChoiceSet },
    Canonical { decoder: StreamDecoder, events: Vec<ChatEvent>, held: usize },
}

/// What an event was to the sink.
pub(super) struct Seen {
    pub(super) taken: Taken,
    /// Whether it commits the attempt.
    pub(super) has_content: bool,
}

impl Sink {
    pub(super) fn new(form: Form, rule: UsageRule) -> Self {
        match form {
            Form::Verbatim { hide_usage } => Self::Verbatim {
                rule,
                hide_usage,
                batch: Batch::default(),
                begun: ChoiceSet::default(),
                ended: ChoiceSet::default(),
            },
            Form::Canonical => {
                Self::Canonical { decoder: StreamDecoder::new(rule), events: Vec::new(), held: 0 }
            }
        }
    }

    /// The next events lie in `piece`.
    pub(super) fn enter(&mut self, piece: &Bytes) {
        if let Self::Verbatim { batch, .. } = self {
            batch.enter(piece.clone());
        }
    }

    pub(super) fn event(
        &mut self,
        event: &SseEvent,
        parts: &mut ReceivedParts,
    ) -> Result<Seen, ProviderError> {
        match self {
            Self::Verbatim { rule, hide_usage, batch, begun, ended } => {
                let peeked = peek(event.name.as_deref(), &event.data, *rule, &mut parts.output_text)?;
                if peeked.taken == Taken::Chunk {
                    tally::look(parts, &peeked);
                    begun.extend(peeked.choices);
                    ended.extend(peeked.finished);
                    parts.finished = !begun.is_empty() && begun == ended;
                    if !(peeked.is_closing_usage && *hide_usage) {
                        forward(batch, event);
                    }
                }
                Ok(Seen { taken: peeked.taken, has_content: peeked.has_content })
            }
            Self::Canonical { decoder, events, held } => {
                let before = events.len();
                let taken = decoder.event(event.name.as_deref(), &event.data, events)?;
                let new = events.get(before..).unwrap_or_default();
                tally::events(parts, new);
                parts.finished = decoder.is_finished();
                parts.usage_corrected = decoder.usage_corrected();
                *held += event.raw.len();
                Ok(Seen { taken, has_content: new.iter().any(is_content) })
            }
        }
    }

    /// A comment between events keeps the client's connection alive as well.
    pub(super) fn comment(&mut self, raw: &Bytes) {
        if let Self::Verbatim { batch, .. } = self {
            batch.push(raw);
        }
    }

    /// How much is held back.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Verbatim { batch, .. } => batch.len(),
            Self::Canonical { held, .. } => *held,
        }
    }

    /// All that may go on.
    pub(super) fn take(&mut self) -> Option<Frame> {
        match self {
            Self::Verbatim { batch, .. } => batch.take().map(Frame::Verbatim),
            Self::Canonical { events, held, .. } => {
                *held = 0;
                (!events.is_empty()).then(|| Frame::Events(std::mem::take(events)))
            }
        }
    }

    /// Brings out what was held back for want of more, at the end of a stream without a word of it.
    pub(super) fn finish(&mut self, parts: &mut ReceivedParts) {
        if let Self::Canonical { decoder, events, .. } = self {
            let before = events.len();
            decoder.finish(events);
            tally::events(parts, events.get(before..).unwrap_or_default());
        }
    }
}

fn is_content(event: &ChatEvent) -> bool {
    match event {
        ChatEvent::Delta { delta, .. } => delta.is_content(),
        ChatEvent::Finished { .. } => true,
        ChatEvent::Started { .. } | ChatEvent::Extension { .. } | ChatEvent::Usage(_) => false,
    }
}

fn forward(batch: &mut Batch, event: &SseEvent) {
    // A client that is strict about UTF-8 must be able to read the rest of the stream.
    let repaired = if str::from_utf8(&event.raw).is_ok() { None } else { repair_utf8(&event.raw) };
    batch.push(repaired.as_ref().unwrap_or(&event.raw));
    if event.is_unterminated() {
        batch.push(b"\n\n");
    }
}
