//! What becomes of a stream's events: they go on as they came, or as what they mean.

use super::batch::Batch;
use crate::driver::tally;
use bytes::{Bytes, BytesMut};
use switchyard_dialects::codec::{LastWord, ProviderCodec, StreamReader, StreamWatcher, Taken};
use switchyard_dialects::error::ProviderError;
use switchyard_dialects::framing::FrameEvent;
use switchyard_dialects::sse::repair_utf8;
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
pub(in crate::driver) enum Sink {
    Verbatim {
        watcher: Box<dyn StreamWatcher>,
        hide_usage: bool,
        /// Whether the last word is the provider's own, so that it waits until the call is recorded.
        holds_back: bool,
        /// What is still to come before the client knows that it has all.
        lacks: &'static [u8],
        batch: Batch,
        closing: BytesMut,
    },
    Canonical {
        reader: Box<dyn StreamReader>,
        events: Vec<ChatEvent>,
        held: usize,
    },
}

/// What an event was to the sink.
pub(super) struct Seen {
    pub(super) taken: Taken,
    /// Whether it commits the attempt.
    pub(super) has_content: bool,
}

impl Sink {
    /// What becomes of the stream of an answer of so many choices.
    pub(in crate::driver) fn new(form: Form, codec: &dyn ProviderCodec, choices: u32) -> Self {
        match form {
            Form::Verbatim { hide_usage } => {
                Self::verbatim(codec.watcher(choices), hide_usage, codec.last_word())
            }
            Form::Canonical => Self::Canonical { reader: codec.reader(choices), events: Vec::new(), held: 0 },
        }
    }

    /// The provider's own bytes go on, watched.
    pub(in crate::driver) fn verbatim(
        watcher: Box<dyn StreamWatcher>,
        hide_usage: bool,
        last_word: LastWord,
    ) -> Self {
        Self::Verbatim {
            watcher,
            hide_usage,
            holds_back: last_word != LastWord::Fixed,
            lacks: if let LastWord::EndsWith(end) = last_word { end } else { b"" },
            batch: Batch::default(),
            closing: BytesMut::new(),
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
        event: &FrameEvent,
        parts: &mut ReceivedParts,
    ) -> Result<Seen, ProviderError> {
        match self {
            Self::Verbatim { watcher, hide_usage, holds_back, lacks, batch, closing } => {
                let mut look = watcher.look(event.name.as_deref(), &event.data, &mut parts.output_text)?;
                if look.taken == Taken::Chunk {
                    tally::look(parts, &mut look);
                    parts.finished = look.finished;
                }
                if look.taken == Taken::Done {
                    *lacks = b"";
                }
                let goes_on = match look.taken {
                    Taken::Chunk => !(look.is_closing_usage && *hide_usage),
                    Taken::Unknown | Taken::Done => *holds_back,
                    Taken::Malformed => false,
                };
                if goes_on && *holds_back && parts.finished {
                    forward(closing, event);
                } else if goes_on {
                    // What was held back was not the end.
                    if !closing.is_empty() {
                        batch.push(&closing.split());
                    }
                    forward(batch, event);
                }
                Ok(Seen { taken: look.taken, has_content: look.has_content })
            }
            Self::Canonical { reader, events, held } => {
                let before = events.len();
                let taken = reader.event(event.name.as_deref(), &event.data, events);
                let new = events.get(before..).unwrap_or_default();
                tally::events(parts, new, reader.usage_corrected());
                parts.finished = reader.is_finished();
                parts.prompt = reader.prompt().or(parts.prompt);
                *held += event.raw.len();
                Ok(Seen { taken: taken?, has_content: new.iter().any(ChatEvent::is_content) })
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
            Self::Verbatim { batch, closing, .. } => batch.len() + closing.len(),
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

    /// The provider's last words, once the stream has ended well, and the very last in its place if it is missing.
    pub(super) fn take_closing(&mut self) -> Option<Frame> {
        let Self::Verbatim { closing, lacks, .. } = self else { return None };
        closing.extend_from_slice(std::mem::take(lacks));
        (!closing.is_empty()).then(|| Frame::Closing(closing.split().freeze()))
    }

    /// Brings out what was held back for want of more, at the end of a stream without a word of it, and judges whether it was one.
    pub(super) fn finish(&mut self, parts: &mut ReceivedParts) {
        match self {
            Self::Verbatim { watcher, .. } => parts.finished |= watcher.may_end(),
            Self::Canonical { reader, events, .. } => {
                let before = events.len();
                reader.finish(events);
                tally::events(parts, events.get(before..).unwrap_or_default(), reader.usage_corrected());
                parts.finished |= reader.may_end();
            }
        }
    }
}

/// Where whole events are gathered.
trait Gather {
    fn gather(&mut self, bytes: &[u8]);
}

impl Gather for Batch {
    fn gather(&mut self, bytes: &[u8]) {
        self.push(bytes);
    }
}

impl Gather for BytesMut {
    fn gather(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

fn forward(to: &mut impl Gather, event: &FrameEvent) {
    // A client that is strict about UTF-8 must be able to read the rest of the stream.
    let repaired = if str::from_utf8(&event.raw).is_ok() { None } else { repair_utf8(&event.raw) };
    to.gather(repaired.as_ref().unwrap_or(&event.raw));
    if event.is_unterminated() {
        to.gather(b"\n\n");
    }
}
